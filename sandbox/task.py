"""One build to be done: everything decided, nothing fetched or run yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xpkg.core.values import value
from xpkg.repo.recipes import Recipe
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.steps import Steps


@value(kw_only=True)
class BuildTask:
    """An instance with its steps and its key.

    ``requires`` are the keys of its direct dependencies, ``tools`` and ``target`` those of all
    instances it sees, by the prefix they are merged at (``target`` is None on the build machine).
    ``inputs`` is the record that ``key`` is the hash of, ``system_tools`` the declared programs of the
    system with the system package that has each.
    """

    subject: Subject
    steps: Steps
    key: str
    inputs: Mapping[str, object]
    requires: tuple[str, ...]
    tools: tuple[str, ...]
    target: tuple[str, ...] | None
    system_tools: Mapping[str, str]

    @property
    def recipe(self) -> Recipe:
        return self.subject.recipe

    @property
    def machine(self) -> str:
        """The machine's name as plans print it."""
        return self.subject.machine.machine

    @property
    def label(self) -> str:
        """How the task is named to the user and in kept directories."""
        return f"{self.recipe.name}.{self.recipe.version}" + ("" if self.target is None else f"-{self.machine}")


@value(kw_only=True)
class SourceFiles:
    """The fetched inputs of one task, all verified: the main archive and the extra files by name."""

    archive: Path | None = None
    extra: tuple[tuple[str, Path], ...] = ()
