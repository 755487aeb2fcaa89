"""The universe: all recipes of all configured repositories, as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xpkg.core.errors import NotFoundError
from xpkg.repo.crossrules import CrossRules
from xpkg.repo.recipes import Recipe
from xpkg.repo.repository import Repository
from xpkg.repo.targets import Target


class UnknownPackage(NotFoundError):
    """No repository has a package, or the version, of that name."""

    reference = "unknown-package"


class Universe:
    """Union of versions; for one version the repository of the highest priority wins (opam's rule).

    A name that an exclusive repository has is looked up nowhere else.
    """

    def __init__(self, repositories: Sequence[Repository], targets: Mapping[str, Target]) -> None:
        self.repositories = tuple(sorted(repositories, key=lambda repository: -repository.priority))
        self.targets = dict(targets)
        self.cross: CrossRules

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        raise NotImplementedError

    def versions(self, name: str) -> tuple[str, ...]:
        """All versions, newest first; UnknownPackage when there is none."""
        raise NotImplementedError

    def recipe(self, name: str, version: str) -> Recipe:
        """The recipe of one version; UnknownPackage when there is none."""
        raise NotImplementedError

    def repositories_of(self, name: str) -> tuple[str, ...]:
        """The names of the repositories that have the package, highest priority first."""
        raise NotImplementedError
