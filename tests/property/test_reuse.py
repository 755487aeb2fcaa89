"""What the engine takes from a store is what builds would give, and no state that is as good takes more."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.property.test_solver import State, cost, fits, listed, requests, slow, states, valid
from tests.unit.solver.toy import Row, Table
from xpkg.core.errors import NotFoundError
from xpkg.solver.model import Instance, NoSolution, Preferences, Request
from xpkg.solver.ordering import build_order, edges_of, requires
from xpkg.solver.protocol import Candidate, needs_of
from xpkg.solver.reuse import Built
from xpkg.solver.solve import solve


def outputs(table: dict[str, Row], state: State) -> Mapping[Instance, Built]:
    """What building a state gives: keys are of an instance with the keys of all it sees."""
    candidates = [Table(table).candidate(one, requested=False) for one in sorted(state)]
    edges = edges_of([one for one in candidates if isinstance(one, Candidate)])
    made: dict[Instance, Built] = {}
    for instance in build_order(edges):
        seen = {key for one in requires(edges[instance]) for key in (made[one].key, *made[one].dependencies)}
        key = hashlib.sha256(f"{instance!r} {sorted(seen)}".encode()).hexdigest()[:8]
        made[instance] = Built(key=key, instance=instance, dependencies=frozenset(seen))
    return made


def all_needed(table: dict[str, Row], request: Request, state: State) -> bool:
    """Whether each instance is asked for, installed in some version, or needed by such a one, directly or not."""
    stated = [*request.formulas, *([] if request.invariant is None else [request.invariant])]
    wanted = [need for of in stated for need in needs_of(of)]
    keys = {(one.name, one.machine) for one in (*request.installed, *request.held)}
    keys |= {(atom.name, atom.machine) for atom in request.install}
    found: set[Instance] = set()
    while True:
        more = {one for one in state if (one.name, one.machine) in keys or any(need.accepts(one) for need in wanted)}
        if more <= found:
            return found == state
        found |= more
        rows = [(table[f"{one.name} {one.version}"], one.machine) for one in found]
        wanted += [need for row, machine in rows for need in listed(row.depends, machine)]


def to_build(table: dict[str, Row], state: State, stored: Mapping[str, Built]) -> int:
    return sum(one.key not in stored for one in outputs(table, state).values())


@settings(slow, max_examples=60)
@given(requests(), st.data())
def test_as_much_as_can_be_is_taken_from_the_store(case: tuple[dict[str, Row], Request], data: st.DataObject) -> None:
    table, request = case
    request = replace(request, prune=False, fixup=False)
    built_before = [state for state in states(table) if state and fits(table, state)]
    assume(built_before)
    history = data.draw(st.lists(st.sampled_from(built_before), min_size=1, max_size=3))
    stored = {one.key: one for state in history for one in outputs(table, state).values()}
    for key in data.draw(st.lists(st.sampled_from(sorted(stored)), max_size=1)):
        del stored[key]  # somebody cleaned up
    assume(stored)
    try:
        solution = solve(request, Table(table), Preferences(built=tuple(stored.values())))
    except (NoSolution, NotFoundError):
        return
    state = frozenset(solution.instances)
    told = dict(zip(solution.cost_names, solution.cost, strict=True))["to build"]
    # An output can be built from what is gone: it is not taken, though a build would give it.
    whole = {key: one for key, one in stored.items() if stored.keys() >= one.dependencies}
    assert told == to_build(table, state, whole)
    first = 3 if request.best_effort else 2
    candidates = [one for one in states(table) if all_needed(table, request, one) and valid(table, request, one)]
    ranked = {other: (*cost(table, request, other)[:first], to_build(table, other, whole)) for other in candidates}
    assert ranked[state] == min(ranked.values())
    event("something taken" if told < len(state) else "nothing taken")
