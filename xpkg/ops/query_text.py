"""Formulas and filters as text, in opam's syntax; values as ``opam show --field`` prints them."""

from __future__ import annotations

from xpkg.repo.filters import Comparison, Constant, Defined, Every, Filter, Negation, Some, Text
from xpkg.repo.formulas import ALWAYS, And, Atom, Bound, Condition, Formula, Or, When
from xpkg.repo.interpolate import Variable
from xpkg.repo.opamfile.printer import print_string, print_value
from xpkg.repo.opamfile.values import List, Value


def parts(formula: Formula) -> tuple[str, ...]:
    """The parts of a formula, each as text; none for the empty one."""
    if isinstance(formula, Atom):
        return (formula_text(formula),)
    return tuple(formula_text(part, inside=True) for part in formula.items)


def formula_text(formula: Formula, *, inside: bool = False) -> str:
    """``"a" {>= "1" & build}``; ``inside`` another formula, one of several parts has parentheses."""
    if isinstance(formula, Atom):
        condition = "" if formula.condition == ALWAYS else f" {{{_condition(formula.condition)}}}"
        return print_string(formula.name) + condition
    joined = (" & " if isinstance(formula, And) else " | ").join(
        formula_text(one, inside=True) for one in formula.items
    )
    return f"({joined})" if inside and len(formula.items) > 1 else joined


def _condition(condition: Condition, *, inside: bool = False) -> str:
    match condition:
        case Bound(operator, version):
            return f"{operator} {filter_text(version)}"
        case When(filter):
            return filter_text(filter, inside=inside)
        case And(items):
            return " & ".join(_condition(item, inside=True) for item in items)
        case Or(items):
            joined = " | ".join(_condition(item) for item in items)
            return f"({joined})" if inside and len(items) > 1 else joined


def filter_text(filter: Filter, *, inside: bool = False) -> str:
    """A filter as opam writes it; ``inside`` ``&`` or ``!``, a looser one has parentheses."""
    match filter:
        case Constant(value):
            return "true" if value else "false"
        case Text(text):
            return print_string(text)
        case Variable():
            return str(filter)
        case Comparison(operator, left, right):
            return f"{filter_text(left, inside=True)} {operator} {filter_text(right, inside=True)}"
        case Every(parts):
            return " & ".join(filter_text(part, inside=True) for part in parts)
        case Some(parts):
            joined = " | ".join(filter_text(part) for part in parts)
            return f"({joined})" if inside else joined
        case Negation(part) | Defined(part):
            sign = "!" if isinstance(filter, Negation) else "?"
            plain = isinstance(part, Constant | Text | Variable | Defined)
            return f"{sign}{filter_text(part)}" if plain else f"{sign}({filter_text(part)})"


def field_text(value: Value) -> str:
    """A field's value as ``opam show --field`` prints it: a list without its brackets, its items on one line or each
    on its own (``OpamListCommand.mini_field_printer``).
    """
    from xpkg.repo.opamfile.layout import format_values

    while isinstance(value, List) and len(value.items) == 1 and isinstance(value.items[0], List):
        value = value.items[0]
    return format_values(value.items) if isinstance(value, List) else print_value(value)
