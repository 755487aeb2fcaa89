"""What is installed stays as it was built, whatever its recipe says now (as opam keeps what it installed with)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.repo.versions import AnyVersion, Compare, VersionFormula, all_of, exactly
from xpkg.solver.ordering import by_name, edges_from, met, requires
from xpkg.solver.protocol import AllOf, Candidate, Need

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xpkg.solver.model import Instance, Request

BUILT_WITH = "it was built with it"
"""The reason of such a need."""


class Standing:
    """The installed instances of a request as candidates."""

    def __init__(self, request: Request) -> None:
        self._built = dict(request.built)
        self._state = by_name(request.installed)

    def gone(self, instance: Instance) -> Candidate:
        """An installed instance without a recipe: it needs exactly what it was built with, as far as that is known."""
        return Candidate(instance=instance, depends=AllOf(_exactly(self._built.get(instance, ()))), origin="installed")

    def known(self, candidate: Candidate) -> Candidate:
        """An installed instance with its recipe; with what it was built with, where the recipe asks for other things.

        With what is installed it stands together, so no conflict with that counts.
        """
        built_with = self._built.get(candidate.instance)
        if built_with is None:
            return candidate
        conflicts = tuple(self._elsewhere(need) for need in candidate.conflicts)
        as_before = met(candidate.depends, self._state) and set(built_with) == set(
            requires(tuple(edges_from(candidate, self._state)))
        )
        if as_before and conflicts == candidate.conflicts:
            return candidate
        return replace(candidate, built_with=_exactly(built_with), conflicts=conflicts)

    def _elsewhere(self, need: Need) -> Need:
        """A conflict with all but what is installed."""
        there = self._state.get((need.name, need.machine))
        if there is None or not need.accepts(there):
            return need
        others = Compare("!=", there.version)
        if need.versions is None or isinstance(need.versions, AnyVersion):
            return replace(need, versions=others)
        if isinstance(need.versions, VersionFormula):
            return replace(need, versions=all_of([need.versions, others]))
        return need  # of a kind that recipes do not have


def _exactly(instances: Sequence[Instance]) -> tuple[Need, ...]:
    return tuple(
        Need(name=one.name, machine=one.machine, versions=exactly(one.version), reason=BUILT_WITH) for one in instances
    )
