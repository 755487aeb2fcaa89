"""A whole universe as one problem, to ask many questions about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xpkg.solver.clauses import Clauses, encode
from xpkg.solver.exploration import Key, Problem, explore
from xpkg.solver.model import Atom, Instance, Request
from xpkg.solver.propagation import ruled_out
from xpkg.solver.protocol import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The problem, its clauses, and what these rule out without any search (a variable with the group that does).

    The clauses are those of a solve, made by the same functions: a solve is over the part of this that its request
    reaches, and what is not reached hinders nobody.
    """

    problem: Problem
    clauses: Clauses
    ruled_out: dict[int, int]

    def variables(self, instances: Iterable[Instance]) -> tuple[int, ...] | None:
        """The variables of instances that are to be there together; None when a candidate is missing or ruled out."""
        found = tuple(self.clauses.variable.get(instance, 0) for instance in instances)
        return None if any(one == 0 or one in self.ruled_out for one in found) else found


def survey(keys: Iterable[Key], context: Context, target: str | None, beside: tuple[Atom, ...] = ()) -> Survey:
    """Everything that ``keys`` reach, where all of ``beside`` must be there in any case.

    Raises ``NotFoundError`` for a name, or a version of ``beside``, that does not exist.
    """
    reaching = (*beside, *(Atom(name=name, machine=machine) for name, machine in keys))
    problem = explore(Request(target=target, install=reaching), context)
    problem.request = Request(target=target, install=beside)
    clauses = encode(problem)
    return Survey(problem=problem, clauses=clauses, ruled_out=ruled_out(clauses))
