"""The invariant of a switch: a formula over packages that holds whatever is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from xpkg.solver.protocol import AllOf, AnyOf, Formula

if TYPE_CHECKING:
    from xpkg.ops.pairs import Pair
    from xpkg.repo import formulas
    from xpkg.sandbox.switches import Generation
    from xpkg.solver.model import VersionSet


class Placing(Protocol):
    """Knows on which machines of a pair a package belongs, and what provides it; `RepoContext` does."""

    def wanted(self, name: str, versions: VersionSet | None, reason: str) -> Formula: ...


def invariant_of(generation: Generation | None, context: Placing, pair: Pair) -> Formula | None:
    """What the switch's invariant asks of a pair of machines, each name on the machines where it belongs.

    None when there is no invariant, InputFileError when the recorded one cannot be read.
    """
    if generation is None or not generation.invariant:
        return None
    from xpkg.ops.invariant_text import read_formula

    return _placed(read_formula(generation.invariant, "the switch's invariant"), context)


def placed(formula: formulas.Formula, context: Placing) -> Formula:
    """A formula over packages as needs on machines."""
    return _placed(formula, context)


def _placed(formula: formulas.Formula, context: Placing) -> Formula:
    from xpkg.ops.invariant_text import versions_of
    from xpkg.repo.formulas import And, Atom

    if isinstance(formula, Atom):
        return context.wanted(formula.name, versions_of(formula.condition), "the switch's invariant")
    parts = [_placed(item, context) for item in formula.items]
    return _joined(parts) if isinstance(formula, And) else AnyOf(tuple(parts))


def _joined(parts: Sequence[Formula]) -> Formula:
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
