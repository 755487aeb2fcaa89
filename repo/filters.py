"""Filters: opam's expressions over variables that yield a boolean, a text, or nothing (undefined).

Semantics of ``OpamFilter.reduce`` in opam 2.6: undefined propagates through comparisons and ``!``; ``false &`` and
``true |`` absorb it; ``?x`` asks whether x is defined.  Comparisons use version order on texts.
"""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.repo.interpolate import Environment as Environment
from xpkg.repo.interpolate import Value as Value
from xpkg.repo.interpolate import Variable as Variable
from xpkg.repo.interpolate import as_bool, as_text, expand, look_up
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
    """The value of a filter, None when it is undefined."""
    return _reduce(filter, environment, choose_no=True)


def is_true(filter: Filter | None, environment: Environment) -> bool:
    """Whether a filter lets its item pass: an undefined one does not, an absent one does."""
    return filter is None or as_bool(_reduce(filter, environment, choose_no=True)) is True


def _reduce(filter: Filter, environment: Environment, *, choose_no: bool) -> bool | str | None:
    """``OpamFilter.reduce_aux``; ``choose_no`` is false below ``?``, where ``x?a:b`` of undefined x is undefined."""
    match filter:
        case Constant(value):
            return value
        case Text(text):
            return expand(text, environment, choose_no=choose_no)
        case Variable():
            found = look_up(filter, environment, choose_no=choose_no)
            return as_text(found) if isinstance(found, list) else found
        case Comparison(operator, left, right):
            first = _reduce(left, environment, choose_no=choose_no)
            second = _reduce(right, environment, choose_no=choose_no)
            if first is None or second is None:
                return None
            return holds(operator, as_text(first), as_text(second))
        case Every(parts):
            return _joined(parts, environment, absorbing=False, choose_no=choose_no)
        case Some(parts):
            return _joined(parts, environment, absorbing=True, choose_no=choose_no)
        case Negation(part):
            answer = as_bool(_reduce(part, environment, choose_no=choose_no))
            return None if answer is None else not answer
        case Defined(part):
            return _reduce(part, environment, choose_no=False) is not None


def _joined(parts: tuple[Filter, ...], environment: Environment, *, absorbing: bool, choose_no: bool) -> bool | None:
    """``&`` (false absorbs) and ``|`` (true absorbs); undefined wins over the other value."""
    undefined = False
    for part in parts:
        answer = as_bool(_reduce(part, environment, choose_no=choose_no))
        if answer is absorbing:
            return absorbing
        undefined = undefined or answer is None
    return None if undefined else not absorbing


def variables(filter: Filter) -> frozenset[str]:
    """The full names of the variables that a filter reads outside of texts."""
    match filter:
        case Variable(packages, name):
            return frozenset(f"{package}:{name}" for package in packages) if packages else frozenset((name,))
        case Comparison(_, left, right):
            return variables(left) | variables(right)
        case Every(parts) | Some(parts):
            return frozenset[str]().union(*map(variables, parts))
        case Negation(part) | Defined(part):
            return variables(part)
        case Constant() | Text():
            return frozenset()
