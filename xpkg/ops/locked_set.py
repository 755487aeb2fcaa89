"""Whether the packages of a lock fit together: the solver is asked, with nothing else to choose from.

A lock that was edited, or merged from two, can name versions that no solver would put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.errors import ExitCode, InputFileError, NotFoundError, UsageError, XpkgError
from xpkg.ops.holds import held_of
from xpkg.ops.invariants import invariant_of
from xpkg.ops.lock_file import LockFile
from xpkg.ops.lock_wishes import instance_of, target_name
from xpkg.ops.pins import addresses_of, pins_of
from xpkg.ops.requests import atoms_for
from xpkg.repo.universe import UnknownPackage
from xpkg.solver.model import Atom, Exactly, Instance, NoSolution, Request, Solution, on_machine
from xpkg.solver.protocol import Candidate, Context, Rejection
from xpkg.solver.solve import solve

if TYPE_CHECKING:
    from xpkg.ops.pairs import Pair
    from xpkg.ops.situation import Situation
    from xpkg.solver.context import RepoContext
    from xpkg.solver.protocol import Formula


class LockDoesNotFit(XpkgError):
    """What is locked cannot be in a switch with such pins, holds or such an invariant."""

    reference = "lock-does-not-fit"
    exit_code = ExitCode.NO_SOLUTION


class LockedContext:
    """Another context, of which only what is locked can be had."""

    def __init__(self, inner: Context, locked: frozenset[Instance]) -> None:
        self._inner, self._locked = inner, locked

    def versions(self, name: str) -> Sequence[str]:
        return self._inner.versions(name)

    def candidate(self, instance: Instance, *, requested: bool) -> Candidate | Rejection:
        if instance not in self._locked:
            return Rejection(instance=instance, reason=f"the lock does not have it {on_machine(instance.machine)}")
        return self._inner.candidate(instance, requested=requested)

    def remark(self, instance: Instance) -> str | None:
        return self._inner.remark(instance)

    def nearest(self, name: str) -> Sequence[str]:
        return self._inner.nearest(name)


def staying_solution(request: Request, context: Context) -> Solution | None:
    """The present state of a request as its solution; None where it does not meet it, or has more than it needs."""
    instances = frozenset(request.installed)
    if not instances:
        return None
    try:
        solution = solve(request, LockedContext(context, instances))
    except (NoSolution, NotFoundError):
        return None
    return solution if instances == set(solution.instances) else None


def locked_solution(
    situation: Situation, pair: Pair, lock: LockFile, context: RepoContext, invariant: Formula | None
) -> Solution:
    """What is locked for a pair, as a solution that starts from what the pair holds.

    InputFileError ``bad-lock`` with the reason when it does not fit together, LockDoesNotFit when it does but not with
    what the switch holds to.
    """
    instances = lock.of(target_name(pair))
    restricted = LockedContext(context, frozenset(map(instance_of, instances)))
    request = Request(
        target=pair.target,
        install=tuple(
            Atom(name=one.name, machine=one.machine, versions=Exactly(one.version))
            for one in instances
            if one.requested
        ),
        installed=situation.here(pair).instances,
        prune=True,
        require_available=True,
        invariant=invariant,
    )
    solution = _consistent(request, restricted, pair)
    for problem in _problems(situation, pair, lock, context, solution):
        raise _inconsistent(pair, (problem,))
    generation = situation.generation
    held_to = replace(
        request,
        pins=pins_of(generation),
        pinned_to=addresses_of(generation),
        held=held_of(generation, pair),
        invariant=invariant_of(generation, context, pair),
    )
    return _held(held_to, restricted, pair) if held_to.pins or held_to.held or held_to.invariant else solution


def _held(request: Request, context: LockedContext, pair: Pair) -> Solution:
    """The solution with what the switch holds to; LockDoesNotFit."""
    try:
        return solve(request, context)
    except NoSolution as error:
        raise LockDoesNotFit(
            f"what is locked for {target_name(pair)} is not what the switch holds to",
            context=tuple(("because", sentence) for sentence in error.chain),
            hint="change its pins, holds or invariant, or install into another switch",
        ) from error


def _consistent(request: Request, context: LockedContext, pair: Pair) -> Solution:
    try:
        return solve(request, context)
    except NoSolution as error:
        raise _inconsistent(pair, error.chain) from error


def _inconsistent(pair: Pair, reasons: Sequence[str]) -> InputFileError:
    return InputFileError(
        f"what is locked for {target_name(pair)} does not fit together",
        reference="bad-lock",
        context=tuple(("because", reason) for reason in reasons),
        hint="xpkg lock makes it fit, and shows what it changed",
    )


def _problems(
    situation: Situation, pair: Pair, lock: LockFile, context: RepoContext, solution: Solution
) -> Iterator[str]:
    """What a lock has that nothing asks for, or was asked for and is not requested in it."""
    instances = lock.of(target_name(pair))
    needed = set(solution.instances)
    for one in instances:
        if instance_of(one) not in needed:
            yield f"{one} is in it, and nothing needs it"
    target = lock.target(target_name(pair))
    assert target is not None
    roots = [one for one in instances if one.requested]
    atoms = _atoms(situation, pair, context, target.packages)
    for spelling, atom in zip(dict.fromkeys(target.packages), atoms, strict=True):
        if not any(atom.accepts(instance_of(one)) for one in roots):
            yield f"{spelling} was asked for, and no requested package in it is that"
    for one in roots:
        if not any(atom.accepts(instance_of(one)) for atom in atoms):
            yield f"{one} is said to be requested, and nobody asked for it"


def _atoms(situation: Situation, pair: Pair, context: RepoContext, spellings: Sequence[str]) -> tuple[Atom, ...]:
    try:
        return atoms_for(situation.universe, context, pair, spellings)
    except (UsageError, UnknownPackage) as error:
        raise _inconsistent(pair, (error.message,)) from error
