"""Needs for a name that several packages provide: the package so called, or any of those."""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.repo.universe import Universe
from xpkg.solver.model import VersionSet


@dataclass(frozen=True, slots=True)
class ProvidedVersions:
    """The versions of a package that provide ``name`` in a version within ``constraint``."""

    versions: frozenset[str]
    name: str
    constraint: VersionSet | None

    def allows(self, version: str) -> bool:
        return version in self.versions

    def __str__(self) -> str:
        return f"as {self.name}" if self.constraint is None else f"as {self.name} {self.constraint}"


def alternatives(
    universe: Universe, name: str, versions: VersionSet | None
) -> tuple[tuple[str, VersionSet | None], ...]:
    """The packages, each with its versions, of which any is ``name`` in one of ``versions``.

    The package so called comes first, then its providers in the order of ``Universe.provided``.  Those without a
    version that fits are left out, unless there would be nothing left.
    """
    found: dict[str, set[str]] = {}
    for one in universe.providers(name):
        fitting = found.setdefault(one.name, set())
        if versions is None or versions.allows(one.provided):
            fitting.add(one.version)
    real = bool(universe.repositories_of(name))
    providers = {package: fitting for package, fitting in found.items() if fitting} or ({} if real else found)
    own: list[tuple[str, VersionSet | None]] = [(name, versions)] if real else []
    own += ((package, ProvidedVersions(frozenset(of), name, versions)) for package, of in providers.items())
    return tuple(own)


def standing(universe: Universe, name: str, version: str) -> tuple[tuple[str, ...], int]:
    """The names that this version stands for as others do, and its rank among them: how many go before it.

    The package so called goes before its providers, and those go in the order of ``Universe.provided``.
    """
    names, rank = [name] if name in universe.provided else [], 0
    for provided, _ in universe.entry(name, version).x_provides:
        providers = universe.providers(provided)
        if any((one.name, one.version) == (name, version) for one in providers):
            names.append(provided)
            before = list(dict.fromkeys(one.name for one in providers))
            rank += before.index(name) + bool(universe.repositories_of(provided))
    return tuple(names), rank
