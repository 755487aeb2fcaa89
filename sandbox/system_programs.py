"""Copies of the system's programs, gathered in one directory for each set that builds may run.

A build's ``/usr/bin`` has a few of the system's programs and no other.  Mounting each of them there took longer than
many a package's build: bubblewrap reads the table of all mounts again after every one.  One directory is one mount.

PLACE/files/<digest>      one program; the digest is of what its file is on the system: path, inode, size and times
PLACE/<digest>/<name>     a set: links to programs by the names that builds know
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from xpkg.core.files import disk_errors, remove_tree, sync_tree, temporary_beside
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.sandbox.layout import PROGRAM_MODE
from xpkg.sandbox.relocate import copy_file

_FILES = "files"
_UNUSED = 30 * 24 * 3600
"""Seconds after which a set that nobody asked for is deleted: no build lasts so long."""


def gathered(root: StateRoot, tools: Mapping[str, Path]) -> Path:
    """A directory with copies of exactly these programs, by their names; made unless it is there.

    A program that is upgraded gives another directory.  StoreError when the copies cannot be written.
    """
    place = root.programs
    with disk_errors("copy the system's programs", place):
        digests = {name: _digest([path]) for name, path in tools.items()}
        directory = place / _short(f"{name} {digest}" for name, digest in sorted(digests.items()))
        if not _used(directory):
            with locked(root.locks, "programs"):
                if not directory.is_dir():
                    _clean(place)
                    _copy(place / _FILES, {digests[name]: path for name, path in tools.items()})
                    _link(place / _FILES, directory, digests)
        return directory


def _digest(paths: Iterable[Path]) -> str:
    facts = []
    for path in paths:
        status = path.stat()
        facts.append(f"{path} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}")
    return _short(facts)


def _short(lines: Iterable[str]) -> str:
    return hashlib.sha256(os.fsencode("\n".join(lines))).hexdigest()[:40]


def _used(directory: Path) -> bool:
    """Whether it is there; if so it counts as used today."""
    try:
        if time.time() - directory.stat().st_mtime > _UNUSED / 30:
            os.utime(directory)
    except FileNotFoundError:
        return False
    return True


def _copy(files: Path, wanted: Mapping[str, Path]) -> None:
    """Copy what is missing; each gets its name when all are on the disk, so that a crash leaves none cut off."""
    files.mkdir(parents=True, exist_ok=True)
    missing = {digest: path for digest, path in wanted.items() if not (files / digest).exists()}
    copies = {digest: temporary_beside(files / digest) for digest in missing}
    for digest, path in missing.items():
        copy_file(str(path), str(copies[digest]), PROGRAM_MODE)
    if missing:
        sync_tree(files)
    for digest, copy in copies.items():
        copy.rename(files / digest)


def _link(files: Path, directory: Path, digests: Mapping[str, str]) -> None:
    made = temporary_beside(directory)
    made.mkdir()
    for name, digest in digests.items():
        os.link(files / digest, made / name)
    made.rename(directory)


def _clean(place: Path) -> None:
    """Delete what a crash left, sets that are out of use, and programs that are in none.  The lock is held."""
    if not place.is_dir():
        return
    for directory in place.iterdir():
        old = time.time() - directory.stat().st_mtime > _UNUSED
        if directory.name.startswith(".tmp-") or (old and directory.name != _FILES):
            remove_tree(directory)
    for copy in (place / _FILES).glob("*"):
        if copy.stat().st_nlink == 1:
            copy.unlink()
