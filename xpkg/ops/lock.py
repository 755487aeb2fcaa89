"""Making a lock: what is asked for, solved for all targets, with what names every input of every build.

What is locked already stays as it is as long as it can, so that a lock changes only where somebody wanted that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.ops.invariants import placed
from xpkg.ops.lock_file import (
    EXTRAS,
    PINNED,
    Building,
    LockedInstance,
    LockedMachine,
    LockedPackage,
    LockedPin,
    LockedTarget,
    LockFile,
    ordered,
)
from xpkg.ops.lock_recipes import LockSources, locked_package
from xpkg.ops.lock_repositories import locked_repositories
from xpkg.ops.lock_solving import preferred, solve_staying
from xpkg.ops.lock_wishes import Extras, LockWish, pair_of, target_name
from xpkg.ops.pairs import Pair
from xpkg.ops.pins import addresses_of, developed_of, pins_of
from xpkg.ops.requests import atoms_for
from xpkg.ops.tasks import TaskMaker
from xpkg.repo.machine_names import BUILD
from xpkg.sandbox.buildkey import KEY_FORMAT
from xpkg.sandbox.layout import ISOLATION_LEVEL
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Instance, Node, Request, Solution
from xpkg.solver.protocol import AnyOf, Need, Rejection

if TYPE_CHECKING:
    from xpkg.ops.situation import Situation
    from xpkg.solver.protocol import Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A lock, and what whoever asked for it should know."""

    lock: LockFile
    notes: tuple[str, ...] = ()


def make_lock(situation: Situation, wish: LockWish, before: LockFile | None = None) -> Made:
    """The lock for a wish; of ``before`` stays what does not have to change.

    Raises NoSolution, UnknownPackage, UsageError, SolverGaveUp, InputFileError for a recipe that is wrong.
    """
    pins = _pins(situation, wish)
    targets = sorted(wish.packages)
    pairs = [pair_of(situation, target) for target in targets]
    parts = [_part(situation, pair, wish, pins) for pair in pairs]
    solutions = solve_staying(parts, [wish.may_move(target) for target in targets])
    sources = LockSources(situation.home.root, () if before is None else before.packages)
    instances = [
        one
        for pair, solution in zip(pairs, solutions, strict=True)
        for one in locked_instances(situation, pair, solution, sources, wish.extras.get(target_name(pair), {}))
    ]
    packages = [
        locked_package(situation.universe.recipe(*one), sources)
        for one in sorted({(one.name, one.version) for one in instances})
    ]
    lock = ordered(
        building=building_now(),
        targets=[_locked_target(wish, target) for target in targets],
        machines=machines_now(situation, pairs),
        repositories=locked_repositories(situation.home, packages, before),
        packages=packages,
        instances=instances,
        pins=_locked_pins(situation, pins, packages),
        invariant=wish.invariant,
    )
    lost = [
        f"{one.name} {one.version} {'is installed' if wish.of_switch else 'was locked'}, and {reason}"
        for (request, context), solution in zip(parts, solutions, strict=True)
        for one, reason in _lost(request, context, solution, situation, before)
    ]
    return Made(lock=lock, notes=(*dict.fromkeys(lost), *_notes(solutions, lock)))


def building_now() -> Building:
    """What this xpkg makes keys with."""
    return Building(key_format=KEY_FORMAT, isolation=ISOLATION_LEVEL)


def machines_now(situation: Situation, pairs: Iterable[Pair]) -> list[LockedMachine]:
    """The machines of these pairs as they are defined."""
    targets = situation.universe.targets
    found = {BUILD: situation.native} | {pair.target: targets[pair.target] for pair in pairs if pair.target}
    return [LockedMachine(name=name, definition=str(target.digest)) for name, target in found.items()]


def context_of(situation: Situation, pair: Pair, extras: Extras) -> RepoContext:
    """The universe as the solver sees it for one pair."""
    developed = developed_of(situation.generation)
    return RepoContext(situation.universe, situation.target(pair), developed=developed, extras=extras)


def _locked_target(wish: LockWish, target: str) -> LockedTarget:
    extras = wish.extras.get(target, {})
    named = [(extra, tuple(sorted(name for name, of in extras.items() if extra in of))) for extra in EXTRAS]
    return LockedTarget(
        name=target, packages=wish.packages[target], extras=tuple((extra, names) for extra, names in named if names)
    )


def invariant_for(text: str, context: RepoContext) -> Formula | None:
    """An invariant that a lock has, as the solver knows it; InputFileError when it is none."""
    if not text:
        return None
    from xpkg.ops.invariant_text import read_formula

    return placed(read_formula(text, "the lock's invariant"), context)


def _part(
    situation: Situation, pair: Pair, wish: LockWish, pins: tuple[tuple[str, str], ...]
) -> tuple[Request, RepoContext]:
    target = target_name(pair)
    context = context_of(situation, pair, wish.extras.get(target, {}))
    free = target in wish.upgrade_all
    kept = () if free else wish.keep.get(target, ())
    newer = wish.upgrade.get(target, frozenset())
    atoms = atoms_for(situation.universe, context, pair, wish.packages[target])
    return Request(
        target=pair.target,
        install=atoms,
        formulas=tuple(_formula(atom) for atom in atoms if atom.name in newer),
        installed=kept,
        prune=True,
        require_available=True,
        upgrade_names=newer,
        prefer=frozenset() if free else preferred(wish.keep, target),
        pins=pins,
        pinned_to=addresses_of(situation.generation),
        invariant=invariant_for(wish.invariant, context),
    ), context


def _formula(atom: Atom) -> Formula:
    """What is asked for, also where it is to be upgraded: that alone would not make it so."""
    parts = (atom, *atom.providers)
    return AnyOf(tuple(Need(name=one.name, machine=one.machine, versions=one.versions) for one in parts))


def locked_instances(
    situation: Situation, pair: Pair, solution: Solution, sources: LockSources, extras: Extras
) -> Iterator[LockedInstance]:
    """The instances of a solution as a lock has them."""
    maker = TaskMaker(situation.universe, situation.native, situation.target(pair), sources.choice, extras)
    tasks = maker.make(solution.nodes)
    for node in solution.nodes:
        one = node.instance
        yield LockedInstance(
            target=target_name(pair),
            name=one.name,
            version=one.version,
            machine=one.machine,
            key=tasks[one].key,
            depends=depends_of(node),
            requested=node.requested,
        )


def depends_of(node: Node) -> tuple[str, ...]:
    """What a node needs built before it, as a lock writes it."""
    here = node.instance.machine
    return tuple(sorted(one.name if one.machine == here else f"{one.name}@{one.machine}" for one in node.requires))


def _pins(situation: Situation, wish: LockWish) -> tuple[tuple[str, str], ...]:
    """The switch's pins, and for other names the wish's; NotFoundError when a source is not pinned here."""
    own = dict(pins_of(situation.generation))
    sources = developed_of(situation.generation)
    for pin in wish.pins:
        if pin.kind != "version" and pin.name not in sources:
            raise missing_pin(pin)
    return tuple(sorted({**{pin.name: pin.version for pin in wish.pins}, **own}.items()))


def missing_pin(pin: LockedPin) -> NotFoundError:
    """The error for a lock of a pinned source that the switch has no pin for."""
    source = f"{pin.address}#{pin.commit}" if pin.kind == "git" else "a directory of whoever made it"
    return NotFoundError(
        f"the lock has {pin.name} from {source}, and the switch in use has it pinned to no source",
        reference="no-pin",
        hint=f"xpkg pin add {pin.name} {source if pin.kind == 'git' else 'DIRECTORY'}; "
        "or name the packages to lock once more, to lock them without it",
    )


def _locked_pins(
    situation: Situation, pins: Iterable[tuple[str, str]], packages: Iterable[LockedPackage]
) -> list[LockedPin]:
    """The pins of what is locked."""
    names = {one.name for one in packages}
    known = () if situation.generation is None else situation.generation.pins
    addresses = {pin.name: (pin.address, pin.commit) for pin in known}
    return [locked_pin(name, version, *addresses.get(name, ("", ""))) for name, version in pins if name in names]


def locked_pin(name: str, version: str, address: str, commit: str) -> LockedPin:
    """A pin as a lock has it: a path is left out, an address is kept without credentials."""
    if not address:
        return LockedPin(name=name, version=version, kind="version")
    if not address.startswith("git+") or address.startswith("git+file:") or not commit:
        return LockedPin(name=name, version=version, kind="path")
    from xpkg.repo.sources.attempt import shown

    return LockedPin(name=name, version=version, kind="git", address=shown(address.partition("#")[0]), commit=commit)


def _lost(
    request: Request, context: RepoContext, solution: Solution, situation: Situation, before: LockFile | None
) -> Iterator[tuple[Instance, str]]:
    """What was there and did not stay because it cannot be had any more, and why."""
    for one in request.installed:
        node = solution.find(one.name, one.machine)
        if node is None or node.instance == one:
            continue
        pinned = dict(request.pins).get(one.name, one.version)
        package = None if before is None else before.package(one.name, one.version)
        if pinned != one.version:
            yield one, f"{one.name} is pinned to {pinned}"
        elif one.version not in context.versions(one.name):
            from_pin = package is not None and package.repository == PINNED
            yield one, "its source is not pinned any more" if from_pin else "no repository has it any more"
        else:
            answer = context.candidate(one, requested=node.requested)
            if isinstance(answer, Rejection):
                yield one, f"cannot be had any more: {answer.reason}"


def _notes(solutions: Sequence[Solution], lock: LockFile) -> tuple[str, ...]:
    notes = [note for solution in solutions for note in solution.notes]
    notes += [
        f"{pin.name} is pinned to a path of this machine: others can install this lock only with a pin of their own"
        for pin in lock.pins
        if pin.kind == "path"
    ]
    unhashed = sorted({one.name for one in lock.packages for source in one.sources if not source.identity})
    notes += [f"{name} has a source without a hash: nothing can tell whether it changes" for name in unhashed]
    if not all(solution.optimal for solution in solutions):
        notes.append("the time was up: this lock meets the request, but a better one may exist")
    return tuple(dict.fromkeys(notes))
