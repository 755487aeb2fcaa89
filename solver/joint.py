"""Several pairs of machines in one solve: each as good as it would be alone, with the same versions where that is free.

Each pair keeps its own rule of one version of a name over its two machines; between pairs versions may differ.  So no
pair can keep another from having a solution, and none gets older versions for the sake of another: pairs meet only in
one criterion, how many names have different versions in different pairs.  It counts names of which some pair gets a
version that it does not have now; what all pairs have already stays as it is.  It comes after all that says how new
versions are and before the number of changes: common versions may cost a change more, but never a newer version.  Nor
does what is installed move for them, unless all is to be upgraded: what would stay in a pair alone stays before that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, zip_longest

from xpkg.repo.machine_names import NATIVE
from xpkg.solver.clauses import Clauses, encode
from xpkg.solver.criteria import FREE, LAG, Criterion, Weighted, criteria
from xpkg.solver.exploration import Key, explore
from xpkg.solver.model import Instance, NoSolution, Preferences, Request, Solution, SolverGaveUp
from xpkg.solver.protocol import Candidate, Context
from xpkg.solver.solve import forbid_disorder, solution_of, solve
from xpkg.solver.trimming import keep_unrelated

Part = tuple[Request, Context]
"""What is asked for on one pair of machines, and what there is for it."""

_USUAL = Preferences()
_DIFFERENT = "different versions"
_REPLACED = "replaced"


def solve_jointly(parts: Sequence[Part], preferences: Preferences = _USUAL) -> tuple[Solution, ...]:
    """The best states of several pairs of machines, in the order of ``parts``; of one pair it is ``solve``.

    Raises as ``solve``; of a pair that has no solution the target is told.  When the time is up while common versions
    are looked for, each pair has the best state it would have alone, and is not said to be optimal.
    """
    if len(parts) == 1:
        return (solve(*parts[0], preferences),)
    started, bound_s = time.monotonic(), preferences.bound_s
    pairs = [_Pair(request, context, preferences) for request, context in parts]
    for number, pair in enumerate(pairs):
        left = bound_s - (time.monotonic() - started)
        pair.solve_alone(left / (len(pairs) - number))
    optimal = all(pair.proven for pair in pairs)
    if _different(pairs):
        optimal = _choose_together(pairs, bound_s - (time.monotonic() - started)) and optimal
    preferences.ended("optimise")
    different = _different(pairs)
    return tuple(pair.solution(different, optimal=optimal) for pair in pairs)


def _choose_together(pairs: Sequence[_Pair], bound_s: float) -> bool:
    """Choose states with as few different versions as can be, and say whether these are known to be the best.

    When the time is up before, it is what was chosen unless what was found is better and as new for every pair.
    """
    alone = [(pair.true, pair.news) for pair in pairs]
    before = _different(pairs)
    # In the order of their names, so that what breaks ties does not depend on the order in which they are given.
    joined = _Joined(sorted(pairs, key=lambda pair: pair.name))
    with suppress(SolverGaveUp):
        if joined.solve(bound_s):
            return True
        as_new = all(pair.news == news for pair, (_, news) in zip(pairs, alone, strict=True))
        if as_new and _different(pairs) < before:
            return False
    for pair, (true, _) in zip(pairs, alone, strict=True):
        pair.choose(true)
    return False


class _Pair:
    """One pair of machines: its problem, and what is chosen for it so far."""

    def __init__(self, request: Request, context: Context, preferences: Preferences) -> None:
        self._request, self._context = request, context
        self._installed = frozenset(request.installed)
        self._problem = explore(request, context)
        preferences.ended("explore")
        self.clauses = encode(self._problem)
        self.criteria = criteria(self._problem, self.clauses, preferences)
        preferences.ended("encode")
        self._reusing = bool(preferences.built)
        self.proven = True
        self.chosen: list[Candidate] = []
        self._staying: set[Key] = set()  # names that stay in their version in what is best for this pair alone
        self.true: frozenset[int] = frozenset()

    def solve_alone(self, bound_s: float) -> None:
        """Choose the best state for this pair, whatever the others have."""
        from xpkg.solver.engine import Optimum, Search  # imports clingo
        from xpkg.solver.tie_breaking import best_acyclic

        def forbid(best: Optimum) -> bool:
            self.choose(best.true)
            return self.forbid_disorder()

        search = Search(self.clauses, [weighted for _, weighted in self.criteria], bound_s)
        best = best_acyclic(search, self.clauses.variable.values(), self.order, forbid)
        if best is None:
            from xpkg.solver.explanation import explain

            raise self._told(explain(self._problem, self.clauses, self._context))
        self.proven = best.proven
        self._staying = {
            (one.instance.name, one.instance.machine) for one in self.chosen if not self.brings(one.instance)
        }

    def _told(self, error: NoSolution) -> NoSolution:
        """The same, of one of several pairs of machines."""
        return NoSolution(
            f"for {self.name}: {error.message}",
            chain=error.chain,
            relaxations=error.relaxations,
            besides=error.besides,
        )

    def order(self) -> list[list[int]]:
        """What decides between states that are equally good."""
        from xpkg.solver.tie_breaking import order_of

        return order_of(self._problem, self.clauses)

    def choose(self, true: Iterable[int]) -> None:
        """Take the state in which these variables hold."""
        self.true = frozenset(true)
        self.chosen = [self._problem.candidates[one] for one in self.clauses.chosen(self.true)]

    def forbid_disorder(self) -> bool:
        """Whether there is a cycle in what is chosen, or what it must not have besides; then it is forbidden."""
        return forbid_disorder(self._problem, self.clauses, self._context, self.chosen, reusing=self._reusing)

    def brings(self, instance: Instance) -> bool:
        """Whether an instance is not there now."""
        return instance not in self._installed

    @property
    def split(self) -> tuple[list[Criterion], list[Criterion]]:
        """The criteria up to the last that says how new versions are and what stays, and those after it."""
        last = max(at for at, (name, _) in enumerate(self.criteria) if name.startswith(LAG)) + 1
        return [*self.criteria[:last], (_REPLACED, self._replaced())], self.criteria[last:]

    def _replaced(self) -> Weighted:
        """One for each name that moves though alone it would stay, unless all is to be upgraded."""
        return [
            (variable, 1)
            for one, variable in self.clauses.variable.items()
            if not self._request.upgrade and self.brings(one) and (one.name, one.machine) in self._staying
        ]

    @property
    def name(self) -> str:
        return self._request.target or NATIVE

    @property
    def news(self) -> tuple[int, ...]:
        """The values of all that goes before common versions, of what is chosen."""
        return tuple(self._cost(weighted) for _, weighted in self.split[0])

    def solution(self, different: int, *, optimal: bool) -> Solution:
        """What is chosen, as the answer to the request."""
        chosen = keep_unrelated(self._problem, self.chosen) if self._request.related else self.chosen
        before, after = self.split
        cost = (*self.news, different, *(self._cost(one) for _, one in after))
        names = (*(name for name, _ in before), _DIFFERENT, *(name for name, _ in after))
        return replace(solution_of(self._problem, self._context, chosen, cost), cost_names=names, optimal=optimal)

    def _cost(self, weighted: Weighted) -> int:
        return sum(weight for literal, weight in weighted if literal in self.true)


class _Joined:
    """Several pairs as one problem: their clauses side by side, and what of them may be the same."""

    def __init__(self, pairs: Sequence[_Pair]) -> None:
        self._pairs = pairs
        self._clauses = Clauses()
        self._starts: list[int] = []
        for pair in pairs:
            self._starts.append(self._clauses.count)
            self._clauses.count += pair.clauses.count
        self._taken = [0] * len(pairs)
        self._take_over()
        for start, pair in zip(self._starts, pairs, strict=True):
            exclusive = [(_shifted(variables, start), FREE) for variables, _ in pair.clauses.exclusive]
            self._clauses.exclusive += exclusive
        self._criteria = self._joined_criteria()

    def solve(self, bound_s: float) -> bool:
        """Choose the best states of all pairs together, and say whether they are known to be the best.

        ``SolverGaveUp`` when the time is up before there are any.
        """
        from xpkg.solver.engine import Optimum, Search
        from xpkg.solver.tie_breaking import best_acyclic

        def forbid(best: Optimum) -> bool:
            for start, pair in zip(self._starts, self._pairs, strict=True):
                end = start + pair.clauses.count
                pair.choose(number - start for number in best.true if start < number <= end)
            cycles = [pair.forbid_disorder() for pair in self._pairs]
            self._take_over()
            return any(cycles)

        best = best_acyclic(Search(self._clauses, self._criteria, bound_s), self._variables(), self._order, forbid)
        assert best is not None  # each pair has a solution, and none excludes anything of another
        return best.proven

    def _variables(self) -> list[int]:
        pairs = zip(self._starts, self._pairs, strict=True)
        return [variable + start for start, pair in pairs for variable in pair.clauses.variable.values()]

    def _order(self) -> list[tuple[int, ...]]:
        pairs = zip(self._starts, self._pairs, strict=True)
        return [_shifted(options, start) for start, pair in pairs for options in pair.order()]

    def _take_over(self) -> None:
        """The pairs' clauses that are not here yet."""
        for at, (start, pair) in enumerate(zip(self._starts, self._pairs, strict=True)):
            rows = pair.clauses.rows[self._taken[at] :]
            self._clauses.rows += [(_shifted(literals, start), FREE) for literals, _ in rows]
            self._taken[at] = len(pair.clauses.rows)

    def _joined_criteria(self) -> list[Weighted]:
        """Values of one rank are added: pairs exclude nothing of each other, so each keeps the order of its own."""
        before, after = zip(*(pair.split for pair in self._pairs), strict=True)
        return [*self._added(before), self._different(), *self._added(after)]

    def _added(self, parts: Sequence[list[Criterion]]) -> list[Weighted]:
        moved = [
            [_weighted(weighted, start) for _, weighted in part]
            for start, part in zip(self._starts, parts, strict=True)
        ]
        return [list(chain.from_iterable(of)) for of in zip_longest(*moved, fillvalue=[])]

    def _different(self) -> Weighted:
        """One for each name that has different versions in different pairs, one of them new there."""
        weighted: Weighted = []
        for of_name in self._by_name().values():
            if len({at for variables in of_name.values() for at, _, _ in variables}) < 2:
                continue
            differ, some_new, common = self._clauses.fresh(), self._clauses.fresh(), []
            weighted.append((differ, 1))
            for variables in of_name.values():
                common.append(self._clauses.fresh())
                for _, variable, is_new in variables:
                    if is_new:
                        self._clauses.require([-variable, some_new], FREE)
                    self._clauses.require([-variable, -some_new, differ, common[-1]], FREE)
            self._clauses.exclusive.append((tuple(common), FREE))
        return weighted

    def _by_name(self) -> dict[str, dict[str, list[tuple[int, int, bool]]]]:
        """By name and version, the instances: the number of the pair, the variable, whether it would be new."""
        found: dict[str, dict[str, list[tuple[int, int, bool]]]] = {}
        for at, (start, pair) in enumerate(zip(self._starts, self._pairs, strict=True)):
            for one, variable in pair.clauses.variable.items():
                of_version = found.setdefault(one.name, {}).setdefault(one.version, [])
                of_version.append((at, variable + start, pair.brings(one)))
        return found


def _weighted(weighted: Weighted, start: int) -> Weighted:
    return [(_moved(literal, start), weight) for literal, weight in weighted]


def _moved(literal: int, start: int) -> int:
    return literal + start if literal > 0 else literal - start


def _shifted(literals: Iterable[int], start: int) -> tuple[int, ...]:
    return tuple([_moved(literal, start) for literal in literals])


def _different(pairs: Sequence[_Pair]) -> int:
    """How many names have different versions in different pairs, one of them new there."""
    versions: dict[str, set[str]] = {}
    brought: set[str] = set()
    for pair in pairs:
        for one in pair.chosen:
            versions.setdefault(one.instance.name, set()).add(one.instance.version)
            if pair.brings(one.instance):
                brought.add(one.instance.name)
    return sum(len(versions[name]) > 1 for name in brought)
