"""Switches: named sets of installed packages, made, found and removed; one of them is in `xpkg.sandbox.switch`.

switches/<name>/       a switch
switches/.staging/     switches being made or deleted
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xpkg.core.errors import NotFoundError, StoreError, UsageError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, sync_tree, temporary_beside, write_atomically
from xpkg.core.paths import StateRoot
from xpkg.core.text import did_you_mean, printable
from xpkg.repo.machine_names import BUILD
from xpkg.sandbox import generations, userprefix
from xpkg.sandbox.generations import NAME, RECORD, Generation, Installed, Pin, Root, Tree
from xpkg.sandbox.layout import DIRECTORY_MODE
from xpkg.sandbox.liveness import alive_marker, take_dead
from xpkg.sandbox.switch import Switch

__all__ = [
    "Generation",
    "Installed",
    "Pin",
    "Root",
    "Switch",
    "Tree",
    "create",
    "find",
    "keys_in_use",
    "names",
    "remove",
    "unmade",
]


class _Unmade(Switch):
    """A switch that nothing of is on disk yet: empty, to plan with."""

    def current(self) -> Generation:
        return Generation(number=0, created=0.0)


def unmade(root: StateRoot, name: str) -> Switch:
    """How a new switch of that name would look; nothing is written.  UsageError ``bad-name``."""
    _check_name(name)
    return _Unmade(root, name)


def create(
    root: StateRoot, name: str, targets: Iterable[str] = (), *, exist_ok: bool = False, invariant: str = ""
) -> Switch:
    """A new, empty switch; StoreError ``switch-exists`` unless ``exist_ok``, UsageError ``bad-name``."""
    _check_name(name)
    switch = Switch(root, name)
    with switch.lock(), _staged(root, name) as temporary:
        if os.path.lexists(root.switch(name)):
            if exist_ok:
                return switch
            raise StoreError(f"there is a switch {name} already", reference="switch-exists")
        generation = Generation(number=0, created=time.time(), targets=tuple(sorted(targets)), invariant=invariant)
        first = temporary / "generations" / "0"
        first.mkdir(parents=True)
        for tree in {BUILD, *generation.targets}:
            (first / tree).mkdir()
        write_atomically(first / RECORD, generations.encode(generation))
        (temporary / "current").symlink_to("generations/0")
        sync_tree(temporary)
        publish_directory(temporary, root.switch(name))
    return switch


def find(root: StateRoot, name: str) -> Switch:
    """An existing switch; NotFoundError ``unknown-switch`` with the nearest names."""
    _check_name(name)
    if not root.switch(name).is_dir():
        raise NotFoundError(
            f"there is no switch {name}",
            reference="unknown-switch",
            hint=did_you_mean(name, names(root)) or "xpkg switch list shows those there are",
        )
    return Switch(root, name)


def names(root: StateRoot) -> tuple[str, ...]:
    """The names of all switches, sorted."""
    if not root.switches.is_dir():
        return ()
    return tuple(sorted(name for name in os.listdir(root.switches) if NAME.fullmatch(name)))


def remove(root: StateRoot, name: str) -> None:
    """Delete a switch with its history and the links at the user's own directories."""
    switch = find(root, name)
    with switch.lock(), _staged(root, name) as temporary:
        links = switch.links()
        root.switch(name).rename(temporary / "removed")
        for directory, stable in links.items():
            userprefix.withdraw(directory, stable)


def keys_in_use(root: StateRoot) -> frozenset[str]:
    """The outputs that some generation of some switch needs."""
    return frozenset(
        key for name in names(root) for generation in Switch(root, name).history() for key in generation.keys
    )


@contextmanager
def _staged(root: StateRoot, name: str) -> Iterator[Path]:
    """A directory beside the switches for what is being made or deleted; gone at the end, or when next needed."""
    staging = root.switches / ".staging"
    with disk_errors("write in", root.switches):
        staging.mkdir(parents=True, exist_ok=True)
        for dead in take_dead(staging):
            remove_tree(staging / dead)
        temporary = staging / temporary_beside(Path(name)).name
        with alive_marker(staging, temporary.name):
            try:
                temporary.mkdir()
                temporary.chmod(DIRECTORY_MODE)
                yield temporary
            finally:
                remove_tree(temporary)


def _check_name(name: str) -> None:
    if NAME.fullmatch(name) is None:
        raise UsageError(
            f"{printable(name)!r} cannot be the name of a switch",
            reference="bad-name",
            hint="a name has letters, digits and . _ + -, at most 64, and starts with a letter or a digit",
        )
