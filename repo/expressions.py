"""Values of an opam file as filters and formulas (``OpamFormat.V`` in opam)."""

from __future__ import annotations

from typing import Literal

from xpkg.repo.filters import Comparison, Constant, Defined, Every, Filter, Negation, Some, Text
from xpkg.repo.formulas import ALWAYS, And, Atom, Bound, Condition, Formula, Or, When
from xpkg.repo.interpolate import parse_variable
from xpkg.repo.names import bound_problem, name_problem
from xpkg.repo.opamfile.file import OpamFile
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
    Value,
)

Join = Literal["&", "|"]
_OPPOSITES = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def filter_of(value: Value, file: OpamFile) -> Filter:
    """The value as a filter; OpamSyntaxError when it is none."""
    match value:
        case Bool():
            return Constant(value.value)
        case String():
            return Text(value.value)
        case Integer():
            return Text(str(value.value))
        case Ident():
            return parse_variable(value.name)
        case Group() if len(value.items) == 1:
            return filter_of(value.items[0], file)
        case Relation():
            return Comparison(value.operator, filter_of(value.left, file), filter_of(value.right, file))
        case Prefix():
            part = filter_of(value.value, file)
            return Negation(part) if value.operator == "!" else Defined(part)
        case Logical():
            parts = tuple(filter_of(item, file) for item in value.items)
            return Every(parts) if value.operator == "&" else Some(parts)
    raise file.error("expected a filter (an expression over variables)", value)


def filters_of(options: tuple[Value, ...], file: OpamFile) -> Filter | None:
    """The filter in the braces after an item; several values must all hold, empty braces are no filter."""
    parts = tuple(filter_of(option, file) for option in options)
    if len(parts) > 1:
        return Every(parts)
    return parts[0] if parts else None


def formula_of(value: Value, file: OpamFile, join: Join) -> Formula:
    """The value as a formula over packages; the items of a list are joined by ``join``."""
    match value:
        case String():
            return Atom(_name(value, file), ALWAYS)
        case Option(value=String() as name):
            return Atom(_name(name, file), conditions_of(value.options, file))
        case List() | Group():
            return _joined(value.items, file, join)
        case Logical():
            parts = tuple(formula_of(item, file, join) for item in value.items)
            return And(parts) if value.operator == "&" else Or(parts)
    raise file.error("expected a package: a name in quotes, with an optional {condition}", value)


def _joined(items: tuple[Value, ...], file: OpamFile, join: Join) -> Formula:
    parts = tuple(formula_of(item, file, join) for item in items)
    if len(parts) == 1:
        return parts[0]
    return And(parts) if join == "&" or not parts else Or(parts)


def _name(value: String, file: OpamFile) -> str:
    problem = name_problem(value.value)
    if problem is not None:
        raise file.error(f"{value.value[:80]!r} is no package name: {problem}", value)
    return value.value


def conditions_of(options: tuple[Value, ...], file: OpamFile) -> Condition:
    """What stands in the braces of a package: version bounds and filters; several values must all hold."""
    parts = tuple(_condition(option, file) for option in options)
    return parts[0] if len(parts) == 1 else And(parts)


def _condition(value: Value, file: OpamFile) -> Condition:
    match value:
        case PrefixRelation():
            return _bound(value, file)
        case Logical():
            parts = tuple(_condition(item, file) for item in value.items)
            return And(parts) if value.operator == "&" else Or(parts)
        case Group():
            return conditions_of(value.items, file)
        case Prefix(operator="!"):
            return _negated(_condition(value.value, file))
    return When(filter_of(value, file))


def _bound(value: PrefixRelation, file: OpamFile) -> Bound:
    """A comparison of the package's version with a text or a variable."""
    version = filter_of(value.value, file)
    if isinstance(version, Text) and "%{" not in version.text:
        problem = bound_problem(version.text)
        if problem is not None:
            raise file.error(f"{version.text[:80]!r} is no version: {problem}", value.value)
    return Bound(value.operator, version)


def _negated(condition: Condition) -> Condition:
    """``!`` goes inwards, as in opam: it turns comparisons around and negates filters."""
    match condition:
        case Bound(operator, version):
            return Bound(_OPPOSITES[operator], version)
        case When(filter):
            return When(Negation(filter))
        case And(items):
            return Or(tuple(map(_negated, items)))
        case Or(items):
            return And(tuple(map(_negated, items)))
