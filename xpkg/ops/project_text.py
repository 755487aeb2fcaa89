"""What build files say of a project: its name, its version, its languages.  Text in, value out; nothing is run.

These are programs in languages of their own, of which only what is written out is read: a version that is computed is
none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from xpkg.ops.project_scan import CMAKE, MESON, Token, calls, scan

_AC_INIT = re.compile(r"^\s*AC_INIT\s*\(", re.MULTILINE)
_PKG_CONFIG_MODULES = re.compile(r"\bPKG_CHECK_MODULES\s*\(\s*\[?\w+\]?\s*,\s*\[?\s*([\w.+-]+)")
_CMAKE_PLAIN = re.compile(r"[^\s\"()${}]+")
_CMAKE_PACKAGE = re.compile(r"[\w.+-]+")
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
    tokens = list(scan(text, MESON))
    name, version, cxx, needs = None, None, False, []
    body: list[Token] | None = None
    for call in calls(tokens, nested=True):
        first = _literal_at(tokens, call.first)
        if call.name == "project" and body is None:
            name, body = first, tokens[call.first : call.end]
            version, cxx = _meson_version(body), cxx or _has_cpp(body[1:])
        elif call.name == "add_languages":
            cxx = cxx or _has_cpp(tokens[call.first : call.end])
        elif call.name == "dependency" and first:
            needs.append(first)
    return Facts(name=name, version=version, needs=_needs(needs), cxx=cxx)


def _meson_version(body: Sequence[Token]) -> str | None:
    """The string after ``version:``, which may be the first of a list."""
    depth = 0
    for place, token in enumerate(body):
        depth += {"open": 1, "close": -1}.get(token.kind, 0)
        following = "".join(one.text for one in body[place + 1 : place + 3] if one.kind == "sign")
        if depth == 0 and (token.kind, token.text) == ("word", "version") and following.startswith(":"):
            return _literal_at(body, place + 1 + len(following))
    return None


def _literal_at(tokens: Sequence[Token], place: int) -> str | None:
    """The string there, unless it is only a part of what is computed."""
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if place >= len(tokens) or tokens[place].kind != "string":
        return None
    return tokens[place].text if after is None or after.kind == "close" or after.text in (",", "]") else None


def _has_cpp(tokens: Sequence[Token]) -> bool:
    return any(one.kind == "string" and one.text == "cpp" for one in tokens)


def cmake_facts(text: str) -> Facts:
    """Of ``CMakeLists.txt`` (CMake manual, "project"); variables set to plain words before count."""
    tokens = list(scan(text, CMAKE))
    known: dict[str, str] = {}
    body: list[Token] | None = None
    needs, enabled = [], False
    for call in calls(tokens, nested=False):
        command, arguments = call.name.lower(), tokens[call.first : call.end]
        if command == "project" and body is None:
            body = [Token(one.kind, _expanded(one.text, known), one.place) for one in arguments]
        elif command == "set" and len(arguments) == 2 and _CMAKE_PLAIN.fullmatch(arguments[1].text):
            known[arguments[0].text] = arguments[1].text
        elif command == "find_package" and arguments and _CMAKE_PACKAGE.fullmatch(arguments[0].text):
            needs.append(arguments[0].text)
        elif command == "enable_language":
            enabled = enabled or any(one.text == "CXX" for one in arguments)
    if body is None:
        return Facts(needs=_needs(needs), cxx=enabled or None)
    words = [one.text for one in body[1:] if one.kind == "word"]
    version = next((after.text for one, after in pairwise(body) if (one.kind, one.text) == ("word", "VERSION")), None)
    # Without a list of languages these are C and C++, whether there is any or not.
    listed = "LANGUAGES" in words or {"C", "CXX", "NONE"}.intersection(words)
    cxx = enabled or "CXX" in words or (False if listed else None)
    return Facts(name=_plain(body[0].text) if body else None, version=_plain(version), needs=_needs(needs), cxx=cxx)


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
