"""``--deps-only``: what packages need, without themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.ops.best_effort import left_out
from xpkg.ops.solving import context_for, solve_all
from xpkg.solver.dependencies_only import DependenciesOnly
from xpkg.solver.model import NoSolution

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.pairs import Pair
    from xpkg.ops.situation import Situation
    from xpkg.solver.context import RepoContext
    from xpkg.solver.model import Preferences, Request, Solution


def dependencies_only(
    situation: Situation,
    pairs: Sequence[Pair],
    ask: Ask,
    parts: Sequence[tuple[Request, RepoContext]],
    wanted: Preferences,
) -> tuple[tuple[Solution, ...], tuple[str, ...]]:
    """The states with what the packages of each request need, and what best effort could not meet.

    What is installed of the packages stays as it is where that can be, and is not wanted with tests for being named.
    """
    named = replace(ask, dependencies_only=False)
    stand_ins = [
        DependenciesOnly(
            context,
            frozenset(name for atom in request.install for name, _ in atom.keys),
            asking=context_for(situation, pair, named) if ask.extras else None,
            installed=request.installed,
        )
        for pair, (request, context) in zip(pairs, parts, strict=True)
    ]
    changed = [(one.request(request), one) for one, (request, _) in zip(stand_ins, parts, strict=True)]
    try:
        found = solve_all(changed, wanted)
    except NoSolution as refusal:
        for one in stand_ins:
            refusal = one.refusal(refusal)
        raise refusal from None
    told = [
        note
        for (request, _), (asked, _), solution in zip(parts, changed, found, strict=True)
        for note in left_out(request.install, asked, solution)
    ]
    return tuple(one.solution(solution) for one, solution in zip(stand_ins, found, strict=True)), tuple(told)
