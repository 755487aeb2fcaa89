"""What ``xpkg build`` leaves in a project: a prefix for each machine, with the project's packages and what they use.

DIRECTORY/_xpkg/MACHINE/        the prefix; its files know it by this path
DIRECTORY/_xpkg/.MACHINE.json   what it was made of (see `xpkg.ops.project_stamps`)
DIRECTORY/_xpkg/.gitignore      git leaves all of it out, as sources of projects do
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import ConfigurationError, StoreError
from xpkg.core.files import disk_errors, remove_tree, temporary_beside, write_atomically
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.core.text import printable
from xpkg.ops.project_stamps import Stamp, read_stamp, states, strangers
from xpkg.ops.project_systems import OUTPUT
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.store import StoredOutput

_SHOWN = 5
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
    prefix, file = place / machine, place / f".{machine}.json"
    outputs = (*own, *others)
    keys = tuple(sorted(one.key for one in outputs))
    name = hashlib.sha256(os.fsencode(prefix)).hexdigest()[:40]
    with locked(root.locks, f"products-{name}"), disk_errors("write the products in", place):
        former = read_stamp(file)
        changed = former is None or former.made_of != keys or not former.fits(prefix) or not prefix.is_dir()
        if changed:
            _refuse_others(prefix, former)
            paths = [entry.path for output in outputs for entry in output.record.manifest]
            unfinished = dict.fromkeys([*(former.entries if former else ()), *paths], ())
            Stamp(prefix=str(prefix), made_of=None, entries=unfinished).write(file)
            _compose(prefix, own, others)
            Stamp(prefix=str(prefix), made_of=keys, entries=states(prefix, paths)).write(file)
    return Products(
        machine=machine,
        prefix=prefix,
        packages=tuple(str(one.record) for one in own),
        programs=tuple(sorted(_programs(own))),
        changed=changed,
    )


def _refuse_others(prefix: Path, stamp: Stamp | None) -> None:
    """What was not made here is not replaced."""
    if not os.path.lexists(prefix):
        return
    found = strangers(prefix, stamp) if prefix.is_dir() and not prefix.is_symlink() else [""]
    if found:
        shown = printable(", ".join(found[:_SHOWN]), keep="") + (f" and {len(found) - _SHOWN} more") * (
            len(found) > _SHOWN
        )
        raise StoreError(
            f"there is something in the place of the products that xpkg did not make: {prefix}",
            reference="not-ours",
            context=(("there is", shown),) if shown else (),
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


def _compose(prefix: Path, own: Sequence[StoredOutput], others: Sequence[StoredOutput]) -> None:
    from xpkg.sandbox.prefix import compose

    _clear(prefix)
    outputs = (*own, *others)
    staged = temporary_beside(prefix)
    try:
        # People try things out on their own programs, and not all of them are kept from writing by a file's mode.
        compose(outputs, staged, _mapping(prefix, outputs), apart=frozenset(one.key for one in own))
        _take_place(staged, prefix)
    finally:
        remove_tree(staged)


def _clear(prefix: Path) -> None:
    """Remove what interrupted builds left of this prefix, and of no other, which may be under way."""
    left = re.compile(rf"\.tmp-[0-9a-f]{{16}}-{re.escape(prefix.name[:100])}")  # see temporary_beside
    for one in prefix.parent.iterdir():
        if left.fullmatch(one.name):
            remove_tree(one)


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
