"""Installing exactly what a lock says: whatever differs is found before anything is fetched or built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xpkg.core.errors import ExitCode, NotFoundError, XpkgError
from xpkg.core.text import did_you_mean
from xpkg.ops.lock import building_now, context_of, invariant_for, locked_instances, machines_now, missing_pin
from xpkg.ops.lock_diff import recipe_parts
from xpkg.ops.lock_fields import changed_fields
from xpkg.ops.lock_file import LockedInstance, LockedPackage, LockFile
from xpkg.ops.lock_recipes import LockSources, locked_package
from xpkg.ops.lock_repositories import repository_now
from xpkg.ops.lock_wishes import pair_of, target_name
from xpkg.ops.locked_set import locked_solution
from xpkg.ops.pins import developed_of
from xpkg.ops.planning import PairPlan, Plan

if TYPE_CHECKING:
    from xpkg.ops.pairs import Pair
    from xpkg.ops.situation import Situation

Difference = tuple[str, str]
"""What is not as it was locked, and how."""


class LockDiffers(XpkgError):
    """What would be installed is not what was locked.  ``differences`` are all that were found."""

    reference = "lock-differs"
    exit_code = ExitCode.ABORTED

    def __init__(self, differences: Sequence[Difference]) -> None:
        super().__init__(
            "what would be installed is not what was locked",
            context=tuple(differences),
            hint="xpkg lock --check shows all that would change, xpkg lock takes it",
        )
        self.differences = tuple(differences)


def plan_locked(situation: Situation, lock: LockFile, targets: Sequence[str] = ()) -> Plan:
    """The plan that makes these targets of a switch, all that are locked unless named, exactly as locked.

    What a pair of machines has beside that is removed.  Nothing is fetched, built or written.  Raises LockDiffers for
    every difference of recipes, sources, machines and build keys, InputFileError ``bad-lock`` when the lock's packages
    do not fit together, NotFoundError for a target that is not locked or not described, or a source that is not pinned
    here.
    """
    pairs = [pair_of(situation, target) for target in chosen_targets(lock, targets)]
    sources = LockSources(situation.home.root, lock.packages)
    refuse(check_lock(situation, lock, pairs, sources))
    parts = []
    for pair in pairs:
        wanted = lock.target(target_name(pair))
        assert wanted is not None
        extras = wanted.extras_by_name
        context = context_of(situation, pair, extras)
        solution = locked_solution(situation, pair, lock, context, invariant_for(lock.invariant, context))
        now = locked_instances(situation, pair, solution, sources, extras)
        refuse(key_differences(lock.of(target_name(pair)), tuple(now)))
        parts.append(PairPlan(situation, pair, solution, situation.here(pair), extras=extras))
    notes = (*repository_notes(situation, lock, pairs), *_source_notes(situation, lock, pairs, sources))
    return Plan(tuple(parts), notes=notes)


def hold_first_uses(situation: Situation, lock: LockFile) -> None:
    """Hold the sources without a strong hash of their own to those that the lock has for them."""
    from xpkg.ops.first_use import FirstUse

    sources = LockSources(situation.home.root, lock.packages)
    for package in lock.packages:
        if any(source.first_use for source in package.sources):
            for source, digest in sources.first_used(situation.universe.recipe(package.name, package.version)):
                FirstUse(situation.home.root).record(source, digest)


def refuse(differences: Iterator[Difference]) -> None:
    """LockDiffers when there are any."""
    found = tuple(differences)
    if found:
        raise LockDiffers(found)


def chosen_targets(lock: LockFile, targets: Sequence[str]) -> list[str]:
    """The targets meant, all that are locked for none; NotFoundError for one that is not."""
    known = [target.name for target in lock.targets]
    for target in targets:
        if target not in known:
            raise NotFoundError(
                f"nothing is locked for {target}",
                reference="not-locked",
                context=(("locked for", ", ".join(known)),),
                hint=did_you_mean(target, known),
            )
    return list(dict.fromkeys(targets)) or known


def check_lock(
    situation: Situation, lock: LockFile, pairs: Sequence[Pair], sources: LockSources
) -> Iterator[Difference]:
    """What is not as it was locked, of all that these pairs of machines need; NotFoundError for a missing pin."""
    if lock.building != building_now():
        now = building_now()
        yield (
            "builds",
            f"keys of format {lock.building.key_format} with {lock.building.isolation} were locked, "
            f"this xpkg makes keys of format {now.key_format} with {now.isolation}",
        )
    for machine in machines_now(situation, pairs):
        known = lock.machine(machine.name)
        if known is not None and known != machine:
            yield f"machine {machine.name}", f"its definition changed: {_change(known.definition, machine.definition)}"
    needed = {(one.name, one.version) for pair in pairs for one in lock.of(target_name(pair))}
    for package in lock.packages:
        if (package.name, package.version) in needed:
            yield from _package(situation, lock, package, sources)


def _package(
    situation: Situation, lock: LockFile, package: LockedPackage, sources: LockSources
) -> Iterator[Difference]:
    for pin in lock.pins:
        if pin.name == package.name and pin.kind != "version" and pin.name not in developed_of(situation.generation):
            raise missing_pin(pin)
    label, universe = f"{package.name} {package.version}", situation.universe
    if not universe.repositories_of(package.name) or package.version not in universe.versions(package.name):
        yield label, _gone(situation, lock, package)
        return
    recipe = universe.recipe(package.name, package.version)
    now = locked_package(recipe, sources)
    if now.recipe != package.recipe:
        fields = None if now.opam == package.opam else changed_fields(situation.home, lock, package, recipe.original)
        parts = "; ".join(recipe_parts(package, now, _opam_told(fields)))
        moved = (
            "" if now.repository == package.repository else f" and is from {now.repository}, not {package.repository}"
        )
        yield label, f"its recipe changed ({parts}){moved}: {_change(package.recipe, now.recipe)}"
    if now.sources != package.sources:
        told = [", ".join(map(str, one.sources)) or "none" for one in (package, now)]
        yield label, f"its sources changed: {told[0]}, now {told[1]}"


def _opam_told(fields: tuple[str, ...] | None) -> str:
    if fields is None:
        return "opam file"
    return f"opam file: {', '.join(fields)}" if fields else "opam file: nothing but comments and layout"


def _gone(situation: Situation, lock: LockFile, package: LockedPackage) -> str:
    """Why a version cannot be had, and when it could."""
    known = lock.repository(package.repository)
    if known is None:
        return "it is pinned in the lock, and this switch has no such version of it"
    here = [one.name for one in situation.home.repositories]
    at = f" at {known.revision}" if known.kind in ("git", "web") else ""
    # Of a directory nobody knows how it was; what came with xpkg came with another version of it.
    if known.name not in here:
        where = f" ({known.address})" if known.address else ""
        return f"no repository has it; it was locked from {known.name}{where}{at}, which is not configured here"
    now = repository_now(situation.home, known.name, ()).revision
    return (
        f"no repository has it any more; {known.name} had it{at}, and is at {now} now"
        if at
        else (f"no repository has it any more; it was locked from {known.name}")
    )


def key_differences(locked: Sequence[LockedInstance], now: Sequence[LockedInstance]) -> Iterator[Difference]:
    """The builds that would be others although recipes, sources and machines are the same; not what they entail."""
    known = {one.place: one for one in locked}
    changed = {one.place for one in now if known[one.place].key != one.key}
    for one in now:
        before = known[one.place]
        needed = {(one.target, *_needed(one, name)) for name in one.depends}
        if before.depends != one.depends:
            lists = [" ".join(of.depends) or "nothing" for of in (before, one)]
            yield str(one), f"it was locked as depending on {lists[0]}; it depends on {lists[1]}"
        elif one.place in changed and not needed & changed:
            yield str(one), f"this xpkg derives other build steps for it: build key {_change(before.key, one.key)}"


def _needed(one: LockedInstance, name: str) -> tuple[str, str]:
    name, at, machine = name.partition("@")
    return name, machine if at else one.machine


def _change(before: str, after: str) -> str:
    return f"{before} was locked, it is {after}"


def _source_notes(situation: Situation, lock: LockFile, pairs: Sequence[Pair], sources: LockSources) -> Iterator[str]:
    """Packages that are built from another source than the first of those that their recipes let us choose from."""
    needed = {(one.name, one.version) for pair in pairs for one in lock.of(target_name(pair))}
    for package in lock.packages:
        if (package.name, package.version) in needed and any(one.use == "alternative" for one in package.sources):
            recipe = situation.universe.recipe(package.name, package.version)
            if situation.choose_sources(recipe) != sources.choice(recipe):
                yield (
                    f"{package.name} {package.version} is built from the alternative source that is here already, "
                    "so its build key is another than the locked one"
                )


def repository_notes(situation: Situation, lock: LockFile, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Where recipes come from otherwise than when they were locked, though they are the same."""
    needed = {(one.name, one.version) for pair in pairs for one in lock.of(target_name(pair))}
    packages = [one for one in lock.packages if (one.name, one.version) in needed]
    notes = []
    for repository in lock.repositories:
        names = [one.name for one in situation.home.repositories]
        if repository.kind in ("git", "web") and repository.name in names:
            now = repository_now(situation.home, repository.name, packages)
            if now.revision != repository.revision:
                notes.append(
                    f"{repository.name} is at {now.revision}, the lock was made at {repository.revision}: "
                    "what is locked is the same in both"
                )
    for one in packages:
        origin = situation.universe.entry(one.name, one.version).repository
        if origin != one.repository:
            notes.append(f"{one.name} {one.version} comes from {origin}, not from {one.repository}: it is the same")
    return tuple(notes)
