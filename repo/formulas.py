"""Formulas over packages: depends, depopts and conflicts, as written and as resolved for one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from xpkg.core.values import value
from xpkg.repo.filters import Constant, Environment, Filter, Text, evaluate, is_true, settle
from xpkg.repo.interpolate import Value, Warn, as_text, expand
from xpkg.repo.versions import ANY_VERSION, AllOf, Compare, VersionFormula, all_of, one_of

T = TypeVar("T")


@value
class And(Generic[T]):
    """Every item; none at all is true."""

    items: tuple[T, ...]


@value
class Or(Generic[T]):
    """At least one item."""

    items: tuple[T, ...]


@value
class Bound:
    """A version comparison inside the braces of an atom; the version is a text or a variable."""

    operator: str
    version: Filter


@value
class When:
    """A filter inside the braces of an atom."""

    filter: Filter


Condition = Bound | When | And["Condition"] | Or["Condition"]

ALWAYS: And[Condition] = And(())
"""The condition of a bare name."""


@value
class Atom:
    """A package name with the condition in its braces."""

    name: str
    condition: Condition


Formula = Atom | And["Formula"] | Or["Formula"]


@value
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
"""What an undefined bound leaves in a conflict: neither true nor false (``OpamFormula.make_or``)."""

_NEVER = When(Constant(False))
_DELAYED = frozenset({"build", "post"})
_KINDS = _DELAYED | {"with-test", "with-doc", "with-dev-setup", "dev"}
"""The variables that say of what kind a dependency is (``OpamPackageVar.predefined_depends_variables``)."""


def resolve(formula: Formula, environment: Environment, warn: Warn | None = None) -> Resolved:
    """A formula of ``depends`` or ``depopts``, for solving: ``build`` and ``post`` are true whatever it says.

    A false filter removes its atom, neutrally in ``&`` and ``|``: ``a | b {false}`` is ``a``.  NOTHING is left
    when no atom is.  A bound whose version is undefined is false, and told to ``warn``: ``"a" {= u}`` is dropped
    (``OpamSwitchState.get_dependencies_t``).  ``build`` and ``post`` are not known until all else is settled, so that
    ``?build`` is false.
    """
    return _resolve(formula, lambda atom: _need(atom, environment, warn)) or NOTHING


def select(formula: Formula, environment: Environment, warn: Warn | None = None) -> Resolved:
    """As ``resolve``, with ``build`` and ``post`` as the environment has them: for questions about some kinds of needs.

    No need says of what kind it is, a bound whose version is undefined allows any
    (``OpamPackageVar.filter_depends_formula``).
    """
    known, kinds = without_kinds(environment), _only(environment, _KINDS)
    return _all(formula, lambda condition: _constraint(_settle(condition, known, warn, unbound=None), kinds))


def exclude(formula: Formula, environment: Environment, warn: Warn | None = None) -> Resolved:
    """A formula of ``conflicts``: the variables that say of what kind a dependency is are undefined.

    A bound whose version is undefined allows any (``OpamSwitchState.get_conflicts_t``).
    """
    known = without_kinds(environment)
    return _all(formula, lambda condition: _constraint(condition, known, warn))


def without_kinds(environment: Environment) -> Environment:
    """The environment of ``available`` and ``conflicts``: the variables for kinds of dependencies are undefined."""
    return _without(environment, _KINDS)


def _all(formula: Formula, constraint: Callable[[Condition], VersionFormula | None]) -> Resolved:
    """The formula with a plain need for each atom that ``constraint`` leaves."""

    def need(atom: Atom) -> Need | None:
        versions = ANY_VERSION if atom.condition == ALWAYS else constraint(atom.condition)
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
    condition = _settle(atom.condition, _without(environment, _DELAYED), warn, unbound=_NEVER)
    looked_at: set[str] = set()

    def both(name: str) -> Value:
        looked_at.add(name)
        return name in _DELAYED or None

    versions = _constraint(condition, both)
    if versions is None:
        return None
    return Need(
        atom.name,
        versions,
        build="build" in looked_at and _constraint(condition, {"build": False, "post": True}.get) is None,
        post="post" in looked_at and _constraint(condition, {"build": True, "post": False}.get) is None,
    )


def _without(environment: Environment, names: frozenset[str]) -> Environment:
    """The environment with these variables undefined."""
    return lambda name: None if name in names else environment(name)


def _only(environment: Environment, names: frozenset[str]) -> Environment:
    """The environment with all but these variables undefined."""
    return lambda name: environment(name) if name in names else None


def _settle(condition: Condition, environment: Environment, warn: Warn | None, *, unbound: When | None) -> Condition:
    """The condition without the variables that are known; a bound whose version is undefined becomes ``unbound``."""
    match condition:
        case When(filter):
            return When(settle(filter, environment))
        case Bound(operator, version):
            settled = settle(version, environment)
            if isinstance(settled, Constant) or (
                isinstance(settled, Text) and expand(settled.text, _nothing) is not None
            ):
                return Bound(operator, settled)
            if warn is not None:
                warn("undefined variable in a version constraint")
            return Bound(operator, settled) if unbound is None else unbound
        case And(items):
            return And(tuple(_settle(item, environment, warn, unbound=unbound) for item in items))
        case Or(items):
            return Or(tuple(_settle(item, environment, warn, unbound=unbound) for item in items))


def _nothing(name: str) -> Value:
    """No variable is defined."""


def _constraint(condition: Condition, environment: Environment, warn: Warn | None = None) -> VersionFormula | None:
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
