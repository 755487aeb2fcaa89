"""A directory in opam's layout, read lazily."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.entries import Entry, entry_of
from xpkg.repo.fields import Fields
from xpkg.repo.names import name_problem, split_package, version_problem
from xpkg.repo.opamfile.file import decode, parse
from xpkg.repo.recipe_reader import Change, read_recipe
from xpkg.repo.recipes import Recipe


class Repository:
    """``packages/<name>/<name>.<version>/opam`` (or ``packages/<name>.<version>/opam``) below ``root``.

    ``priority``: higher decides.  ``exclusive``: names that are here are looked up nowhere else.  ``names``: globs of
    the package names it answers for, with recipes, overlays and cross rules; all when empty.  ``shipped``: it is part
    of xpkg, and trusted as such.  Directories are listed when asked for, recipes read once.
    """

    def __init__(
        self,
        *,
        name: str,
        root: Path,
        priority: int = 0,
        exclusive: bool = False,
        names: tuple[str, ...] = (),
        shipped: bool = False,
    ) -> None:
        self.name = name
        self.root = root
        self.priority = priority
        self.exclusive = exclusive
        self.globs = names
        self.shipped = shipped
        self._places: dict[str, dict[str, Path]] = {}
        self._recipes: dict[tuple[str, str], Recipe] = {}

    @property
    def cross_rules(self) -> tuple[Path, ...]:
        """Where its cross rules may be."""
        return (self.root / "cross.toml", self.root / "packages" / "cross.toml")

    @cached_property
    def _entries(self) -> dict[str, list[str]]:
        """Package names, each with the versions filed flat (without a directory of the name)."""
        packages = self.root / "packages"
        self.check_format()
        entries: dict[str, list[str]] = {}
        if not packages.is_dir():
            raise self._error("there is no directory packages: not a repository in opam's layout", self.root)
        with disk_errors("read the repository", packages), os.scandir(packages) as scanned:
            names = sorted(entry.name for entry in scanned if entry.is_dir() and entry.name[0] not in "._")
        for entry in names:
            flat = split_package(entry)
            if flat is not None:
                entries.setdefault(flat[0], []).append(flat[1])
            elif (problem := name_problem(entry)) is not None:
                raise self._error(f"{entry[:80]!r} is no package name: {problem}", packages / entry)
            else:
                entries.setdefault(entry, [])
        return entries

    def check_format(self) -> None:
        """The file ``repo``, when there is one, must be of a format we read."""
        path = self.root / "repo"
        if path.is_file():
            with disk_errors("read", path):
                fields = Fields(parse(decode(path.read_bytes()), str(path)))
            stated = fields.text("opam-version", "2.0")
            # Each recipe says of which format it is; one of 1.x is upgraded when it is read.
            if stated.split(".")[0] not in ("1", "2"):
                raise fields.file.error(f"the repository is of opam's format {stated[:20]!r}; 1.x and 2.x are known")

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
            raise self._error(f"its overlays cannot be read: {error.strerror}", self.overlay_directory) from error
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

    def names(self) -> tuple[str, ...]:
        """All package names that it answers for, sorted."""
        return tuple(sorted(filter(self.answers, self._entries)))

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, unordered; empty when the package is not here."""
        return tuple(self._versions(name))

    def _versions(self, name: str) -> dict[str, Path]:
        """The directory of each version."""
        places = self._places.get(name)
        if places is None:
            present = self.answers(name) and name in self._entries
            places = self._places[name] = self._find(name) if present else {}
        return places

    def _find(self, name: str) -> dict[str, Path]:
        packages = self.root / "packages"
        places = {version: packages / f"{name}.{version}" for version in self._entries[name]}
        directory = packages / name
        if not directory.is_dir():
            return places
        with disk_errors("read the repository", directory), os.scandir(directory) as scanned:
            found = sorted(entry.name for entry in scanned if entry.is_dir() and entry.name[0] != ".")
        for entry in found:
            version = entry.removeprefix(f"{name}.")
            problem = version_problem(version) if version != entry else f"expected a directory {name}.<version>"
            if problem is not None:
                raise self._error(f"{entry[:80]!r}: {problem}", directory / entry)
            places[version] = directory / entry
        return places

    def changed_recipe(self, name: str, version: str, change: Change) -> Recipe:
        """Read one recipe with what ``change`` makes of its file and files; InputFileError when it is wrong."""
        return read_recipe(self._versions(name)[version], name, version, self.name, change)

    def recipe(self, name: str, version: str) -> Recipe:
        """Read one recipe as it is here, which ``versions`` must list; InputFileError when it is wrong."""
        recipe = self._recipes.get((name, version))
        if recipe is None:
            directory = self._versions(name)[version]
            recipe = self._recipes[name, version] = read_recipe(directory, name, version, self.name)
        return recipe

    def entry(self, name: str, version: str) -> Entry:
        """What queries need of one version, which ``versions`` must list; a wrong recipe is told in ``problem``."""
        try:
            return entry_of(self.recipe(name, version))
        except InputFileError as error:
            return wrong_entry(name, version, self.name, error)

    def _error(self, problem: str, path: Path) -> InputFileError:
        return InputFileError(
            f"repository {self.name}: {printable(problem)}",
            reference="bad-repository",
            context=(("path", printable(str(path))),),
        )


def wrong_entry(name: str, version: str, repository: str, error: InputFileError) -> Entry:
    """The entry of a version whose recipe, or an overlay on it, is wrong."""
    file = error.context[0][1] if error.context else ""
    where = "" if error.message.startswith(file) else f"{file}: "
    return Entry(name, version, repository, problem=f"{where}{error.message}")
