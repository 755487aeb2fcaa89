"""clingo, spoken to through its Backend: clauses go in directly, no text is ground.

Importing this module imports clingo (16 ms); ``solve`` imports it when a solve begins.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import clingo

from xpkg.core.values import value
from xpkg.solver.clauses import Clauses
from xpkg.solver.criteria import FREE, Weighted
from xpkg.solver.model import SolverGaveUp

# Core-guided optimisation, in a form that tells disjoint cores apart first (without: 6 times as long for the hardest
# single package). The default, branch and bound, took 25 s where this takes 0.03 (design, section 5).
_CORES = "--opt-strategy=usc,oll,disjoint,succinct"
# With the heaviest weights first it takes half as long again for a package, half as long for hundreds at once.
_CORES_OF_MANY = f"{_CORES},stratify"
_MANY = 40_000  # clauses
# Branching that tries what is good first, near the best state so far: from nothing to near the best in seconds.
_BRANCHES = ("--opt-strategy=bb,hier", "--opt-heuristic=sign,model", "--restart-on-model")
_SHARE_OF_CORES = 0.75  # of the time; what is then not the best for certain is made better by branching
_POLL_S = 0.1


@value(kw_only=True)
class Optimum:
    """The variables that hold in a state, and the value of each criterion; ``proven`` when none is better."""

    true: frozenset[int]
    cost: tuple[int, ...]
    proven: bool = True


class Search:
    """Looks for the states that are best by ``wanted``, the most important criterion first.

    The clauses may grow meanwhile by rows that speak of variables there from the beginning: ``take_over`` passes them
    on. Every look ends ``bound_s`` seconds after the search was made. ``options`` are clingo's, besides ours.
    """

    def __init__(
        self, clauses: Clauses, wanted: Sequence[Weighted], bound_s: float, options: Sequence[str] = ()
    ) -> None:
        self._bound_s, self._started = bound_s, time.monotonic()
        self._clauses, self._wanted, self._options = clauses, wanted, options
        self._count = clauses.count
        self._begin(_CORES if len(clauses.rows) < _MANY else _CORES_OF_MANY)

    def _begin(self, *strategy: str) -> None:
        """Begin anew, with all clauses and nothing learned."""
        self._control = clingo.Control((*strategy, "--warn=none", *self._options))
        self._settings: Any = self._control.configuration
        self._taken = len(self._clauses.rows)
        load(self._control, self._clauses, [weighted for weighted in self._wanted if weighted], guards=())

    def best(self) -> Optimum | None:
        """A best state, or the best found when the time was up; None when there is none.

        Raises ``SolverGaveUp`` when the time was up before any state was found.
        """
        self._settings.solve.opt_mode = "opt"
        found, finished = self._solve((), share=_SHARE_OF_CORES)
        if not finished:
            self._begin(*_BRANCHES)  # anew: what the cores left behind is in the way
            other, finished = self._solve(())
            if finished or found is None or (other is not None and other.cost < found.cost):
                found = other
        if finished or found is not None:
            return found
        raise SolverGaveUp(
            f"no solution was found within {self._bound_s:g} s",
            hint="ask for fewer packages at once, or name the versions wanted",
        )

    def as_good(self, cost: Sequence[int], *, true: Sequence[int] = (), other: Iterable[int] = ()) -> Optimum | None:
        """Another state no worse than ``cost``, with all of ``true``, and one at least of the literals ``other``.

        None when there is none, or ``out_of_time`` before it was found.
        """
        bounds = [str(one) for one, weighted in zip(cost, self._wanted, strict=True) if weighted]
        self._settings.solve.opt_mode = ",".join(("opt", *bounds))
        assumptions = list(true)
        literals = [-literal for literal in other]
        if literals:
            with self._control.backend() as backend:
                assumptions.append(backend.add_atom())
                backend.add_rule(assumptions[-1:], [], choice=True)
                backend.add_rule([], [assumptions[-1], *literals])
        return self._solve(assumptions)[0]

    def take_over(self) -> None:
        """Pass on the rows that were added to the clauses since the last time."""
        with self._control.backend() as backend:
            for literals, _ in self._clauses.rows[self._taken :]:
                backend.add_rule([], [-literal for literal in literals])
        self._taken = len(self._clauses.rows)

    @property
    def out_of_time(self) -> bool:
        return time.monotonic() > self._started + self._bound_s

    def _solve(self, assumptions: Sequence[int], share: float = 1.0) -> tuple[Optimum | None, bool]:
        """The last state found, and whether the search came to its end in time.

        It ends after ``share`` of the time.
        """
        found: list[int] = []  # how many, which is all that is cheap to know before the last
        wanted = [place for place, weighted in enumerate(self._wanted) if weighted]

        def count(_: clingo.Model) -> None:
            found.append(1)

        # In a thread of clingo's, so that an interrupt from the keyboard is seen while it works.
        with self._control.solve(assumptions=assumptions, on_model=count, async_=True) as handle:
            finished = False
            while not finished:
                left = self._started + self._bound_s * share - time.monotonic()
                finished = handle.wait(max(0.0, min(left, _POLL_S)))
                if not finished and left <= 0:
                    handle.cancel()
                    break
            handle.get()
            model = handle.last() if found else None
            if model is None:
                return None, finished
            cost = [0] * len(self._wanted)
            for place, sum_of in zip(wanted, model.cost, strict=True):
                cost[place] = sum_of
            true = frozenset(filter(model.is_true, range(1, self._count + 1)))
        return Optimum(true=true, cost=tuple(cost), proven=finished), finished


def load(control: clingo.Control, clauses: Clauses, wanted: Sequence[Weighted], guards: Sequence[int]) -> None:
    """Give clingo the clauses and what is to be small.

    ``guards`` holds one further variable for each group, which switches it on; without, all are on.
    """
    with control.backend() as backend:
        numbers = list(range(1, clauses.count + len(guards) + 1))
        for _ in numbers:
            backend.add_atom()
        backend.add_rule(numbers, [], choice=True)
        for literals, group in clauses.rows:
            guard = [guards[group]] if guards and group != FREE else []
            backend.add_rule([], [-literal for literal in literals] + guard)
        for variables, group in clauses.exclusive:
            weighted = [(variable, 1) for variable in variables]
            if guards:  # the guard weighs as much as all others: two of them count only beside it
                weighted.append((guards[group], len(variables)))
            backend.add_weight_rule([], 2 + (len(variables) if guards else 0), weighted)
        for importance, weights in zip(range(len(wanted), 0, -1), wanted, strict=True):
            backend.add_minimize(importance, weights)
