"""What differs between two locks, for people to read and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from xpkg.ops.lock_file import EXTRAS, LockedInstance, LockedPackage, LockFile
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.version_order import version_key

Kind = Literal[
    "add", "remove", "upgrade", "downgrade", "request", "recipe", "source", "repository", "machine", "building", "key"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference.  ``what`` is a package, a target, a machine or a repository.

    ``target`` and ``machine`` are empty where the change is the same for all.
    """

    kind: Kind
    what: str
    before: str = ""
    after: str = ""
    target: str = ""
    machine: str = ""

    def as_value(self) -> dict[str, str]:
        """The object that ``--json`` prints."""
        return {name: getattr(self, name) for name in ("kind", "what", "before", "after", "target", "machine")}

    @property
    def where(self) -> str:
        """For which machine, and of which pair where that is the build machine's."""
        if not self.machine:
            return ""
        return (
            f"[{BUILD} for {self.target}]" if self.machine == BUILD and self.target != NATIVE else f"[{self.machine}]"
        )


def changes(before: LockFile | None, after: LockFile) -> tuple[Change, ...]:
    """What is different in ``after``; from nothing, everything is added."""
    if before is None:
        return tuple(Change(kind="add", what=str_of(one), **_place(one)) for one in after.instances)
    return (
        *_asked(before, after),
        *_instances(before, after),
        *_packages(before, after),
        *_surroundings(before, after),
        *_keys(before, after),
    )


def str_of(one: LockedInstance) -> str:
    """A package as plans show it."""
    return f"{one.name}.{one.version}"


def _place(one: LockedInstance) -> dict[str, str]:
    return {"target": one.target, "machine": one.machine}


def _asked(before: LockFile, after: LockFile) -> Iterator[Change]:
    """Differences of what the lock is for."""
    names = sorted({target.name for lock in (before, after) for target in lock.targets})
    for name in names:
        old, new = ((" ".join(one.packages) if one else "") for one in (before.target(name), after.target(name)))
        if old != new:
            yield Change(kind="request", what=f"packages for {name}", before=old, after=new)
    rest: list[tuple[str, str, str]] = [("invariant", before.invariant, after.invariant)]
    for target in after.targets:
        known = before.target(target.name)
        extras = [{}, dict(target.extras)] if known is None else [dict(known.extras), dict(target.extras)]
        for extra in EXTRAS:
            old, new = (" ".join(one.get(extra, ())) for one in extras)
            rest.append((f"{extra} for {target.name}", old, new))
    old_pins, new_pins = _pins(before), _pins(after)
    for name in sorted({*old_pins, *new_pins}):
        rest.append((f"pin of {name}", old_pins.get(name, ""), new_pins.get(name, "")))
    yield from (Change(kind="request", what=what, before=old, after=new) for what, old, new in rest if old != new)


def _pins(lock: LockFile) -> dict[str, str]:
    return {pin.name: f"{pin.version} {pin.kind} {pin.commit}".rstrip() for pin in lock.pins}


def _instances(before: LockFile, after: LockFile) -> Iterator[Change]:
    old, new = ({one.place: one for one in lock.instances} for lock in (before, after))
    for place in sorted({*old, *new}):
        was, now = old.get(place), new.get(place)
        if was is None and now is not None:
            yield Change(kind="add", what=str_of(now), **_place(now))
        elif now is None and was is not None:
            yield Change(kind="remove", what=str_of(was), **_place(was))
        elif was is not None and now is not None and was.version != now.version:
            newer = (version_key(now.version), now.version) > (version_key(was.version), was.version)
            kind: Kind = "upgrade" if newer else "downgrade"
            yield Change(kind=kind, what=now.name, before=was.version, after=now.version, **_place(now))


def _packages(before: LockFile, after: LockFile) -> Iterator[Change]:
    """What is otherwise now of versions that are in both."""
    old = {(one.name, one.version): one for one in before.packages}
    for now in after.packages:
        was = old.get((now.name, now.version))
        if was is None or was == now:
            continue
        what = f"{now.name}.{now.version}"
        if was.repository != now.repository:
            yield Change(kind="repository", what=what, before=was.repository, after=now.repository)
        if was.recipe != now.recipe or was.opam != now.opam:
            parts = "; ".join(recipe_parts(was, now))
            yield Change(kind="recipe", what=f"{what}: {parts}", before=was.recipe, after=now.recipe)
        if was.sources != now.sources:
            old_sources, new_sources = (", ".join(map(str, one.sources)) or "none" for one in (was, now))
            yield Change(kind="source", what=what, before=old_sources, after=new_sources)


def recipe_parts(was: LockedPackage, now: LockedPackage, opam: str = "opam file") -> list[str]:
    """Which parts of a recipe are not the same; ``opam`` tells of the opam file."""
    parts = [opam] if was.opam != now.opam else []
    old, new = dict(was.files), dict(now.files)
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            how = "new" if name not in old else "gone" if name not in new else "changed"
            parts.append(f"files/{name} {how}")
    if was.overlays != now.overlays:
        named = [", ".join(one.overlays) or "none" for one in (was, now)]
        parts.append(f"overlays of {named[0]}, now of {named[1]}")
    # What is left: an overlay says something else, or a file may be executed now.
    rest = f"overlay of {', '.join(now.overlays)}" if now.overlays else "the right to execute one of its files"
    return parts or [rest]


def _surroundings(before: LockFile, after: LockFile) -> Iterator[Change]:
    for repository in after.repositories:
        was = before.repository(repository.name)
        if was is not None and was != repository and repository.kind in ("git", "web"):
            old, new = (f"{one.address} {one.revision}".strip() for one in (was, repository))
            yield Change(kind="repository", what=repository.name, before=old, after=new)
    for machine in after.machines:
        known = before.machine(machine.name)
        if known is not None and known != machine:
            yield Change(kind="machine", what=machine.name, before=known.definition, after=machine.definition)
    if before.building != after.building:
        old, new = (f"keys {one.key_format}, isolation {one.isolation}" for one in (before.building, after.building))
        yield Change(kind="building", what="builds", before=old, after=new)


def _keys(before: LockFile, after: LockFile) -> Iterator[Change]:
    """Builds that are other ones now although their version stays; and what else a line of theirs says."""
    old = {one.place: one for one in before.instances}
    for now in after.instances:
        was = old.get(now.place)
        if was is None or was.version != now.version or was == now:
            continue
        if was.key != now.key:
            yield Change(kind="key", what=str_of(now), before=was.key, after=now.key, **_place(now))
        elif was.requested != now.requested:
            told = ["requested" if one.requested else "needed by others" for one in (was, now)]
            yield Change(kind="request", what=str_of(now), before=told[0], after=told[1], **_place(now))
        else:
            depends = [" ".join(one.depends) for one in (was, now)]
            yield Change(kind="key", what=str_of(now), before=depends[0], after=depends[1], **_place(now))


def told(found: Sequence[Change]) -> list[tuple[str, str, str]]:
    """Lines for people in three columns: what happened, to what, where.  Keys are only counted."""
    rows: list[tuple[str, str, str]] = []
    rows += [(change.kind, _said(change), change.where) for change in found if change.kind != "key"]
    keys = sum(change.kind == "key" for change in found)
    if keys:
        rows.append(("rebuild", f"{keys} {'package' if keys == 1 else 'packages'} whose version stays", ""))
    return rows


def _said(change: Change) -> str:
    if change.kind in ("add", "remove"):
        return change.what
    before, after = _short(change.before), _short(change.after)
    if change.kind == "request":
        return f"{change.what}: {before or 'nothing'} -> {after or 'nothing'}"
    return f"{change.what} {before} -> {after}"


def _short(text: str) -> str:
    """Long digests, of which people compare the first digits."""
    return " ".join(word if len(word) < 40 else f"{word[:20]}..." for word in text.split(" "))
