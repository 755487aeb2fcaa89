"""The kinds of conflicts that people meet most, each told with its cause and with what would help.

The kinds are those of opam's own tests ``unhelpful-conflicts-*`` and ``empty-conflicts-*``: a compiler fixed by the
switch, a pin, two parts of one request, a package whose own needs exclude each other, and compilers that are not for
this machine.  The packages here are made up.
"""

from __future__ import annotations

import pytest

from tests.unit.solver.toy import Row, Table, atom, need
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import NoSolution, Request
from xpkg.solver.relaxation import RelaxationKind
from xpkg.solver.solve import solve

COMPILERS = {
    "ocaml 4": Row(depends="base-compiler = 4|system = 4"),
    "ocaml 5": Row(depends="base-compiler = 5|system = 5"),
    "base-compiler 4": Row(depends="ocaml! = 4", conflict_class="core"),
    "base-compiler 5": Row(depends="ocaml! = 5", conflict_class="core"),
    "system 4": Row(conflict_class="core", only="elsewhere"),
    "system 5": Row(conflict_class="core", only="elsewhere"),
}


def refusal(table: dict[str, Row], *wanted: str, invariant: str = "", **more: object) -> NoSolution:
    request = Request(
        install=tuple(atom(one, BUILD) for one in wanted),
        invariant=need(invariant, BUILD) if invariant else None,
        **more,  # type: ignore[arg-type]
    )
    with pytest.raises(NoSolution) as caught:
        solve(request, Table(table))
    return caught.value


def kinds(error: NoSolution) -> list[tuple[str, str]]:
    return [(one.kind.value, one.subject) for one in error.relaxations]


def test_the_switch_fixes_a_compiler_that_is_too_new() -> None:
    """empty-conflicts-001: a client of a library that has not caught up with the compiler of the switch."""
    table = COMPILERS | {"client 1": Row(depends="library"), "client 2": Row(depends="library >= 3")}
    table |= {f"library {version}": Row(depends="ocaml < 5") for version in range(1, 6)}
    error = refusal(table, "client = 2", invariant="base-compiler = 5")
    assert error.message == "client = 2 cannot be installed"
    assert error.chain == (
        "client = 2 was asked for",
        "the switch must have base-compiler = 5, which needs ocaml = 5 (says table)",
        "client 2 needs library >= 3 (says table)",
        "library 5, 4 and 3 need ocaml < 5 (says table)",
        "no version of ocaml meets all of this",
    )
    assert kinds(error) == [("invariant", "base-compiler"), ("compiler", "ocaml.4")]
    assert (
        error.relaxations[0].text
        == "with another invariant than base-compiler = 5 it could be done, with base-compiler 4"
    )


def test_a_pin_is_in_the_way() -> None:
    """unhelpful-conflicts-002: nothing is wrong with the packages, but one of them is pinned."""
    table = {"expect 6": Row(depends="batteries"), "batteries 1": Row(depends="ocaml < 5")} | COMPILERS
    error = refusal(table, "expect", pins=(("ocaml", "5"),))
    assert error.chain == (
        "expect was asked for",
        "ocaml is pinned to 5",
        "expect 6 needs batteries (says table)",
        "batteries 1 needs ocaml < 5 (says table)",
    )
    assert kinds(error)[0] == ("pin", "ocaml")
    assert error.relaxations[0].text == "without the pin of ocaml to 5 it could be done, with ocaml 4"


def test_pins_that_stand_in_the_way_only_together() -> None:
    """As the test of opam has it: the compiler package is pinned and its version with it."""
    table = {"expect 6": Row(depends="ocaml < 5")} | COMPILERS
    pins = (("ocaml", "5"), ("base-compiler", "5"), ("expect", "6"))
    error = refusal(table, "expect", invariant="base-compiler = 5", pins=pins)
    text = "without the invariant base-compiler = 5, the pin of ocaml to 5 and the pin of base-compiler to 5"
    (only,) = error.relaxations
    assert (only.subject, only.text) == ("base-compiler = 5, ocaml, base-compiler", f"{text} it could be done")


def test_two_parts_of_the_request() -> None:
    """empty-conflicts-004: what is asked for excludes itself, whatever the compiler is."""
    table = {"gt 1": Row(depends="ppx < 25"), "camlp 1": Row(), "ppx 24": Row(), "ppx 25": Row()}
    error = refusal(table | COMPILERS, "camlp", "gt", "ppx = 25", invariant="base-compiler = 5")
    assert error.message == "gt and ppx = 25 cannot be installed together"
    assert error.chain == (
        "gt was asked for",
        "ppx = 25 was asked for",
        "gt 1 needs ppx < 25 (says table)",
        "no version of ppx meets all of this",
    )
    assert kinds(error) == [("version", "ppx.24"), ("request", "ppx"), ("request", "gt")]


def test_a_package_whose_own_needs_exclude_each_other() -> None:
    """empty-conflicts-003 and 006: no compiler helps, the recipe itself cannot be met."""
    table = {"api 1": Row(depends="ppx,parsetree < 2"), "parsetree 1": Row(), "parsetree 2": Row()}
    table |= {f"ppx {version}": Row(depends="parsetree >= 2") for version in range(1, 9)}
    error = refusal(table | COMPILERS, "api", invariant="base-compiler = 5")
    assert error.chain == (
        "api was asked for",
        "api 1 needs ppx and parsetree < 2 (says table)",
        "ppx 1 to 8 (all 8 versions) need parsetree >= 2 (says table)",
        "no version of parsetree meets all of this",
    )
    assert kinds(error) == [("recipe", "ppx")]


def test_compilers_that_are_not_for_this_machine() -> None:
    """unhelpful-conflicts-001: the only compilers old enough do not exist for the machine."""
    table = {"release 1": Row(depends="fmt"), "fmt 1": Row(depends="ocaml < 5")}
    table |= COMPILERS | {"base-compiler 4": Row(only="amd64")}
    error = refusal(table, "release")
    assert error.chain == (
        "release was asked for",
        "release 1 needs fmt (says table)",
        "fmt 1 needs ocaml < 5 (says table)",
        "ocaml 4 needs base-compiler = 4 or system = 4 (says table), "
        "but base-compiler 4 cannot be had: it is only for amd64, but system 4 cannot be had: it is only for elsewhere",
    )
    assert kinds(error) == [("recipe", "fmt")]


def test_old_and_new_versions_fail_for_reasons_of_their_own() -> None:
    """empty-conflicts-005: the old ones want another compiler, the new ones another library."""
    table = {"top 1": Row(depends="ppx,tree < 2"), "tree 1": Row(), "tree 2": Row()} | COMPILERS
    table |= {f"ppx {version}": Row(depends="ocaml < 5") for version in range(1, 6)}
    table |= {f"ppx {version}": Row(depends="tree >= 2") for version in range(6, 10)}
    error = refusal(table, "top", invariant="base-compiler = 5")
    assert "ppx 5 and older (5 versions) need ocaml < 5 (says table)" in error.chain
    assert "ppx 6 and newer (4 versions) need tree >= 2 (says table)" in error.chain
    assert len(error.chain) <= 8
    assert kinds(error)[0] == ("invariant", "base-compiler")


def test_each_version_has_a_constraint_of_its_own() -> None:
    table = {f"ppx {version}": Row(depends=f"ocaml < {version}") for version in range(2, 9)}
    table |= {f"ocaml {version}": Row() for version in range(1, 13)}
    error = refusal(table, "ppx", "ocaml >= 8")
    assert error.chain == (
        "ppx was asked for",
        "ocaml >= 8 was asked for",
        "ppx 2 to 8 (all 7 versions) need ocaml 7 and older (7 versions), each its own (8: ocaml < 8, says table)",
        "no version of ocaml meets all of this",
    )
    assert kinds(error)[0] == (RelaxationKind.VERSION, "ocaml.7")


def test_of_two_conflicts_the_shorter_one_near_the_request_is_told() -> None:
    far = {f"f{one} 1": Row(depends=f"f{one + 1}") for one in range(1, 6)} | {"f6 1": Row(depends="none")}
    error = refusal({"a 1": Row(depends="f1,b,c"), "b 1": Row(), "c 1": Row(conflicts="b")} | far, "a")
    assert error.chain == (
        "a was asked for",
        "a 1 needs b and c (says table)",
        "c 1 conflicts with b (says table)",
    )
