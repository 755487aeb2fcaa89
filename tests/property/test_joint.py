"""Several pairs of machines against brute force: every combination of states of small universes is tried."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from hypothesis import event, given
from hypothesis import strategies as st

from tests.property.test_solver import State, cost, requests, rows, slow, states, valid
from tests.unit.solver.toy import Row, Table
from xpkg.solver.joint import solve_jointly
from xpkg.solver.model import NoSolution, Preferences, Request
from xpkg.solver.solve import solve

Case = tuple[dict[str, Row], Request]


# What pruning leaves is less than what was optimised, so it is not compared here.
whole = requests().map(lambda case: (case[0], replace(case[1], prune=False)))


@st.composite
def several(draw: st.DrawFn) -> list[Case]:
    """Pairs that differ in what is asked for, in what is there, and in some of the recipes."""
    first = draw(whole)
    cases = [first]
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        changed = draw(st.dictionaries(st.sampled_from(sorted(first[0])), rows, max_size=2))
        own = draw(whole) if draw(st.booleans()) else first
        table = {**first[0], **changed}
        fits = all(table[f"{one.name} {one.version}"].only in (None, one.machine) for one in own[1].installed)
        cases.append((table, own[1]) if fits else first)
    return cases


def split(request: Request, values: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What goes before common versions, and what comes after: the number of changes."""
    last = len(values) if request.fixup and not request.upgrade else len(values) - 1
    return values[:last], values[last:]


def different(cases: Sequence[Case], chosen: Sequence[State]) -> int:
    versions: dict[str, set[str]] = {}
    for state in chosen:
        for one in state:
            versions.setdefault(one.name, set()).add(one.version)
    new = {one.name for (_, request), state in zip(cases, chosen, strict=True) for one in state - {*request.installed}}
    return sum(len(versions[name]) > 1 for name in new)


def staying(case: Case, by: Literal["default", "opam"]) -> set[tuple[str, str]]:
    """What stays in its version when the pair is asked about alone; to upgrade all it does not matter."""
    table, request = case
    try:
        alone = solve(request, Table(table), Preferences(criteria=by)).instances
    except NoSolution:
        return set()
    return set() if request.upgrade else {(one.name, one.machine) for one in request.installed if one in alone}


def good(case: Case, by: Literal["default", "opam"]) -> list[tuple[State, int]]:
    """The states that are as good as any in all that goes before common versions, each with its changes."""
    table, request = case
    kept, priced = staying(case, by), []
    for one in states(table):
        if valid(table, request, one):
            before, after = split(request, cost(table, request, one, by))
            replaced = sum((new.name, new.machine) in kept for new in one - {*request.installed})
            priced.append(((*before, replaced), after, one))
    best = min((before for before, _, _ in priced), default=())
    return [(one, sum(after)) for before, after, one in priced if before == best]


@slow
@given(several(), st.sampled_from(["default", "opam"]))
def test_each_as_good_as_alone_and_as_alike_as_can_be(cases: list[Case], by: Literal["default", "opam"]) -> None:
    choices = [good(case, by) for case in cases]
    try:
        solutions = solve_jointly([(request, Table(table)) for table, request in cases], Preferences(criteria=by))
    except NoSolution:
        event("no solution")
        assert not all(choices)
        return
    found = [frozenset(solution.instances) for solution in solutions]
    event(f"{different(cases, found)} differ")
    changes = []
    for state, choice in zip(found, choices, strict=True):
        assert state in dict(choice)
        changes.append(dict(choice)[state])
    best = min(
        (different(cases, [state for state, _ in picked]), sum(after for _, after in picked))
        for picked in itertools.product(*choices)
    )
    assert (different(cases, found), sum(changes)) == best
    told = {one.cost[one.cost_names.index("different versions")] for one in solutions}
    assert told == {best[0]}


@slow
@given(requests())
def test_of_one_pair_it_is_an_ordinary_solve(case: Case) -> None:
    table, request = case
    try:
        alone = solve(request, Table(table))
    except NoSolution:
        return
    assert solve_jointly([(request, Table(table))]) == (alone,)
    assert solve_jointly([(request, Table(table))] * 2) == (alone, alone)
