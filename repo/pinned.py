"""The packages that a switch pins to sources, as a repository that goes before all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError
from xpkg.repo.entries import Entry, entry_of, wrong_entry
from xpkg.repo.recipe_reader import Change, Files, recipe_of
from xpkg.repo.recipes import Recipe
from xpkg.repo.repository import Repository

if TYPE_CHECKING:
    from xpkg.repo.opamfile.file import OpamFile
    from xpkg.repo.source_values import Source

PINNED = "(pinned)"
"""The name of the repository, which no other can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedPackage:
    """One pinned package.  ``source`` is asked only when it is to be built: that can mean reading a whole tree.

    ``directory`` is the user's directory whose recipe counts as it is at the moment, or that of a kept recipe.
    ``own_contexts`` tells whether the source has a ``dune-workspace`` with contexts of its own.
    """

    name: str
    version: str
    directory: Path
    kept: bool
    source: Callable[[], Source]
    own_contexts: Callable[[], bool] = lambda: False

    def read(self) -> tuple[OpamFile, Files]:
        """Its opam file and the files beside it; InputFileError when they are gone or wrong."""
        from xpkg.repo.pinned_recipes import kept

        return kept(self.directory) if self.kept else live(self.directory, self.name)


def live(directory: Path, name: str) -> tuple[OpamFile, Files]:
    """The recipe of a package in a directory of the user's, as it is now; InputFileError when it is gone or wrong."""
    from xpkg.repo.pinned_recipes import read_pinned
    from xpkg.repo.source_tree import DirectoryTree, recipe_for

    tree = DirectoryTree(directory)
    found = recipe_for(tree, name)
    if found is None:
        gone = not directory.is_dir()
        raise InputFileError(
            f"{name} is pinned to a directory that {'is not there' if gone else 'has no recipe of it'} any more",
            reference="pin-gone",
            context=(("path", str(directory)),),
            hint=f"xpkg pin remove {name}",
        )
    recipe = read_pinned(tree, found, name)
    return recipe.file, tuple((path, directory / f"{found.directory}/files/{path}") for path in sorted(recipe.files))


class PinnedListing:
    """Where the packages of the repository come from (`xpkg.repo.repository.Listing`)."""

    def __init__(self, packages: Mapping[str, PinnedPackage]) -> None:
        self._packages = packages
        self._read: dict[str, tuple[OpamFile, Files]] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._packages))

    def versions(self, name: str) -> tuple[str, ...]:
        found = self._packages.get(name)
        return () if found is None else (found.version,)

    def entry(self, name: str, version: str) -> Entry:
        try:
            return entry_of(self.recipe(name, version))
        except InputFileError as error:
            return wrong_entry(name, version, PINNED, error)

    def place(self, name: str, version: str) -> tuple[Path, bytes | None]:
        file, _ = self._content(name)
        return self._packages[name].directory, file.text.encode("utf-8", "surrogateescape")

    def mentions(self, name: str) -> tuple[str, ...]:
        from xpkg.repo.formulas import atoms

        entry = self.entry(name, self._packages[name].version)
        return tuple(sorted({atom.name for formula in (entry.depends, entry.depopts) for atom in atoms(formula)}))

    def providers(self) -> Sequence[str]:
        return self.names()

    def recipe(self, name: str, version: str, change: Change | None = None) -> Recipe:
        """The recipe after ``change``, without the source."""
        file, files = self._content(name)
        changed, changed_files, overlays = (file, files, ()) if change is None else change(file, files)
        return recipe_of(
            changed,
            name=name,
            version=version,
            repository=PINNED,
            directory=self._packages[name].directory,
            original=file,
            files=changed_files,
            overlays=overlays,
        )

    def _content(self, name: str) -> tuple[OpamFile, Files]:
        if name not in self._read:
            self._read[name] = self._packages[name].read()
        return self._read[name]


class PinnedRepository(Repository):
    """The repository of pinned packages.  Their recipes have the pinned sources.

    With ``alone`` a name that is here is looked up nowhere else; else other versions of it are there too, and it is for
    the solver to choose the pinned one.  What others say of it in overlays and cross rules holds.
    """

    always = True

    def __init__(self, packages: Mapping[str, PinnedPackage], priority: int, *, alone: bool) -> None:
        self._packages = packages
        self._pinned = PinnedListing(packages)
        # It has no directory: neither overlays nor cross rules are looked for in one that exists.
        root = Path("/nonexistent")
        super().__init__(name=PINNED, root=root, priority=priority, exclusive=alone, listing=self._pinned)

    def owns(self, name: str) -> bool:
        return False

    def _read(self, name: str, version: str, change: Change | None) -> Recipe:
        recipe = self._pinned.recipe(name, version, change)
        package = self._packages[name]
        return replace(recipe, sources=(package.source(),), developed=True, own_contexts=package.own_contexts())
