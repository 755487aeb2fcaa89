"""The grammar of package names and versions.

Stricter than opam's where a name becomes a path or an argument: no leading dash or dot, no name that some file
systems reserve, bounded lengths.  Every name and version of the public repository passes.
"""

from __future__ import annotations

import re

MAX_LENGTH = 100
"""Characters of a name or a version; the longest of the public repository has 41."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]*+")
_VERSION = re.compile(r"[A-Za-z0-9_~][A-Za-z0-9_+.~-]*+")
_RESERVED = re.compile(r"(?:con|aux|nul|prn|com[0-9]|lpt[0-9])", re.IGNORECASE)


def name_problem(name: str) -> str | None:
    """Why ``name`` cannot be a package name, or None."""
    if len(name) > MAX_LENGTH:
        return f"a package name has at most {MAX_LENGTH} characters"
    if not _NAME.fullmatch(name) or not any(character.isalpha() for character in name):
        return "a package name has letters, digits, '-', '_' and '+', begins with none of '-+' and has a letter"
    if _RESERVED.fullmatch(name):
        return "the name is reserved by some file systems"
    return None


def version_problem(version: str) -> str | None:
    """Why ``version`` cannot be a version, or None."""
    if len(version) > MAX_LENGTH:
        return f"a version has at most {MAX_LENGTH} characters"
    if not _VERSION.fullmatch(version):
        return "a version has letters, digits and '-_+.~', and begins with a letter, a digit, '_' or '~'"
    return None


def bound_problem(version: str) -> str | None:
    """Why ``version`` cannot stand in a constraint, or None.  ``~`` and the like are versions only here."""
    return version_problem(f"0{version}") if version else "a version in a constraint is not empty"


def path_problem(path: str) -> str | None:
    """Why ``path`` cannot name a file inside a tree that belongs to a recipe, or None."""
    if not path or len(path) > 4 * MAX_LENGTH:
        return f"a file name has 1 to {4 * MAX_LENGTH} characters"
    if not path.isprintable() or "\\" in path:
        return "a file name has no control characters and no backslash"
    if path.startswith("/") or ".." in path.split("/"):
        return "the path leaves the directory"
    return None


def split_package(text: str) -> tuple[str, str] | None:
    """``name.version`` in two, or None when it is not of that form."""
    name, dot, version = text.partition(".")
    if not dot or name_problem(name) or version_problem(version):
        return None
    return name, version
