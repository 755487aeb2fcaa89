"""A repository as the universe sees it: names, versions, what is kept of each, recipes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xpkg.core.files import disk_errors
from xpkg.repo.entries import Entry
from xpkg.repo.index.directory import IndexedDirectory

if TYPE_CHECKING:
    from xpkg.repo.recipe_reader import Change
    from xpkg.repo.recipes import Recipe


class Listing(Protocol):
    """Where a repository's packages come from.  Only versions listed may be asked for; answers do not change."""

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        ...

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, newest first; none when the package is not here."""
        ...

    def entry(self, name: str, version: str) -> Entry:
        """What is kept of one version; a wrong recipe is told in ``problem``."""
        ...

    def place(self, name: str, version: str) -> tuple[Path, bytes | None]:
        """The directory of a recipe, and its opam file's bytes where they are not there."""
        ...

    def mentions(self, name: str) -> tuple[str, ...]:
        """The names in depends and depopts of any version of a package that is here; sorted."""
        ...


class Repository:
    """``packages/<name>/<name>.<version>/opam`` (or ``packages/<name>.<version>/opam``) below ``root``.

    ``priority``: higher decides.  ``exclusive``: names that are here are looked up nowhere else.  ``only``: patterns of
    the names it answers for; None for all.  ``listing``: where packages come from; else the directory itself.
    """

    def __init__(
        self,
        *,
        name: str,
        root: Path,
        priority: int = 0,
        exclusive: bool = False,
        only: tuple[str, ...] | None = None,
        listing: Listing | None = None,
    ) -> None:
        self.name = name
        self.root = root
        self.priority = priority
        self.exclusive = exclusive
        self._only = only
        self._listing = IndexedDirectory(name, root) if listing is None else listing
        self._recipes: dict[tuple[str, str], Recipe] = {}

    @property
    def cross_rules(self) -> tuple[Path, ...]:
        """Where its cross rules may be."""
        return (self.root / "cross.toml", self.root / "packages" / "cross.toml")

    def check_format(self) -> None:
        """The file ``repo``, when there is one, must be of a format we read."""
        from xpkg.repo.fields import Fields
        from xpkg.repo.opamfile.file import decode, parse

        path = self.root / "repo"
        if path.is_file():
            with disk_errors("read", path):
                fields = Fields(parse(decode(path.read_bytes()), str(path)))
            stated = fields.text("opam-version", "2.0")
            if stated.split(".")[0] not in ("1", "2"):
                raise fields.file.error(f"the repository is of opam's format {stated[:20]!r}; 1 and 2 are supported")

    def answers_for(self, name: str) -> bool:
        """Whether it is asked for packages of that name at all."""
        return self._only is None or any(fnmatchcase(name, pattern) for pattern in self._only)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(filter(self.answers_for, self._listing.names()))

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        return self._names

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, newest first; empty when the package is not here."""
        return self._listing.versions(name) if self.answers_for(name) else ()

    def entry(self, name: str, version: str) -> Entry:
        """What is kept of one version, which ``versions`` must list; a wrong recipe is told in ``problem``."""
        return self._listing.entry(name, version)

    def mentions(self, name: str) -> tuple[str, ...]:
        """The names that any version of a package mentions in depends and depopts."""
        return self._listing.mentions(name)

    def recipe(self, name: str, version: str, change: Change | None = None) -> Recipe:
        """Read one recipe, which ``versions`` must list, after ``change``; InputFileError when it is wrong."""
        from xpkg.repo.recipe_reader import read_recipe

        recipe = self._recipes.get((name, version))
        if recipe is None:
            directory, data = self._listing.place(name, version)
            recipe = read_recipe(directory, name, version, self.name, change, data)
            self._recipes[name, version] = recipe
        return recipe
