"""Formulas of recipes as needs on machines, each distinct piece worked out once.

Versions of a package repeat one another, and packages name the same dependencies: a universe of 19,000 recipes has a
tenth as many distinct atoms.  What a formula means depends on the package only through a few variables; unless one of
these was looked at, the answer serves for all.  Formulas come as the index keeps them (``repo.index.encoding``), so
that a piece that is known is never decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from xpkg.repo import formulas
from xpkg.repo.filters import Environment, is_true
from xpkg.repo.index.encoding import Encoded, decode_atom, decode_bounds, decode_filter
from xpkg.repo.interpolate import Value
from xpkg.repo.versions import ANY_VERSION
from xpkg.solver.protocol import AllOf, AnyOf, Formula, Need

Kind = Literal["depends", "conflicts"]
Place = Callable[[formulas.Need], Formula]
"""Puts a need on the machines where it has to be met."""

OWN = frozenset({"name", "version", "_:name", "_:version", "dev"})
"""The variables that differ from package to package."""

NOTHING = AllOf(())


class Watched:
    """An environment that remembers whether a variable of OWN was looked at."""

    __slots__ = ("_environment", "own")

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.own = False

    def __call__(self, name: str) -> Value:
        if name in OWN:
            self.own = True
        return self._environment(name)


class Needs:
    """Formulas worked out for packages of one machine whose needs ``place`` puts where they go.

    All but the variables of OWN must be the same in every environment given.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._depends = _Known()
        self._conflicts = _Known()

    def formula(self, data: Encoded, environment: Environment) -> Formula:
        """What a formula of ``depends`` asks for."""
        found, _ = self._of("depends", self._depends, data, environment)
        return NOTHING if found is None else found

    def leaves(self, kind: Kind, data: Encoded, environment: Environment) -> tuple[Need, ...]:
        """The needs in a formula where each stands for itself: of ``depopts``, and of ``conflicts``."""
        if len(data) == 1 and data[0] == 0:  # nothing, of most recipes
            return ()
        found, _ = self._of(kind, self._depends if kind == "depends" else self._conflicts, data, environment)
        return () if found is None else tuple(_leaves(found))

    def _of(self, kind: Kind, known: _Known, data: Encoded, environment: Environment) -> tuple[Formula | None, bool]:
        """The formula, None when filters drop all of it; and whether it is the same for all packages."""
        same = known.same.get(id(data))
        if same is not None:
            return same[1], True
        if isinstance(data, str) or data[0] == 2:
            if data in known.atoms:
                found, general = known.atoms[data], True
            else:
                found, general = self._atom(kind, known, data, environment)
                if general:
                    known.atoms[data] = found
        else:
            parts, general = list[Formula](), True
            for part in data[1:]:
                same = known.same.get(id(part))
                one, alike = (same[1], True) if same is not None else self._of(kind, known, part, environment)
                general = general and alike
                if one is not None:
                    parts.append(one)
            found = _joined(parts, conjunction=data[0] == 0)
        if general:
            known.same[id(data)] = (data, found)
        return found, general

    def _atom(self, kind: Kind, known: _Known, data: Encoded, environment: Environment) -> tuple[Formula | None, bool]:
        if isinstance(data, str):
            return self._place(formulas.Need(data, ANY_VERSION)), True
        _, name, condition = data
        if condition in known.conditions:
            need, general = known.conditions[condition], True
        else:
            need, general = _resolved(kind, data, environment)
            if general:
                known.conditions[condition] = need
        if need is None:
            return None, general
        return self._place(formulas.Need(name, need.versions, need.build, need.post)), general


def _resolved(kind: Kind, data: Encoded, environment: Environment) -> tuple[formulas.Need | None, bool]:
    """An atom with a condition: what is needed, None when filters drop it; and whether so for all packages."""
    bounds = decode_bounds(data)
    if bounds is not None:
        return formulas.Need(data[1], bounds), True
    watched = Watched(environment)
    work_out = formulas.resolve if kind == "depends" else formulas.exclude
    found = work_out(decode_atom(data), watched)
    return found if isinstance(found, formulas.Need) else None, not watched.own


class _Known:
    """Pieces of formulas that mean the same for all packages.

    By identity, each with the piece to keep it; atoms and the conditions in them by value.
    """

    __slots__ = ("atoms", "conditions", "same")

    def __init__(self) -> None:
        self.conditions: dict[Encoded, formulas.Need | None] = {}
        self.same: dict[int, tuple[Encoded, Formula | None]] = {}
        self.atoms: dict[Encoded, Formula | None] = {}


class Availability:
    """Whether packages are available on one machine; the same condition is worked out once.

    ``environment`` as for ``Needs``, the variables for kinds of dependencies undefined.
    """

    def __init__(self) -> None:
        self._known: dict[Encoded, bool] = {}

    def holds(self, data: Encoded, environment: Environment) -> bool:
        if isinstance(data, bool):
            return data
        known = self._known.get(data)
        if known is None:
            watched = Watched(environment)
            known = is_true(decode_filter(data), watched)
            if not watched.own:
                self._known[data] = known
        return known


def _joined(parts: list[Formula], *, conjunction: bool) -> Formula | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return AllOf(tuple(parts)) if conjunction else AnyOf(tuple(parts))


def _leaves(formula: Formula) -> list[Need]:
    if isinstance(formula, Need):
        return [formula]
    return [need for part in formula.parts for need in _leaves(part)]
