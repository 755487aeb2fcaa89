"""The universe: all recipes of all configured repositories, as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from xpkg.core.errors import NotFoundError
from xpkg.core.text import did_you_mean, nearest, printable
from xpkg.repo.crossrules import CrossRules, read_cross_rules
from xpkg.repo.entries import Entry
from xpkg.repo.formulas import atoms
from xpkg.repo.recipes import Recipe
from xpkg.repo.repository import Repository
from xpkg.repo.targets import Target
from xpkg.repo.versions import version_key


class UnknownPackage(NotFoundError):
    """No repository has a package, or the version, of that name.  The hint has the nearest ones."""

    reference = "unknown-package"


class Universe:
    """Union of versions; for one version the repository of the highest priority wins (opam's rule).

    A name that an exclusive repository has is looked up nowhere else.  Of repositories with equal priority the
    one given first decides.
    """

    def __init__(self, repositories: Sequence[Repository], targets: Mapping[str, Target]) -> None:
        self.repositories = tuple(sorted(repositories, key=lambda repository: -repository.priority))
        self.targets = dict(targets)
        self._versions: dict[str, tuple[str, ...]] = {}

    @cached_property
    def cross(self) -> CrossRules:
        """The cross rules of all repositories, those of the highest priority first."""
        return read_cross_rules(path for repository in self.repositories for path in repository.cross_rules)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(sorted({name for repository in self.repositories for name in repository.names()}))

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        return self._names

    def _holders(self, name: str) -> tuple[Repository, ...]:
        """The repositories that may answer for a name, highest priority first."""
        holders = tuple(repository for repository in self.repositories if repository.versions(name))
        owner = next((repository for repository in holders if repository.exclusive), None)
        return holders if owner is None else (owner,)

    def versions(self, name: str) -> tuple[str, ...]:
        """All versions, newest first; UnknownPackage when there is none."""
        versions = self._versions.get(name)
        if versions is None:
            texts = {version for repository in self._holders(name) for version in repository.versions(name)}
            # Distinct texts can be equal versions: the text decides then, so that the order is always the same.
            versions = tuple(sorted(texts, key=lambda text: (version_key(text), text), reverse=True))
            self._versions[name] = versions
        if not versions:
            raise UnknownPackage(f"there is no package named {printable(name)}", hint=did_you_mean(name, self._names))
        return versions

    def recipe(self, name: str, version: str) -> Recipe:
        """The recipe of one version; UnknownPackage when there is none, InputFileError when it is wrong."""
        return self._holder(name, version).recipe(name, version)

    def entry(self, name: str, version: str) -> Entry:
        """What queries and the solver need of one version; UnknownPackage when there is none."""
        return self._holder(name, version).entry(name, version)

    def mentioning(self, name: str) -> tuple[str, ...]:
        """The packages some version of which names ``name`` in depends or depopts, whatever the filters; sorted."""
        found = set()
        for one in self._names:
            for entry in (self.entry(one, version) for version in self.versions(one)):
                if any(atom.name == name for formula in (entry.depends, entry.depopts) for atom in atoms(formula)):
                    found.add(one)
        return tuple(sorted(found))

    def _holder(self, name: str, version: str) -> Repository:
        """The repository whose copy of one version counts; UnknownPackage when there is none."""
        for repository in self._holders(name):
            if version in repository.versions(name):
                return repository
        known = self.versions(name)
        near = nearest(version, known) or known[:3]
        raise UnknownPackage(
            f"there is no version {printable(version)} of {name}",
            reference="unknown-version",
            context=(("versions", ", ".join(known)),),
            hint=f"did you mean {' or '.join(near)}?",
        )

    def repositories_of(self, name: str) -> tuple[str, ...]:
        """The names of the repositories that have the package, highest priority first, owned or not."""
        return tuple(repository.name for repository in self.repositories if repository.versions(name))
