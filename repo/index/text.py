"""Encoded formulas and filters as text in opam's syntax: for showing, without making them (see ``encoding``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xpkg.repo.opamfile.strings import print_string

if TYPE_CHECKING:
    from xpkg.repo.index.encoding import Encoded

_NAME, _ALL, _ANY = 2, 0, 1
_VARIABLE, _EVERY, _SOME, _NOT, _DEFINED = 0, 3, 4, 5, 6


def formula_parts(data: Encoded) -> tuple[str, ...]:
    """The parts of a formula, each as text; none for the empty one."""
    if isinstance(data, str) or data[0] == _NAME:
        return (formula_text(data),)
    return tuple(formula_text(part, inside=True) for part in data[1:])


def formula_text(data: Encoded, *, inside: bool = False) -> str:
    """``"a" {>= "1" & build}``; ``inside`` another formula, one of several parts has parentheses."""
    if isinstance(data, str):
        return print_string(data)
    if data[0] == _NAME:
        return f"{print_string(data[1])} {{{_condition(data[2])}}}"
    joined = (" & " if data[0] == _ALL else " | ").join(formula_text(part, inside=True) for part in data[1:])
    return f"({joined})" if inside and len(data) > 2 else joined


def _condition(data: Encoded, *, inside: bool = False) -> str:
    kind = data[0]
    if kind == 2:
        return f"{data[1]} {filter_text(data[2], inside=True)}"
    if kind == 3:
        return filter_text(data[1], inside=inside)
    if kind == _ALL:
        return " & ".join(_condition(part, inside=True) for part in data[1:])
    joined = " | ".join(_condition(part) for part in data[1:])
    return f"({joined})" if inside and len(data) > 2 else joined


def filter_text(data: Encoded, *, inside: bool = False) -> str:
    """A filter as opam writes it; ``inside`` ``&``, ``!`` or a comparison, a looser one has parentheses."""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, str):
        return print_string(data)
    kind = data[0]
    if kind == _VARIABLE:
        return str(data[1])
    if kind == 1:
        _, packages, name, choice = data
        chosen = "" if choice is None else f"?{choice[0]}:{choice[1]}"
        return f"{'+'.join(packages)}:{name}{chosen}" if packages else f"{name}{chosen}"
    if kind == 2:
        return f"{filter_text(data[2], inside=True)} {data[1]} {filter_text(data[3], inside=True)}"
    if kind == _EVERY:
        return " & ".join(filter_text(part, inside=True) for part in data[1:])
    if kind == _SOME:
        joined = " | ".join(filter_text(part) for part in data[1:])
        return f"({joined})" if inside else joined
    inner = data[1]
    simple = not isinstance(inner, tuple) or inner[0] in (_VARIABLE, 1, _DEFINED)
    return ("!" if kind == _NOT else "?") + (filter_text(inner) if simple else f"({filter_text(inner)})")
