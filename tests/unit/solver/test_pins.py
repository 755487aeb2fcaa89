"""Pins and holds: what they allow, and what is said when they stand in the way."""

from __future__ import annotations

import pytest

from tests.unit.solver.toy import TARGET, Row, Table, atom, instance
from xpkg.repo.machine_names import BUILD
from xpkg.solver.dependencies_only import DependenciesOnly
from xpkg.solver.model import Instance, NoSolution, Request, Solution
from xpkg.solver.solve import solve

AB = {"a 1": Row(depends="b"), "a 2": Row(depends="b >= 2"), "b 1": Row(), "b 2": Row(), "b 3": Row()}


def solved(table: dict[str, Row], *wanted: str, **more: object) -> Solution:
    return solve(Request(target=TARGET, install=tuple(map(atom, wanted)), **more), Table(table))  # type: ignore[arg-type]


def refusal(table: dict[str, Row], *wanted: str, **more: object) -> NoSolution:
    with pytest.raises(NoSolution) as caught:
        solved(table, *wanted, **more)
    return caught.value


def versions(solution: Solution) -> dict[str, str]:
    return {str(one.name): one.version for one in solution.instances}


def test_of_a_pinned_name_only_that_version_is_chosen() -> None:
    assert versions(solved(AB, "a", pins=(("b", "2"),))) == {"a": "2", "b": "2"}
    assert versions(solved(AB, "a", pins=(("b", "1"),))) == {"a": "1", "b": "1"}


def test_a_pin_holds_on_every_machine() -> None:
    table = {"a 1": Row(depends="b@build"), "b 1": Row(), "b 2": Row()}
    solution = solved(table, "a", pins=(("b", "1"),))
    assert solution.find("b", BUILD) is not None
    assert versions(solution) == {"a": "1", "b": "1"}


def test_the_pinned_version_lags_behind_none() -> None:
    # b 1 would lag two versions behind; were that counted, a 1 would be no better than a 2 without b.
    assert solved(AB, "b", pins=(("b", "1"),)).cost == solved(AB, "b").cost


def test_what_is_pinned_but_not_needed_is_not_there() -> None:
    assert versions(solved({"a 1": Row(), "b 1": Row()}, "a", pins=(("b", "1"), ("ghost", "1")))) == {"a": "1"}


def test_a_pin_to_a_version_that_does_not_exist() -> None:
    error = refusal(AB, "a", pins=(("b", "9"),))
    assert "b is pinned to 9, but there is only 3, 2 and 1" in error.chain


def test_a_pin_to_a_version_that_is_rejected() -> None:
    table = {"a 1": Row(depends="b"), "b 1": Row(), "b 2": Row(only=BUILD)}
    error = refusal(table, "a", pins=(("b", "2"),))
    assert "b is pinned to 2, but that cannot be had: it is only for build" in error.chain


def test_another_version_of_what_is_pinned_is_asked_for() -> None:
    error = refusal(AB, "b = 2", pins=(("b", "1"),))
    assert error.chain == ("b = 2 on moon was asked for", "b is pinned to 1")


def test_what_is_held_stays_as_it_is() -> None:
    there = (instance("a 1"), instance("b 1"))
    solution = solved(AB, upgrade=True, installed=there, roots=there, held=(instance("b 1"),))
    assert versions(solution) == {"a": "1", "b": "1"}
    assert versions(solved(AB, upgrade=True, installed=there, roots=there)) == {"a": "2", "b": "3"}


def test_a_hold_against_what_is_asked_for() -> None:
    there = (instance("b 1"),)
    error = refusal(AB, "a = 2", installed=there, roots=there, held=there)
    assert error.chain == (
        "a = 2 on moon was asked for",
        "b 1 is held as it is",
        "a 2 needs b >= 2 (says table)",
        "no version of b meets all of this",
    )
    assert versions(solved(AB, "a", installed=there, roots=there, held=there)) == {"a": "1", "b": "1"}


def test_removing_what_is_held_lets_it_go() -> None:
    there = (instance("a 1"), instance("b 1"))
    gone = solved(AB, remove=(("a", TARGET),), installed=there, roots=there, held=(instance("a 1"),))
    assert versions(gone) == {"b": "1"}
    error = refusal(AB, remove=(("b", TARGET),), installed=there, roots=there, held=(instance("a 1"),))
    assert "a 1 is held as it is" in error.chain


def test_what_is_held_stays_though_no_repository_has_it_any_more() -> None:
    old = Instance(name="b", version="0", machine=TARGET)
    assert versions(solved(AB, installed=(old,), roots=(old,), held=(old,), upgrade=True)) == {"b": "0"}


def test_a_pin_speaks_for_the_stand_in_too() -> None:
    context = DependenciesOnly(Table(AB), frozenset({"a"}))
    request = context.request(Request(target=TARGET, install=(atom("a"),), pins=(("a", "1"), ("b", "1"))))
    assert versions(context.solution(solve(request, context))) == {"b": "1"}


@pytest.mark.parametrize("pinned", ["2", "9"])
def test_what_is_installed_stays_when_the_version_it_is_pinned_to_cannot_be_had(pinned: str) -> None:
    table = {"a 1": Row(), "b 1": Row(), "b 2": Row(only=BUILD), "b 3": Row()}
    for there in (instance("b 1"), instance("b 0")):  # with a recipe and without
        for more in ({}, {"upgrade": True}, {"related": frozenset({("a", TARGET)})}):
            solution = solved(table, "a", installed=(there,), roots=(there,), pins=(("b", pinned),), **more)
            assert versions(solution) == {"a": "1", "b": there.version}
            why = {"2": "it is only for build", "9": "there is no such version"}[pinned]
            assert solution.notes == (
                f"{there} stays as it is: it is pinned to {pinned}, but that cannot be had: {why}",
            )


def test_what_stays_beside_a_pin_lags_behind_none() -> None:
    table = {"a 1": Row(), "b 1": Row(), "b 2": Row(only=BUILD), "b 3": Row()}
    there = (instance("b 1"),)
    costs = {solved(table, "a", installed=there, upgrade=True, pins=(("b", pin),)).cost for pin in ("1", "2", "9")}
    assert len(costs) == 1


def test_nothing_but_what_is_installed_stays_beside_a_pin() -> None:
    table = {"a 1": Row(depends="b != 1"), "b 1": Row(), "b 2": Row(only=BUILD), "b 3": Row()}
    there = (instance("b 1"),)
    error = refusal(table, "a", installed=there, roots=there, pins=(("b", "2"),))
    assert "b is pinned to 2, but that cannot be had: it is only for build" in error.chain


def test_what_is_installed_moves_when_the_version_it_is_pinned_to_can_be_had() -> None:
    there = (instance("b 1"),)
    assert versions(solved(AB, "a", installed=there, roots=there, pins=(("b", "2"),))) == {"a": "2", "b": "2"}


def test_in_a_lock_nothing_stays_beside_a_pin() -> None:
    there = (instance("b 1"),)
    table = {"b 1": Row(), "b 2": Row(only=BUILD)}
    solution = solved(table, installed=there, roots=there, pins=(("b", "2"),), require_available=True)
    assert solution.instances == ()


def test_a_source_is_told_with_its_pin() -> None:
    error = refusal(AB, "b = 2", pins=(("b", "1"),), pinned_to=(("b", "/home/user/b"),))
    assert error.chain[-1] == "b is pinned to 1 (/home/user/b)"


def test_without_its_pin_there_is_nothing_of_what_has_no_recipe() -> None:
    table = {"a 1": Row(depends="b < 2"), "b 2": Row()}
    there = (instance("b 0"),)
    error = refusal(table, "a", installed=there, roots=there, pins=(("b", "2"),))
    assert "b is pinned to 2" in error.chain
    assert [one.kind for one in error.relaxations if one.kind == "pin"] == []
    error = refusal({**table, "b 1": Row()}, "a", installed=there, roots=there, pins=(("b", "2"),))
    assert error.relaxations[0].text == "without the pin of b to 2 it could be done, with b 1"
