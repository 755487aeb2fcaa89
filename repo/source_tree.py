"""Source trees that have recipes of their own: where these are, in a directory or in a fetched archive.

Places and their order: ``OpamPinned.possible_definition_filenames`` and opam manual, "Pinning".
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from xpkg.core.errors import InputFileError
from xpkg.core.files import NotRegular, read_regular
from xpkg.core.text import printable
from xpkg.repo.names import name_problem, path_problem
from xpkg.repo.recipe_reader import MAX_BYTES

if TYPE_CHECKING:
    from tarfile import TarInfo

_SUFFIX = ".opam"


class SourceTree(Protocol):
    """Files by relative path with ``/``.  ``where`` names it to people."""

    @property
    def where(self) -> str: ...

    def names(self, directory: str) -> tuple[str, ...]:
        """What is directly in a directory, sorted; nothing when there is no such directory."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content of a plain file, None when there is none of that path; InputFileError when it is too large."""
        ...

    def files(self, directory: str) -> tuple[str, ...]:
        """The plain files below a directory, relative to it, sorted."""
        ...


class DirectoryTree:
    """A directory of the user's."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def where(self) -> str:
        return str(self.root)

    def names(self, directory: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(os.listdir(self.root / directory)))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            raise InputFileError(
                f"a directory cannot be read: {error.strerror}", context=(("path", str(self.root / directory)),)
            ) from error

    def read(self, path: str) -> bytes | None:
        try:
            return _bounded(read_regular(self.root / path, MAX_BYTES + 1), self.where, path)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, NotRegular):
            return None
        except OSError as error:
            raise InputFileError(
                f"a recipe cannot be read: {error.strerror}", context=(("path", printable(str(self.root / path))),)
            ) from error

    def files(self, directory: str) -> tuple[str, ...]:
        top = self.root / directory
        if not top.resolve().is_relative_to(self.root.resolve()):
            raise InputFileError("the files of a recipe lead out of its directory", context=(("path", str(top)),))
        found = (Path(inner, name) for inner, _, names in os.walk(top) for name in names)
        plain = (path for path in found if path.is_file() and not path.is_symlink())
        return _checked((path.relative_to(top).as_posix() for path in plain), str(top))


class ArchiveTree:
    """A tar without a top directory, as commits are kept in the cache; ``where`` is where it came from."""

    def __init__(self, archive: Path, where: str) -> None:
        self.where = where
        self._archive = archive

    @cached_property
    def _members(self) -> Mapping[str, TarInfo]:
        import tarfile  # not needed for directories

        with tarfile.open(self._archive, "r:") as archive:
            return {member.name: member for member in archive if member.isreg()}

    def names(self, directory: str) -> tuple[str, ...]:
        start = f"{directory}/" if directory else ""
        inside = {path[len(start) :].partition("/")[0] for path in self._members if path.startswith(start)}
        return tuple(sorted(inside))

    def read(self, path: str) -> bytes | None:
        member = self._members.get(path)
        if member is None:
            return None
        import tarfile

        with tarfile.open(self._archive, "r:") as archive:
            stream = archive.extractfile(member)
            assert stream is not None  # a plain file
            return _bounded(stream.read(MAX_BYTES + 1), self.where, path)

    def files(self, directory: str) -> tuple[str, ...]:
        start = f"{directory}/"
        inside = (path.removeprefix(start) for path in self._members if path.startswith(start))
        return _checked(inside, f"{self.where}: {directory}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A recipe of a source tree: the path of its opam file, and of its own directory if it has one."""

    path: str
    directory: str | None = None


def recipe_for(tree: SourceTree, name: str) -> Found | None:
    """Where the tree has the recipe of a package, None when it has none."""
    for found in _places(name):
        if tree.read(found.path) is not None:
            return found
    return None


def _places(name: str) -> tuple[Found, ...]:
    own = f"{name}{_SUFFIX}"
    return (
        Found(path=f"{own}/opam", directory=own),
        Found(path=own),
        Found(path=f"opam/{own}/opam", directory=f"opam/{own}"),
        Found(path=f"opam/{own}"),
        Found(path="opam/opam", directory="opam"),
        Found(path="opam"),
    )


def names_in(tree: SourceTree, default: str) -> tuple[str, ...]:
    """The packages that a tree has recipes of, sorted; ``default`` is what a file ``opam`` without a name is for."""
    files = {name for directory in ("", "opam") for name in tree.names(directory) if name.endswith(_SUFFIX)}
    named = {name.removesuffix(_SUFFIX) for name in files}
    found = {name for name in named if name_problem(name) is None and recipe_for(tree, name) is not None}
    if not found:
        plain = next((data for path in ("opam/opam", "opam") if (data := tree.read(path)) is not None), None)
        stated = default if plain is None else _stated_name(plain, tree.where) or default
        if plain is not None and name_problem(stated) is None:
            found.add(stated)
    return tuple(sorted(found))


def _stated_name(data: bytes, where: str) -> str | None:
    from xpkg.repo.fields import Fields
    from xpkg.repo.opamfile.file import decode, parse

    return Fields(parse(decode(data), f"{where}/opam")).text("name") or None


def _bounded(data: bytes, where: str, path: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise InputFileError(
            f"an opam file is larger than the {MAX_BYTES} bytes allowed",
            context=(("in", printable(where)), ("path", printable(path))),
        )
    return data


def _checked(paths: Iterable[str], where: str) -> tuple[str, ...]:
    found = tuple(sorted(paths))
    for path in found:
        problem = path_problem(path)
        if problem is not None:
            raise InputFileError(f"files/{printable(path)}: {problem}", context=(("path", printable(where)),))
    return found
