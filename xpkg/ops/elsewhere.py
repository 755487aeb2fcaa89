"""What cannot be had for one target but could for another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xpkg.ops.pairs import Pair
from xpkg.ops.requests import asked
from xpkg.ops.solving import base_request, context_for
from xpkg.solver.model import NoSolution
from xpkg.solver.relaxation import RelaxationKind, on_other_targets

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.situation import Situation
    from xpkg.solver.context import RepoContext
    from xpkg.solver.model import Request


def with_other_targets(refusal: NoSolution, situation: Situation, pair: Pair, ask: Ask) -> NoSolution:
    """The refusal with the targets for which the same could be had, where nothing smaller helps than a recipe's change.

    They are asked about in the switch as it is.
    """
    if any(one.kind is not RelaxationKind.RECIPE for one in refusal.relaxations):
        return refusal
    parts: dict[str, tuple[Request, RepoContext]] = {}
    for name in sorted(situation.universe.targets):
        other = Pair.of(name)
        if other == pair:
            continue
        context = context_for(situation, other, ask)
        base = base_request(situation, other, context, ask)
        parts[name] = asked(base, ask, situation.universe, context, other), context
    found = on_other_targets(parts)
    if not found:
        return refusal
    return NoSolution(
        refusal.message,
        chain=refusal.chain,
        relaxations=(*found, *refusal.relaxations),
        besides=refusal.besides,
    )
