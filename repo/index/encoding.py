"""Formulas and filters as plain tuples that ``marshal`` can keep, and back.

A formula: a name alone, ``(0, part...)`` for all, ``(1, part...)`` for any, ``(2, name, condition)``.
A condition: ``(0, part...)``, ``(1, part...)``, ``(2, operator, filter)`` for a bound, ``(3, filter)``.
A filter: a boolean, a text, ``(0, name)`` and ``(1, packages, name, choice)`` for variables, ``(2, operator, left,
right)``, ``(3, part...)`` for every, ``(4, part...)`` for some, ``(5, part)`` for not, ``(6, part)`` for defined.
"""

from __future__ import annotations

from sys import intern
from typing import Any

from xpkg.repo.filters import Comparison, Constant, Defined, Every, Filter, Negation, Some, Text, Variable
from xpkg.repo.formulas import ALWAYS, And, Atom, Bound, Condition, Formula, Or, When
from xpkg.repo.versions import ANY_VERSION, Compare, VersionFormula, all_of, one_of

Encoded = Any
"""Nested tuples of texts, booleans and small numbers."""


def encode_formula(formula: Formula) -> Encoded:
    """A formula as nested tuples."""
    match formula:
        case Atom(name, condition):
            # marshal writes an object that it has seen as a reference.
            name = intern(name)
            return name if condition == ALWAYS else (2, name, _encode_condition(condition))
        case And(items):
            return (0, *map(encode_formula, items))
        case Or(items):
            return (1, *map(encode_formula, items))


def _encode_condition(condition: Condition) -> Encoded:
    match condition:
        case Bound(operator, version):
            return (2, operator, encode_filter(version))
        case When(filter):
            return (3, encode_filter(filter))
        case And(items):
            return (0, *map(_encode_condition, items))
        case Or(items):
            return (1, *map(_encode_condition, items))


def encode_filter(filter: Filter) -> Encoded:
    """A filter as nested tuples."""
    match filter:
        case Constant(value):
            return value
        case Text(text):
            return intern(text)
        case Variable(packages, name, choice):
            return (0, name) if not packages and choice is None else (1, packages, name, choice)
        case Comparison(operator, left, right):
            return (2, operator, encode_filter(left), encode_filter(right))
        case Every(parts):
            return (3, *map(encode_filter, parts))
        case Some(parts):
            return (4, *map(encode_filter, parts))
        case Negation(part):
            return (5, encode_filter(part))
        case Defined(part):
            return (6, encode_filter(part))


# Versions of one package repeat one another, so each distinct piece is made once.
_formulas: dict[Encoded, Formula] = {}
_conditions: dict[Encoded, Condition] = {}


def decode_formula(data: Encoded) -> Formula:
    """The formula that ``encode_formula`` made ``data`` of."""
    found = _formulas.get(data)
    if found is None:
        found = _formulas[data] = _decode_formula(data)
    return found


def decode_atom(data: Encoded) -> Atom:
    """The same, of a formula that is a name, alone or with a condition."""
    return Atom(data, ALWAYS) if isinstance(data, str) else Atom(data[1], _decode_condition(data[2]))


def _decode_formula(data: Encoded) -> Formula:
    if isinstance(data, str) or data[0] == 2:
        return decode_atom(data)
    kind = data[0]
    items = tuple([decode_formula(part) for part in data[1:]])
    return And(items) if kind == 0 else Or(items)


def _decode_condition(data: Encoded) -> Condition:
    found = _conditions.get(data)
    if found is not None:
        return found
    kind = data[0]
    made: Condition
    if kind == 2:
        made = Bound(data[1], decode_filter(data[2]))
    elif kind == 3:
        made = When(decode_filter(data[1]))
    else:
        items = tuple([_decode_condition(part) for part in data[1:]])
        made = And(items) if kind == 0 else Or(items)
    # True == 1 == 1.0 as keys: a condition holds no numbers but the tags, so equal tuples mean the same.
    _conditions[data] = made
    return made


def decode_bounds(data: Encoded) -> VersionFormula | None:
    """What an encoded atom allows where no variable has a say in it, made without the formula; else None."""
    return ANY_VERSION if isinstance(data, str) else _bounds(data[2])


def _bounds(condition: Encoded) -> VersionFormula | None:
    kind = condition[0]
    if kind == 2:
        version = condition[2]
        return Compare(condition[1], version) if isinstance(version, str) and "%" not in version else None
    if kind == 3 or len(condition) == 1:
        return None
    parts = []
    for one in condition[1:]:
        part = _bounds(one)
        if part is None:
            return None
        parts.append(part)
    return all_of(parts) if kind == 0 else one_of(parts)


def decode_filter(data: Encoded) -> Filter:
    """The filter that ``encode_filter`` made ``data`` of."""
    if isinstance(data, bool):
        return Constant(data)
    if isinstance(data, str):
        return Text(data)
    kind, *rest = data
    match kind:
        case 0:
            return Variable((), rest[0])
        case 1:
            return Variable(*rest)
        case 2:
            return Comparison(rest[0], decode_filter(rest[1]), decode_filter(rest[2]))
        case 3:
            return Every(tuple(map(decode_filter, rest)))
        case 4:
            return Some(tuple(map(decode_filter, rest)))
        case 5:
            return Negation(decode_filter(rest[0]))
        case _:
            return Defined(decode_filter(rest[0]))


def mentioned(data: Encoded) -> set[str]:
    """The names in an encoded formula."""
    if isinstance(data, str):
        return {data}
    if data[0] == 2:
        return {data[1]}
    return {name for part in data[1:] for name in mentioned(part)}
