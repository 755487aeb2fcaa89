"""What ``xpkg build`` leaves in a project: a prefix for each machine, with the project's packages and what they use.

DIRECTORY/_xpkg/MACHINE/        the prefix; its files know it by this path
DIRECTORY/_xpkg/.MACHINE.json   what it was made of
DIRECTORY/_xpkg/.gitignore      git leaves all of it out, as sources of projects do
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import ConfigurationError, StoreError
from xpkg.core.files import disk_errors, remove_tree, temporary_beside, write_atomically
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.ops.project_systems import OUTPUT
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.store import StoredOutput

_FORMAT = 1
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # <linux/fs.h>
_PROGRAM = 0o111


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """A prefix with what was built; ``programs`` are paths below it.  ``changed`` unless it was there as it is."""

    machine: str
    prefix: Path
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    changed: bool

    def as_value(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return {
            "machine": self.machine,
            "prefix": str(self.prefix),
            "packages": list(self.packages),
            "programs": list(self.programs),
            "changed": self.changed,
        }


def prepare(directory: Path) -> Path:
    """The directory for prefixes in a project's, made; StoreError when that cannot be written in."""
    place = directory / OUTPUT
    with _elsewhere(), disk_errors("write in the project's directory", directory):
        place.mkdir(parents=True, exist_ok=True)
        ignore = place / ".gitignore"
        if not ignore.exists():
            write_atomically(ignore, b"*\n")
        if not os.access(place, os.W_OK):
            raise PermissionError(13, os.strerror(13), str(place))
    return place


@contextmanager
def _elsewhere() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        error.hint = error.hint or "--output DIRECTORY says another place"
        raise


def place_products(
    root: StateRoot, place: Path, machine: str, own: Sequence[StoredOutput], others: Sequence[StoredOutput]
) -> Products:
    """Have a prefix of a project's packages ``own`` and of what they use, replaced at once if it is not so already.

    StoreError ``not-ours`` when something that xpkg did not make is in its place.
    """
    prefix = place / machine
    stamp = place / f".{machine}.json"
    outputs = (*own, *others)
    made_of = {"format": _FORMAT, "prefix": str(prefix), "keys": sorted(one.key for one in outputs)}
    name = hashlib.sha256(os.fsencode(prefix)).hexdigest()[:40]
    with locked(root.locks, f"products-{name}"), disk_errors("write the products in", place):
        changed = _stamp(stamp) != made_of or not _complete(prefix, outputs)
        if changed:
            _refuse_others(prefix, stamp)
            write_atomically(stamp, b"{}")  # ours, and not finished
            _compose(prefix, outputs)
            write_atomically(stamp, json.dumps(made_of).encode())
    return Products(
        machine=machine,
        prefix=prefix,
        packages=tuple(str(one.record) for one in own),
        programs=tuple(sorted(_programs(own))),
        changed=changed,
    )


def _refuse_others(prefix: Path, stamp: Path) -> None:
    """What was not made here is not replaced."""
    if stamp.exists() or not os.path.lexists(prefix):
        return
    if prefix.is_symlink() or not prefix.is_dir() or any(prefix.iterdir()):
        raise StoreError(
            f"there is something in the place of the products that xpkg did not make: {prefix}",
            reference="not-ours",
            hint="move it away, or say another place with --output DIRECTORY",
        )


def _programs(outputs: Sequence[StoredOutput]) -> set[str]:
    """What people run: files and links in ``bin`` and ``sbin`` of the project's own packages."""
    return {
        entry.path
        for output in outputs
        for entry in output.record.manifest
        if entry.path.startswith(("bin/", "sbin/")) and entry.kind != "directory" and entry.mode & _PROGRAM
    }


def _stamp(path: Path) -> object:
    with suppress(OSError, ValueError):
        return json.loads(path.read_bytes())
    return None


def _complete(prefix: Path, outputs: Sequence[StoredOutput]) -> bool:
    return prefix.is_dir() and all(
        os.path.lexists(f"{prefix}/{entry.path}") for output in outputs for entry in output.record.manifest
    )


def _compose(prefix: Path, outputs: Sequence[StoredOutput]) -> None:
    from xpkg.sandbox.prefix import compose

    for left in prefix.parent.glob(f".tmp-*-{prefix.name}"):
        remove_tree(left)
    staged = temporary_beside(prefix)
    try:
        compose(outputs, staged, _mapping(prefix, outputs))
        _take_place(staged, prefix)
    finally:
        remove_tree(staged)


def _mapping(prefix: Path, outputs: Sequence[StoredOutput]) -> dict[str, str]:
    """Where the fixed prefixes go; nowhere when no file has them, whose directory may be called anything then."""
    if not any(entry.references for output in outputs for entry in output.record.manifest):
        return {}
    from xpkg.sandbox.relocate import check_prefix

    try:
        check_prefix(str(prefix))
    except ConfigurationError as error:
        error.hint = "some of the files have the path of their prefix in them: --output DIRECTORY says another place"
        raise
    return {TOOLS: str(prefix), TARGET: str(prefix)}


def _take_place(staged: Path, prefix: Path) -> None:
    """Give a finished tree the name of one that may be there; what was there is where it was staged afterwards."""
    if not os.path.lexists(prefix):
        staged.rename(prefix)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    exchange = getattr(libc, "renameat2", None)  # glibc 2.28
    arguments = (_AT_FDCWD, os.fsencode(staged), _AT_FDCWD, os.fsencode(prefix), _RENAME_EXCHANGE)
    if exchange is not None and exchange(*arguments) == 0:
        return
    # A file system without exchange: for a moment there is none.
    former = temporary_beside(prefix)
    prefix.rename(former)
    staged.rename(prefix)
    remove_tree(former)
