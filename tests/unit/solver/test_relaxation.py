"""What would help where something cannot be had: each change alone, its order, and other targets."""

from __future__ import annotations

import pytest

from tests.unit.solver.toy import TARGET, Row, Table, atom, instance, need
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import NoSolution, Request
from xpkg.solver.protocol import AllOf
from xpkg.solver.relaxation import Relaxation, RelaxationKind, on_other_targets
from xpkg.solver.solve import solve

AB = {"a 1": Row(depends="b = 1"), "a 2": Row(depends="b = 2"), "a 3": Row(depends="b = 3")}
AB |= {f"b {version}": Row() for version in range(1, 4)}


def told(table: dict[str, Row], *wanted: str, **more: object) -> list[tuple[str, str, str]]:
    with pytest.raises(NoSolution) as caught:
        solve(Request(target=TARGET, install=tuple(map(atom, wanted)), **more), Table(table))  # type: ignore[arg-type]
    return [(one.kind.value, one.subject, one.text) for one in caught.value.relaxations]


def test_a_pin_comes_before_another_version() -> None:
    assert told(AB, "a = 2", pins=(("b", "1"),)) == [
        ("pin", "b", "without the pin of b to 1 it could be done, with b 2"),
        ("version", "a.1", "a 1 could be had instead of a 2"),
    ]


def test_a_hold_comes_before_another_version() -> None:
    there = (instance("b 1"),)
    assert told(AB, "a = 3", installed=there, roots=there, held=there) == [
        ("hold", "b", "were b 1 not held as it is, it could be done, with b 3"),
        ("version", "a.1", "a 1 could be had instead of a 3"),
    ]


def test_the_nearest_version_is_told_and_of_two_the_newer() -> None:
    table = {f"a {version}": Row(depends="b") for version in range(1, 8)} | {"a 4": Row(), "b 1": Row(conflicts="c")}
    table |= {"c 1": Row(), "a 3": Row(depends="b"), "a 6": Row(), "a 2": Row(), "a 1": Row()}
    assert told(table, "a = 3", "c")[0] == ("version", "a.4", "a 4 could be had instead of a 3")
    assert told(table, "a = 5", "c")[0] == ("version", "a.6", "a 6 could be had instead of a 5")


def test_a_version_to_be_avoided_is_told_only_when_there_is_no_other() -> None:
    table = AB | {"a 2": Row(depends="b = 2"), "a 1": Row(depends="b = 2"), "c 1": Row(depends="b = 2")}
    flagged = table | {"a 2": Row(depends="b = 2", avoided="deprecated")}
    assert told(table, "a = 3", "c")[0][1] == "a.2"
    assert told(flagged, "a = 3", "c")[0][1] == "a.1"


def test_each_thing_asked_for_that_could_be_left_out() -> None:
    table = {"a 1": Row(depends="b = 1"), "c 1": Row(depends="b = 2"), "b 1": Row(), "b 2": Row()}
    assert told(table, "a", "c") == [
        ("request", "c", "without c the rest could be installed"),
        ("request", "a", "without a the rest could be installed"),
    ]


def test_as_little_as_possible_is_left_out_where_several_must_go() -> None:
    table = {"a 1": Row(depends="ghost"), "c 1": Row(depends="b = 2"), "d 1": Row(depends="b = 1"), "e 1": Row()}
    assert told(table | {"b 1": Row(), "b 2": Row()}, "a", "c", "d", "e") == [
        ("request", "a, d", "without a and d the rest could be installed")
    ]


def test_what_is_impossible_besides_is_named() -> None:
    table = {"a 1": Row(depends="ghost"), "c 1": Row(depends="ghoul")}
    with pytest.raises(NoSolution) as caught:
        solve(Request(target=TARGET, install=(atom("a"), atom("c = 1"))), Table(table))
    assert caught.value.message == "a cannot be installed"
    assert caught.value.besides == ("c = 1 cannot be installed either",)
    assert caught.value.context[-1] == ("besides", "c = 1 cannot be installed either")


def test_what_is_to_be_removed_may_be_kept() -> None:
    there = (instance("b 1"),)
    assert told({"a 1": Row(depends="b"), "b 1": Row()}, "a", installed=there, remove=(("b", TARGET),)) == [
        ("request", "b", "were b kept, the rest could be done")
    ]


def test_a_part_of_the_invariant_may_go() -> None:
    invariant = AllOf((need("b = 1", TARGET), need("a", TARGET)))
    assert told(AB, "a = 2", invariant=invariant)[-1] == (
        "invariant",
        "b",
        "with another invariant than b = 1 it could be done, with b 2",
    )


def test_a_recipe_is_told_when_nothing_else_helps() -> None:
    table = {"a 1": Row(depends="b,c"), "b 1": Row(conflicts="c"), "c 1": Row()}
    assert told(table, "a") == [("recipe", "b", "it could be installed if b 1 did not conflict with c")]


def test_nothing_helps_against_what_does_not_exist() -> None:
    assert told({"a 1": Row(depends="ghost")}, "a") == []


def test_what_helps_is_no_cycle() -> None:
    table = {"a 2": Row(depends="b = 9"), "a 1": Row(depends="b = 1"), "b 1": Row(depends="a")}
    assert told(table, "a = 2") == []


def test_all_changes_work() -> None:
    """With what is told the request has a solution."""
    table = AB | {"c 1": Row(depends="b <= 2")}
    with pytest.raises(NoSolution) as caught:
        solve(Request(target=TARGET, install=(atom("a = 3"), atom("c"))), Table(table))
    version = next(one for one in caught.value.relaxations if one.kind is RelaxationKind.VERSION)
    name, number = version.subject.split(".")
    assert solve(Request(target=TARGET, install=(atom(f"{name} = {number}"), atom("c"))), Table(table))


def test_other_targets() -> None:
    table = Table({"a 1": Row(only="moon"), "b 1": Row()})
    parts = {name: (Request(target=name, install=(atom("a", name),)), table) for name in ("moon", "mars")}
    native = Request(install=(atom("b", BUILD),))
    assert on_other_targets({**parts, "native": (native, table)}) == (
        Relaxation(kind=RelaxationKind.TARGET, subject="moon", text="it could be installed on moon"),
        Relaxation(kind=RelaxationKind.TARGET, subject="native", text="it could be installed on the build machine"),
    )


def test_as_a_value() -> None:
    one = Relaxation(kind=RelaxationKind.PIN, subject="b", text="without it")
    assert one.as_value() == {"kind": "pin", "subject": "b", "text": "without it"}


def test_of_many_that_must_be_left_out_the_text_names_some_and_the_subject_all() -> None:
    pairs = range(30)
    table = {f"p{one} 1": Row(conflicts=f"q{one}") for one in pairs} | {f"q{one} 1": Row() for one in pairs}
    wanted = tuple(atom(f"{side}{one}") for one in pairs for side in "pq")
    with pytest.raises(NoSolution) as caught:
        solve(Request(target=TARGET, install=wanted), Table(table))
    (found,) = caught.value.relaxations
    assert len(found.subject.split(", ")) == 30
    assert found.text.endswith(" and 20 others the rest could be installed")
    assert caught.value.hint == found.text
