"""Switches: named sets of installed packages, and the generations that record their past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.paths import StateRoot
from xpkg.sandbox.store import Store


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Root:
    """A package that the user asked for; ``versions`` is the constraint's text or empty."""

    name: str
    machine: str
    versions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Installed:
    """One installed instance; ``tree`` is the prefix it is in, mostly named as its machine."""

    name: str
    version: str
    machine: str
    key: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One prefix of a generation: its name, the tree that takes TOOLS' place, its real path."""

    name: str
    tools: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One recorded state of a switch; number 0 is the empty one before any."""

    number: int
    created: float
    targets: tuple[str, ...]
    trees: tuple[Tree, ...]
    roots: tuple[Root, ...]
    installed: tuple[Installed, ...]


class Switch:
    """One switch; changes need :meth:`lock`."""

    def __init__(self, root: StateRoot, name: str) -> None:
        raise NotImplementedError

    @property
    def targets(self) -> tuple[str, ...]:
        raise NotImplementedError

    def prefix(self, tree: str) -> Path:
        """The real prefix of a tree, baked into its files: stable, or the user's own directory."""
        raise NotImplementedError

    @contextmanager
    def lock(self) -> Iterator[None]:
        raise NotImplementedError

    def current(self) -> Generation:
        raise NotImplementedError

    def history(self) -> tuple[Generation, ...]:
        raise NotImplementedError

    def commit(
        self,
        store: Store,
        *,
        targets: Sequence[str],
        roots: Sequence[Root],
        installed: Sequence[Installed],
        prefixes: Mapping[str, Path] | None = None,
        tools: Mapping[str, str] | None = None,
    ) -> Generation:
        """Compose and make current a new generation; the caller holds the lock.

        ``prefixes`` sets the user's own directories by tree; ``tools`` names for a tree the one
        that its TOOLS references go to ("build" unless given).
        """
        raise NotImplementedError

    def rollback(self, number: int) -> Generation:
        raise NotImplementedError


def create(root: StateRoot, name: str, targets: Sequence[str] = ()) -> Switch:
    """A new, empty switch; StoreError ``switch-exists``."""
    raise NotImplementedError


def find(root: StateRoot, name: str) -> Switch:
    """An existing switch; NotFoundError ``unknown-switch`` with the nearest names."""
    raise NotImplementedError


def names(root: StateRoot) -> tuple[str, ...]:
    raise NotImplementedError


def remove(root: StateRoot, name: str) -> None:
    """Delete a switch with its history and the links at the user's own directories."""
    raise NotImplementedError
