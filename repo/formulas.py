"""Formulas over packages: depends, depopts and conflicts, as written and as resolved for one machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from xpkg.repo.filters import Environment, Filter
from xpkg.repo.versions import VersionFormula

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class And(Generic[T]):
    """Every item; none at all is true."""

    items: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class Or(Generic[T]):
    """At least one item."""

    items: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A version comparison inside the braces of an atom; the version is a text or a variable."""

    operator: str
    version: Filter


@dataclass(frozen=True, slots=True)
class When:
    """A filter inside the braces of an atom."""

    filter: Filter


Condition = Bound | When | And["Condition"] | Or["Condition"]


@dataclass(frozen=True, slots=True)
class Atom:
    """A package name with the condition in its braces."""

    name: str
    condition: Condition


Formula = Atom | And["Formula"] | Or["Formula"]


@dataclass(frozen=True, slots=True)
class Need:
    """A package that is needed (or excluded) at some versions.

    ``build``: only because the variable ``build`` is true, so it runs while building.
    ``post``: only because ``post`` is true, so it does not order the build.
    """

    name: str
    versions: VersionFormula
    build: bool = False
    post: bool = False


Resolved = Need | And["Resolved"] | Or["Resolved"]

NOTHING: And[Resolved] = And(())
"""What is left when filters drop every atom; a conflict with nothing excludes nothing."""


def resolve(formula: Formula, environment: Environment) -> Resolved:
    """Evaluate the filters with ``environment`` (``build`` and ``post`` are set here)."""
    raise NotImplementedError


def needs(resolved: Resolved) -> Iterator[Need]:
    """The leaves, in order."""
    if isinstance(resolved, Need):
        yield resolved
    else:
        for item in resolved.items:
            yield from needs(item)
