"""clingo, spoken to through its Backend: clauses go in directly, no text is ground.

Importing this module imports clingo (16 ms); ``solve`` imports it when a solve begins.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import clingo

from xpkg.core.values import value
from xpkg.solver.clauses import Clauses
from xpkg.solver.criteria import FREE, Weighted
from xpkg.solver.model import SolverGaveUp

# usc: core-guided optimisation. The default, branch and bound, took 25 s where this takes 0.03 (design, section 5).
_OPTIONS = ("--opt-strategy=usc", "--warn=none")
_POLL_S = 0.1


@value(kw_only=True)
class Optimum:
    """The variables that hold in a best solution, and the value of each criterion."""

    true: tuple[int, ...]
    cost: tuple[int, ...]


def optimise(clauses: Clauses, wanted: Sequence[Weighted], bound_s: float, started: float) -> Optimum | None:
    """A best solution, or None when there is none.

    Raises ``SolverGaveUp`` when ``bound_s`` seconds have gone since ``started`` (of ``time.monotonic``).
    """
    control = clingo.Control(_OPTIONS)
    load(control, clauses, wanted, guards=())
    best: list[Optimum] = []

    def remember(model: clingo.Model) -> None:
        true = tuple(number for number in range(1, clauses.count + 1) if model.is_true(number))
        best[:] = [Optimum(true=true, cost=tuple(model.cost))]

    # In a thread of clingo's, so that an interrupt from the keyboard is seen while it works.
    with control.solve(on_model=remember, async_=True) as handle:
        while not handle.wait(_POLL_S):
            if time.monotonic() > started + bound_s:
                handle.cancel()
                raise SolverGaveUp(
                    f"no best solution was found within {bound_s:g} s",
                    hint="ask for fewer packages at once, or name the versions wanted",
                )
        handle.get()
    return best[0] if best else None


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
