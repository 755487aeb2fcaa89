"""The lock file: what an installation is made of, for several targets at once, as values (docs/lock.md).

Everything in it is the same on every machine: no time, no path, nothing of the state directory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

FORMAT = 1
"""Raised whenever a file means something else than before."""

DEFAULT_NAME = "xpkg.lock"

RepositoryKind = Literal["git", "web", "directory", "shipped"]
REPOSITORY_KINDS: tuple[RepositoryKind, ...] = ("git", "web", "directory", "shipped")
PinKind = Literal["version", "git", "path"]
PIN_KINDS: tuple[PinKind, ...] = ("version", "git", "path")

EXTRAS = ("with-test", "with-doc", "with-dev-setup")
"""What a package can be locked with: opam's variables of these names are true for it."""

PINNED = "(pinned)"
"""Stands for a repository where a switch pins a package to a source."""

UNHASHED, FIRST_USE = "unhashed", "first-use"
"""The words for a source of which nothing is known, and for one held to what was found at its first use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTarget:
    """One of the targets that are locked: ``packages`` as they were asked for.

    ``extras`` has each of EXTRAS that is true for some of these packages, with their names.
    """

    name: str
    packages: tuple[str, ...]
    extras: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def extras_by_name(self) -> dict[str, frozenset[str]]:
        """The same the other way round: for each name those of EXTRAS that are true for it."""
        names = sorted({name for _, of in self.extras for name in of})
        return {name: frozenset(extra for extra, of in self.extras if name in of) for name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedMachine:
    """A machine that something is for, ``build`` or a target, with the digest of its definition."""

    name: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPin:
    """A package whose version or source the user chose.

    ``address`` and ``commit`` are those of a ``git`` pin.  A ``path`` is one machine's, so it is not kept: whoever
    installs must have pinned the package himself.
    """

    name: str
    version: str
    kind: PinKind
    address: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRepository:
    """A repository that recipes or overlays come from, as it was when they were locked.

    ``revision`` is ``git=<commit>`` or ``sha256=<index>``, for a ``directory`` and the ``shipped`` one the digest of
    what was taken from it.  ``address`` is empty for these two: a path is no one else's.
    """

    name: str
    kind: RepositoryKind
    address: str
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSource:
    """One source of a package.

    ``use`` is ``main``, ``alternative`` (of the main one) or ``extra NAME``.  ``identity`` has every digest, or
    ``git=<commit>``; it is empty where nothing is known of the source.  ``first_use`` says that the recipe has no
    strong digest, so that the one found when the source was first let in stands for it.
    """

    use: str
    identity: tuple[str, ...]
    first_use: bool = False

    def __str__(self) -> str:
        """As it stands in the file."""
        known = self.identity or (UNHASHED,)
        return " ".join((*known, *([FIRST_USE] if self.first_use else []), self.use))


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """A version of a package with its recipe, the same for all targets and machines.

    ``repository`` is PINNED for one that a pin has the source of.
    ``recipe`` is the digest of what counts: the file with its overlays, and all of ``files``.  ``opam`` is the one of
    the file as the repository has it; ``files`` are (name, sha256), ``overlays`` the repositories that have some.
    """

    name: str
    version: str
    repository: str
    recipe: str
    opam: str
    files: tuple[tuple[str, str], ...] = ()
    overlays: tuple[str, ...] = ()
    sources: tuple[LockedSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedInstance:
    """A package on one machine of one target's pair.

    ``depends`` are names, those on the other machine of the pair as ``NAME@build``.
    """

    target: str
    name: str
    version: str
    machine: str
    key: str
    depends: tuple[str, ...] = ()
    requested: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """What there is one instance for: target, name, machine."""
        return self.target, self.name, self.machine

    def __str__(self) -> str:
        return f"{self.name} {self.version} [{self.machine}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """What all build keys rest on beside recipes, sources and machines."""

    key_format: int
    isolation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFile:
    """A whole lock.  Every sequence is in the order of the file; `ordered` makes it so.

    ``invariant`` is the one of the switch that the packages were asked for in: a formula over packages, in opam's
    syntax.
    """

    building: Building
    targets: tuple[LockedTarget, ...]
    machines: tuple[LockedMachine, ...]
    repositories: tuple[LockedRepository, ...]
    packages: tuple[LockedPackage, ...]
    instances: tuple[LockedInstance, ...]
    pins: tuple[LockedPin, ...] = ()
    invariant: str = ""

    def target(self, name: str) -> LockedTarget | None:
        return next((one for one in self.targets if one.name == name), None)

    def machine(self, name: str) -> LockedMachine | None:
        return next((one for one in self.machines if one.name == name), None)

    def repository(self, name: str) -> LockedRepository | None:
        return next((one for one in self.repositories if one.name == name), None)

    def package(self, name: str, version: str) -> LockedPackage | None:
        return next((one for one in self.packages if (one.name, one.version) == (name, version)), None)

    def of(self, target: str) -> tuple[LockedInstance, ...]:
        """The instances of one target's pair."""
        return tuple(one for one in self.instances if one.target == target)


def ordered(
    *,
    building: Building,
    targets: Sequence[LockedTarget],
    machines: Sequence[LockedMachine],
    repositories: Sequence[LockedRepository],
    packages: Sequence[LockedPackage],
    instances: Sequence[LockedInstance],
    pins: Sequence[LockedPin] = (),
    invariant: str = "",
) -> LockFile:
    """A lock with everything in the order that makes equal locks equal files."""
    return LockFile(
        building=building,
        targets=tuple(sorted(targets, key=lambda one: one.name)),
        machines=tuple(sorted(machines, key=lambda one: one.name)),
        repositories=tuple(sorted(repositories, key=lambda one: one.name)),
        packages=tuple(sorted(packages, key=lambda one: (one.name, one.version))),
        instances=tuple(sorted(instances, key=lambda one: one.place)),
        pins=tuple(sorted(pins, key=lambda one: one.name)),
        invariant=invariant,
    )
