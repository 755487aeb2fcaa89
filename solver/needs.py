"""Formulas of recipes as needs on machines, each distinct piece worked out once.

Versions of a package repeat one another, and packages name the same dependencies: a universe of 19,000 recipes has a
tenth as many distinct atoms.  What a formula means depends on the package only through a few variables; unless one of
these was looked at, the answer serves for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from xpkg.repo import formulas
from xpkg.repo.filters import Environment
from xpkg.repo.interpolate import Value
from xpkg.solver.protocol import AllOf, AnyOf, Formula, Need

Kind = Literal["depends", "conflicts"]
Place = Callable[[formulas.Need], Formula]
"""Puts a need on the machines where it has to be met."""

OWN = frozenset({"name", "version", "_:name", "_:version", "dev"})
"""The variables that differ from package to package."""

NOTHING = AllOf(())


class Needs:
    """Formulas worked out for packages of one machine whose needs ``place`` puts where they go.

    All but the variables of OWN must be the same in every environment given.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        # The key is a formula's identity, so the formula is kept too.
        self._known: dict[tuple[Kind, int], tuple[formulas.Formula, Formula | None]] = {}

    def formula(self, formula: formulas.Formula, environment: Environment) -> Formula:
        """What a formula of ``depends`` asks for."""
        found, _ = self._of("depends", formula, environment)
        return NOTHING if found is None else found

    def leaves(self, kind: Kind, formula: formulas.Formula, environment: Environment) -> tuple[Need, ...]:
        """The needs in a formula where each stands for itself: of ``depopts``, and of ``conflicts``."""
        found, _ = self._of(kind, formula, environment)
        return () if found is None else tuple(_leaves(found))

    def _of(self, kind: Kind, formula: formulas.Formula, environment: Environment) -> tuple[Formula | None, bool]:
        """The formula, None when filters drop all of it; and whether it is the same for all packages."""
        key = (kind, id(formula))
        known = self._known.get(key)
        if known is not None:
            return known[1], True
        if isinstance(formula, formulas.Atom):
            found, general = self._atom(kind, formula, environment)
        else:
            parts = [self._of(kind, part, environment) for part in formula.items]
            general = all(same for _, same in parts)
            found = _joined([part for part, _ in parts if part is not None], isinstance(formula, formulas.And))
        if general:
            self._known[key] = (formula, found)
        return found, general

    def _atom(self, kind: Kind, atom: formulas.Atom, environment: Environment) -> tuple[Formula | None, bool]:
        own = False

        def looked_up(name: str) -> Value:
            nonlocal own
            own = own or name in OWN
            return environment(name)

        work_out = formulas.resolve if kind == "depends" else formulas.exclude
        resolved = work_out(atom, looked_up)
        if not isinstance(resolved, formulas.Need):
            return None, not own
        return self._place(resolved), not own


def _joined(parts: list[Formula], conjunction: bool) -> Formula | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return AllOf(tuple(parts)) if conjunction else AnyOf(tuple(parts))


def _leaves(formula: Formula) -> list[Need]:
    if isinstance(formula, Need):
        return [formula]
    return [need for part in formula.parts for need in _leaves(part)]
