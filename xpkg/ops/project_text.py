"""What build files say of a project: its name, its version, its languages.  Text in, value out; nothing is run.

These are programs in languages of their own, of which only what is written out is read: a version that is computed is
none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

_MESON_PROJECT = re.compile(r"^\s*project\s*\(", re.MULTILINE)
_CMAKE_PROJECT = re.compile(r"^[ \t]*project[ \t]*\(", re.MULTILINE | re.IGNORECASE)
_CMAKE_SET = re.compile(
    r"^[ \t]*set[ \t]*\([ \t]*(\w+)[ \t]+\"?([^\s\"()${}]+)\"?[ \t]*\)", re.MULTILINE | re.IGNORECASE
)
_AC_INIT = re.compile(r"^\s*AC_INIT\s*\(", re.MULTILINE)
_MESON_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'")
_MESON_DEPENDENCY = re.compile(r"\bdependency\s*\(\s*'([^'\\]+)'")
_CMAKE_DEPENDENCY = re.compile(r"^[ \t]*find_package[ \t]*\([ \t]*([\w.+-]+)", re.MULTILINE | re.IGNORECASE)
_PKG_CONFIG_MODULES = re.compile(r"\bPKG_CHECK_MODULES\s*\(\s*\[?\w+\]?\s*,\s*\[?\s*([\w.+-]+)")
_NO_PACKAGES = frozenset({"threads", "dl", "m", "openmp", "intl", "python", "python3", "git", "doxygen", "pkgconfig"})
"""What build systems find like a package, but which belongs to the C library or to the tools of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a build file says.

    ``needs`` are the names of libraries that it looks for, as it writes them; ``cxx`` says that C++ is among its
    languages, None when it may be and the files have to tell.  ``test_rule`` is a Makefile's rule that runs its tests.
    """

    name: str | None = None
    version: str | None = None
    needs: tuple[str, ...] = ()
    cxx: bool | None = False
    test_rule: str | None = None


def meson_facts(text: str) -> Facts:
    """Of ``meson.build`` (Meson manual, "project()")."""
    bare = _without_comments(text)
    body = _call(bare, _MESON_PROJECT, quotes="'")
    first = None if body is None else _MESON_STRING.match(body.lstrip())
    version = None if body is None else re.search(r"\bversion\s*:\s*\[?\s*'([^'\\]*)'", body)
    return Facts(
        name=first.group(1) if first else None,
        version=version.group(1) if version else None,
        needs=_needs(_MESON_DEPENDENCY.findall(bare)),
        cxx="'cpp'" in (body or "") or re.search(r"\badd_languages\s*\([^)]*'cpp'", bare) is not None,
    )


def cmake_facts(text: str) -> Facts:
    """Of ``CMakeLists.txt`` (CMake manual, "project"); variables set to plain words before count."""
    bare = _without_comments(text)
    body = _call(bare, _CMAKE_PROJECT)
    needs = _needs(_CMAKE_DEPENDENCY.findall(bare))
    enabled = re.search(r"(?i)\benable_language\s*\([^)]*\bCXX\b", bare) is not None
    if body is None:
        return Facts(needs=needs, cxx=enabled or None)
    known = dict(_CMAKE_SET.findall(bare))
    words = [_expanded(word.strip('"'), known) for word in body.split()]
    version = next((after for word, after in pairwise(words) if word == "VERSION"), None)
    # Without a list of languages these are C and C++, whether there is any or not.
    listed = "LANGUAGES" in words or {"C", "CXX", "NONE"}.intersection(words[1:])
    cxx = enabled or "CXX" in words[1:] or (False if listed else None)
    return Facts(name=_plain(words[0]) if words else None, version=_plain(version), needs=needs, cxx=cxx)


def autoconf_facts(text: str) -> Facts:
    """Of ``configure.ac`` (autoconf manual, "Initializing configure")."""
    bare = re.sub(r"(?m)(^|\s)dnl\b.*$", "", text)
    body = _call(bare, _AC_INIT)
    needs = _needs(_PKG_CONFIG_MODULES.findall(bare))
    cxx = re.search(r"\bAC_PROG_CXX\b", bare) is not None
    if body is None:
        return Facts(needs=needs, cxx=cxx)
    words = [word.strip().removeprefix("[").removesuffix("]").strip() for word in _arguments(body)]
    tarname = words[3] if len(words) > 3 and words[3] else words[0]
    version = words[1] if len(words) > 1 else ""
    return Facts(name=_literal(tarname), version=_literal(version), needs=needs, cxx=cxx)


def configure_facts(text: str) -> Facts:
    """Of a finished ``configure`` that autoconf made: it has the name and version in shell variables."""
    name = re.search(r"^PACKAGE_(?:TARNAME|NAME)='([^'\n]+)'", text, re.MULTILINE)
    version = re.search(r"^PACKAGE_VERSION='([^'\n]+)'", text, re.MULTILINE)
    return Facts(name=name.group(1) if name else None, version=version.group(1) if version else None)


def makefile_has(text: str, rule: str) -> bool:
    """Whether a Makefile has a rule of that name written out."""
    for line in _without_comments(text).splitlines():
        targets, colon, rest = line.partition(":")
        assigns = "=" in targets or rest.lstrip(":").startswith("=")
        if colon and not assigns and not line.startswith("\t") and rule in targets.split():
            return True
    return False


def makefile_facts(text: str) -> Facts:
    """Of a Makefile, which has neither name nor version."""
    return Facts(
        cxx=re.search(r"\$[({]CXX[)}]", _without_comments(text)) is not None,
        test_rule=next((rule for rule in ("test", "check") if makefile_has(text, rule)), None),
    )


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)#.*$", "", text)


def _call(text: str, start: re.Pattern[str], quotes: str = '"') -> str | None:
    """What stands between the parentheses of the first call; None when there is none, or it does not end."""
    found = start.search(text)
    if found is None:
        return None
    depth, quoted = 1, ""
    for place in range(found.end(), len(text)):
        character = text[place]
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in quotes:
            quoted = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return text[found.end() : place]
    return None


def _arguments(body: str) -> list[str]:
    """The arguments of an m4 call, which commas separate outside brackets."""
    found, depth = [""], 0
    for character in body:
        depth += {"[": 1, "(": 1, "]": -1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found


def _expanded(word: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: known.get(found.group(1), found.group()), word)


def _plain(word: str | None) -> str | None:
    """A word unless it is computed."""
    return None if word is None or "$" in word else word


def _literal(word: str) -> str | None:
    return None if not word or any(character in word for character in "$`(") or "m4_" in word else word


def _needs(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name.lower() not in _NO_PACKAGES))
