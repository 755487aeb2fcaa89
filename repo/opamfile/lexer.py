"""Text to tokens: one compiled expression, linear in the text."""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from xpkg.repo.opamfile.errors import OpamSyntaxError


class Token(NamedTuple):
    """``kind`` is a punctuation character itself, or one of word, string, integer, boolean, relation, prefix,
    update, end.  ``value`` is the word, the operator, or the string with its escapes resolved."""

    kind: str
    start: int
    end: int
    value: str


MAX_TOKENS = 1 << 16
"""The largest recipe of the public repository has under 5,000; what is written by hand or tool has no more, what is
meant to keep us busy has a token in every character."""

_NAME = r"[0-9_-]*+[A-Za-z][0-9A-Za-z_-]*+"
_SUFFIX = rf"(?:\+(?:{_NAME}|_(?![0-9A-Za-z_-])))*(?::{_NAME})?"
# Possessive quantifiers on single characters, and alternatives that begin differently: no input makes the matcher
# try again what it has seen.  Possessive groups would say so more plainly, but until Python 3.11.5 they match wrongly
# when they have alternatives (cpython#106052).
_TOKEN = re.compile(
    rf"""
    [ \t\r\n]*+ (?: \# [^\n]*+ [ \t\r\n]*+ )*
    (?: ( [A-Za-z][0-9A-Za-z_-]*+ {_SUFFIX} )                 # 1 word
      | " (?!"") ( [^"\\]*+ ) "                               # 2 string without escapes
      | ( [\[\]){{}}&|] | \( (?!\*) )                          # 3 punctuation
      | ( \+= | :=(?!=) | =\+= | =[+:] | != | [<>]=? | [=:!?] ) # 4 operators
      | "" " ( (?: [^"\\]++ | \\. | "(?!"") )* ) "" "         # 5 string in triple quotes
      | " (?!"") ( (?: [^"\\]++ | \\. )* ) "                  # 6 string with escapes
      | ( [0-9A-Za-z_-]++ {_SUFFIX} )                         # 7 number, or a word that begins unusually
      | ( \(\* )                                              # 8 comment
      | ( \Z )                                                # 9 end
      | ( . )                                                 # 10 anything else
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_WORD, _PLAIN, _PUNCTUATION, _OPERATOR, _TRIPLE, _ESCAPED, _OTHER, _COMMENT, _END, _BAD = range(1, 11)
_OPERATORS = (
    dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), "relation")
    | dict.fromkeys(("+=", ":=", "=+", "=:", "=+="), "update")
    | {"!": "prefix", "?": "prefix", ":": ":"}
)
_KEYWORDS = {"true": "boolean", "false": "boolean"}
_COMMENT_MARK = re.compile(r"\(\*|\*\)")
_ESCAPE = re.compile(r"\\(?:\n[ \t\r]*+|([0-9]{3})|x([0-9A-Fa-f]{2})|([\\\"'nbtr ])|(\r\n[ \t\r]*+))|\\")
_ESCAPED_CHARACTERS = {"n": "\n", "b": "\b", "t": "\t", "r": "\r"}
_LETTER = re.compile("[A-Za-z]")
_INTEGER = re.compile(r"-?[0-9][0-9_]*+")


def tokenize(text: str, filename: str) -> list[Token]:
    """All tokens, the last of kind ``end``.  OpamSyntaxError when the text has something else."""
    tokens: list[Token] = []
    append = tokens.append
    position = 0
    while position >= 0:
        resume = -1
        for match in islice(_TOKEN.finditer(text, position), MAX_TOKENS - len(tokens)):
            group = match.lastindex
            if group == _PLAIN:
                start, end = match.span(_PLAIN)
                append(Token("string", start - 1, end + 1, match[_PLAIN]))
            elif group == _WORD:
                word = match[_WORD]
                append(Token(_KEYWORDS.get(word, "word"), *match.span(_WORD), word))
            elif group == _PUNCTUATION:
                mark = match[_PUNCTUATION]
                append(Token(mark, *match.span(_PUNCTUATION), mark))
            elif group == _OPERATOR:
                mark = match[_OPERATOR]
                append(Token(_OPERATORS[mark], *match.span(_OPERATOR), mark))
            elif group == _COMMENT:
                resume = _comment_end(text, match.start(_COMMENT), filename)
                break
            elif group == _END:
                append(Token("end", len(text), len(text), ""))
                break
            else:
                append(_unusual(match, group or _BAD, text, filename))
        else:
            problem = f"more than {MAX_TOKENS} words, strings and brackets"
            raise OpamSyntaxError(problem, filename=filename, text=text, offset=tokens[-1].start if tokens else 0)
        position = resume
    return tokens


def _unusual(match: re.Match[str], group: int, text: str, filename: str) -> Token:
    """Strings with escapes, numbers, and errors."""
    start, end = match.span(group)
    if group in (_TRIPLE, _ESCAPED):
        quotes = 3 if group == _TRIPLE else 1
        value = match[group]
        if "\\" in value:
            value = _unescape(value, text, start, filename)
        return Token("string", start - quotes, end + quotes, value)
    if group == _OTHER:
        word = match[group]
        first = re.split("[+:]", word, maxsplit=1)[0]
        kind = "word" if first == "_" or _LETTER.search(first) else "integer"
        if kind == "word" or _INTEGER.fullmatch(word):
            return Token(kind, start, end, word)
    mark = text[start]
    problem = "the string has no end" if mark == '"' else f"unexpected {text[start:end][:40]!r}"
    raise OpamSyntaxError(problem, filename=filename, text=text, offset=start)


def _comment_end(text: str, start: int, filename: str) -> int:
    """The position after a comment that begins at ``start``; comments nest."""
    depth = 0
    for match in _COMMENT_MARK.finditer(text, start):
        depth += 1 if match[0] == "(*" else -1
        if depth == 0:
            return match.end()
    raise OpamSyntaxError("the comment has no end", filename=filename, text=text, offset=start)


def _unescape(value: str, text: str, start: int, filename: str) -> str:
    """Resolve the escapes of a string whose content begins at ``start`` (opamLexer.mll, rule ``escape``)."""

    def replace(match: re.Match[str]) -> str:
        decimal, hexadecimal, character, _ = match.groups()
        if character is not None:
            return _ESCAPED_CHARACTERS.get(character, character)
        if decimal is None and hexadecimal is None:
            if len(match[0]) > 1:
                return ""  # a backslash at the end of a line joins it with the next
            raise OpamSyntaxError("unknown escape", filename=filename, text=text, offset=start + match.start())
        number = int(decimal) if decimal is not None else int(hexadecimal, 16)
        if number > 255:
            raise OpamSyntaxError("no such byte", filename=filename, text=text, offset=start + match.start())
        # An escape names a byte; a byte above 127 is a part of a character in UTF-8.
        return chr(number) if number < 128 else chr(0xDC00 + number)

    result = _ESCAPE.sub(replace, value)
    return result.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
