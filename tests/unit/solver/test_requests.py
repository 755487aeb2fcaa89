"""Requests beyond installing: formulas, invariants, best effort, repair, upgrades of some names, dependencies alone."""

from __future__ import annotations

import pytest

from tests.unit.solver.test_solve import install, steps
from tests.unit.solver.toy import TARGET, Row, Table, atom, formula, instance
from xpkg.core.errors import NotFoundError
from xpkg.solver.dependencies_only import DependenciesOnly
from xpkg.solver.model import NoSolution, Request
from xpkg.solver.protocol import Formula
from xpkg.solver.solve import solve

CHOICE = {"a 1": Row(), "b 1": Row(conflicts="a"), "c 1": Row(depends="a"), "c 2": Row(depends="b")}


def asked(text: str) -> tuple[Formula, ...]:
    return (formula(text, TARGET),)


def test_a_formula_is_met_and_what_meets_it_counts_as_asked_for() -> None:
    assert steps(install(CHOICE, formulas=asked("a|b,c"))) == ["install b 1: requested", "install c 2: requested"]


def test_a_formula_that_holds_already_changes_nothing() -> None:
    assert steps(install(CHOICE, installed=("a 1",), formulas=asked("a|b"))) == []


def test_a_contradictory_formula_is_told() -> None:
    with pytest.raises(NoSolution) as failure:
        install(CHOICE, formulas=asked("a,b"))
    assert failure.value.message == "what is asked for cannot be had"
    assert failure.value.chain == ("a was asked for", "b was asked for", "b 1 conflicts with a (says table)")


def test_a_formula_over_a_name_that_is_nowhere_says_so() -> None:
    with pytest.raises(NoSolution) as failure:
        install(CHOICE, formulas=asked("nowhere"))
    assert failure.value.chain == ("nowhere was asked for, but no package is called nowhere",)


def test_an_invariant_bars_what_contradicts_it() -> None:
    with pytest.raises(NoSolution) as failure:
        install(CHOICE, "b", invariant=formula("a", TARGET))
    assert failure.value.message == "b cannot be installed"
    assert "the switch must have a" in failure.value.chain


def test_an_invariant_is_installed_but_not_asked_for() -> None:
    solution = install(CHOICE, invariant=formula("a", TARGET))
    assert steps(solution) == ["install a 1: part of the switch's invariant"]
    assert not any(node.requested for node in solution.nodes)


def test_best_effort_meets_as_many_as_can_be_met() -> None:
    table = CHOICE | {"d 1": Row(depends="a"), "e 1": Row(depends="nowhere")}
    solution = install(table, "a", "b", "d", "e", best_effort=True)
    assert {str(one) for one in solution.instances} == {"a 1", "d 1"}


def test_best_effort_still_refuses_an_unknown_name() -> None:
    with pytest.raises(NotFoundError):
        install(CHOICE, "nowhere", best_effort=True)


NEWER = {"a 1": Row(), "a 2": Row(), "b 1": Row(depends="a"), "b 2": Row(depends="a"), "z 1": Row(), "z 2": Row()}
OLD = ("a 1", "b 1", "z 1")


def test_a_repair_changes_as_little_as_it_can() -> None:
    table = NEWER | {"b 1": Row(depends="nowhere"), "b 2": Row(depends="a = 1")}
    assert steps(install(table, "b", installed=OLD, fixup=True)) == ["upgrade b 2: requested"]
    assert steps(install(NEWER, "b", installed=OLD, fixup=True)) == []


def test_a_removal_is_a_change_to_a_repair() -> None:
    table = NEWER | {"b 2": Row(depends="a = 2"), "b 1": Row(depends="nowhere")}
    assert steps(install(table, installed=OLD, fixup=True)) == ["remove b 1: cannot stay with what is asked for"]


def test_an_upgrade_of_some_names_leaves_alone_what_has_nothing_to_do_with_them() -> None:
    related = frozenset({("b", TARGET)})
    solution = install(NEWER, "b", installed=OLD, upgrade=True, related=related)
    assert steps(solution) == ["upgrade a 2: needed by b 2", "upgrade b 2: requested"]
    whole = install(NEWER, installed=OLD, upgrade=True)
    assert {str(one) for one in whole.instances} == {"a 2", "b 2", "z 2"}


def test_what_is_built_again_leads_from_one_change_to_the_next() -> None:
    table = NEWER | {"y 1": Row(depends="b,z")}
    related = frozenset({("b", TARGET)})
    solution = install(table, "b", installed=(*OLD, "y 1"), upgrade=True, related=related)
    assert {str(one) for one in solution.instances} == {"a 2", "b 2", "y 1", "z 2"}


def test_packages_that_exclude_each_other_are_related() -> None:
    table = {"a 1": Row(conflicts="b = 1"), "b 1": Row(), "b 2": Row(), "c 1": Row(), "c 2": Row()}
    related = frozenset({("a", TARGET)})
    solution = install(table, "a", installed=("b 1", "c 1"), upgrade=True, related=related)
    assert {str(one) for one in solution.instances} == {"a 1", "b 2", "c 1"}


def test_what_cannot_be_had_any_more_may_stay_or_must_go() -> None:
    table = {"a 1": Row(), "b 2": Row(), "c 1": Row(depends="b = 1")}
    before = ("a 1", "b 1", "c 1")
    assert steps(install(table, installed=before)) == []
    assert steps(install(table, installed=before, upgrade=True, require_available=True)) == [
        "remove c 1: cannot stay with what is asked for",
        "upgrade b 2: already installed",
    ]


def test_what_must_go_stays_where_it_has_nothing_to_do_with_the_request() -> None:
    table = {"a 1": Row(), "b 2": Row(), "c 1": Row(depends="b = 1")}
    related = frozenset({("a", TARGET)})
    solution = install(table, "a", installed=("b 1", "c 1"), require_available=True, related=related)
    assert steps(solution) == ["install a 1: requested"]
    assert any("b 1 stays as it is" in note for note in solution.notes)


def test_a_version_that_nobody_lists_has_its_place_among_the_others() -> None:
    table = {"a 1": Row(), "a 3": Row()}
    assert [one.action for one in install(table, "a = 3", installed=("a 2",)).actions] == ["upgrade"]
    assert [one.action for one in install(table, "a = 1", installed=("a 2",)).actions] == ["downgrade"]


def test_a_flag_on_what_is_installed_lifts_the_penalty_on_its_name() -> None:
    flagged = Row(avoided="avoid-version")
    table = {"a 1": Row(), "a 2": flagged, "a 3": Row(), "a 4": flagged}
    assert steps(install(table, installed=("a 2",), upgrade=True)) == ["upgrade a 4: already installed"]
    assert steps(install(table, installed=("a 1",), upgrade=True)) == ["upgrade a 3: already installed"]


def only(table: dict[str, Row], *wanted: str, installed: tuple[str, ...] = (), ignore: bool = False) -> list[str]:
    """The steps that make ready for packages, without them."""
    atoms = tuple(map(atom, wanted))
    context = DependenciesOnly(Table(table), frozenset(one.name for one in atoms), ignore_conflicts=ignore)
    request = Request(target=TARGET, install=atoms, installed=tuple(map(instance, installed)))
    return steps(context.solution(solve(context.request(request), context)))


NEEDY = {"a 1": Row(), "b 1": Row(depends="a"), "c 1": Row(depends="b,d", conflicts="e"), "d 1": Row(), "e 1": Row()}


def test_dependencies_alone() -> None:
    assert only(NEEDY, "b") == ["install a 1: needed by b 1"]


def test_packages_asked_for_together_do_not_need_each_other() -> None:
    assert only(NEEDY, "b", "c") == ["install a 1: needed by b 1", "install d 1: needed by c 1"]


def test_conflicts_of_a_package_that_is_not_installed_hold_unless_ignored() -> None:
    assert "remove e 1: cannot stay with what is asked for" in only(NEEDY, "c", installed=("e 1",))
    assert only(NEEDY, "c", installed=("e 1",), ignore=True) == [
        "install a 1: needed by b 1",
        "install b 1: needed by c 1",
        "install d 1: needed by c 1",
    ]


def test_dependencies_of_a_version_asked_for() -> None:
    table = NEEDY | {"b 2": Row(depends="d")}
    assert only(table, "b") == ["install d 1: needed by b 2"]
    assert only(table, "b = 1") == ["install a 1: needed by b 1"]
