"""Trying what becomes of a problem without one of its statements.

Importing this module imports clingo.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from xpkg.repo.version_order import version_key
from xpkg.solver.clauses import Clauses, Pinned
from xpkg.solver.contradiction import Contradiction
from xpkg.solver.exploration import Key, Problem
from xpkg.solver.model import Atom, Instance
from xpkg.solver.ordering import edges_of, shortest_cycle
from xpkg.solver.protocol import AllOf, Need

_MOST_CYCLES = 20


class Trial:
    """Solves a problem without some groups or others, until ``bound_s`` seconds of CPU time have gone."""

    def __init__(self, problem: Problem, clauses: Clauses, bound_s: float) -> None:
        self._problem, self._clauses = problem, clauses
        self._contradiction = Contradiction(clauses)
        self._deadline = time.process_time() + bound_s

    def possible(self, without: Collection[int]) -> bool:
        """Whether all groups but some can be met; taken for granted when time is up, and whatever waits for itself."""
        return self._late() or self._contradiction.possible(self._others(without))

    def state(self, without: Collection[int], instance: Instance | None = None) -> list[Instance] | None:
        """A state that meets all groups but some, with ``instance`` in it; None when there is none or time is up."""
        groups = self._others(without)
        true = [] if instance is None else [self._clauses.variable[instance]]
        true += self._lost(without)
        for _ in range(_MOST_CYCLES):
            model = None if self._late() else self._contradiction.model(groups, true=true)
            if model is None:
                return None
            chosen = [self._problem.candidates[one] for one in self._clauses.chosen(model)]
            cycle = shortest_cycle(edges_of(chosen))
            if not cycle:
                return [one.instance for one in chosen]
            self._contradiction.forbid([self._clauses.variable[one] for one in cycle])
        return None

    def _lost(self, without: Collection[int]) -> list[int]:
        """That what has no recipe with the pins that are left out is not there: without them it has none either."""
        pinned = {group.name for one in without if isinstance(group := self._clauses.groups[one], Pinned)}
        gone = (one.instance for one in self._problem.gone if one.instance.name in pinned)
        return [-self._clauses.variable[one] for one in gone if one in self._clauses.variable]

    def _others(self, without: Collection[int]) -> list[int]:
        left_out = frozenset(without)  # of thousands that were asked for, perhaps
        return [one for one in range(len(self._clauses.groups)) if one not in left_out]

    def accepting(self, without: int, dependents: Iterable[Instance], need: Need) -> Instance | None:
        """The newest version of what is needed that could be there, did ``dependents`` not mind which it is.

        ``without`` is the group that says what they do need.
        """
        key = need.name, need.machine
        for instance in self._problem.usable.get(key, ()):
            state = self.state([without], instance)
            if state is not None and not self._waits(state, set(dependents), instance):
                return instance
        return None

    def _waits(self, state: Iterable[Instance], dependents: Collection[Instance], instance: Instance) -> bool:
        """Whether a cycle comes of it that ``dependents`` need that instance."""
        itself = Need(name=instance.name, machine=instance.machine)
        candidates = [self._problem.candidates[one] for one in state]
        changed = [
            replace(one, depends=AllOf((one.depends, itself))) if one.instance in dependents else one
            for one in candidates
        ]
        return bool(shortest_cycle(edges_of(changed)))

    def first(self, without: Collection[int], instances: Iterable[Instance]) -> Instance | None:
        """The first of these that could be there."""
        return next((one for one in instances if self.state(without, one) is not None), None)

    def newest(self, without: Collection[int], key: Key, other_than: str | None = None) -> Instance | None:
        """The newest version that could be there, one to be avoided only when no other could."""
        usable = [one for one in self._problem.usable.get(key, ()) if one.version != other_than]
        return self.first(without, sorted(usable, key=lambda one: self._problem.candidates[one].avoided is not None))

    def nearest(self, without: Collection[int], wanted: Need | Atom) -> tuple[tuple[int, bool], Instance] | None:
        """The version nearest to those wanted that could be there.

        With it, how many versions away it is, and whether it is older.
        Of two equally near ones the newer; one to be avoided only when no other could be.
        """
        key = wanted.name, wanted.machine
        usable = self._problem.usable.get(key, ())
        known = sorted(
            {one.version for one in usable}
            | {one.instance.version for one in self._problem.rejected.get(key, ())}
            | _spelled(wanted),
            key=lambda version: (version_key(version), version),
        )
        meant = [place for place, version in enumerate(known) if _allows(wanted, version)]
        away = {version: _away(place, meant) for place, version in enumerate(known)}
        others = [one for one in usable if not _allows(wanted, one.version)]
        others.sort(key=lambda one: (self._problem.candidates[one].avoided is not None, away[one.version]))
        found = self.first(without, others)
        return None if found is None else (away[found.version], found)

    def _late(self) -> bool:
        return time.process_time() > self._deadline


def _allows(wanted: Need | Atom, version: str) -> bool:
    return wanted.versions is None or wanted.versions.allows(version)


def _spelled(wanted: Need | Atom) -> set[str]:
    """The version that a plain constraint names, whether or not there is such a one."""
    version = getattr(wanted.versions, "version", None)
    return {version} if isinstance(version, str) else set()


def _away(place: int, meant: Sequence[int]) -> tuple[int, bool]:
    """How far a place is from the nearest one meant, and whether it is below that."""
    return min(((abs(place - one), place < one) for one in meant), default=(0, False))
