"""A repository as the universe sees it: names, versions, what is kept of each, recipes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.entries import Entry
from xpkg.repo.index.directory import IndexedDirectory
from xpkg.repo.names import name_problem

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

    def providers(self) -> Sequence[str]:
        """The packages of which a version may provide other names; all that do, and few more."""
        ...


class Repository:
    """``packages/<name>/<name>.<version>/opam`` (or ``packages/<name>.<version>/opam``) below ``root``.

    ``priority``: higher decides.  ``exclusive``: names that are here are looked up nowhere else.  ``names``: globs of
    the package names it answers for, with recipes, overlays and cross rules; all when empty.  ``shipped``: it is part
    of xpkg, and trusted as such.  ``listing``: where its packages come from; without one, from the files at ``root``.
    """

    always = False
    """Whether it counts also for names that an exclusive repository has."""

    def __init__(
        self,
        *,
        name: str,
        root: Path,
        priority: int = 0,
        exclusive: bool = False,
        names: tuple[str, ...] = (),
        shipped: bool = False,
        listing: Listing | None = None,
    ) -> None:
        self.name = name
        self.root = root
        self.priority = priority
        self.exclusive = exclusive
        self.globs = names
        self.shipped = shipped
        self._listing = IndexedDirectory(name, root) if listing is None else listing
        self._recipes: dict[tuple[str, str], Recipe] = {}

    @property
    def cross_rules(self) -> tuple[Path, ...]:
        """Where its cross rules may be."""
        return (self.root / "cross.toml", self.root / "packages" / "cross.toml")

    def check_format(self) -> None:
        """The file ``repo``, when there is one, must be of a format we read."""
        path = self.root / "repo"
        if path.is_file():
            with disk_errors("read", path):
                data = path.read_bytes()
            check_format(data, str(path))

    def owns(self, name: str) -> bool:
        """Whether no repository below may say anything of a package."""
        return self.exclusive and bool(self.versions(name))

    def answers(self, name: str) -> bool:
        """Whether it is to be asked about a package name at all."""
        return not self.globs or self._pattern.fullmatch(name) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        from fnmatch import translate

        return re.compile("|".join(map(translate, self.globs)))

    @cached_property
    def overlays(self) -> Mapping[str, Path]:
        """The file of overlays for each package that has one here and that the repository answers for."""
        try:
            found = os.listdir(self.overlay_directory)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise InputFileError(
                f"repository {self.name}: its overlays cannot be read: {error.strerror}",
                reference="bad-repository",
                context=(("path", printable(str(self.overlay_directory))),),
            ) from error
        names = (one.removesuffix(".opam") for one in sorted(found) if one.endswith(".opam"))
        return {
            name: self.overlay_directory / f"{name}.opam"
            for name in names
            if name_problem(name) is None and self.answers(name)
        }

    @property
    def overlay_directory(self) -> Path:
        """Where its overlays may be."""
        # The shipped recipes travel without what is beside them; a name with "_" in front is no package's.
        return self.root / ("packages/_overlays" if self.shipped else "overlays")

    @cached_property
    def _names(self) -> tuple[str, ...]:
        names = self._listing.names()
        return tuple(filter(self.answers, names)) if self.globs else names

    def names(self) -> tuple[str, ...]:
        """All package names that it answers for, sorted."""
        return self._names

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, newest first; none when the package is not here."""
        return self._listing.versions(name) if self.answers(name) else ()

    def entry(self, name: str, version: str) -> Entry:
        """What queries need of one version, which ``versions`` must list; a wrong recipe is told in ``problem``."""
        return self._listing.entry(name, version)

    def place(self, name: str, version: str) -> tuple[Path, bytes | None]:
        """The directory of a recipe that ``versions`` lists, and its opam file's bytes where they are not there."""
        return self._listing.place(name, version)

    def mentions(self, name: str) -> tuple[str, ...]:
        """The names that the versions of a package that is here mention in depends and depopts, sorted."""
        return self._listing.mentions(name)

    def providers(self) -> Sequence[str]:
        """The packages it answers for of which a version may provide other names, overlays left aside."""
        providers = self._listing.providers()
        return tuple(filter(self.answers, providers)) if self.globs and providers else providers

    def changed_recipe(self, name: str, version: str, change: Change) -> Recipe:
        """Read one recipe with what ``change`` makes of its file and files; InputFileError when it is wrong."""
        return self._read(name, version, change)

    def recipe(self, name: str, version: str) -> Recipe:
        """Read one recipe as it is here, which ``versions`` must list; InputFileError when it is wrong."""
        recipe = self._recipes.get((name, version))
        if recipe is None:
            recipe = self._recipes[name, version] = self._read(name, version, None)
        return recipe

    def _read(self, name: str, version: str, change: Change | None) -> Recipe:
        from xpkg.repo.recipe_reader import read_recipe

        directory, data = self._listing.place(name, version)
        return read_recipe(directory, name, version, self.name, change, data)


def check_format(data: bytes, source: str) -> None:
    """InputFileError unless ``data``, of a file ``repo``, is of a format we read; ``source`` is its name for people."""
    from xpkg.repo.fields import Fields
    from xpkg.repo.opamfile.file import decode, parse

    fields = Fields(parse(decode(data), source))
    stated = fields.text("opam-version", "2.0")
    if stated.split(".")[0] not in ("1", "2"):
        raise fields.file.error(f"the repository is of opam's format {stated[:20]!r}; 1 and 2 are supported")
