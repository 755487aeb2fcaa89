"""``--best-effort``: as many of the packages asked for as can be had together, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.ops.solving import context_for, solve_all
from xpkg.solver.model import Atom, Exactly

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.pairs import Pair
    from xpkg.ops.situation import Situation
    from xpkg.solver.context import RepoContext
    from xpkg.solver.model import Instance, NoSolution, Preferences, Request, Solution

    Part = tuple[Request, RepoContext]


def best_effort(
    situation: Situation, pairs: Sequence[Pair], ask: Ask, parts: Sequence[Part], wanted: Preferences
) -> tuple[Sequence[Part], tuple[Solution, ...], tuple[str, ...]]:
    """The parts as they could be met, the states, and notes of what is left out.

    What is installed and cannot be had with the tests it is asked for with now stays as it was asked for before.
    """
    first = [request.install for request, _ in parts]
    while True:
        solutions = solve_all(parts, wanted)
        refused = [_refused(part, solution) for part, solution in zip(parts, solutions, strict=True)]
        if not any(refused):
            break
        parts = [
            _as_before(situation, pair, ask, part, atoms) if atoms else part
            for pair, part, atoms in zip(pairs, parts, refused, strict=True)
        ]
    notes = [
        note
        for atoms, (request, _), solution in zip(first, parts, solutions, strict=True)
        for note in left_out(atoms, request, solution)
    ]
    return parts, solutions, tuple(notes)


def left_out(named: Sequence[Atom], request: Request, solution: Solution) -> Iterator[str]:
    """Of what was ``named``, each an atom of the request, what the solution does not meet, or only as it was before."""
    present = {(one.name, one.machine): one for one in solution.instances}
    for atom, asked in zip(named, request.install, strict=True) if request.best_effort else ():
        met = any(key in present and asked.accepts(present[key]) for key in asked.keys)
        if not met:
            yield f"left out, as it cannot be had together with the rest: {atom}"
        elif asked.name in request.upgrade_names:
            yield f"left as it was, as it cannot be had as asked for now together with the rest: {atom}"


def _refused(part: Part, solution: Solution) -> dict[Atom, Instance]:
    """What is installed and is not met as it is asked for, with what there is of it."""
    request, context = part
    present = {(one.name, one.machine): one for one in solution.instances}
    installed = {(one.name, one.machine): one for one in request.installed}
    found = {}
    for atom in request.install:
        there = [installed[key] for key in atom.keys if key in installed]
        if (
            there
            and atom.name not in request.upgrade_names
            and any(one.name in context.extras for one in there)
            and not any(key in present and atom.accepts(present[key]) for key in atom.keys)
        ):
            found[atom] = there[0]
    return found


def _as_before(situation: Situation, pair: Pair, ask: Ask, part: Part, refused: dict[Atom, Instance]) -> Part:
    """The part with what is refused as it is installed, and wanted as it was before."""
    request, context = part
    before = situation.here(pair).extras
    names = {name for atom in refused for name, _ in atom.keys}
    extras = {name: of for name, of in context.extras.items() if name not in names}
    extras |= {name: before[name] for name in names if name in before}
    kept = {
        atom: Atom(name=one.name, machine=one.machine, versions=Exactly(one.version)) for atom, one in refused.items()
    }
    install = tuple(kept.get(atom, atom) for atom in request.install)
    upgraded = request.upgrade_names.union(atom.name for atom in kept.values())  # which makes no roots of them
    return replace(request, install=install, upgrade_names=upgraded), context_for(situation, pair, ask, extras)


def suggest(refusal: NoSolution) -> None:
    """Have a refusal's hint name the option that leaves out what has to be, where that is several things."""
    from xpkg.solver.relaxation import RelaxationKind

    if any(one.kind is RelaxationKind.REQUEST and ", " in one.subject for one in refusal.relaxations):
        refusal.hint = f"{refusal.hint}; or let --best-effort leave out what cannot be had together"
