"""``xpkg why-not``: whether a package could be installed, what that would change, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from xpkg.ops.asking import Ask
from xpkg.ops.elsewhere import with_other_targets
from xpkg.ops.requests import asked
from xpkg.ops.situation import Situation
from xpkg.ops.solving import base_request, context_for
from xpkg.ops.spelling import read_spelling
from xpkg.repo.version_order import version_key
from xpkg.solver.model import NoSolution, Request
from xpkg.solver.solve import solve

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.solver.context import RepoContext
    from xpkg.solver.model import Action, Instance, Solution
    from xpkg.solver.protocol import Context


class Verdict(StrEnum):
    """The answer in one word."""

    INSTALLED = "installed"
    POSSIBLE = "possible"
    """It would be chosen."""
    OTHERWISE = "otherwise"
    """It could be had, but another version would be chosen unless this one is asked for."""
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What would be chosen ``instead`` of ``instance``, by the criterion that decides and its two values.

    ``newer``: that one is about how new versions are.  ``avoided`` is the flag that makes the instance a last resort,
    if one does.
    """

    instead: Instance
    criterion: str
    value: int
    other: int
    newer: bool
    avoided: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``instances``: what is there, or would be; ``changes`` are the steps to a state with it.

    ``choice`` tells what would be chosen otherwise.  ``refusal`` explains what cannot be.
    """

    verdict: Verdict
    instances: tuple[Instance, ...] = ()
    changes: tuple[Action, ...] = ()
    choice: Choice | None = None
    refusal: NoSolution | None = None


def why_not(home: Home, pair: Pair, spelling: str) -> Answer:
    """Whether a package could be installed in the switch as it is, with its pins, holds and invariant.

    Raises UnknownPackage, UsageError.
    """
    situation = Situation(home, home.find_switch(make=False))
    wanted = read_spelling(spelling)
    present = situation.here(pair).instances
    there = tuple(one for one in present if one.name == wanted.name and wanted.allows(one.version))
    request, context = _part(situation, pair, spelling)
    if there:
        return Answer(verdict=Verdict.INSTALLED, instances=there)
    try:
        solution = solve(request, context)
    except NoSolution as refused:
        refusal = with_other_targets(refused, situation, pair, Ask(packages=(spelling,)))
        return Answer(verdict=Verdict.IMPOSSIBLE, refusal=refusal)
    instances = tuple(one for one in solution.instances if any(atom.accepts(one) for atom in request.install))
    choice = None
    if wanted.operator is not None:
        choice = _choice(solution, solve(*_part(situation, pair, wanted.name)), instances, context)
    return Answer(
        verdict=Verdict.POSSIBLE if choice is None else Verdict.OTHERWISE,
        instances=instances,
        changes=solution.actions,
        choice=choice,
    )


def _part(situation: Situation, pair: Pair, spelling: str) -> tuple[Request, RepoContext]:
    ask = Ask(packages=(spelling,))
    context = context_for(situation, pair, ask)
    return asked(base_request(situation, pair, context, ask), ask, situation.universe, context, pair), context


def _choice(solution: Solution, free: Solution, instances: tuple[Instance, ...], context: Context) -> Choice | None:
    """What is chosen when the name alone is asked for, None when it is the same."""
    for one in instances:
        instead = free.find(one.name, one.machine)
        if instead is None or instead.instance == one:
            continue
        names = free.cost_names or tuple(f"criterion {number}" for number in range(1, len(free.cost) + 1))
        values = zip(names, solution.cost, free.cost, strict=False)
        criterion, value, other = next(((name, a, b) for name, a, b in values if a != b), ("", 0, 0))
        found = context.candidate(one, requested=True)
        return Choice(
            instead=instead.instance,
            criterion=criterion,
            value=value,
            other=other,
            newer=criterion.startswith("version-lag")
            and version_key(instead.instance.version) > version_key(one.version),
            avoided=getattr(found, "avoided", None),
        )
    return None
