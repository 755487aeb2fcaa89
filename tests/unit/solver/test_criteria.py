"""What is better than what, by which criterion: small tables where one decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from tests.unit.solver.toy import TARGET, Row, Table, atom, instance
from xpkg.repo.machine_names import BUILD
from xpkg.solver.feasibility import feasible
from xpkg.solver.model import Atom, Preferences, Request, Solution
from xpkg.solver.solve import solve

Kind = Literal["default", "opam"]
TWO = {"a 1": Row(), "a 2": Row()}
USUAL = ["removed", "avoid-version changed", "version-lag request", "version-lag changed", "changed"]
NEWEST = ["removed", "avoid-version changed", "version-lag solution", "new"]
REPAIR = ["changed", "avoid-version changed", "version-lag solution"]


def solved(table: dict[str, Row], request: Request, criteria: Kind = "default") -> Solution:
    return solve(request, Table(table), Preferences(criteria=criteria))


def names(solution: Solution) -> list[str]:
    return sorted(str(one) for one in solution.instances)


def install(*wanted: str, machine: str = TARGET, installed: tuple[str, ...] = ()) -> Request:
    there = tuple(map(instance, installed))
    return Request(target=TARGET, install=tuple(atom(one, machine) for one in wanted), installed=there)


@pytest.mark.parametrize(
    ("request_", "opam", "more"),
    [
        (install("a"), USUAL, ["changed on the target"]),
        (Request(install=(Atom(name="a", machine=BUILD),)), USUAL, []),
        (Request(target=TARGET, upgrade=True), NEWEST, ["changed", "changed on the target"]),
        (Request(upgrade=True), NEWEST, ["changed"]),
        (Request(fixup=True), REPAIR, []),
        (Request(target=TARGET, install=(atom("a"),), best_effort=True), ["missed", *USUAL], ["changed on the target"]),
    ],
)
def test_the_criteria_have_names_in_the_order_of_their_importance(
    request_: Request, opam: list[str], more: list[str]
) -> None:
    assert list(solved(TWO, request_, "opam").cost_names) == opam
    usual = solved(TWO, request_)
    assert list(usual.cost_names) == opam + more
    assert len(usual.cost) == len(usual.cost_names)


@pytest.mark.parametrize("criteria", ["default", "opam"])
def test_of_equally_new_ones_what_lacks_no_system_package(criteria: Kind) -> None:
    table = {"x 1": Row(depends="a|b"), "a 1": Row(missing_depexts=1), "b 1": Row()}
    solution = solved(table, install("x"), criteria)
    assert names(solution) == ["b 1", "x 1"]
    assert "missing-depexts changed" in solution.cost_names
    table["b 1"] = Row(missing_depexts=1)
    assert names(solved(table, install("x"), criteria)) == ["a 1", "x 1"]


def test_a_newer_version_is_worth_more_than_a_system_package_that_is_there() -> None:
    assert names(solved({"a 1": Row(), "a 2": Row(missing_depexts=1)}, install("a"))) == ["a 2"]


def test_packages_that_lack_any_are_counted_not_what_they_lack() -> None:
    table = {
        "x 1": Row(depends="a|b"),
        "a 1": Row(depends="c", missing_depexts=1),
        "c 1": Row(missing_depexts=1),
        "b 1": Row(depends="d", missing_depexts=3),
        "d 1": Row(),
    }
    assert names(solved(table, install("x"))) == ["b 1", "d 1", "x 1"]


def test_what_is_installed_lacks_nothing() -> None:
    table = {"x 1": Row(depends="a|b"), "a 1": Row(missing_depexts=1), "b 1": Row()}
    assert names(solved(table, install("x", installed=("a 1",)))) == ["a 1", "x 1"]


def test_by_default_what_is_shipped_changes_least() -> None:
    table = {
        "x 1": Row(depends="b|a"),
        "a 1": Row(depends="tool@build"),
        "b 1": Row(depends="library"),
        "tool 1": Row(),
        "library 1": Row(),
    }
    assert names(solved(table, install("x"))) == ["a 1", "tool 1 (build machine)", "x 1"]
    assert names(solved(table, install("x"), "opam")) == ["b 1", "library 1", "x 1"]  # equal, so as it is written


def test_by_default_an_upgrade_changes_least_where_that_is_as_new() -> None:
    table = {f"{name} {version}": Row() for name in "bc" for version in (1, 2)}
    table |= {"z 1": Row(), "z 2": Row(conflicts="b,c"), "z 3": Row(conflicts="b = 2,c = 2")}
    request = Request(target=TARGET, installed=tuple(map(instance, ("b 1", "c 1", "z 1"))), upgrade=True)
    assert names(solved(table, request)) == ["b 1", "c 1", "z 3"]
    assert names(solved(table, request, "opam")) == ["b 2", "c 2", "z 1"]


@pytest.mark.parametrize("criteria", ["default", "opam"])
def test_of_alternatives_the_first_written(criteria: Kind) -> None:
    table = {"x 1": Row(depends="c|a|b"), "a 1": Row(), "b 1": Row(), "c 1": Row()}
    assert names(solved(table, install("x"), criteria)) == ["c 1", "x 1"]


def test_one_that_is_avoided_is_not_the_first_of_equals() -> None:
    table = {"x 1": Row(depends="a"), "a 1": Row(), "a 2": Row(avoided="deprecated")}
    request = Request(target=TARGET, install=(atom("x"),), installed=(instance("a 2"),))
    assert names(solved(table, request)) == ["a 2", "x 1"]
    assert names(solved(table, install("x"))) == ["a 1", "x 1"]


def test_what_is_preferred_stays_whatever_is_newer() -> None:
    table = {f"{name} {version}": Row() for name in "ab" for version in (1, 2, 3)}
    table |= {
        "x 1": Row(depends="a"),
        "x 2": Row(depends="a >= 2,b"),
        "y 1": Row(avoided="deprecated", depends="a = 2"),
    }
    there = Request(
        target=TARGET,
        install=(atom("x"),),
        installed=(instance("a 1"), instance("b 1")),
        prefer=frozenset({("a", "1"), ("b", "1"), ("b", "2")}),
        prune=True,
    )
    assert names(solved(table, there)) == ["a 1", "x 1"]
    assert list(solved(table, there).cost_names)[:2] == ["moved", "removed"]
    upgraded = replace(there, upgrade_names=frozenset("a"))
    assert names(solved(table, upgraded)) == ["a 3", "b 1", "x 2"]
    assert names(solved(table, replace(there, install=(atom("x"), atom("y"))))) == ["a 2", "b 1", "x 2", "y 1"]


def test_whether_there_is_any_state() -> None:
    table = {
        "a 1": Row(),
        "x 1": Row(depends="a"),
        "y 1": Row(conflicts="a"),
        "z 1": Row(depends="z2"),
        "z2 1": Row(depends="z"),
    }
    assert feasible(install("x"), Table(table))
    assert not feasible(install("x", "y"), Table(table))
    assert not feasible(install("z"), Table(table))


def test_of_what_is_preferred_and_not_there_the_newest() -> None:
    table = {"x 1": Row(depends="b"), **{f"b {version}": Row() for version in (1, 2, 3)}}
    request = replace(install("x"), prefer=frozenset({("b", "1"), ("b", "2")}))
    assert names(solved(table, request)) == ["b 2", "x 1"]
