"""Constraints of many versions of one package told as one, where the conflict stays a conflict.

Importing this module imports clingo.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from xpkg.solver.clauses import Clauses, Group, Needs
from xpkg.solver.conflict import topic
from xpkg.solver.contradiction import Contradiction, regrouped
from xpkg.solver.exploration import Problem
from xpkg.solver.protocol import AnyOf, Need, needs_of
from xpkg.solver.standing import BUILT_WITH
from xpkg.solver.telling import Statement

Part = tuple[int, ...]
"""Numbers of groups told as one."""


def statements_of(problem: Problem, clauses: Clauses, core: Sequence[int]) -> list[Statement]:
    """The statements of a conflict, in the order of its groups.

    Groups of one topic are told as one statement when what that claims, that each version needs one of what any of
    them accepts, still leads to the contradiction.
    """
    return [_statement(clauses, part) for part in _Joining(problem, clauses, core).parts()]


def _statement(clauses: Clauses, part: Part) -> Statement:
    alike = tuple(group for number in part if isinstance(group := clauses.groups[number], Needs))
    return Statement(clauses.groups[part[0]], alike if len(part) > 1 else ())


class _Joining:
    def __init__(self, problem: Problem, clauses: Clauses, core: Sequence[int]) -> None:
        self._problem, self._groups, self._core = problem, clauses.groups, core
        inside = set(core)
        self._count, self._variable = clauses.count, clauses.variable
        self._rows = [row for row in clauses.rows if row[1] in inside]
        self._exclusive = [row for row in clauses.exclusive if row[1] in inside]

    def parts(self) -> list[Part]:
        parts: list[Part] = [(number,) for number in self._core]
        topics: dict[Hashable, list[int]] = {}
        for number in self._core:
            if _is_plain(self._groups[number]):
                topics.setdefault(topic(self._groups[number]), []).append(number)
        for numbers in topics.values():
            current: Part = (numbers[0],)
            for number in numbers[1:]:
                joined = (*current, number)
                fewer = sorted([*(part for part in parts if part not in (current, (number,))), joined])
                if self._contradictory(fewer):
                    parts, current = fewer, joined
                else:
                    current = (number,)
        return parts

    def _contradictory(self, parts: Sequence[Part]) -> bool:
        alone = {part[0]: place for place, part in enumerate(parts) if len(part) == 1}
        clauses = Clauses(count=self._count, groups=[self._groups[part[0]] for part in parts])
        clauses.rows = [(literals, alone[group]) for literals, group in self._rows if group in alone]
        clauses.exclusive = [(variables, alone[group]) for variables, group in self._exclusive if group in alone]
        for place, part in enumerate(parts):
            if len(part) > 1:
                clauses.rows += [(literals, place) for literals in self._joined(part)]
        everything = range(len(parts))
        return not Contradiction(regrouped(clauses, {one: one for one in everything})).possible(everything)

    def _joined(self, part: Part) -> list[tuple[int, ...]]:
        groups = [group for number in part if isinstance(group := self._groups[number], Needs)]
        needs = [need for group in groups for need in needs_of(group.formula)]
        accepted = sorted({self._variable[one] for need in needs for one in self._problem.matches(need)})
        instances = dict.fromkeys(one for group in groups for one in group.instances)
        return [(-self._variable[one], *accepted) for one in instances]


def _is_plain(group: Group) -> bool:
    """Whether a need is for one thing or one of several."""
    if not isinstance(group, Needs):
        return False
    formula = group.formula
    if isinstance(formula, Need):
        return formula.reason != BUILT_WITH  # no recipe says so
    return isinstance(formula, AnyOf) and all(isinstance(part, Need) for part in formula.parts)
