"""Solving for a lock: what is locked stays, exactly as it is where it can, else in its versions where these can.

Of what has to move the fewest names do, and only then new names get their newest versions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.ops.locked_set import LockedContext, staying_solution
from xpkg.ops.solving import solve_all
from xpkg.solver.model import Instance, NoSolution, Preferences, Request, Solution
from xpkg.solver.solve import solve

if TYPE_CHECKING:
    from xpkg.solver.protocol import Context


def preferred(keep: Mapping[str, Sequence[Instance]], target: str) -> frozenset[tuple[str, str]]:
    """The names, each with the versions that a target should have: its own, else those of other targets."""
    own = {(one.name, one.version) for one in keep.get(target, ())}
    names = {name for name, _ in own}
    others = {(one.name, one.version) for kept in keep.values() for one in kept if one.name not in names}
    return frozenset(own | others)


def solve_staying(parts: Sequence[tuple[Request, Context]], may_move: Sequence[bool]) -> Sequence[Solution]:
    """One solution a part, of what is wanted and what is locked for it; ``may_move`` where newer versions are wanted.

    What is locked for a part and still holds is its solution, however good others are.  Raises as ``solve``.
    """
    staying = [
        None if moves else staying_solution(request, context)
        for (request, context), moves in zip(parts, may_move, strict=True)
    ]
    settled = [solution for solution in staying if solution is not None]
    if len(settled) == len(parts):
        return settled
    # The rest is solved beside what stays, so that it can have the same versions.
    bounded: list[tuple[Request, Context]] = []
    for (request, context), solution, moves in zip(parts, staying, may_move, strict=True):
        if solution is not None:
            bounded.append((request, LockedContext(context, frozenset(solution.instances))))
        else:
            bounded.append((request if moves else _holding(request, context), context))
    return solve_all(bounded, Preferences())


def _holding(request: Request, context: Context) -> Request:
    """The request with all held as it is that is locked and what was asked for before needs, where that can be.

    To prefer the locked versions is not enough: another package could take the place of one.
    """
    locked = frozenset(request.installed)
    before = tuple(atom for atom in request.install if any(map(atom.accepts, locked)))
    if not before:
        return request
    from xpkg.solver.feasibility import feasible  # imports clingo

    try:
        needed = solve(replace(request, install=before), LockedContext(context, locked)).instances
        held = replace(request, held=needed)
        return held if feasible(held, context) else request
    except (NoSolution, NotFoundError):
        return request
