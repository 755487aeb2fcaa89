"""Which values a field may have: opam's forms (``OpamFormat.V``), looser than what xpkg itself takes.

A form is a function that raises `WrongForm` with the place; it returns nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn

from xpkg.repo.lint.addresses import read_address
from xpkg.repo.opamfile.values import (
    Bool,
    Group,
    Ident,
    Integer,
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

Form = Callable[[Value], None]

_NAME = re.compile(r"[A-Za-z0-9_+-]*[A-Za-z][A-Za-z0-9_+-]*")
_VERSION = re.compile(r"[A-Za-z0-9_+.~-]+")
_INTERPOLATION = re.compile(r"%\{[^{}\n]*+\}%")
_HASHES = {"md5": 32, "sha256": 64, "sha512": 128}
_HEX = re.compile(r"[0-9A-Fa-f]+")


class WrongForm(Exception):
    """A value is not of the form that its field has."""

    def __init__(self, place: Node, problem: str) -> None:
        super().__init__(problem)
        self.place = place
        self.problem = problem


def fail(place: Node, problem: str) -> NoReturn:
    """Refuse the value at ``place``."""
    raise WrongForm(place, problem)


def anything(value: Value) -> None:
    """Any value."""


def string(value: Value) -> None:
    """A string."""
    text_of(value)


def text_of(value: Value) -> str:
    """A string's text."""
    if not isinstance(value, String):
        fail(value, "expected a string")
    return value.value


def word(value: Value) -> None:
    """An identifier."""
    if not isinstance(value, Ident):
        fail(value, "expected a word without quotes")


def _depth(value: Value) -> int:
    """How many lists are around the first element."""
    if isinstance(value, List):
        return 1 + _depth(value.items[0]) if value.items else 1
    return _depth(value.value) if isinstance(value, Option) else 0


def listed(value: Value, depth: int) -> tuple[Value, ...]:
    """The elements of a list whose brackets may be left out where one element would do."""
    for _ in range(depth - _depth(value)):
        value = List(value.start, value.end, (value,))
    if not isinstance(value, List):
        fail(value, "expected a list")
    return value.items


def each(form: Form, depth: int = 1) -> Form:
    """A list of values of one form; ``depth`` counts the lists, that of the elements included."""

    def check(value: Value) -> None:
        for one in listed(value, depth):
            form(one)

    return check


def named(check: Callable[[str], str | None]) -> Form:
    """A string about which ``check`` finds no problem."""

    def form(value: Value) -> None:
        problem = check(text_of(value))
        if problem is not None:
            fail(value, problem)

    return form


def _name_problem(text: str) -> str | None:
    return None if _NAME.fullmatch(text) else f"{text[:80]!r} is no package name"


def _version_problem(text: str) -> str | None:
    return None if _VERSION.fullmatch(text) else f"{text[:80]!r} is no version"


def _package_problem(text: str) -> str | None:
    name, dot, version = text.partition(".")
    return None if dot and _NAME.fullmatch(name) and _VERSION.fullmatch(version) else "expected NAME.VERSION"


def _address_problem(text: str) -> str | None:
    try:
        read_address(text)
    except ValueError as error:
        return str(error)
    return None


def hash_kind(text: str) -> str | None:
    """The algorithm of a checksum, None when it is none; without one it is md5 (``OpamHash``)."""
    kind, mark, digits = text.partition("=")
    kind, digits = (kind.lower(), digits) if mark else ("md5", text)
    return kind if len(digits) == _HASHES.get(kind) and _HEX.fullmatch(digits) else None


def _hash_problem(text: str) -> str | None:
    return None if hash_kind(text) else "expected md5=, sha256= or sha512= and that many hexadecimal digits"


name = named(_name_problem)
version = named(_version_problem)
package = named(_package_problem)
address = named(_address_problem)
checksum = named(_hash_problem)


def condition(value: Value) -> None:
    """A filter."""
    match value:
        case Bool() | String() | Integer() | Ident():
            return
        case Group() if len(value.items) < 2:
            for item in value.items:
                condition(item)
        case Relation():
            condition(value.left)
            condition(value.right)
        case Prefix():
            condition(value.value)
        case Logical():
            for item in value.items:
                condition(item)
        case _:
            fail(value, "expected a filter (an expression over variables)")


def one_condition(values: tuple[Value, ...]) -> None:
    """At most one filter."""
    if len(values) > 1:
        fail(values[1], "expected a single filter; join them with & or |")
    for value in values:
        if isinstance(value, Group) and not value.items:
            fail(value, "expected a filter")
        condition(value)


def available(value: Value) -> None:
    """A filter, in brackets or not."""
    one_condition(value.items if isinstance(value, List) else (value,))


def with_condition(form: Form) -> Form:
    """``value`` or ``value {filter}``."""

    def check(value: Value) -> None:
        if isinstance(value, Option):
            form(value.value)
            one_condition(value.options)
        else:
            form(value)

    return check


def _argument(value: Value) -> None:
    if not isinstance(value, String | Ident):
        fail(value, "expected a string or a variable")


def _arguments(value: Value) -> None:
    if not isinstance(value, List):
        fail(value, "expected a command: a list of a program and its arguments")
    for item in value.items:
        with_condition(_argument)(item)


command = with_condition(_arguments)


def formula(value: Value) -> None:
    """Packages joined by ``&`` and ``|``, in brackets or not."""
    for item in value.items if isinstance(value, List) else (value,):
        _packages(item)


def _packages(value: Value) -> None:
    match value:
        case String():
            name(value)
        case Option():
            name(value.value)
            for option in value.options:
                _bounds(option)
        case Group() | Logical():
            for item in value.items:
                _packages(item)
        case _:
            fail(value, "expected a package: a name in quotes, with an optional {condition}")


def _bounds(value: Value) -> None:
    """What stands in the braces of a package."""
    match value:
        case PrefixRelation():
            if isinstance(value.value, String):
                problem = _version_problem(_INTERPOLATION.sub("-", value.value.value))
                if problem is not None:
                    fail(value.value, problem)
            else:
                word(value.value)
        case Logical() | Group():
            for item in value.items:
                _bounds(item)
        case Prefix(operator="!"):
            _bounds(value.value)
        case _:
            condition(value)


def update(value: Value) -> None:
    """``[NAME += "text"]``"""
    items = value.items if isinstance(value, List) else (value,)
    if len(items) != 1 or not _is_update(items[0]):
        fail(value, 'expected one update of the environment: NAME += "text"')


def _is_update(value: Value) -> bool:
    match value:
        case Update(left=Ident(), right=String()) | Relation(operator="=", left=Ident(), right=String()):
            return True
    return False


def pair(first: Form, second: Form) -> Form:
    """A list of two."""

    def check(value: Value) -> None:
        if not isinstance(value, List) or len(value.items) != 2:
            fail(value, "expected a list of two")
        first(value.items[0])
        second(value.items[1])

    return check


def either(first: Form, second: Form) -> Form:
    """One form or another; the problem told is the first one's."""

    def check(value: Value) -> None:
        try:
            first(value)
        except WrongForm as problem:
            try:
                second(value)
            except WrongForm:
                raise problem from None

    return check
