"""Building and taking apart the values of an opam file; new values stand where the old ones stood."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from xpkg.repo.opamfile.values import (
    Field,
    Group,
    Item,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    Section,
    Update,
    Value,
)

Join = Callable[[Iterable[Value]], Value | None]


def rebuilt(value: Value, leaf: Callable[[Value], Value]) -> Value:
    """The value with every part, and then itself, changed by ``leaf``."""
    result = value
    match value:
        case List(start, end, items):
            result = List(start, end, _all(items, leaf))
        case Group(start, end, items):
            result = Group(start, end, _all(items, leaf))
        case Option(start, end, inner, options):
            result = Option(start, end, rebuilt(inner, leaf), _all(options, leaf))
        case Logical(start, end, operator, items):
            result = Logical(start, end, operator, _all(items, leaf))
        case Relation(start, end, operator, left, right):
            result = Relation(start, end, operator, rebuilt(left, leaf), rebuilt(right, leaf))
        case Update(start, end, operator, left, right):
            result = Update(start, end, operator, rebuilt(left, leaf), rebuilt(right, leaf))
        case PrefixRelation(start, end, operator, inner):
            result = PrefixRelation(start, end, operator, rebuilt(inner, leaf))
        case Prefix(start, end, operator, inner):
            result = Prefix(start, end, operator, rebuilt(inner, leaf))
    return leaf(result)


def _all(values: tuple[Value, ...], leaf: Callable[[Value], Value]) -> tuple[Value, ...]:
    return tuple(rebuilt(value, leaf) for value in values)


def moved(items: tuple[Item, ...], by: int) -> tuple[Item, ...]:
    """The items as they would be ``by`` characters later."""

    def shift(value: Value) -> Value:
        arguments = [getattr(value, name) for name in value.__match_args__[2:]]
        return type(value)(value.start + by, value.end + by, *arguments)

    return tuple(
        Field(item.start + by, item.end + by, item.name, rebuilt(item.value, shift))
        if isinstance(item, Field)
        else Section(item.start + by, item.end + by, item.kind, item.name, moved(item.items, by))
        for item in items
    )


def parts(value: Value, operator: str) -> tuple[Value, ...]:
    """The operands of a chain of ``&`` or ``|``, also inside groups of one; else the value itself."""
    if isinstance(value, Group) and len(value.items) == 1:
        inner = parts(value.items[0], operator)
        return inner if len(inner) > 1 or not isinstance(value.items[0], Logical) else (value,)
    if isinstance(value, Logical) and value.operator == operator:
        return tuple(part for item in value.items for part in parts(item, operator))
    return (value,)


def joined(operator: str, values: Iterable[Value]) -> Value | None:
    """The values joined by ``&`` or ``|``, with groups where they are needed; None of none."""
    operands = tuple(part for value in values for part in parts(value, operator))
    if len(operands) < 2:
        return operands[0] if operands else None
    grouped = tuple(
        Group(one.start, one.end, (one,)) if isinstance(one, Logical) and one.operator != operator else one
        for one in operands
    )
    return Logical(operands[0].start, operands[-1].end, operator, grouped)


def all_of(*values: Value | None) -> Value | None:
    """``&`` of those that are there."""
    return joined("&", (value for value in values if value is not None))


def any_of(*values: Value | None) -> Value | None:
    """``|`` of those that are there."""
    return joined("|", (value for value in values if value is not None))


def with_conditions(item: Value, condition: Value | None) -> Value:
    """``item {condition}``, without braces when there is none."""
    return item if condition is None else Option(item.start, item.end, item, (condition,))


def split_conditions(item: Value) -> tuple[Value, Value | None]:
    """``item {a b}`` in two; several values must all hold."""
    if isinstance(item, Option):
        inner, condition = split_conditions(item.value)
        return inner, all_of(condition, *item.options)
    return item, None
