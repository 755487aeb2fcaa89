"""Walking the values of a recipe: packages, conditions, and the variables that they mention."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from xpkg.repo.opamfile.values import (
    Group,
    Ident,
    List,
    Logical,
    Node,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    String,
    Update,
    Value,
)

_CLOSED = re.compile(r"%\{((?:[^}\n]|\}(?!%))*)(\}%)?")
_UNCLOSED = re.compile(r"%%|%\{[^}\n]*+(\}%)?")
_NAME = re.compile(r"[A-Za-z0-9_+-]*[A-Za-z][A-Za-z0-9_+-]*")


class Mention(NamedTuple):
    """A variable, where it is mentioned; ``package`` is None for a global one, ``_`` for one of the package itself."""

    place: Node
    package: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.package is None else f"{self.package}:{self.name}"


class Dependency(NamedTuple):
    """A package in a formula, with what stands in its braces."""

    name: String
    options: tuple[Value, ...]


def children(value: Value) -> tuple[Value, ...]:
    """The values directly inside a value."""
    match value:
        case List() | Group() | Logical():
            return value.items
        case Option():
            return (value.value, *value.options)
        case Relation() | Update():
            return (value.left, value.right)
        case Prefix() | PrefixRelation():
            return (value.value,)
    return ()


def within(value: Value) -> Iterator[Value]:
    """A value and everything inside it, in order."""
    yield value
    for child in children(value):
        yield from within(child)


def strings(value: Value) -> Iterator[String]:
    """All strings inside a value."""
    return (one for one in within(value) if isinstance(one, String))


def mentions(value: Value) -> Iterator[Mention]:
    """The variables of a value: identifiers, and ``%{...}%`` in strings (``OpamFilter.variables``)."""
    for one in within(value):
        if isinstance(one, Ident):
            yield from _mentions(one, *_split(one.name, interpolated=False))
        elif isinstance(one, String) and "%{" in one.value:
            for text in interpolations(one.value):
                packages, name = _split(text, interpolated=True)
                if all(package == "_" or _NAME.fullmatch(package) for package in packages):
                    yield from _mentions(one, packages, name)


def _mentions(place: Node, packages: tuple[str, ...], name: str) -> Iterator[Mention]:
    if not packages:
        yield Mention(place, None, name)
    for package in packages:
        yield Mention(place, package, name)


def interpolations(text: str) -> list[str]:
    """What stands between ``%{`` and ``}%``."""
    return [match[1] for match in _CLOSED.finditer(text) if match[2]]


def unclosed(text: str) -> list[str]:
    """Each ``%{`` without its ``}%`` on the same line (``OpamFilter.unclosed_expansions``)."""
    return [match[0] for match in _UNCLOSED.finditer(text) if match[0] != "%%" and not match[1]]


def _split(text: str, *, interpolated: bool) -> tuple[tuple[str, ...], str]:
    """``a+b:name?yes:no`` as packages and name (``OpamTypesBase.filter_ident_of_string``)."""
    rest, colon, last = text.rpartition(":")
    if not colon:
        return (), text
    if "?" not in rest:
        return tuple(filter(None, rest.split("+"))), last
    before, _, yes = rest.rpartition("?")
    if interpolated and not before:
        # %{?conf-g++:name:}% : the form for names with plus signs, from opam 2.2
        package, colon, name = yes.rpartition(":")
        return ((package,), name) if colon else ((), last)
    packages, colon, name = before.rpartition(":")
    return (tuple(filter(None, packages.split("+"))) if colon else ()), name


def dependencies(value: Value) -> Iterator[Dependency]:
    """The packages of a formula, in order."""
    match value:
        case String():
            yield Dependency(value, ())
        case Option(value=String() as name):
            yield Dependency(name, value.options)
        case List() | Group() | Logical():
            for item in value.items:
                yield from dependencies(item)


def conditions(value: Value) -> Iterator[Value]:
    """The filters in a package's braces, each as large as can be, without the version bounds."""
    match value:
        case PrefixRelation():
            return
        case Logical() | Group():
            for item in value.items:
                yield from conditions(item)
        case Prefix(operator="!"):
            yield from conditions(value.value)
        case _:
            yield value
