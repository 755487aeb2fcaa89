"""Groups of clauses switched on and off, to find out which of them contradict each other.

Importing this module imports clingo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import clingo

from xpkg.solver.clauses import Clauses
from xpkg.solver.engine import load

_POLL_S = 0.1


class Contradiction:
    """Asks which groups of clauses contradict each other. Every group can be switched on and off."""

    def __init__(self, clauses: Clauses) -> None:
        self._control = clingo.Control(("--warn=none",))
        self._count = clauses.count
        self._guards = range(clauses.count + 1, clauses.count + 1 + len(clauses.groups))
        load(self._control, clauses, (), guards=self._guards)

    def possible(self, groups: Iterable[int], *, true: Sequence[int] = ()) -> bool:
        """Whether a solution meets all of these groups and has the variables ``true``."""
        return self.core(groups, true=true) is None

    def model(self, groups: Iterable[int], *, true: Sequence[int] = ()) -> frozenset[int] | None:
        """The variables of a state that meets all of these groups and has ``true``; None when there is none."""
        found: list[frozenset[int]] = []

        def remember(model: clingo.Model) -> None:
            found.append(frozenset(number for number in range(1, self._count + 1) if model.is_true(number)))

        self._solve(groups, true, remember)
        return found[0] if found else None

    def core(self, groups: Iterable[int], *, true: Sequence[int] = ()) -> frozenset[int] | None:
        """Some of ``groups`` that contradict each other (not the fewest); None when there is no contradiction."""
        return self._solve(groups, true, None)

    def minimal(self, groups: Iterable[int]) -> list[int]:
        """Those of contradictory ``groups`` of which none can be left out, in their order.

        The last are tried first, so what is left tends to be near the front.  Empty when there is no contradiction.
        """
        order = {group: place for place, group in enumerate(groups)}
        core = self.core(order)
        if core is None:
            return []
        left = sorted(core, key=order.__getitem__)
        for group in reversed(left):
            if group not in left:
                continue
            smaller = self.core(other for other in left if other != group)
            if smaller is not None:
                left = sorted(smaller, key=order.__getitem__)
        return left

    def forbid(self, variables: Iterable[int]) -> None:
        """From now on these variables never hold together."""
        with self._control.backend() as backend:
            backend.add_rule([], list(variables))

    def _solve(
        self, groups: Iterable[int], true: Sequence[int], remember: Callable[[clingo.Model], None] | None
    ) -> frozenset[int] | None:
        assumptions = [*true, *(self._guards[group] for group in groups)]
        # In a thread of clingo's, so that an interrupt from the keyboard is seen while it works.
        with self._control.solve(assumptions=assumptions, on_model=remember, async_=True) as handle:
            while not handle.wait(_POLL_S):
                pass
            if handle.get().satisfiable:
                return None
            return frozenset(literal - self._guards.start for literal in handle.core() if literal in self._guards)


def regrouped(clauses: Clauses, new: Mapping[int, int]) -> Clauses:
    """Only the groups that are keys of ``new``, under the numbers given there, with the variables they speak of.

    Groups with one number become one group: the first of them stands for it.
    """
    result = Clauses()
    number: dict[int, int] = {}

    def variable(literal: int) -> int:
        known = number.get(abs(literal))
        if known is None:
            known = number[abs(literal)] = result.fresh()
        return known if literal > 0 else -known

    first: dict[int, int] = {}
    for old, group in new.items():
        first.setdefault(group, old)
    result.groups = [clauses.groups[first[group]] for group in range(len(first))]
    for literals, group in clauses.rows:
        if group in new:
            result.rows.append((tuple(map(variable, literals)), new[group]))
    for variables, group in clauses.exclusive:
        if group in new:
            result.exclusive.append((tuple(map(variable, variables)), new[group]))
    return result
