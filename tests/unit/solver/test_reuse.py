"""What is built already is preferred to what must be built, when that is asked for."""

from __future__ import annotations

from tests.unit.solver.toy import TARGET, Row, Table, atom, instance
from xpkg.solver.model import Preferences, Request, Solution
from xpkg.solver.reuse import Built
from xpkg.solver.solve import solve

TABLE = {
    "a 1": Row(depends="b"),
    "a 2": Row(depends="b"),
    "b 1": Row(),
    "b 2": Row(),
    "c 1": Row(avoided="avoid-version"),
    "c 2": Row(),
    "d 1": Row(),
}


def output(key: str, what: str, *dependencies: str) -> Built:
    return Built(key=key, instance=instance(what), dependencies=frozenset(dependencies))


def reusing(table: dict[str, Row], wanted: str, *built: Built, installed: tuple[str, ...] = ()) -> Solution:
    request = Request(
        target=TARGET, install=tuple(map(atom, wanted.split(","))), installed=tuple(map(instance, installed))
    )
    return solve(request, Table(table), Preferences(built=built))


def names(solution: Solution) -> list[str]:
    return sorted(str(one) for one in solution.instances)


def building(solution: Solution) -> int:
    return dict(zip(solution.cost_names, solution.cost, strict=True))["to build"]


def test_an_older_version_that_is_built_is_taken() -> None:
    solution = reusing(TABLE, "a", output("b1", "b 1"), output("a1", "a 1", "b1"))
    assert names(solution) == ["a 1", "b 1"]
    assert building(solution) == 0
    assert names(solve(Request(target=TARGET, install=(atom("a"),)), Table(TABLE))) == ["a 2", "b 2"]


def test_an_output_is_taken_only_with_all_that_it_was_built_with() -> None:
    solution = reusing(TABLE, "a", output("a1", "a 1", "b1"))  # b1 is gone from the store
    assert names(solution) == ["a 2", "b 2"]
    assert building(solution) == 2


def test_two_outputs_of_one_version_are_told_apart() -> None:
    built = (output("b1", "b 1"), output("b2", "b 2"), output("a1b1", "a 1", "b1"), output("a1b2", "a 1", "b2"))
    assert names(reusing(TABLE, "a", *built)) == ["a 1", "b 2"]
    apart = TABLE | {"e 1": Row(depends="b < 2")}
    assert names(reusing(apart, "a,e", *built)) == ["a 1", "b 1", "e 1"]


def test_no_output_is_taken_that_a_build_would_not_give_now() -> None:
    table = {"a 1": Row(optional="d"), "a 2": Row(), "d 1": Row(), "e 1": Row(depends="a|d,d")}
    alone = output("a1", "a 1")
    assert names(reusing(table, "a", alone)) == ["a 1"]
    beside = reusing(table, "a,d", alone)
    assert names(beside) == ["a 2", "d 1"]  # with d there, a 1 would be built with it
    assert building(beside) == 2
    assert building(reusing(table, "e", output("d1", "d 1"), output("e1", "e 1", "d1"))) == 0
    assert building(reusing(table, "e,a", output("d1", "d 1"), output("e1", "e 1", "d1"))) == 2


def test_nothing_is_removed_and_no_last_resort_taken_for_the_sake_of_it() -> None:
    assert names(reusing(TABLE, "c", output("c1", "c 1"))) == ["c 2"]
    table = TABLE | {"x 1": Row(conflicts="y"), "x 2": Row(), "y 1": Row()}
    solution = reusing(table, "x", output("x1", "x 1"), installed=("y 1",))
    assert names(solution) == ["x 2", "y 1"]


def test_an_output_of_a_version_that_there_is_no_more_does_not_count() -> None:
    assert names(reusing(TABLE, "b", output("b0", "b 0"), output("z1", "z 1"))) == ["b 2"]


def test_an_optional_dependency_is_not_pulled_in_for_the_sake_of_it() -> None:
    table = {
        "a 1": Row(optional="b"),
        "b 1": Row(),
        "x 1": Row(depends="b", avoided="deprecated"),
        "x 2": Row(depends="y|b"),
        "x 3": Row(depends="y"),
        "y 1": Row(),
    }
    built = (output("b1", "b 1"), output("a1", "a 1", "b1"), output("y1", "y 1"), output("x3", "x 3", "y1"))
    alone = reusing(table, "a,x", *built)
    assert names(alone) == ["a 1", "x 3", "y 1"]
    assert building(alone) == 1  # a 1, without b
    beside = reusing(table, "a,x", *built[:-1])
    assert names(beside) == ["a 1", "b 1", "x 2"]  # x 2 needs b, so a 1 can be taken that was built with it
    assert building(beside) == 1
