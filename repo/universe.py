"""The universe: all recipes of all configured repositories, as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.core.text import did_you_mean, nearest, printable
from xpkg.repo.entries import Entry, entry_of, wrong_entry
from xpkg.repo.repository import Repository

if TYPE_CHECKING:
    from xpkg.repo.crossrules import CrossRules
    from xpkg.repo.overlays.values import Overlay
    from xpkg.repo.providers import Provider
    from xpkg.repo.recipes import Recipe
    from xpkg.repo.targets import Target


class UnknownPackage(NotFoundError):
    """No repository has a package, or the version, of that name.  The hint has the nearest ones."""

    reference = "unknown-package"


class Universe:
    """Union of versions; for one version the repository of the highest priority wins (opam's rule).

    A name that an exclusive repository has is looked up nowhere else.  Of repositories with equal priority the
    one given first decides.  Of those in ``rules_only`` nothing but the cross rules counts, and after all others'.
    """

    def __init__(
        self,
        repositories: Sequence[Repository],
        targets: Mapping[str, Target] | Callable[[], Mapping[str, Target]],
        rules_only: Sequence[Repository] = (),
    ) -> None:
        self.repositories = tuple(sorted(repositories, key=lambda repository: -repository.priority))
        self.rules_only = tuple(rules_only)
        self._targets = targets
        self._versions: dict[str, tuple[str, ...]] = {}
        self._holding: dict[str, dict[str, Repository]] = {}
        self._overlays: dict[tuple[str, str], tuple[Overlay, ...]] = {}
        self._changed: dict[tuple[str, str], Recipe] = {}

    def below(self, repository: Repository) -> Universe:
        """The universe with one more repository, which goes before all of this one's."""
        return Universe((repository, *self.repositories), self._targets, self.rules_only)

    @property
    def targets(self) -> Mapping[str, Target]:
        """The targets that all repositories describe."""
        return self._targets() if callable(self._targets) else self._targets

    @cached_property
    def cross(self) -> CrossRules:
        """The cross rules of all repositories, those of the highest priority first."""
        from xpkg.repo.crossrules import CrossRules, read_cross_rules

        rules = CrossRules()
        for repository in reversed((*self.repositories, *self.rules_only)):
            answers = partial(self._rules, repository)
            rules = read_cross_rules(repository.cross_rules, rules, answers, repository.root)
        return rules

    def _rules(self, repository: Repository, name: str) -> bool:
        """Whether a repository's cross rules hold for a name: not for what an exclusive one above it owns.

        The shipped one's always do, as its overlays; else whoever is asked last could move what others own.
        """
        if repository.shipped or repository in self.rules_only:
            return repository.answers(name)
        above = self.repositories[: self.repositories.index(repository)]
        return repository.answers(name) and not any(one.owns(name) for one in above)

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
        return holders if owner is None else tuple(one for one in holders if one is owner or one.always)

    def versions(self, name: str) -> tuple[str, ...]:
        """All versions, newest first; UnknownPackage when there is none."""
        versions = self._versions.get(name)
        if versions is None:
            versions = self._versions[name] = _joined([one.versions(name) for one in self._holders(name)])
        if not versions:
            raise self._unknown(name)
        return versions

    def _unknown(self, name: str) -> UnknownPackage:
        providers = tuple(dict.fromkeys(one.name for one in self.providers(name)))
        if not providers:
            return UnknownPackage(f"there is no package named {printable(name)}", hint=did_you_mean(name, self._names))
        return UnknownPackage(
            f"no package is named {name}, but others provide it",
            context=(("provided by", ", ".join(providers)),),
            hint=f"look at one of them: xpkg show {providers[0]}",
        )

    def recipe(self, name: str, version: str) -> Recipe:
        """The recipe of one version with all overlays applied.

        UnknownPackage when there is none, InputFileError when it, or an overlay of its package, is wrong.
        """
        holder = self._holder(name, version)
        if name not in self.overlaid:
            return holder.recipe(name, version)
        found = self._changed.get((name, version))
        if found is None:
            found = self._changed[name, version] = _changed_recipe(
                holder, name, version, self.overlays_of(name, version)
            )
        return found

    def entry(self, name: str, version: str) -> Entry:
        """What queries and the solver need of one version, overlays applied; UnknownPackage when there is none."""
        holder = self._holder(name, version)
        if name not in self.overlaid:
            return holder.entry(name, version)
        try:
            return entry_of(self.recipe(name, version))
        except InputFileError as error:
            return wrong_entry(name, version, holder.name, error)

    @cached_property
    def overlaid(self) -> frozenset[str]:
        """The packages that some repository has overlays for; recipes of others are as their repositories have them."""
        return frozenset(name for repository in self.repositories for name in repository.overlays)

    def overlays_of(self, name: str, version: str) -> tuple[Overlay, ...]:
        """The overlays that change the recipe of a version, in the order in which they do.

        Those of the repository of the highest priority come last and so have the last word.  What an exclusive
        repository has is not changed from below it, except by the shipped one: else the names it owns were not safe.
        """
        holder = self._holder(name, version)
        owners = [place for place, repository in enumerate(self.repositories) if repository.owns(name)]
        position = min(owners, default=len(self.repositories))
        found: list[Overlay] = []
        for place, repository in reversed([*enumerate(self.repositories)]):
            if name in repository.overlays and (place <= position or repository.shipped):
                found += (one for one in self.overlays(repository, name) if one.concerns(version, holder.name))
        return tuple(found)

    def overlays(self, repository: Repository, name: str) -> tuple[Overlay, ...]:
        """The overlays that a repository has for a package; InputFileError when they are wrong."""
        found = self._overlays.get((repository.name, name))
        if found is None:
            from xpkg.repo.overlays.reader import read_overlays

            found = read_overlays(repository.overlays[name], name, repository.name)
            self._overlays[repository.name, name] = found
        return found

    def mentioning(self, name: str) -> tuple[str, ...]:
        """The packages that may have a version naming ``name`` in depends or depopts; sorted, none is missing."""
        return self._mentioning.get(name, ())

    @cached_property
    def _mentioning(self) -> Mapping[str, tuple[str, ...]]:
        """For each name the packages that mention it."""
        found: dict[str, list[str]] = {}
        for name in self._names:  # sorted, and so are the lists
            for mentioned in self._mentions(name):
                found.setdefault(mentioned, []).append(name)
        return {name: tuple(packages) for name, packages in found.items()}

    def _mentions(self, name: str) -> Iterable[str]:
        if name in self.overlaid:
            from xpkg.repo.formulas import atoms

            entries = [self.entry(name, version) for version in self.versions(name)]
            formulas = [formula for one in entries for formula in (one.depends, one.depopts)]
            return {atom.name for formula in formulas for atom in atoms(formula)}
        lists = [repository.mentions(name) for repository in self._holders(name)]
        # A version hidden behind that of a higher repository counts too: whoever asks looks at the entries anyway.
        return lists[0] if len(lists) == 1 else {mentioned for one in lists for mentioned in one}

    @cached_property
    def provided(self) -> Mapping[str, tuple[Provider, ...]]:
        """The names that packages provide beside their own (``x-provides``), each with what provides it.

        Of the repository of the highest priority first, then by name, then the newest first.
        """
        packages = {name for repository in self.repositories for name in repository.providers()}
        if not packages and not self.overlaid:
            return {}
        from xpkg.repo.providers import provided

        return provided(self, packages)

    def providers(self, name: str) -> tuple[Provider, ...]:
        """What provides a name, in the order of ``provided``; the package so called is not among them."""
        return self.provided.get(name, ())

    def owner(self, name: str) -> Repository | None:
        """The exclusive repository that has the package so called, if any: no other may say what that name is."""
        return next((one for one in self._holders(name) if one.exclusive), None)

    def _holder(self, name: str, version: str) -> Repository:
        """The repository whose copy of one version counts; UnknownPackage when there is none."""
        holding = self._holding.get(name)
        if holding is None:
            holding = self._holding[name] = {
                one: repository for repository in reversed(self._holders(name)) for one in repository.versions(name)
            }
        if version in holding:
            return holding[version]
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


def _joined(lists: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The union of lists of versions that are each sorted, the newest first."""
    if len(lists) < 2:
        return lists[0] if lists else ()
    from xpkg.repo.version_order import newest_first

    return newest_first({version for one in lists for version in one})


def _changed_recipe(holder: Repository, name: str, version: str, overlays: Sequence[Overlay]) -> Recipe:
    if not overlays:
        return holder.recipe(name, version)
    from xpkg.repo.overlays.apply import change_by

    return holder.changed_recipe(name, version, change_by(overlays))
