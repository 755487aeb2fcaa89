"""A directory in opam's layout, read lazily."""

from __future__ import annotations

from pathlib import Path

from xpkg.repo.recipes import Recipe


class Repository:
    """``packages/<name>/<name>.<version>/opam`` (or ``packages/<name>.<version>/opam``) below ``root``."""

    def __init__(self, *, name: str, root: Path, priority: int = 0, exclusive: bool = False) -> None:
        self.name = name
        self.root = root
        self.priority = priority
        self.exclusive = exclusive

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        raise NotImplementedError

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, unordered; empty when the package is not here."""
        raise NotImplementedError

    def recipe(self, name: str, version: str) -> Recipe:
        """Read one recipe; InputFileError when it is wrong."""
        raise NotImplementedError
