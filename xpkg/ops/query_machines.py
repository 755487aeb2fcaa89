"""``xpkg show --edges``: on which machine each dependency of a package is needed, and what says so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xpkg.repo import formulas
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.variables import machine_variables
from xpkg.solver.placement import Kind, Placement, Placements

if TYPE_CHECKING:
    from xpkg.ops.pairs import Pair
    from xpkg.repo.entries import Entry
    from xpkg.repo.interpolate import Value
    from xpkg.repo.recipes import Recipe
    from xpkg.repo.universe import Universe


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A dependency that a version names, where it is needed, and why.

    ``constraint`` is empty for any version.  ``rule`` is what decided (``solver.placement.Kind``), ``native`` where
    there is but one machine; ``repository`` says whose word it is, and for a cross rule ``file`` and ``key`` where it
    stands.
    """

    name: str
    constraint: str
    machines: tuple[str, ...]
    rule: Kind | Literal["native"]
    reason: str
    repository: str | None = None
    file: Path | None = None
    key: str | None = None

    def as_value(self) -> dict[str, object]:
        """The object for programs."""
        return {
            "name": self.name,
            "constraint": self.constraint or None,
            "machines": list(self.machines),
            "rule": self.rule,
            "reason": self.reason,
            "repository": self.repository,
            "file": None if self.file is None else str(self.file),
            "key": self.key,
        }


def place_of(universe: Universe, pair: Pair, recipe: Recipe) -> tuple[str, str | None]:
    """The machine that a package asked for by name is built for; why, where that is not the target there is."""
    if pair.target is None:
        return BUILD, None
    placement = Placements(universe, pair.target).anywhere.of(recipe.name, build=False)
    if placement.machines[-1] == BUILD:
        return BUILD, placement.reason
    # This version alone may say so.
    return (BUILD, f"{recipe.name} says x-runs-on: build") if recipe.x_runs_on == "build" else (pair.target, None)


def edge_story(universe: Universe, pair: Pair, name: str, version: str, needed: str) -> tuple[Edge, ...]:
    """The edges from a version to ``needed``: none when it does not depend on that, more than one when it names it
    several times with different results.

    UnknownPackage when there is no such version.
    """
    found = EdgeQuery(universe, pair).of(universe.entry(name, version))
    return tuple(edge for edge in found if edge.name == needed)


class EdgeQuery:
    """The direct dependencies of versions, as the variants for one pair of machines have them.

    Those of ``depends``, with the filters evaluated for the machine that the variant is for, whether it is available
    there or not; of alternatives, all.  What a machine's toolchain adds is not among them.  ``extras`` are the
    variables that are true for what the package is wanted with, such as ``with-test``.
    """

    def __init__(self, universe: Universe, pair: Pair, extras: frozenset[str] = frozenset()) -> None:
        self._universe = universe
        self._extras = extras
        self._pair = pair
        self._native = universe.targets[NATIVE]
        self._placements = None if pair.target is None else Placements(universe, pair.target)

    def of(self, entry: Entry) -> tuple[Edge, ...]:
        """The edges of one version, in the recipe's order, each once."""
        here = self.machine(entry)
        needs = formulas.needs(formulas.resolve(entry.depends, self._variables(entry, here).get))
        return tuple(dict.fromkeys(self._edge(entry, here, need) for need in needs))

    def machine(self, entry: Entry) -> str:
        """The machine of the variant: what says that it only runs on the build machine has none for a target."""
        return BUILD if self._pair.target is None or entry.x_runs_on == "build" else self._pair.target

    def machines(self, entry: Entry) -> dict[str, list[str]]:
        """The names of the dependencies of one version on the ``build`` machine and on the ``target``, sorted."""
        found = {True: set[str](), False: set[str]()}
        for edge in self.of(entry):
            for machine in edge.machines:
                found[machine == BUILD].add(edge.name)
        return {"build": sorted(found[True]), "target": sorted(found[False])}

    def _variables(self, entry: Entry, machine: str) -> dict[str, Value]:
        target = self._native if machine == BUILD else self._universe.targets[machine]
        return {
            **machine_variables(target, self._native),
            **dict.fromkeys(self._extras, True),
            "pinned": None,
            "name": entry.name,
            "version": entry.version,
            "_:name": entry.name,
            "_:version": entry.version,
        }

    def _edge(self, entry: Entry, machine: str, need: formulas.Need) -> Edge:
        constraint = str(need.versions)
        if self._placements is None or machine == BUILD:
            reason = "what a package of the build machine needs is there too"
            return Edge(name=need.name, constraint=constraint, machines=(BUILD,), rule="native", reason=reason)
        places = self._placements.of_dependent(entry.name, entry.depends)
        placement = places.of(need.name, build=need.build)
        file, key = placement.written or (None, None)
        return Edge(
            name=need.name,
            constraint=constraint,
            machines=placement.machines,
            rule=placement.kind,
            reason=placement.reason,
            repository=self._whose(entry, need.name, placement),
            file=file,
            key=key,
        )

    def _whose(self, entry: Entry, needed: str, placement: Placement) -> str | None:
        """The repository whose word decided."""
        universe = self._universe
        if placement.kind == "{build}":
            return entry.repository
        if placement.kind == "x-runs-on":
            return universe.entry(needed, universe.versions(needed)[0]).repository
        if placement.written is None:
            return None
        path, _ = placement.written
        holders = (*universe.repositories, *universe.rules_only)
        return next((one.name for one in holders if path in one.cross_rules), None)
