"""Filters: opam's expressions over variables that yield a boolean, a text, or nothing (undefined).

Semantics of ``OpamFilter.reduce`` in opam 2.6: undefined propagates through comparisons and ``!``; ``false &`` and
``true |`` absorb it; ``?x`` asks whether x is defined.  Comparisons use version order on texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Value = bool | str | list[str] | None
Environment = Callable[[str], Value]
"""The value of a variable by its full name (``os``, ``pkg:installed``, ``_:name``), None when undefined."""


@dataclass(frozen=True, slots=True)
class Constant:
    """``true`` or ``false``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Text:
    """A string; ``%{...}%`` in it is replaced."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, of several packages as in ``a+b:installed``; ``choice`` is ``(a, b)`` of ``%{x?a:b}%``."""

    packages: tuple[str, ...]
    name: str
    choice: tuple[str, str] | None = None


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
