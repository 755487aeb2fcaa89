"""Places of the build machine in the files that tell users of a prefix how to compile and link.

Looked at: pkg-config's ``.pc``, findlib's ``META``, CMake's ``*.cmake``, libtool's ``.la``, ``*-config`` scripts,
OCaml's ``Makefile.config``, linker scripts that are called libraries, and the linker flags that OCaml libraries keep.
A flag that leads out of the target's prefix makes everybody's builds use the build machine's headers and libraries, or
fail.

Sources: GNU ld manual, "Commands Dealing with Files"; OCaml's ``file_formats/cmo_format.mli``, ``cmx_format.mli`` and
``runtime/extern.c`` for what the libraries keep.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from xpkg.core.text import printable
from xpkg.sandbox.layout import SOURCE, TARGET, TEMPORARY, TOOLS
from xpkg.sandbox.paths_programs import place_of

LARGEST = 4 << 20
"""Bytes of such a file that are looked at."""

# "other than -L/-l" in a help text is no directory.
_FLAG = re.compile(
    r"""(?:^|[\s"'=;,(`])(-I|-L|-isystem|-idirafter|-iquote|-F|-Wl,-rpath(?:-link)?[,=]|-R)"""
    r"""[ \t]*"?(/(?!-)[^\s"',;()`\\]*)"""
)
_LIBRARY = re.compile(r"""(?:^|[\s"'=;])(/[^\s"',;()=]*\.(?:a|la|so(?:\.[0-9]+)*|dylib))(?=$|[\s"',;()])""")
_PC_VARIABLE = re.compile(r"(prefix|exec_prefix|libdir|includedir|sharedlibdir)\s*=\s*\"?(/[^\s\"]*)")
_LA_VARIABLE = re.compile(r"(libdir)='(/[^']*)'")
_META_DIRECTORY = re.compile(r'\b(directory)\s*\+?=\s*"(/[^"]*)"')
_CMAKE_PLACE = re.compile(
    r"()((?:/usr/(?:local/)?|" + re.escape(TOOLS) + r"/)(?:include|lib(?:32|64|x32)?)(?:/[^\s\"';)]*)?)(?=$|[\s\"';)])"
)
_LINKER_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Names that begin with "=" or "$SYSROOT" are the target's own; /DISCARD/ is a word of the language.
_LINKER_PLACE = re.compile(r"(?:^|[\s\"(,])()(/(?!DISCARD/)[A-Za-z_.~][^\s\"(),;]*)")
_LINKER_SCRIPT = re.compile(r"\.(?:a|so(?:\.[0-9]+)*)\Z")
# In OCaml's marshalled libraries a flag ends where its text does, with any byte: "@" is an empty list.
_ROOTS = b"(?:/usr/|/lib|/opt/|/home/|/root/|%s/|%s/|%s/)" % tuple(one.encode() for one in (TOOLS, SOURCE, TEMPORARY))
_FLAG_KEPT = re.compile(
    rb"(-I|-L|-isystem|-idirafter|-iquote|-F|-Wl,-rpath(?:-link)?[,=]|-R)[ ]?(%s[\x21-\x7e]*)" % _ROOTS
)
_RUN_KEPT = re.compile(rb"%s[\x21-\x7e]*+" % _ROOTS)
_LIBRARY_END = re.compile(rb"\.(?:a|la|so(?:\.[0-9]+)*|dylib)(?![\w/.-])")
_PART_OF_PATH = re.compile(rb"[\w.$}/-]")

# Where CMake's modules look for things they look below the root they are given (CMAKE_FIND_ROOT_PATH).
_CMAKE_STATES = re.compile(r"INTERFACE_|IMPORTED_|_INCLUDE_DIR|_LIBRAR(?:Y|IES)|_LIBDIR")
_CMAKE_SEARCHES = re.compile(r"\bfind_|\b(?:PATHS|HINTS)\b", re.IGNORECASE)
# Scripts compare flags with the system's own directories to leave these out, in tests and in patterns of `case`.
_COMPARES = re.compile(r"!=|==? ")
_WORD = r"""(?>(?:"[^"]*"|'[^']*'|\\.|[^\s()"'|;&\\])+)"""
_CASE = re.compile(
    rf"\bcase\s.{{0,200}}?\sin(?=\s|$)"
    rf"|(?:^|;;|(?<=\sin))\s*\(?\s*{_WORD}(?>(?:\s*\|\s*{_WORD})*)\s*(?:\)|\|\s*\\?\s*$)"
)
_SCRIPT_VARIABLE = re.compile(r"""(?:^|[\s;])(prefix|exec_prefix|libdir|includedir)=["']?(/[^\s"';)]*)""")

Pattern = re.Pattern[str]


def looked_at(name: str) -> Callable[[str], Iterator[tuple[int, str]]] | None:
    """What finds the (line, problem) pairs in the text of a file of that name; None when it is not looked at."""
    if name.endswith("-config"):
        return _of_script
    if _LINKER_SCRIPT.search(name):
        return _of_linker_script
    patterns, tools = _patterns(name)
    return None if patterns is None else lambda text: _found(text, patterns, tools=tools)


def _patterns(name: str) -> tuple[tuple[Pattern, ...] | None, bool]:
    """What to look for, and whether paths of the build machine's tools count."""
    if name.endswith((".pc", ".pc.in")):
        return (_PC_VARIABLE, _FLAG, _LIBRARY), True
    if name == "META" or name.startswith("META."):
        return (_META_DIRECTORY, _FLAG, _LIBRARY), True
    if name.endswith(".cmake"):
        return (_CMAKE_PLACE, _FLAG, _LIBRARY), True
    if name.endswith(".la"):
        return (_LA_VARIABLE, _FLAG, _LIBRARY), True
    # A compiler's own settings name the tools that it runs, on the build machine.
    return ((_FLAG,), False) if name == "Makefile.config" else (None, False)


def _found(
    text: str,
    patterns: tuple[Pattern, ...],
    *,
    tools: bool,
    passed: Callable[[str], Sequence[tuple[int, int]]] = lambda line: (),
) -> Iterator[tuple[int, str]]:
    """``passed`` gives the parts of a line, in order, where anything may stand."""
    for number, line in enumerate(text.splitlines(), 1):
        if "/" not in line or line.lstrip().startswith("#"):
            continue
        told: set[str] = set()
        parts: Sequence[tuple[int, int]] | None = None
        for pattern in patterns:
            if pattern is _CMAKE_PLACE and (not _CMAKE_STATES.search(line) or _CMAKE_SEARCHES.search(line)):
                continue
            for match in pattern.finditer(line):
                word, path = (match[1], match[2]) if pattern.groups == 2 else ("", match[1])
                what = _foreign(path)
                if what is None or path in told or (not tools and path.startswith(TOOLS)):
                    continue
                parts = passed(line) if parts is None else parts
                if _within(parts, match.start()):
                    continue
                told.add(path)
                yield number, f"{_shown(word, path)} names {what}"


def _of_script(text: str) -> Iterator[tuple[int, str]]:
    """Of a ``*-config`` script; what it compares with is not what it says."""
    return _found(text, (_SCRIPT_VARIABLE, _FLAG, _LIBRARY), tools=True, passed=_compared)


def _compared(line: str) -> Sequence[tuple[int, int]]:
    return [(0, len(line))] if _COMPARES.search(line) else [found.span() for found in _CASE.finditer(line)]


def _within(parts: Sequence[tuple[int, int]], at: int) -> bool:
    """Whether a place is in one of some parts, which are in order."""
    before = bisect_right(parts, (at, sys.maxsize))
    return before > 0 and at < parts[before - 1][1]


def _of_linker_script(text: str) -> Iterator[tuple[int, str]]:
    """Of what stands in for a library; there are archives without a NUL as well."""
    if text.startswith(("!<arch>\n", "!<thin>\n")):
        return
    plain = _LINKER_COMMENT.sub(lambda comment: " " + "\n" * comment[0].count("\n"), text)
    yield from _found(plain, (_FLAG, _LINKER_PLACE), tools=True)


def in_ocaml_library(data: bytes) -> Iterator[str]:
    """What is wrong with the flags that a ``.cma`` or ``.cmxa`` gives the linker whenever it is linked."""
    start = _table_of(data)
    found = [(match[1], match[2]) for match in _FLAG_KEPT.finditer(data, start)]
    found += [(b"", path) for path in _files_kept(data, start)]
    for flag, path in dict.fromkeys(found):
        text = path.decode("ascii").rstrip("@")
        what = _foreign(text)
        if what is not None:
            yield f"gives the linker {_shown(flag.decode('ascii'), text)}, which names {what}"


def _table_of(data: bytes) -> int:
    """Where the flags of a bytecode library are: behind its code, whose texts are those of its author."""
    at = int.from_bytes(data[12:16], "big") if data.startswith(b"Caml1999A") else 0
    return at if at < len(data) else 0


def _files_kept(data: bytes, start: int) -> Iterator[bytes]:
    """Paths of libraries.  Before a text of less than 32 bytes is a byte for its length, which may be a digit."""
    for run in _RUN_KEPT.finditer(data, start):
        end = _LIBRARY_END.search(data, run.start(), run.end())
        if end is None:
            continue
        before = data[run.start() - 1 : run.start()]
        if not _PART_OF_PATH.match(before) or end.end() - run.start() <= before[0] - 0x20 < 0x20:
            yield data[run.start() : end.end()]


def _foreign(path: str) -> str | None:
    what = place_of(path.rstrip("/") or "/")
    return None if what is None or path.startswith(("//xpkg", TARGET)) else what


def _shown(word: str, path: str) -> str:
    """A flag or a variable as the file has it, in short."""
    shown = printable(path if len(path) <= 240 else path[:240] + "...", keep="")
    return f"{word}{'' if word.startswith('-') or not word else '='}{shown}"
