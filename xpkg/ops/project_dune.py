"""What ``dune-project`` says: packages, their versions and what they need (dune manual, "dune-project").

Only for a project whose opam files are not written out: where they are, they count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xpkg.ops.project_scan import DUNE, Token, scan

Sexp = str | list["Sexp"]

_OPERATORS = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_MOST_DEPTH = 100
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]*")
_LANG = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})*")
_VARIABLE = re.compile(r":[A-Za-z0-9_+-]+")


class NotDune(ValueError):
    """The text is no dune-project; ``offset`` is where that shows."""

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(problem)
        self.problem, self.offset = problem, offset


@dataclass(frozen=True, slots=True, kw_only=True)
class DunePackage:
    """One ``(package ...)``; ``depends``, ``depopts`` and ``conflicts`` are elements of opam's fields."""

    name: str
    synopsis: str = ""
    depends: tuple[str, ...] = ()
    depopts: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DuneProject:
    """``lang`` is dune's version that the project asks for; ``generates`` that opam files are to be generated."""

    lang: str
    name: str | None
    version: str | None
    packages: tuple[DunePackage, ...]


def read_dune_project(text: str) -> DuneProject:
    """The project; NotDune."""
    stanzas = _stanzas(text)
    if not stanzas or _head(stanzas[0]) != "lang":
        raise NotDune("it does not begin with (lang dune VERSION)", 0)
    lang = (_words(stanzas[0])[2:] or ["1.0"])[0]
    if not _LANG.fullmatch(lang):
        raise NotDune("(lang dune VERSION) has no version of dune", 0)
    fields = {_head(one): _words(one) for one in stanzas}
    packages = [_package(one) for one in stanzas if _head(one) == "package"]
    return DuneProject(
        lang=lang,
        name=_only(fields.get("name")),
        version=_only(fields.get("version")),
        packages=tuple(one for one in packages if one is not None),
    )


def _package(stanza: Sexp) -> DunePackage | None:
    fields = {_head(one): one for one in stanza[1:] if isinstance(one, list)}
    name = _only(_words(fields.get("name", [])))
    if name is None:
        return None
    return DunePackage(
        name=name,
        synopsis=_only(_words(fields.get("synopsis", []))) or "",
        depends=_dependencies(fields.get("depends", [])),
        depopts=_dependencies(fields.get("depopts", [])),
        conflicts=_dependencies(fields.get("conflicts", [])),
    )


def _dependencies(field: Sequence[Sexp]) -> tuple[str, ...]:
    found = map(_dependency, field[1:])
    return tuple(one for one in found if one is not None)


def _dependency(written: Sexp) -> str | None:
    """``(lwt (and (>= 5) :with-test))`` as opam writes it; None for what is no dependency."""
    words = [written] if isinstance(written, str) else written
    if not words or not isinstance(words[0], str) or not _NAME.fullmatch(words[0]):
        return None
    conditions = [one for one in map(_condition, words[1:]) if one]
    condition = " & ".join(f"({one})" if " | " in one and len(conditions) > 1 else one for one in conditions)
    return f'"{words[0]}"' + (f" {{{condition}}}" if condition else "")


def _condition(written: Sexp) -> str:
    """A constraint or a filter; empty for what is neither."""
    if isinstance(written, str):
        return written[1:] if _VARIABLE.fullmatch(written) else ""
    head = _head(written)
    if head in _OPERATORS:
        operator = "!=" if head == "<>" else head
        values = [_value(one) for one in written[1:] if isinstance(one, str)]
        if len(values) == 2:
            return f"{values[0]} {operator} {values[1]}"
        return f"{operator} {values[0]}" if len(values) == 1 else ""
    if head in ("and", "or"):
        parts = [one for one in map(_condition, written[1:]) if one]
        sign = " & " if head == "and" else " | "
        return sign.join(f"({one})" if len(parts) > 1 and (" & " in one or " | " in one) else one for one in parts)
    if head == "not":
        inner = _condition(written[1]) if len(written) == 2 else ""
        return f"!({inner})" if inner else ""
    return ""


def _value(word: str) -> str:
    return word[1:] if _VARIABLE.fullmatch(word) else '"{}"'.format(word.replace("\\", "\\\\").replace('"', '\\"'))


def _head(one: Sexp) -> str:
    return one[0] if isinstance(one, list) and one and isinstance(one[0], str) else ""


def _words(one: Sexp) -> list[str]:
    return [word for word in one if isinstance(word, str)] if isinstance(one, list) else []


def _only(words: Sequence[str] | None) -> str | None:
    """The word of a field with one: the first is the field's name."""
    return words[1] if words is not None and len(words) == 2 else None


def _stanzas(text: str) -> list[Sexp]:
    found: list[Sexp] = []
    within: list[list[Sexp]] = [found]
    for token in scan(text, DUNE):
        if token.kind == "open":
            within.append([])
            if len(within) > _MOST_DEPTH:
                raise NotDune("parentheses are nested too deep", token.place)
        elif token.kind == "close":
            if len(within) == 1:
                raise NotDune("a parenthesis is closed that was not opened", token.place)
            done = within.pop()
            within[-1].append(done)
        else:
            within[-1].append(_word(token, inside=len(within) > 1))
    if len(within) > 1:
        raise NotDune("a parenthesis is not closed", len(text))
    return found


def _word(token: Token, *, inside: bool) -> str:
    """The word or string, where one may stand."""
    if token.kind == "unclosed":
        raise NotDune("a string is not closed", token.place)
    if token.kind == "word" and token.text.startswith("#|"):
        raise NotDune("dune has no comments of several lines; one of ';' goes to the end of its line", token.place)
    if not inside:
        raise NotDune("a word stands outside of parentheses", token.place)
    return token.text
