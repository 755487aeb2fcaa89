"""On which machine a package must be when a target's package depends on it."""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.repo.machine_names import BUILD
from xpkg.repo.recipes import RunsOn
from xpkg.repo.universe import Universe


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The machines, and where that is laid down."""

    machines: tuple[str, ...]
    reason: str


class Placements:
    """Decides, in this order (design, "Two machines, one solve"): the recipe's own ``x-runs-on``, the repository's
    ``cross.toml``, the filter ``{build}``, else the target.

    A package is in one place whatever its version, so the newest version's ``x-runs-on`` speaks for all.
    """

    def __init__(self, universe: Universe, target: str) -> None:
        self._universe = universe
        self._target = target
        self._known: dict[str, Placement | None] = {}

    def of(self, name: str, *, build: bool) -> Placement:
        """Where ``name`` must be for a package of the target; ``build`` when only the filter {build} names it."""
        if name not in self._known:
            self._known[name] = self._laid_down(name)
        found = self._known[name]
        if found is not None:
            return found
        if build:
            return Placement(machines=(BUILD,), reason="the recipe marks it {build}: it runs while building")
        return Placement(machines=(self._target,), reason="nothing says that it runs while building")

    def _laid_down(self, name: str) -> Placement | None:
        runs_on = self._says_itself(name)
        if runs_on is not None:
            return Placement(machines=self._machines(runs_on), reason=f"{name} says x-runs-on: {runs_on}")
        rule = self._universe.cross.where(name)
        if rule is not None:
            return Placement(machines=self._machines(rule.runs_on), reason=f"cross.toml: {rule.reason}")
        return None

    def _says_itself(self, name: str) -> RunsOn | None:
        if not self._universe.repositories_of(name):
            return None
        # Of a wrong recipe this is None; it is told where the version is rejected.
        return self._universe.entry(name, self._universe.versions(name)[0]).x_runs_on

    def _machines(self, runs_on: RunsOn) -> tuple[str, ...]:
        return {"build": (BUILD,), "target": (self._target,), "both": (BUILD, self._target)}[runs_on]
