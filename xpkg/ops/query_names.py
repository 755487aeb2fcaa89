"""Patterns over package names: ``NAME``, ``NAME.VERSION``, each with ``*``, ``?`` and ``[...]``, in any case."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError

if TYPE_CHECKING:
    from xpkg.repo.universe import Universe

_GLOB = re.compile(r"[*?\[]")


def is_glob(text: str) -> bool:
    """Whether a text has characters of a pattern."""
    return _GLOB.search(text) is not None


def glob(pattern: str, *, inside: bool = False) -> Callable[[str], bool]:
    """Whether a text matches the pattern, whatever the case; ``inside`` also as a part of it, as opam searches."""
    translated = fnmatch.translate(pattern)
    compiled = re.compile(translated, re.IGNORECASE)
    if not inside:
        return lambda text: compiled.match(text) is not None
    anywhere = re.compile(fnmatch.translate(f"*{pattern}*"), re.IGNORECASE)
    return lambda text: anywhere.match(text) is not None


def matching(universe: Universe, patterns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The versions, newest first, of each name that one of ``patterns`` matches; all of them without any.

    UnknownPackage with the nearest names for a plain name that does not exist; a pattern may match nothing.
    """
    if not patterns:
        return {name: universe.versions(name) for name in universe.names()}
    found: dict[str, set[str]] = {}
    for pattern in patterns:
        for name, versions in _matches(universe, pattern):
            found.setdefault(name, set()).update(versions)
    return {
        name: tuple(version for version in universe.versions(name) if version in found[name]) for name in sorted(found)
    }


def _matches(universe: Universe, pattern: str) -> Iterable[tuple[str, Sequence[str]]]:
    name, dot, version = pattern.partition(".")
    if not pattern or (dot and not (name and version)):
        raise UsageError(
            f"{pattern!r} does not name packages", reference="bad-package", hint="write NAME or NAME.VERSION"
        )
    names = _names(universe, name)
    if not dot:
        return [(one, universe.versions(one)) for one in names]
    fits = glob(version)
    found = [(one, [version for version in universe.versions(one) if fits(version)]) for one in names]
    if not is_glob(pattern) and not any(versions for _, versions in found):
        from xpkg.ops.spelling import Spelling

        Spelling(names[0], "=", version).versions(universe)  # tells what versions there are
    return found


def _names(universe: Universe, pattern: str) -> Sequence[str]:
    known = universe.names()
    if pattern in known:
        return [pattern]
    fits = glob(pattern)
    found = [name for name in known if fits(name)]
    if not found and not is_glob(pattern):
        universe.versions(pattern)  # tells what there is instead
    return found
