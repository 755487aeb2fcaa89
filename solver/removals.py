"""Why what is installed goes: what was asked for, or what must hold whatever is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from xpkg.solver.exploration import Key, Problem, beside_pins
from xpkg.solver.model import Instance, Request
from xpkg.solver.protocol import AllOf, AnyOf, Formula, Need


def why_gone(problem: Problem, gone: Sequence[Instance]) -> dict[Instance, str]:
    """The reason of each removal."""
    forced = _forced(problem, gone)
    return {one: forced.get(one) or _of_request(problem.request, one) for one in gone}


def _of_request(request: Request, instance: Instance) -> str:
    if (instance.name, instance.machine) in request.remove:
        return "requested"
    if request.prune and instance not in request.roots:
        return "no longer needed"
    return "cannot stay with what is asked for"


def _forced(problem: Problem, gone: Sequence[Instance]) -> dict[Instance, str]:
    """What can be there under the pins and the invariant no more, whatever is asked for."""
    request = problem.request
    fixed = _Fixed(problem) if request.pins or request.invariant is not None else None
    reasons: dict[Instance, str] = {}
    waiting = [one for one in gone if (one.name, one.machine) not in request.remove and one in problem.candidates]
    while fixed is not None:
        found = {one: why for one in waiting if (why := fixed.against(problem.candidates[one].depends)) is not None}
        if not found:
            break
        reasons |= {one: f"cannot stay: {why}" for one, why in found.items()}
        fixed.lost |= {(one.name, one.machine): why for one, why in found.items()}
        waiting = [one for one in waiting if one not in found]
    return reasons


class _Fixed:
    """What pins and the invariant leave of the names they are about; ``lost`` are names that they leave nothing of."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._pins = dict(problem.request.pins)
        self._staying = beside_pins(problem)
        self._invariant = [one for one in _conjuncts(problem.request.invariant) if isinstance(one, Need)]
        self.lost: dict[Key, str] = {}

    def against(self, formula: Formula) -> str | None:
        """Why a formula cannot be met, None when nothing that is known here speaks against it."""
        if isinstance(formula, Need):
            return self._against(formula)
        reasons = [self.against(part) for part in formula.parts]
        if isinstance(formula, AnyOf) and not all(reasons):
            return None
        return next((reason for reason in reasons if reason), None)

    def _against(self, need: Need) -> str | None:
        pinned = self._pins.get(need.name)
        refused = pinned is not None and need.versions is not None and not need.versions.allows(pinned)
        if refused and not any(need.accepts(one) for one in self._staying):
            return f"{need.name} is pinned to {pinned}"
        for must in self._invariant:
            if (must.name, must.machine) == (need.name, need.machine):
                left = self._problem.matches(must)
                if not any(need.accepts(one) for one in left):
                    return f"the switch must have {must}"
        return self.lost.get((need.name, need.machine))


def _conjuncts(formula: Formula | None) -> list[Formula]:
    if isinstance(formula, AllOf):
        return [one for part in formula.parts for one in _conjuncts(part)]
    return [] if formula is None else [formula]
