"""How a request without solution is told: exact sentences, each needed."""

from __future__ import annotations

import pytest

from tests.unit.solver.toy import TARGET, Row, Table, atom, formula, instance
from xpkg.core.errors import ExitCode
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import NoSolution, Request
from xpkg.solver.solve import solve


def refusal(table: dict[str, Row], *wanted: str, **more: object) -> NoSolution:
    with pytest.raises(NoSolution) as caught:
        solve(Request(target=TARGET, install=tuple(map(atom, wanted)), **more), Table(table))  # type: ignore[arg-type]
    assert caught.value.exit_code == ExitCode.NO_SOLUTION
    return caught.value


def test_two_needs_of_one_package_and_the_nearest_fix() -> None:
    # bad input 35: lwt.6.1.0 wants ocaml < 5.5, ocaml-solo5.1.3.4 wants ocaml >= 5.5.
    table = {
        "lwt 5": Row(depends="ocaml"),
        "lwt 6": Row(depends="ocaml < 5"),
        "ocaml 4": Row(),
        "ocaml 5": Row(),
        "solo 1": Row(depends="ocaml >= 5"),
        "other 1": Row(depends="ocaml"),
    }
    error = refusal(table, "lwt = 6", "solo", "other")
    assert error.message == "lwt = 6 and solo cannot be installed together"
    assert error.chain == (
        "lwt = 6 on moon was asked for",
        "solo on moon was asked for",
        "lwt 6 needs ocaml < 5 (says table)",
        "solo 1 needs ocaml >= 5 (says table)",
        "no version of ocaml meets all of this",
    )
    assert error.hint == "lwt 5 could be had instead of lwt 6; or without solo the rest could be installed"


def test_one_package_at_two_versions_on_two_machines() -> None:
    error = refusal({"a 1": Row(depends="b@build = 1,b = 2"), "b 1": Row(), "b 2": Row()}, "a")
    assert error.chain == (
        "a on moon was asked for",
        "a 1 needs b = 1 on the build machine and b = 2 (says table)",
        "no version of b meets all of this, and it must be the same on both machines",
    )


@pytest.mark.parametrize(
    ("table", "cycle"),
    [
        (
            {"a 1": Row(depends="b"), "b 1": Row(depends="c"), "c 1": Row(depends="a")},
            "a 1 needs b 1, which needs c 1, which needs a 1: a cycle",
        ),
        (
            # Across the two machines; the longer way round is not told.
            {
                "a 1": Row(depends="b@build,d"),
                "b 1": Row(depends="c"),
                "c 1": Row(depends="b"),
                "d 1": Row(depends="e"),
                "e 1": Row(depends="f"),
                "f 1": Row(depends="d"),
            },
            "b 1 (build machine) needs c 1 (build machine), which needs b 1 (build machine): a cycle",
        ),
    ],
)
def test_the_shortest_cycle_is_told(table: dict[str, Row], cycle: str) -> None:
    error = refusal(table, "a")
    assert error.message == "a cannot be installed: packages wait for each other"
    assert error.chain[0] == "a on moon was asked for"
    assert error.chain[-1] == cycle
    assert not any("d 1" in sentence for sentence in error.chain)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            {"a 1": Row(depends="bb"), "ba 1": Row(), "bb-unix 1": Row()},
            "a 1 needs bb (says table), but no package is called bb (there is bb-unix)",
        ),
        (
            {"a 1": Row(depends="b >= 3"), "b 1": Row(), "b 2": Row()},
            "a 1 needs b >= 3 (says table), but of b there is only 2 and 1",
        ),
        (
            {"a 1": Row(depends="b"), "b 1": Row(only=BUILD)},
            "a 1 needs b (says table), but b 1 cannot be had: it is only for build",
        ),
        (
            {"a 1": Row(depends="b|c"), "b 1": Row(only=BUILD)},
            "a 1 needs b or c (says table), but b 1 cannot be had: it is only for build, but no package is called c",
        ),
        ({"a 1": Row(depends="b"), "b 1": Row(conflicts="a")}, "b 1 conflicts with a (says table)"),
    ],
)
def test_what_is_missing_is_named(table: dict[str, Row], sentence: str) -> None:
    assert refusal(table, "a").chain[-1] == sentence


def test_versions_that_say_the_same_share_a_sentence() -> None:
    table = {f"a {version}": Row(depends="b") for version in range(1, 8)}
    assert refusal(table, "a").chain[1] == ("a 1 to 7 (all 7 versions) need b (says table), but no package is called b")


def test_versions_that_say_different_things_are_summed_up() -> None:
    table = {f"a {version}": Row(depends=f"b = {version}") for version in range(1, 8)} | {"b 9": Row()}
    assert refusal(table, "a").chain[1:] == (
        "a 1 to 7 (all 7 versions) need what cannot be had (7: b = 7, says table, but of b there is only 9)",
    )


def test_only_versions_in_question_speak() -> None:
    table = {"a 1": Row(depends="b"), "a 2": Row(depends="b"), "a 3": Row()}
    assert refusal(table, "a = 2").chain[1] == "a 2 needs b (says table), but no package is called b"


def test_a_long_chain_begins_with_what_was_asked_for_too() -> None:
    table = {f"{one} 1": Row(depends=f"{needed}") for one, needed in zip("abcdefghijk", "bcdefghijkl", strict=True)}
    error = refusal(table | {"l 1": Row(conflicts="z"), "z 1": Row()}, "a", "z")
    assert error.chain[:3] == ("a on moon was asked for", "z on moon was asked for", "a 1 needs b (says table)")
    assert error.facts()["chain"] == list(error.chain)
    assert len(error.chain) == 14
    assert error.context == tuple(("because", sentence) for sentence in error.chain)


def test_a_conflict_class() -> None:
    error = refusal({"a 1": Row(conflict_class="core"), "b 1": Row(conflict_class="core")}, "a", "b")
    assert error.chain[-1] == "only one of a and b can be there on moon (conflict class core)"
    assert error.hint == "without b the rest could be installed; or without a the rest could be installed"


def test_what_is_asked_for_cannot_do_without_what_is_removed() -> None:
    table = {"a 1": Row(depends="b"), "b 1": Row()}
    error = refusal(table, "a", installed=(instance("b 1"),), remove=(("b", TARGET),))
    assert error.message == "a cannot be installed without b"
    assert error.hint == "were b kept, the rest could be done"


def test_a_headline_names_what_excludes_each_other_when_nothing_asked_for_has_a_part_in_it() -> None:
    table = {"a 1": Row(), "b 2": Row(), "b 3": Row(conflicts="c"), "c 2": Row(depends="b < 3")}
    there = (instance("b 2"), instance("c 2"))
    hold: dict[str, object] = {"installed": there, "roots": there, "held": (instance("c 2"),)}
    invariant = formula("b = 3", TARGET).parts[0]  # type: ignore[union-attr]
    for more, message in (
        (hold | {"pins": (("b", "3"),)}, "the pin of b to 3 and the hold on c 2 exclude each other"),
        (hold | {"invariant": invariant}, "the invariant b = 3 and the hold on c 2 exclude each other"),
        (hold | {"remove": (("b", TARGET),)}, "b cannot be removed with the hold on c 2"),
        ({"invariant": invariant, "remove": (("b", TARGET),)}, "b cannot be removed with the invariant b = 3"),
        (
            {"invariant": invariant, "formulas": (formula("c", TARGET).parts[0],)},  # type: ignore[union-attr]
            "what is asked for cannot be had with the invariant b = 3",
        ),
        ({"invariant": formula("b = 9", TARGET)}, "what the switch must have cannot be had"),
    ):
        assert refusal(table, "a", **more).message == message
    assert refusal(table, "c", pins=(("b", "3"),)).message == "c cannot be installed"


def test_a_cycle_of_what_the_switch_must_have() -> None:
    table = {"a 1": Row(), "b 1": Row(depends="c"), "c 1": Row(depends="b")}
    error = refusal(table, "a", invariant=formula("b", TARGET))
    assert error.message == "what the switch must have cannot be installed: packages wait for each other"
