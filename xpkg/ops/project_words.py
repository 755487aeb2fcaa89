"""What names a project on a command line: a directory, one package of it, or one opam file."""

from __future__ import annotations

import os
from pathlib import Path

from xpkg.core.errors import NotFoundError, UsageError
from xpkg.core.text import did_you_mean, printable
from xpkg.core.values import value
from xpkg.repo.names import name_problem

_SUFFIX = ".opam"


@value(kw_only=True)
class ProjectWish:
    """A project's directory, an absolute path, and the packages of it that are meant; all when there are none."""

    directory: Path
    names: tuple[str, ...] = ()


def names_project(word: str, here: Path) -> bool:
    """Whether a word among packages means a project: it is written as a path, or names an opam file that exists."""
    if word.startswith(".") or "/" in word or ":" in word:
        return True
    return word.endswith(_SUFFIX) and _is(here / word, directory=False)


def read_project(word: str, here: Path) -> ProjectWish:
    """The project that a word means; ``here`` is where relative paths start.

    NotFoundError for what is not there, UsageError for an address of a network and for an impossible name.
    """
    if "://" in word or word.startswith("git+"):
        raise UsageError(
            f"{printable(word)!r} is no directory",
            reference="bad-project",
            hint="xpkg pin add takes git repositories, and xpkg install the names then",
        )
    path = Path(os.path.normpath(here / word))
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{printable(word)!r}: a path is text in UTF-8", reference="bad-project") from None
    if _is(path, directory=True):
        return ProjectWish(directory=path)
    if _is(path, directory=False):
        return _of_file(path)
    before, colon, name = word.rpartition(":")
    if colon and _is(here / before, directory=True):
        problem = name_problem(name)
        if problem is not None:
            raise UsageError(f"{printable(name, keep='')[:200]!r}: {problem}", reference="bad-project")
        return ProjectWish(directory=Path(os.path.normpath(here / before)), names=(name,))
    raise _nothing_there(path)


def _of_file(path: Path) -> ProjectWish:
    """The package of an opam file, at one of the places where recipes are looked for."""
    inner, name = path.parent, path.name
    if name == "opam" and inner.name.endswith(_SUFFIX):
        inner, name = inner.parent, inner.name
    if inner.name == "opam":
        inner = inner.parent
    if name == "opam":
        return ProjectWish(directory=inner)
    package = name.removesuffix(_SUFFIX)
    if not name.endswith(_SUFFIX) or name_problem(package) is not None:
        raise UsageError(
            f"{printable(str(path))} is no opam file",
            reference="bad-project",
            hint="name the project's directory, or a file NAME.opam of it",
        )
    return ProjectWish(directory=inner, names=(package,))


def _nothing_there(path: Path) -> NotFoundError:
    try:
        beside = [one.name for one in path.parent.iterdir() if one.is_dir() or one.name.endswith(_SUFFIX)]
    except OSError:
        beside = []
    what = "is neither a directory nor a file" if os.path.lexists(path) else "does not exist"
    return NotFoundError(
        f"{printable(str(path))} {what}",
        reference="no-directory",
        hint=did_you_mean(path.name, beside)
        or "a word with '/' in it, or that begins with '.', is a directory; a package is NAME or NAME.VERSION",
    )


def _is(path: Path, *, directory: bool) -> bool:
    try:
        return path.is_dir() if directory else path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False
