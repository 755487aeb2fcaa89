"""On which machine a package must be when a target's package depends on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xpkg.core.values import value
from xpkg.repo.formulas import Formula, atoms
from xpkg.repo.machine_names import BUILD
from xpkg.repo.universe import Universe

if TYPE_CHECKING:
    from xpkg.repo.recipes import RunsOn

COMPILER = "ocaml"
"""The name that stands for a compiler: on a target, its own compiler package satisfies it."""

BRING_COMPILER = frozenset({"dune", "jbuilder"})
"""Build systems that alone run the compiler, and depend on it themselves."""

Kind = Literal["x-runs-on", "cross.toml", "{build}", "compiler", "twin", "default"]
"""What decided, in the order in which it is asked."""


@value(kw_only=True)
class Placement:
    """The machines, and where that is laid down; ``written`` is the file and the key there, for a cross rule."""

    machines: tuple[str, ...]
    reason: str
    kind: Kind = "default"
    written: tuple[Path, str] | None = None


class Placements:
    """Decides, in this order (design, "Two machines, one solve"): the recipe's own ``x-runs-on``, the repository's
    ``cross.toml``, the filter ``{build}``, what the dependent is, else the target.

    A package is in one place whatever its version, so the newest version's ``x-runs-on`` speaks for all.
    """

    def __init__(self, universe: Universe, target: str) -> None:
        self.universe = universe
        self.target = target
        self._known: dict[tuple[str | None, bool, bool], Places] = {}
        self._own: dict[str, RunsOn | None] = {}
        self._names: dict[str, tuple[str | None, bool]] = {}
        self.anywhere = self._places(None, twin=False, compiles=False)
        """For a name alone, whoever needs it."""

    def of_dependent(self, name: str, depends: Formula) -> Places:
        """For what the target's package of that name needs; packages of one kind have the same object."""
        if name not in self._names:
            single = name if self.universe.cross.single_out(name) else None
            self._names[name] = single, len(self.anywhere.of(name, build=False).machines) > 1
        single, twin = self._names[name]
        compiles = not any(atom.name in BRING_COMPILER for atom in atoms(depends))
        return self._places(single, twin=twin, compiles=compiles)

    def _places(self, name: str | None, *, twin: bool, compiles: bool) -> Places:
        found = self._known.get((name, twin, compiles))
        if found is None:
            found = self._known[name, twin, compiles] = Places(self, name, twin=twin, compiles=compiles)
        return found

    def says_itself(self, name: str) -> RunsOn | None:
        """The field ``x-runs-on`` of a package."""
        if name not in self._own:
            known = bool(self.universe.repositories_of(name))
            # Of a wrong recipe this is None; it is told where the version is rejected.
            self._own[name] = self.universe.entry(name, self.universe.versions(name)[0]).x_runs_on if known else None
        return self._own[name]


class Places:
    """Where the dependencies of one kind of package of the target go.

    ``dependent``: its name, where there are rules about it alone.  ``twin``: it is on both machines itself.
    ``compiles``: its own commands run the compiler, no build system it names does that for it.
    """

    def __init__(self, placements: Placements, dependent: str | None, *, twin: bool, compiles: bool) -> None:
        self._placements = placements
        self._dependent, self._twin, self._compiles = dependent, twin, compiles
        self._known: dict[tuple[str, bool], Placement] = {}

    def of(self, name: str, *, build: bool) -> Placement:
        """Where ``name`` must be; ``build`` when only the filter {build} names it."""
        found = self._known.get((name, build))
        if found is None:
            found = self._known[name, build] = self._laid_down(name) or self._derived(name, build=build)
        return found

    def _laid_down(self, name: str) -> Placement | None:
        rule = self._placements.universe.cross.where(name, self._dependent)
        runs_on = self._placements.says_itself(name)
        # What a package is says its recipe; what somebody else needs it for, only a rule about that one.
        if runs_on is not None and not (rule is not None and rule.of_one_dependent):
            reason = f"{name} says x-runs-on: {runs_on}"
            return Placement(machines=self._machines(runs_on), reason=reason, kind="x-runs-on")
        if rule is None:
            return None
        reason = f"cross.toml: {rule.reason}"
        return Placement(machines=self._machines(rule.runs_on), reason=reason, kind="cross.toml", written=rule.written)

    def _derived(self, name: str, *, build: bool) -> Placement:
        if build:
            reason = "the recipe marks it {build}: it runs while building"
            return Placement(machines=(BUILD,), reason=reason, kind="{build}")
        if name == COMPILER:
            if self._compiles:
                reason = "it runs while building: no build system that would run it is named"
                return Placement(machines=self._machines("both"), reason=reason, kind="compiler")
        elif self._twin:
            reason = "what needs it is on both machines"
            return Placement(machines=self._machines("both"), reason=reason, kind="twin")
        return Placement(machines=self._machines("target"), reason="nothing says that it runs while building")

    def _machines(self, runs_on: RunsOn) -> tuple[str, ...]:
        target = self._placements.target
        return {"build": (BUILD,), "target": (target,), "both": (BUILD, target)}[runs_on]
