"""Filters: opam's expressions over variables that yield a boolean, a text, or nothing (undefined).

Semantics of ``OpamFilter.reduce`` in opam 2.6: undefined propagates through comparisons and ``!``; ``false &`` and
``true |`` absorb it; ``?x`` asks whether x is defined.  Comparisons use version order on texts.  ``settle`` does what
can be done while some variables are not known yet.
"""

from __future__ import annotations

from xpkg.core.values import value
from xpkg.repo.interpolate import Environment as Environment
from xpkg.repo.interpolate import Value as Value
from xpkg.repo.interpolate import Variable as Variable
from xpkg.repo.interpolate import as_bool, as_text, escape, expand, expand_known, interpolate, look_up, look_up_known
from xpkg.repo.version_order import holds


@value
class Constant:
    """``true`` or ``false``."""

    value: bool


@value
class Text:
    """A string; ``%{...}%`` in it is replaced."""

    text: str


@value
class Comparison:
    """``left operator right`` in version order."""

    operator: str
    left: Filter
    right: Filter


@value
class Every:
    """``a & b & ...``"""

    parts: tuple[Filter, ...]


@value
class Some:
    """``a | b | ...``"""

    parts: tuple[Filter, ...]


@value
class Negation:
    """``!a``"""

    part: Filter


@value
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
            # The text of a variable is expanded too, here and not in commands ("%%" in it is one "%").
            return found if found is None or isinstance(found, bool) else interpolate(as_text(found), environment)
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


def settle(filter: Filter, environment: Environment) -> Filter:
    """The filter with what is defined put in (``OpamFilter.partial_eval``), to be evaluated later with the rest.

    Not the same as one evaluation with all variables: ``?x`` is false for what is not known yet, an undefined variable
    inside a text leaves it undefined, and ``%{x?yes:no}%`` is ``no`` at once.
    """
    return _later(*_settled(filter, environment))


def _settled(filter: Filter, environment: Environment) -> tuple[bool | str | None, Filter]:
    """The value and TRUE, or None and what remains."""
    match filter:
        case Constant(value):
            return value, TRUE
        case Text(text):
            return _settled_text(text, environment)
        case Variable():
            found = look_up_known(filter, environment)
            if found is None:
                return None, filter
            return (found, TRUE) if isinstance(found, bool) else _settled_text(as_text(found), environment)
        case Comparison(operator, left, right):
            (first, more), (second, rest) = _settled(left, environment), _settled(right, environment)
            if first is None or second is None:
                return None, Comparison(operator, _later(first, more), _later(second, rest))
            return holds(operator, as_text(first), as_text(second)), TRUE
        case Every(parts) | Some(parts):
            return _settled_join(filter, parts, environment)
        case Negation(part):
            found, rest = _settled(part, environment)
            answer = as_bool(found)
            return (None, Negation(_as_filter(found, rest))) if answer is None else (not answer, TRUE)
        case Defined(part):
            return _settled(part, environment)[0] is not None, TRUE


def _settled_text(text: str, environment: Environment) -> tuple[str | None, Filter]:
    found = expand(text, environment)
    return (None, Text(expand_known(text, environment))) if found is None else (found, TRUE)


def _settled_join(
    filter: Every | Some, parts: tuple[Filter, ...], environment: Environment
) -> tuple[bool | str | None, Filter]:
    """Two by two from the left, as ``_joined``."""
    absorbing = isinstance(filter, Some)
    value, rest = _settled(parts[0], environment)
    for part in parts[1:]:
        if value is absorbing:
            continue
        right, more = _settled(part, environment)
        first, second = as_bool(value), as_bool(right)
        if right is absorbing:
            value = absorbing
        elif first is None or second is None:
            pair = (_as_filter(value, rest), _as_filter(right, more))
            value, rest = None, type(filter)(pair)
        else:
            value = absorbing if absorbing in (first, second) else not absorbing
    return value, rest


def _later(value: bool | str | None, rest: Filter) -> Filter:
    """What yields the same value when it is evaluated."""
    return _as_filter(escape(value) if isinstance(value, str) else value, rest)


def _as_filter(value: bool | str | None, rest: Filter) -> Filter:
    if value is None:
        return rest
    return Constant(value) if isinstance(value, bool) else Text(value)


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
