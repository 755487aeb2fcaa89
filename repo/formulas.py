"""Formulas over packages: depends, depopts and conflicts, as written and as resolved for one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from xpkg.repo.filters import Environment, Filter, evaluate, is_true
from xpkg.repo.interpolate import Value, Warn, as_text
from xpkg.repo.versions import ANY_VERSION, AllOf, Compare, VersionFormula, all_of, one_of

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

ALWAYS: And[Condition] = And(())
"""The condition of a bare name."""


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


_UNBOUND = AllOf(())
"""What an undefined bound leaves: neither true nor false (``OpamFormula.make_or``)."""


def resolve(formula: Formula, environment: Environment, warn: Warn | None = None) -> Resolved:
    """Evaluate the filters with ``environment``, where ``build`` and ``post`` are true whatever it says.

    A false filter removes its atom, neutrally in ``&`` and ``|``: ``a | b {false}`` is ``a``.  NOTHING is left
    when no atom is.  A bound whose version is undefined is left out, neutrally too, and told to ``warn``
    (``OpamFilter.filter_constraints``): ``"a" {= u}`` is ``a`` at any version.
    """
    return _resolve(formula, lambda atom: _need(atom, environment, warn)) or NOTHING


def select(formula: Formula, environment: Environment, warn: Warn | None = None) -> Resolved:
    """As ``resolve``, with ``build`` and ``post`` as the environment has them: for questions about some kinds of needs.

    No need says of what kind it is (``OpamFilter.filter_deps``).
    """

    def need(atom: Atom) -> Need | None:
        versions = ANY_VERSION if atom.condition == ALWAYS else _constraint(atom.condition, environment, warn)
        return None if versions is None else Need(atom.name, ANY_VERSION if versions == _UNBOUND else versions)

    return _resolve(formula, need) or NOTHING


def _resolve(formula: Formula, need: Callable[[Atom], Need | None]) -> Resolved | None:
    if isinstance(formula, Atom):
        return need(formula)
    items = [item for part in formula.items if (item := _resolve(part, need)) is not None]
    if len(items) == 1:
        return items[0]
    if not items:
        return None
    return And(tuple(items)) if isinstance(formula, And) else Or(tuple(items))


def _need(atom: Atom, environment: Environment, warn: Warn | None) -> Need | None:
    """The atom as a need, None when its filters remove it."""
    if atom.condition == ALWAYS:
        return Need(atom.name, ANY_VERSION)
    versions = _constraint(atom.condition, _with(environment, build=True, post=True), warn)
    if versions is None:
        return None
    return Need(
        atom.name,
        ANY_VERSION if versions == _UNBOUND else versions,
        build=_constraint(atom.condition, _with(environment, build=False, post=True), None) is None,
        post=_constraint(atom.condition, _with(environment, build=True, post=False), None) is None,
    )


def _with(environment: Environment, *, build: bool, post: bool) -> Environment:
    """The environment with these two variables set."""
    fixed = {"build": build, "post": post}

    def look(name: str) -> Value:
        return fixed[name] if name in fixed else environment(name)

    return look


def _constraint(condition: Condition, environment: Environment, warn: Warn | None) -> VersionFormula | None:
    """The versions that the condition leaves: ANY_VERSION when it is true, None when it is false.

    ``OpamFormula.partial_eval``: true and false disappear from a formula as they do in logic.
    """
    match condition:
        case When(filter):
            return ANY_VERSION if is_true(filter, environment) else None
        case Bound(operator, version):
            value = evaluate(version, environment)
            if value is not None:
                return Compare(operator, as_text(value))
            if warn is not None:
                warn("undefined variable in a version constraint")
            return _UNBOUND
        case And(items):
            parts = [_constraint(item, environment, warn) for item in items]
            left = [part for part in parts if part is not None]
            if len(left) < len(parts):
                return None
            bounds = all_of([part for part in left if part != _UNBOUND])
            return _UNBOUND if bounds == ANY_VERSION and _UNBOUND in left else bounds
        case Or(items):
            left = [part for item in items if (part := _constraint(item, environment, warn)) is not None]
            alternatives = [part for part in left if part != _UNBOUND]
            return one_of(alternatives) if alternatives else _UNBOUND if left else None


def needs(resolved: Resolved) -> Iterator[Need]:
    """The leaves, in order."""
    if isinstance(resolved, Need):
        yield resolved
    else:
        for item in resolved.items:
            yield from needs(item)


def atoms(formula: Formula) -> Iterator[Atom]:
    """The atoms of a formula as written, in order."""
    if isinstance(formula, Atom):
        yield formula
    else:
        for item in formula.items:
            yield from atoms(item)
