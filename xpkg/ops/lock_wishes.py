"""What is to be locked: packages by target, and what of an earlier lock or of a switch stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.core.text import did_you_mean
from xpkg.ops.lock_file import LockedInstance, LockedPin, LockFile
from xpkg.ops.pairs import Pair
from xpkg.ops.spelling import read_spelling
from xpkg.repo.machine_names import NATIVE
from xpkg.solver.model import Instance

if TYPE_CHECKING:
    from xpkg.ops.situation import Situation


Extras = Mapping[str, frozenset[str]]
"""Names, each with those of EXTRAS that are true for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWish:
    """What is to be locked.

    ``packages`` are spellings by target (``native`` is this machine's), ``extras`` says which names are wanted with
    their tests and the like.  ``keep`` is what stays where it can, by target: what a switch has if ``of_switch``, else
    what was locked.  ``upgrade`` names what may move all the same, by target, ``upgrade_all`` the targets of which
    everything may.  ``pins`` hold as well as those of the switch; one of a source must be the switch's too.
    """

    packages: Mapping[str, tuple[str, ...]]
    extras: Mapping[str, Extras] = field(default_factory=dict)
    invariant: str = ""
    pins: tuple[LockedPin, ...] = ()
    keep: Mapping[str, tuple[Instance, ...]] = field(default_factory=dict)
    of_switch: bool = False
    upgrade: Mapping[str, frozenset[str]] = field(default_factory=dict)
    upgrade_all: frozenset[str] = frozenset()

    def may_move(self, target: str) -> bool:
        """Whether what is kept of a target may move although it could stay."""
        return target in self.upgrade_all or bool(self.upgrade.get(target))


def target_name(pair: Pair) -> str:
    """What a lock calls a pair of machines."""
    return pair.target or NATIVE


def wish_for_packages(
    situation: Situation,
    before: LockFile | None,
    packages: Sequence[str],
    targets: Sequence[str],
    extras: Iterable[str],
) -> LockWish:
    """To lock these packages, and nothing else, for each of these targets, with the pins and invariant in use."""
    spellings = tuple(sorted(set(packages)))
    wanted = frozenset(extras)
    named = dict.fromkeys((read_spelling(one).name for one in spellings), wanted) if wanted else {}
    names = sorted({target_name(pair_of(situation, target)) for target in targets} or {NATIVE})
    return LockWish(
        packages=dict.fromkeys(names, spellings),
        extras=dict.fromkeys(names, named),
        invariant="" if situation.generation is None else situation.generation.invariant,
        keep=_kept(before),
    )


def set_pins_aside(situation: Situation, before: LockFile) -> None:
    """Let a situation have no pins but those of sources that a lock has too.

    What a lock asks for must not depend on whose switch it is made anew in; its own pins are in the wish.
    """
    if situation.generation is not None:
        sources = {pin.name for pin in before.pins if pin.kind != "version"}
        pins = tuple(pin for pin in situation.generation.pins if pin.address and pin.name in sources)
        situation.generation = replace(situation.generation, pins=pins)


def wish_of_lock(before: LockFile) -> LockWish:
    """To lock once more what a lock asks for."""
    return LockWish(
        packages={target.name: target.packages for target in before.targets},
        extras={target.name: target.extras_by_name for target in before.targets},
        invariant=before.invariant,
        pins=before.pins,
        keep=_kept(before),
    )


def wish_of_switch(situation: Situation, targets: Sequence[str] = ()) -> LockWish:
    """To lock what was asked for in a switch, for these targets or all, in the versions it has.

    NotFoundError when that is nothing.
    """
    present = {target_name(pair): situation.here(pair) for pair in situation.pairs}
    roots = {target: tuple(sorted({one.name for one in here.roots})) for target, here in present.items()}
    wanted = {target: names for target, names in roots.items() if names and (not targets or target in targets)}
    empty = [target for target in targets if target not in wanted]
    if empty or not wanted:
        where = f" for {empty[0]}" if empty else ""
        raise NotFoundError(
            f"there is nothing to lock{where}: the switch has nothing that was asked for",
            reference="nothing-to-lock",
            hint=f"name packages: xpkg lock PACKAGE... {f'--target {empty[0]}' if empty else '[--target T]...'}",
        )
    return LockWish(
        packages=wanted,
        extras={target: here.extras for target, here in present.items()},
        invariant="" if situation.generation is None else situation.generation.invariant,
        keep={target: here.instances for target, here in present.items()},
        of_switch=True,
    )


def upgrading(wish: LockWish, names: Sequence[str] | None, targets: Sequence[str]) -> LockWish:
    """The wish with newer versions of some packages, of all for an empty ``names``, for these targets or for all.

    NotFoundError for a name or target that is not locked.
    """
    chosen = _chosen_targets(wish, targets)
    if names is None:
        return wish
    if not names:
        return replace(wish, upgrade_all=frozenset(chosen))
    locked = {one.name for target in chosen for one in wish.keep.get(target, ())}
    for name in names:
        if name not in locked:
            raise NotFoundError(
                f"{name} is not locked, so it cannot be upgraded",
                reference="not-locked",
                hint=did_you_mean(name, locked),
            )
    there = {target: frozenset(one.name for one in wish.keep.get(target, ())) for target in chosen}
    return replace(wish, upgrade={target: there[target].intersection(names) for target in chosen})


def _chosen_targets(wish: LockWish, targets: Sequence[str]) -> list[str]:
    for target in targets:
        if target not in wish.packages:
            raise NotFoundError(
                f"nothing is locked for {target}",
                reference="not-locked",
                context=(("locked for", ", ".join(sorted(wish.packages))),),
                hint=f"name the packages to lock for it: xpkg lock PACKAGE... --target {target}",
            )
    return list(targets) or list(wish.packages)


def pair_of(situation: Situation, target: str) -> Pair:
    pair = Pair.of(target)
    situation.target(pair)  # NotFoundError for one that is unknown
    return pair


def _kept(before: LockFile | None) -> dict[str, tuple[Instance, ...]]:
    if before is None:
        return {}
    return {target.name: tuple(map(instance_of, before.of(target.name))) for target in before.targets}


def instance_of(one: LockedInstance) -> Instance:
    """A locked instance as the solver knows it."""
    return Instance(name=one.name, version=one.version, machine=one.machine)
