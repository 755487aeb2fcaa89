"""Setting the invariant of a switch, and having it give way to what was installed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xpkg.ops.asking import Ask
from xpkg.ops.invariant_text import printed, read_formula, written
from xpkg.ops.invariants import placed
from xpkg.ops.pairs import Pair
from xpkg.repo.filters import Text
from xpkg.repo.formulas import And, Atom, Bound, Condition, Formula, Or, atoms
from xpkg.repo.version_order import holds, newest_first

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.repo.providers import Provider
    from xpkg.sandbox.switches import Switch
    from xpkg.solver.model import Action

Versions = Mapping[str, frozenset[str]]
"""By name the versions that are installed somewhere in a switch."""

_WHERE = "the switch's invariant"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvariantSet:
    """``text`` is the invariant now, empty for none, ``before`` what it was; ``actions`` are needed for it."""

    text: str
    before: str
    actions: tuple[Action, ...] = ()


def set_invariant(home: Home, switch: Switch, words: Sequence[str]) -> InvariantSet:
    """Record an invariant, none for no words.  What is installed stays; the next request brings it about.

    UsageError for what is no formula, UnknownPackage for a name that does not exist, NoSolution when it cannot hold
    together with what was asked for before; nothing changes then.
    """
    text = written(words) if words else ""
    actions = required(home, switch, text) if text else ()
    with switch.lock():
        before = switch.current().invariant
        if text != before:
            switch.amend(home.store, invariant=text)
    return InvariantSet(text=text, before=before, actions=actions)


def required(
    home: Home, switch: Switch | None, text: str, targets: Iterable[str | None] = (None,)
) -> tuple[Action, ...]:
    """What an invariant needs that a switch does not have, on each pair of machines that holds something.

    What was asked for stays, in whatever version.  A switch that holds nothing, or None, is asked about ``targets``.
    UnknownPackage, NoSolution.
    """
    from xpkg.ops.situation import Situation
    from xpkg.ops.solving import base_request, context_for
    from xpkg.solver.protocol import Need
    from xpkg.solver.solve import solve

    situation, ask = Situation(home, switch), Ask()
    formula = read_formula(text, _WHERE)
    for atom in atoms(formula):
        if not situation.universe.providers(atom.name):
            situation.universe.versions(atom.name)
    actions: dict[Action, None] = {}
    for pair in situation.pairs or tuple(Pair.of(target) for target in targets):
        context = context_for(situation, pair, ask)
        base = base_request(situation, pair, context, ask)
        roots = tuple(Need(name=one.name, machine=one.machine) for one in base.roots)
        request = replace(base, invariant=placed(formula, context), formulas=roots)
        actions |= dict.fromkeys(solve(request, context).actions)
    return tuple(actions)


def is_met(text: str, installed: Versions) -> bool:
    """Whether what is installed has all that an invariant asks for."""
    return not text or _met(read_formula(text, _WHERE), installed)


def _met(formula: Formula, installed: Versions) -> bool:
    if isinstance(formula, Atom):
        found = installed.get(formula.name, frozenset())
        return bool(found) and all(_allows(formula.condition, version) for version in found)
    results = (_met(item, installed) for item in formula.items)
    return all(results) if isinstance(formula, And) else any(results)


def _allows(condition: Condition, version: str) -> bool:
    if isinstance(condition, Bound):
        return holds(condition.operator, version, _version(condition))
    assert isinstance(condition, And | Or)
    results = (_allows(item, version) for item in condition.items)
    return all(results) if isinstance(condition, And) else any(results)


def _version(bound: Bound) -> str:
    assert isinstance(bound.version, Text)  # so `read_formula` says
    return bound.version.text


def relaxed(text: str, installed: Versions) -> str:
    """The invariant after a request that it had to give way to; as it was where that still meets it.

    Bounds that do not allow what is installed move to it, names that are not installed any more are dropped
    (``install --update-invariant`` of opam, ``OpamSolution.apply``).
    """
    if is_met(text, installed):
        return text
    formula = _relaxed(read_formula(text, _WHERE), installed)
    return "" if formula is None else printed(formula)


def _relaxed(formula: Formula, installed: Versions) -> Formula | None:
    if _met(formula, installed):
        return formula
    if isinstance(formula, Atom):
        found = installed.get(formula.name)
        if not found:
            return None
        return Atom(formula.name, _moved(formula.condition, newest_first(found)))
    parts = tuple(part for item in formula.items if (part := _relaxed(item, installed)) is not None)
    if len(parts) < 2:
        return parts[0] if parts else None
    return And(parts) if isinstance(formula, And) else Or(parts)


def _moved(condition: Condition, versions: Sequence[str]) -> Condition:
    """The condition with every bound that does not allow all of the versions, the newest first, moved to them."""
    if not isinstance(condition, Bound):
        assert isinstance(condition, And | Or)
        parts = tuple(_moved(item, versions) for item in condition.items)
        return And(parts) if isinstance(condition, And) else Or(parts)
    if all(_allows(condition, version) for version in versions):
        return condition
    newest, oldest = Text(versions[0]), Text(versions[-1])
    match condition.operator:
        case ">" | ">=":
            return Bound(">=", oldest)
        case "<" | "<=":
            return Bound("<=", newest)
        case "=":
            return Or(tuple(Bound("=", Text(version)) for version in versions))
    return And(())


def versions_of(
    installed: Collection[tuple[str, str]], provided: Mapping[str, Sequence[Provider]] | None = None
) -> Versions:
    """Names and versions by name, with the names that others provide (``Universe.provided``)."""
    found: dict[str, set[str]] = {}
    for name, version in installed:
        found.setdefault(name, set()).add(version)
    for name, providers in (provided or {}).items():
        for one in providers:
            if (one.name, one.version) in installed:
                found.setdefault(name, set()).add(one.provided)
    return {name: frozenset(versions) for name, versions in found.items()}
