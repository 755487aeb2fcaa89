"""Requests that few versions decide: most of what a request reaches is too old to be chosen, and is not looked at.

Of each name those versions are looked at that are the newest for some need met on the way, and the last resorts. One
version stands for all others: it needs nothing, excludes nothing, meets what any of them meets, and lags behind as
little as the best of them. So every state has a counterpart here that is no worse by
any criterion. When the best state here has no such stand-in, and no other is as good, it is the best of all. Else what
the stand-ins in it stand for is looked at, and after a few rounds everything is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from xpkg.repo.version_order import Ranking
from xpkg.solver.clauses import Clauses, encode
from xpkg.solver.criteria import Criterion, criteria
from xpkg.solver.engine import Optimum, Search
from xpkg.solver.exploration import Key, Problem, allowed, check_asked
from xpkg.solver.model import Instance, Preferences, Request, SolverGaveUp
from xpkg.solver.ordering import edges_of, shortest_cycle
from xpkg.solver.protocol import AllOf, Candidate, Formula, Need, SurveyingContext, needs_of

_CHOICES = 4
"""So many versions that a need allows are looked at, if there are."""
_MANY = 20
"""Of a name that so many different needs mention all versions are looked at: between so many, few suit all."""
_ROUNDS = 2
_SHARE = 0.2
"""Of the time that the solver may take."""
_MOST_STAND_INS = 3
"""With more of them in a state it is quicker to look at everything."""


class Found(NamedTuple):
    """The best state, and the problem and criteria that it is the best of."""

    problem: Problem
    clauses: Clauses
    wanted: list[Criterion]
    best: Optimum


def decided_by_few(request: Request, context: SurveyingContext, preferences: Preferences) -> Found | None:
    """The only best state of a request for an empty switch of one machine; None when it takes all versions to know."""
    if request != Request(install=request.install, related=request.related) or preferences.built:
        return None
    if any(atom.providers for atom in request.install):
        return None
    for atom in request.install:
        check_asked(atom, context)
    narrowing = _Narrowing(request, context)
    for _ in range(_ROUNDS):
        problem = narrowing.problem()
        preferences.ended("explore")
        clauses = encode(problem)
        wanted = criteria(problem, clauses, preferences)
        preferences.ended("encode")
        search = Search(clauses, [weighted for _, weighted in wanted], preferences.bound_s * _SHARE)
        best = _proven(search)
        chosen = [] if best is None else clauses.chosen(best.true)
        stand_ins = [key for key in problem.unseen if problem.usable[key][-1] in chosen]
        only = best is not None and not stand_ins and _is_only(search, best, clauses)
        preferences.ended("optimise")
        if best is not None and only and not _has_cycle(problem, chosen):
            return Found(problem, clauses, wanted, best)
        if not 0 < len(stand_ins) <= _MOST_STAND_INS:
            return None
        narrowing.widen(stand_ins)
    return None


def _proven(search: Search) -> Optimum | None:
    """The best state, None when there is none or it is not known in time."""
    with suppress(SolverGaveUp):
        best = search.best()
        return best if best is not None and best.proven else None
    return None


def _is_only(search: Search, best: Optimum, clauses: Clauses) -> bool:
    others = [-one if one in best.true else one for one in clauses.variable.values()]
    return search.as_good(best.cost, other=others) is None and not search.out_of_time


def _has_cycle(problem: Problem, chosen: Sequence[Instance]) -> bool:
    return bool(shortest_cycle(edges_of([problem.candidates[one] for one in chosen])))


class _Column:
    """A name on a machine: the versions that can be had, the newest first, and what came of those looked at.

    ``lag`` counts for each how many better ones there are; ``flagged`` are the places of last resorts.
    """

    __slots__ = ("flagged", "key", "lag", "needs", "ranking", "seen")

    def __init__(self, key: Key, at_hand: Mapping[str, bool]) -> None:
        self.key = key
        self.ranking = Ranking(list(at_hand))
        self.flagged = {place for place, flagged in enumerate(at_hand.values()) if flagged}
        best_first = sorted(range(len(at_hand)), key=lambda place: place not in self.flagged)
        self.lag = {place: lag for lag, place in enumerate(best_first)}
        self.seen: dict[int, Candidate] = {}
        self.needs = 0  # different ones met so far


class _Narrowing:
    """What was looked at so far."""

    def __init__(self, request: Request, context: SurveyingContext) -> None:
        self._request, self._context = request, context
        self._asked = {key for atom in request.install for key in atom.keys}
        self._columns: dict[Key, _Column] = {}
        self._queue: deque[Formula] = deque()
        self._followed: set[int] = set()  # the identities of formulas; the candidates keep them alive
        for atom in request.install:
            self._column((atom.name, atom.machine))
        self._follow()

    def widen(self, keys: Sequence[Key]) -> None:
        """Look at all versions of these names."""
        for key in keys:
            self._look(self._columns[key], range(len(self._columns[key].lag)))
        self._follow()

    def problem(self) -> Problem:
        """What was looked at, and a stand-in where some versions of a name were not, as its oldest."""
        problem = Problem(request=self._request)
        for key, column in self._columns.items():
            places = sorted(column.seen)
            usable = [column.seen[place] for place in places]
            problem.lag.update((column.seen[place].instance, column.lag[place]) for place in places)
            unseen = [place for place in column.lag if place not in column.seen]
            if unseen:
                versions = [column.ranking.versions[place] for place in sorted(unseen)]
                stand_in = Instance(name=key[0], version=versions[0], machine=key[1])
                problem.lag[stand_in] = min(column.lag[place] for place in unseen)
                problem.unseen[key] = Ranking(versions)
                usable.append(Candidate(instance=stand_in))
            problem.usable[key] = tuple([one.instance for one in usable])
            problem.candidates.update((one.instance, one) for one in usable)
        return problem

    def _column(self, key: Key) -> _Column:
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = _Column(key, self._context.at_hand(*key))
            self._look(column, column.lag if key in self._asked else sorted(column.flagged))
        return column

    def _follow(self) -> None:
        while self._queue:
            for need in needs_of(self._queue.popleft()):
                self._reach(need)

    def _reach(self, need: Need) -> None:
        """Look at the newest versions that the need allows."""
        column = self._column((need.name, need.machine))
        column.needs += 1
        if column.needs == _MANY:
            self._look(column, column.lag)
        plain = (place for place in allowed(column.ranking, need.versions) if place not in column.flagged)
        self._look(column, islice(plain, _CHOICES))

    def _look(self, column: _Column, places: Iterable[int]) -> None:
        for place in places:
            if place not in column.seen:
                (name, machine), version = column.key, column.ranking.versions[place]
                instance = Instance(name=name, version=version, machine=machine)
                answer = self._context.candidate(instance, requested=column.key in self._asked)
                assert isinstance(answer, Candidate)
                column.seen[place] = answer
                self._queue_up(answer.depends)

    def _queue_up(self, formula: Formula) -> None:
        for part in formula.parts if isinstance(formula, AllOf) else (formula,):
            if id(part) not in self._followed:
                self._followed.add(id(part))
                self._queue.append(part)
