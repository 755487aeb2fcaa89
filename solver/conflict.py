"""A minimal set of statements that contradict each other, with few sentences to tell.

A group of the clauses is one constraint of one or more versions.  People understand less of "these 41 constraints
contradict each other" than of "whatever version of ppxlib is taken, what it says of ocaml ...": so first the fewest
*topics* are looked for, where a topic is all that the versions of one package say of the same others, and among the
constraints of those topics then a minimal set.  Near the request comes before far from it: topics are added by their
distance until there is a contradiction.

Importing this module imports clingo.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence

from xpkg.solver.clauses import (
    Asked,
    AskedFormula,
    Clauses,
    Conflicts,
    Group,
    Held,
    Invariant,
    Needs,
    NoCycle,
    OneOfClass,
    OneVersion,
    Pinned,
    Removed,
)
from xpkg.solver.contradiction import Contradiction, regrouped
from xpkg.solver.exploration import Key
from xpkg.solver.protocol import needs_of

_BOUND_S = 0.3
"""How long shorter conflicts are looked for when one is known."""


def minimal_conflict(clauses: Clauses, *, bound_s: float = _BOUND_S) -> list[int]:
    """The numbers of groups that contradict each other and of which none can be left out; empty when all is well.

    The least number of topics that was found within ``bound_s`` seconds of CPU time.
    """
    topics = _topics(clauses)
    near = _nearest_layers(clauses, topics)
    if near is None:
        return []
    chosen = _few_topics(clauses, topics, near, bound_s)
    of_those = [number for number, topic in topics.items() if topic in chosen]
    distance = _distances(clauses)
    of_those.sort(key=lambda number: (distance[number], -_reach(clauses.groups[number]), number))
    inner = regrouped(clauses, {number: place for place, number in enumerate(of_those)})
    return sorted(of_those[place] for place in Contradiction(inner).minimal(range(len(of_those))))


def _reach(group: Group) -> int:
    """For how many versions a constraint speaks: one for many is told before many for one each."""
    return len(group.instances) if isinstance(group, Needs | Conflicts) else 0


def _topics(clauses: Clauses) -> dict[int, int]:
    """The topic of each group, topics numbered from 0 on."""
    known: dict[Hashable, int] = {}
    return {number: known.setdefault(topic(group), len(known)) for number, group in enumerate(clauses.groups)}


def topic(group: Group) -> Hashable:
    """What groups have in common that are told together."""
    if isinstance(group, Needs):
        first = group.instances[0]
        return "needs", first.name, first.machine, frozenset((one.name, one.machine) for one in needs_of(group.formula))
    if isinstance(group, Conflicts):
        first = group.instances[0]
        return "conflicts", first.name, first.machine, group.need.name, group.need.machine
    return id(group)


def _nearest_layers(clauses: Clauses, topics: Mapping[int, int]) -> list[int] | None:
    """The topics up to the least distance from the request within which there is a contradiction."""
    distance = _distances(clauses)
    nearest: dict[int, int] = {}
    for number, one in topics.items():
        nearest[one] = min(distance[number], nearest.get(one, distance[number]))
    contradiction = Contradiction(regrouped(clauses, topics))
    for layer in sorted(set(nearest.values())):
        within = [one for one, far in nearest.items() if far <= layer]
        if not contradiction.possible(within):
            return within
    return None


def _distances(clauses: Clauses) -> list[int]:
    """How many needs lie between the request and each group."""
    leads: dict[Key, set[Key]] = {}
    reached: dict[Key, int] = {}
    for group in clauses.groups:
        if isinstance(group, Needs):
            first = group.instances[0]
            leads.setdefault((first.name, first.machine), set()).update(
                (need.name, need.machine) for need in needs_of(group.formula)
            )
        else:
            reached.update(dict.fromkeys(_stated(group), 0))
    front = list(reached)
    while front:
        front = [key for key in dict.fromkeys(to for one in front for to in leads.get(one, ())) if key not in reached]
        reached.update(dict.fromkeys(front, max(reached.values()) + 1))
    by_name: dict[str, int] = {}
    for (name, _), far in reached.items():
        by_name[name] = min(far, by_name.get(name, far))
    most = max(reached.values(), default=0) + 1
    return [_distance(group, reached, by_name, most) for group in clauses.groups]


def _stated(group: Group) -> list[Key]:
    match group:
        case Asked(atom):
            return list(atom.keys)
        case AskedFormula(formula) | Invariant(formula):
            return [(need.name, need.machine) for need in needs_of(formula)]
        case Held(instance):
            return [(instance.name, instance.machine)]
    return []


def _distance(group: Group, reached: Mapping[Key, int], by_name: Mapping[str, int], most: int) -> int:
    match group:
        case Needs(instances, _) | Conflicts(instances, _):
            return reached.get((instances[0].name, instances[0].machine), most)
        case OneVersion(name):
            return by_name.get(name, most)
        case OneOfClass(_, machine, names):
            return min(reached.get((name, machine), most) for name in names)
        case NoCycle(cycle):
            return max(reached.get((one.name, one.machine), most) for one in cycle)
    return 0


def _few_topics(clauses: Clauses, topics: Mapping[int, int], near: Sequence[int], bound_s: float) -> set[int]:
    """A set of contradictory topics of which none can be left out, with little to tell.

    Another set is looked for without each topic of the best one in turn, as long as time allows.
    """
    place = {one: number for number, one in enumerate(near)}
    inner = regrouped(clauses, {number: place[one] for number, one in topics.items() if one in place})
    weights = _weights(clauses, topics, place)
    light_first = sorted(range(len(near)), key=lambda one: (weights[one], one))
    contradiction = Contradiction(inner)
    best = _minimal(inner, contradiction, light_first)
    started, tried = time.process_time(), set[int]()
    while time.process_time() < started + bound_s:
        without = max((one for one in best if one not in tried), key=lambda one: weights[one], default=None)
        if without is None:
            break
        tried.add(without)
        other = _minimal(inner, contradiction, [one for one in light_first if one != without])
        if other and _weight(other, weights) < _weight(best, weights):
            best = other
    return {near[one] for one in best}


def _minimal(inner: Clauses, contradiction: Contradiction, order: Sequence[int]) -> list[int]:
    core = contradiction.core(order)
    if core is None:
        return []
    few = [one for one in order if one in core]
    small = Contradiction(regrouped(inner, {one: number for number, one in enumerate(few)}))
    return [few[number] for number in small.minimal(range(len(few)))]


def _weight(chosen: Sequence[int], weights: Sequence[float]) -> float:
    return sum(weights[one] for one in chosen)


def _weights(clauses: Clauses, topics: Mapping[int, int], place: Mapping[int, int]) -> list[float]:
    """How much there is to tell of each topic: one for a plain sentence."""
    weights = [0.0] * len(place)
    for number, one in topics.items():
        if one in place:
            group = clauses.groups[number]
            if isinstance(group, Needs):
                choices = len({need.name for need in needs_of(group.formula)})
                least = 1.0 if choices == 1 else 1.5 + choices / 4
                weights[place[one]] = min(3.0 + least, max(weights[place[one]], least) + 0.02)
            else:
                weights[place[one]] = 0.5 if isinstance(group, Asked | AskedFormula | Pinned | Removed) else 1.0
    return weights
