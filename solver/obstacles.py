"""Why versions cannot be installed at all, shortly: for lists of many, where a full explanation of each is too much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from xpkg.solver.clauses import Needs
from xpkg.solver.model import Instance, on_machine
from xpkg.solver.propagation import ASSUMED, lacking, ruled_out
from xpkg.solver.protocol import Context, Need, needs_of
from xpkg.solver.survey import Survey
from xpkg.solver.telling import Teller

V = TypeVar("V")


class Kind(StrEnum):
    """What stands in the way."""

    UNAVAILABLE = "unavailable"
    """It says itself that it is not for this machine, or its recipe cannot be read."""
    MISSING = "missing"
    """It needs something of which no fitting version is there, or none that is for this machine."""
    DEPENDENCY = "dependency"
    """It needs something of which every fitting version is in such a list itself."""
    CONFLICT = "conflict"
    """What it needs cannot be there together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """``reason`` follows the version: "lwt 1.0: it needs ..."."""

    kind: Kind
    reason: str


def obstacles(survey: Survey, context: Context, failed: Mapping[V, tuple[Instance, ...]]) -> dict[V, Obstacle]:
    """The obstacle of each key of ``failed``, whose instances cannot be there together.

    The answer depends on the set of ``failed`` alone, not on the way it was found.
    """
    searched = {
        survey.clauses.variable[instances[0]]
        for instances in failed.values()
        if len(instances) == 1 and survey.variables(instances) is not None
    }
    # What lacks another that failed is told so; the rest are those that fail by themselves.
    roots = searched - lacking(survey.clauses, searched, searched.union(survey.ruled_out))
    out = ruled_out(survey.clauses, sorted(roots))
    teller = Teller(survey.problem, context, ())
    told: dict[tuple[int, str], Obstacle] = {}
    found = {}
    for key, instances in failed.items():
        found[key] = _unavailable(survey, instances) or _conflict()
        for instance in instances:
            group = out.get(survey.clauses.variable.get(instance, 0), ASSUMED)
            if found[key].kind is Kind.CONFLICT and group != ASSUMED:
                place = group, instance.machine
                if place not in told:
                    told[place] = _lack(survey, teller, group, instance.machine)
                found[key] = told[place]
    return found


def _unavailable(survey: Survey, instances: Iterable[Instance]) -> Obstacle | None:
    for instance in instances:
        for rejection in survey.problem.rejected.get((instance.name, instance.machine), ()):
            if rejection.instance == instance:
                return Obstacle(kind=Kind.UNAVAILABLE, reason=rejection.reason)
    return None


def _conflict() -> Obstacle:
    return Obstacle(kind=Kind.CONFLICT, reason="what it needs cannot be there together")


def _lack(survey: Survey, teller: Teller, number: int, machine: str) -> Obstacle:
    group = survey.clauses.groups[number]
    if not isinstance(group, Needs):
        return _conflict()
    needs = needs_of(group.formula)
    implicit = next((f", {need.implicit}" for need in needs if need.implicit), "")
    wanted = f"it needs {teller.formula(group.formula, machine)}{implicit}"
    shortages = [_shortage(survey, teller, need) for need in needs]
    if all(shortages):
        return Obstacle(kind=Kind.MISSING, reason=wanted + "".join(dict.fromkeys(shortages)))
    return Obstacle(kind=Kind.DEPENDENCY, reason=f"{wanted}, which cannot be installed itself")


def _shortage(survey: Survey, teller: Teller, need: Need) -> str:
    """Why nothing meets a need; of what is there, but not for this machine, no more than that."""
    rejected = survey.problem.rejected.get((need.name, need.machine), ())
    if survey.problem.matches(need) or not any(need.accepts(one.instance) for one in rejected):
        return teller.shortage(need)
    return f", but {need.name} cannot be had {on_machine(need.machine)}"
