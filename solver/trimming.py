"""Changes that have nothing to do with the request are not made (``OpamCudf.trim_actions``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence

from xpkg.solver.exploration import Key, Problem, beside_pins
from xpkg.solver.model import Instance, Request
from xpkg.solver.ordering import Edges, by_name, met, standing_edges
from xpkg.solver.protocol import AllOf, Candidate, Rejection, needs_of
from xpkg.solver.standing import Standing


def keep_unrelated(problem: Problem, chosen: Sequence[Candidate]) -> list[Candidate]:
    """The chosen state, with all that no change leads to from the request's ``related`` names left as it was.

    A change leads to another when one of the two needs the other, before or after, when they exclude each other, or
    through what stays but is built again.  Formulas, the invariant and pins hold in any case, so what they need is
    changed too.  What stays unchanged although it cannot be had any more is noted.
    """
    standing = Standing(problem.request)
    before = [problem.candidates.get(one) or standing.gone(one) for one in problem.request.installed]
    old = {_key(one.instance): one for one in before}
    new = {_key(one.instance): one for one in chosen}
    changed = {key for key in old.keys() | new.keys() if _instance(old, key) != _instance(new, key)}
    links = _links(old, new, changed)
    start = problem.request.related
    free = beside_pins(problem)
    while True:
        reached = _reachable(links, start)
        kept = {key: one for key, one in old.items() if key in changed and key not in reached}
        staying = [one for key, one in new.items() if key not in changed or key in reached]
        missing = _unmet(problem.request, [one.instance for one in (*staying, *kept.values())], free) & changed
        if missing <= start:
            break
        start |= missing
    problem.gone.extend(
        Rejection(instance=one.instance, reason="it cannot be had any more")
        for one in kept.values()
        if one.instance not in problem.candidates
    )
    problem.candidates.update((one.instance, one) for one in kept.values())
    return staying + list(kept.values())


def _unmet(request: Request, state: Sequence[Instance], free: Collection[Instance]) -> set[Key]:
    """The names that a state has to be changed in to meet what must hold whatever is asked for.

    Pins do not hold for those of ``free``.
    """
    stated = [*request.formulas, *([] if request.invariant is None else [request.invariant])]
    found = {
        (need.name, need.machine)
        for formula in stated
        for conjunct in (formula.parts if isinstance(formula, AllOf) else (formula,))
        if not met(conjunct, by_name(state))
        for need in needs_of(conjunct)
    }
    pins = dict(request.pins)
    moving = (one for one in state if pins.get(one.name, one.version) != one.version)
    return found | {_key(one) for one in moving if one not in free}


def _key(instance: Instance) -> Key:
    return instance.name, instance.machine


def _instance(state: dict[Key, Candidate], key: Key) -> Instance | None:
    return state[key].instance if key in state else None


def _links(old: dict[Key, Candidate], new: dict[Key, Candidate], changed: set[Key]) -> dict[Key, set[Key]]:
    """Which changed or rebuilt names touch each other, both ways."""
    states = [standing_edges(list(old.values())), standing_edges(list(new.values()))]
    touched = set(changed)
    touched.update(*(_rebuilt(edges, changed) for edges in states))
    links: dict[Key, set[Key]] = {key: set() for key in touched}
    for one, other in _pairs(states, old, new, changed):
        if one in touched and other in touched:
            links[one].add(other)
            links[other].add(one)
    return links


def _rebuilt(edges: Edges, changed: set[Key]) -> set[Key]:
    """What needs something changed, directly or not."""
    dependents: dict[Key, set[Key]] = {}
    for instance, of in edges.items():
        for edge in of:
            if not edge.post:
                dependents.setdefault(_key(edge.needed), set()).add(_key(instance))
    return _reachable(dependents, frozenset(changed))


def _pairs(
    states: Sequence[Edges], old: dict[Key, Candidate], new: dict[Key, Candidate], changed: set[Key]
) -> Iterator[tuple[Key, Key]]:
    for edges in states:
        for instance, of in edges.items():
            for edge in of:
                yield _key(instance), _key(edge.needed)
    leaving = [old[key] for key in changed if key in old]
    coming = [new[key] for key in changed if key in new]
    for one in leaving:
        for other in coming:
            if _exclude(one, other):
                yield _key(one.instance), _key(other.instance)


def _exclude(one: Candidate, other: Candidate) -> bool:
    return (
        any(need.accepts(other.instance) for need in one.conflicts)
        or any(need.accepts(one.instance) for need in other.conflicts)
        or not set(one.conflict_classes).isdisjoint(other.conflict_classes)
        or not set(one.provides).isdisjoint(other.provides)
    )


def _reachable(links: dict[Key, set[Key]], start: frozenset[Key]) -> set[Key]:
    reached = set(start)
    queue = deque(start)
    while queue:
        for key in links.get(queue.popleft(), ()):
            if key not in reached:
                reached.add(key)
                queue.append(key)
    return reached
