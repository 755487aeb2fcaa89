"""The words of build files: strings and comments as dune, CMake and Meson have them.  Text in, tokens out.

Sources: dune manual, "Lexical conventions"; cmake-language(7), "Syntax"; Meson manual, "Syntax".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Groups are the kinds of tokens; what matches outside of one is space or a comment.  Every text is matched whole: a
# string or comment that does not end goes to the end, as ``unclosed`` or as a comment.
DUNE = re.compile(
    r"""
    \s+ | ;[^\n]*
    | (?P<open>\() | (?P<close>\))
    | "\\[|>][ ]?(?P<line>[^\n]*)
    | "(?P<string>(?>(?:[^"\\]|\\.)*))"
    | (?P<unclosed>".*)
    | (?P<word>[^\s()";]+)
    """,
    re.VERBOSE | re.DOTALL,
)
CMAKE = re.compile(
    r"""
    \s+ | \#\[(?P<c>=*)\[.*?(?:\](?P=c)\]|\Z) | \#[^\n]*
    | (?P<open>\() | (?P<close>\))
    | \[(?P<a>=*)\[\n?(?P<line>.*?)\](?P=a)\]
    | "(?P<string>(?>(?:[^"\\]|\\.)*))"
    | (?P<unclosed>".* | \[=*\[.*)
    | (?P<word>(?>(?:[^\s()\#"\\]|\\.)+))
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
MESON = re.compile(
    r"""
    \s+ | \#[^\n]*
    | (?P<open>\() | (?P<close>\))
    | (?P<computed>f'''.*?''' | f'(?!'')(?>(?:[^'\\]|\\.)*)')
    | '''(?P<line>.*?)'''
    | '(?!'')(?P<string>(?>(?:[^'\\]|\\.)*))'
    | (?P<unclosed>f?'.*)
    | (?P<word>\w+)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_KINDS = frozenset({"open", "close", "line", "computed", "unclosed", "word", "sign"})
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "\n": ""}


@dataclass(frozen=True, slots=True)
class Token:
    """``text`` is the value of a string, and otherwise what stands at the place (an offset in characters)."""

    kind: str
    text: str
    place: int


@dataclass(frozen=True, slots=True)
class Call:
    """``NAME(...)``; its arguments are the tokens from ``first`` to before ``end``."""

    name: str
    first: int
    end: int


def scan(text: str, language: re.Pattern[str]) -> Iterator[Token]:
    """The tokens, without comments.  Kinds: open, close, string, computed, unclosed, word, sign."""
    place = 0
    while found := language.match(text, place):
        kind = found.lastgroup or ""
        if kind == "string":
            yield Token(kind, _ESCAPE.sub(_escaped, found[kind]), place)
        elif kind in _KINDS:
            yield Token("string" if kind == "line" else kind, found[kind], place)
        place = found.end()


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def calls(tokens: Sequence[Token], *, nested: bool) -> Iterator[Call]:
    """The calls that end, in their order; with ``nested`` also those in the arguments of others."""
    ends = _ends(tokens)
    place = 0
    while place + 1 < len(tokens):
        end = ends.get(place + 1)
        if tokens[place].kind == "word" and end is not None:
            yield Call(tokens[place].text, place + 2, end)
            place = place if nested else end
        place += 1


def _ends(tokens: Sequence[Token]) -> dict[int, int]:
    """Where the parenthesis of each place is closed."""
    ends, pending = {}, []
    for place, token in enumerate(tokens):
        if token.kind == "open":
            pending.append(place)
        elif token.kind == "close" and pending:
            ends[pending.pop()] = place
    return ends
