"""Filters: opam's expressions over variables that yield a boolean, a text, or nothing (undefined).

Semantics of ``OpamFilter.reduce`` in opam 2.6: undefined propagates through comparisons and ``!``; ``false &`` and
``true |`` absorb it; ``?x`` asks whether x is defined.  Comparisons use version order on texts.
"""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.repo.interpolate import Environment as Environment
from xpkg.repo.interpolate import Value as Value
from xpkg.repo.interpolate import Variable as Variable
from xpkg.repo.interpolate import as_bool, as_text, interpolate, look_up
from xpkg.repo.versions import holds


@dataclass(frozen=True, slots=True)
class Constant:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A string; ``%{...}%`` in it is replaced."""

    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right`` in version order."""

    operator: str
    left: Filter
    right: Filter


@dataclass(frozen=True, slots=True)
class Every:
    """``a & b & ...``"""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """``a | b | ...``"""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """``!a``"""

    part: Filter


@dataclass(frozen=True, slots=True)
class Defined:
    """``?a``"""

    part: Filter


Filter = Constant | Text | Variable | Comparison | Every | Some | Negation | Defined

TRUE = Constant(True)


def evaluate(filter: Filter, environment: Environment) -> bool | str | None:
    """The value of a filter, None when it is undefined (``OpamFilter.reduce``)."""
    match filter:
        case Constant(value):
            return value
        case Text(text):
            # Undefined variables inside a text become empty, even below "?" (tried with opam 2.1.2).
            return interpolate(text, environment)
        case Variable():
            found = look_up(filter, environment)
            return as_text(found) if isinstance(found, list) else found
        case Comparison(operator, left, right):
            first = evaluate(left, environment)
            second = evaluate(right, environment)
            if first is None or second is None:
                return None
            return holds(operator, as_text(first), as_text(second))
        case Every(parts):
            return _joined(parts, environment, absorbing=False)
        case Some(parts):
            return _joined(parts, environment, absorbing=True)
        case Negation(part):
            answer = as_bool(evaluate(part, environment))
            return None if answer is None else not answer
        case Defined(part):
            return evaluate(part, environment) is not None


def is_true(filter: Filter | None, environment: Environment) -> bool:
    """Whether a filter lets its item pass: an undefined one does not, an absent one does."""
    return filter is None or as_bool(evaluate(filter, environment)) is True


def _joined(parts: tuple[Filter, ...], environment: Environment, *, absorbing: bool) -> bool | None:
    """``&`` (false absorbs) and ``|`` (true absorbs), two by two from the left.

    Undefined wins over all but the absorbing boolean; the texts "true" and "false" are booleans only where nothing
    is undefined, another text is undefined (tried with opam 2.1.2).
    """
    left = evaluate(parts[0], environment)
    for part in parts[1:]:
        if left is absorbing:
            return absorbing
        right = evaluate(part, environment)
        first, second = as_bool(left), as_bool(right)
        if right is absorbing:
            left = absorbing
        elif first is None or second is None:
            left = None
        else:
            left = absorbing if absorbing in (first, second) else not absorbing
    return as_bool(left)
