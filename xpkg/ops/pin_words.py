"""What a user writes to pin: a version, a directory, a git repository."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import UsageError
from xpkg.core.text import printable
from xpkg.repo.names import name_problem, version_problem
from xpkg.repo.remote.addresses import address_of
from xpkg.repo.remote.locations import is_directory, is_git

FORMS = "NAME VERSION, NAME.VERSION, [NAME] DIRECTORY, [NAME] git+https://HOST/PATH[#BRANCH]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be pinned to what.

    Without a ``name`` all packages of the source are meant; ``version`` is the one to have, or to call the source by.
    ``address`` is an absolute path or a ``git+...`` URL, its branch, tag or full commit after ``#``; empty for a pin
    to a version.
    """

    name: str | None = None
    version: str | None = None
    address: str = ""


def read_wish(words: Sequence[str], directory: Path) -> Wish:
    """What the words after ``xpkg pin add`` mean; UsageError when they mean nothing.

    ``directory`` is where relative paths start.
    """
    if len(words) == 1:
        return _one(words[0], directory)
    name, _, version = words[0].partition(".")
    wish = _named(name, version or None, words[0])
    if is_address(words[1]):
        return Wish(name=wish.name, version=wish.version, address=located(words[1], directory))
    if wish.version is not None:
        raise UsageError(
            f"{printable(words[0])} has a version already", reference="bad-pin", hint=f"the forms are {FORMS}"
        )
    return _named(name, words[1], words[1], _meant(words[1], directory))


def _one(word: str, directory: Path) -> Wish:
    if is_address(word):
        return Wish(address=located(word, directory))
    name, _, version = word.partition(".")
    if not version:
        _named(name, None, word)
        raise UsageError(
            f"pin {printable(name)} to what?",
            reference="bad-pin",
            hint=_meant(word, directory) or f"the forms are {FORMS}",
        )
    return _named(name, version, word, _meant(word, directory))


def _named(name: str, version: str | None, word: str, hint: str | None = None) -> Wish:
    problem = name_problem(name) or (None if version is None else version_problem(version))
    if problem is not None:
        raise UsageError(
            f"{printable(word)[:200]!r}: {problem}", reference="bad-pin", hint=hint or f"the forms are {FORMS}"
        )
    return Wish(name=name, version=version)


def _meant(word: str, directory: Path) -> str | None:
    """A hint when a word names a directory but is not written as one."""
    return f"for the directory write ./{printable(word)}" if _is_there(directory / word) else None


def _is_there(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def is_address(word: str) -> bool:
    """Whether a word is written as a path or a URL."""
    return word.startswith(".") or "/" in word or ":" in word


def located(text: str, directory: Path) -> str:
    """The address in one form: an absolute path, or a ``git+...`` URL; UsageError for others."""
    try:
        str(directory / text).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{printable(text)!r}: an address is text in UTF-8", reference="bad-address") from None
    place = address_of(text, directory)
    if is_directory(place.location):
        return os.path.normpath(place.location)
    if not is_git(place.location):
        raise UsageError(
            "an archive cannot be pinned to",
            reference="bad-address",
            hint="for a git repository write git+https://HOST/PATH[#BRANCH]",
        )
    return place.location if place.commit is None else f"{place.location}#{place.commit}"
