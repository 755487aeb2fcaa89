"""Values to text on one line: what a rewritten field looks like.  Whole files: ``layout``."""

from __future__ import annotations

from xpkg.repo.opamfile.strings import print_string as print_string
from xpkg.repo.opamfile.values import (
    Bool,
    Group,
    Ident,
    Integer,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    String,
    Update,
    Value,
)


def print_value(value: Value) -> str:
    """The value on one line (but for strings of several lines); parsing it again gives an equal value."""
    match value:
        case String() | Ident() | Bool() | Integer():
            return print_atom(value)
        case List():
            return f"[{_print_all(value.items)}]"
        case Group():
            return f"({_print_all(value.items)})"
        case Option():
            return f"{print_value(value.value)} {{{_print_all(value.options)}}}"
        case Logical():
            return f" {value.operator} ".join(map(print_value, value.items))
        case Relation() | Update():
            return f"{print_value(value.left)} {value.operator} {print_value(value.right)}"
        case PrefixRelation():
            return f"{value.operator} {print_value(value.value)}"
        case Prefix():
            return f"{print_prefix(value)}{print_value(value.value)}"


def print_prefix(value: Prefix) -> str:
    """``!`` or ``?``, with a blank where what follows would make another operator of it (``!=``)."""
    first = value.value
    while isinstance(first, Option):
        first = first.value
    return f"{value.operator} " if isinstance(first, PrefixRelation) else value.operator


def _print_all(values: tuple[Value, ...]) -> str:
    return " ".join(map(print_value, values))


def print_atom(value: String | Ident | Bool | Integer) -> str:
    match value:
        case String():
            return print_string(value.value)
        case Ident():
            return value.name
        case Bool():
            return "true" if value.value else "false"
        case Integer():
            return str(value.value)
