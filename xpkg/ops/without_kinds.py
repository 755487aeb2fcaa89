"""What cannot be had with its tests, documentation or developers' tools, but could be without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.solver.model import NoSolution
from xpkg.solver.relaxation import Relaxation, RelaxationKind
from xpkg.solver.telling import ASKED
from xpkg.solver.version_ranges import listed

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask

_WORDS = {
    "with-test": "its tests",
    "with-doc": "its documentation",
    "with-dev-setup": "its developers' tools",
}


def told_without_kinds(refusal: NoSolution, ask: Ask, solved: Callable[[Ask], object]) -> NoSolution | None:
    """The refusal with what else the packages are wanted for, where it can be had without that; None where it cannot.

    ``solved`` raises NoSolution for what cannot be had.
    """
    kinds = [kind for kind in _WORDS if kind in ask.extras]
    tried = [[kind] for kind in kinds] + ([kinds] if len(kinds) > 1 else [])
    for some in tried:
        try:
            solved(replace(ask, **{kind.replace("-", "_"): False for kind in some}))  # type: ignore[arg-type]
        except NoSolution:
            continue
        return _told(refusal, some)
    return None


def _told(refusal: NoSolution, kinds: list[str]) -> NoSolution:
    options = listed([f"--{kind}" for kind in kinds], "and")
    found = Relaxation(kind=RelaxationKind.REQUEST, subject=options, text=f"without {options} it can be had")
    more = f"{ASKED} with {listed([_WORDS[kind] for kind in kinds], 'and')}"
    return NoSolution(
        refusal.message,
        chain=tuple(one.replace(ASKED, more) for one in refusal.chain),
        relaxations=(found, *refusal.relaxations),
        besides=refusal.besides,
    )
