"""Sealed trees: read-only, with one time stamp; and whether a tree still is as it was listed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from xpkg.core.values import value
from xpkg.sandbox.layout import DIRECTORY_MODE, FILE_MODE, PROGRAM_MODE, SOURCE_DATE_EPOCH
from xpkg.sandbox.record import Entry, Manifest


@value(kw_only=True)
class Difference:
    """One way in which a tree is not as recorded."""

    path: str
    problem: str


def seal(tree: Path) -> None:
    """Make a tree read-only, with the fixed time stamp."""
    with os.scandir(tree) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                seal(Path(entry.path))
                continue
            if not stat.S_ISLNK(status.st_mode):
                os.chmod(entry.path, file_mode(status.st_mode))
            os.utime(entry.path, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH), follow_symlinks=False)
    os.chmod(tree, DIRECTORY_MODE)
    os.utime(tree, (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH))


def compare(tree: Path, manifest: Manifest) -> tuple[Difference, ...]:
    """What of the tree is not as listed; every byte is read."""
    differences: list[Difference] = []
    listed = {entry.path: entry for entry in manifest}
    for path in sorted(present(tree)):
        if path not in listed:
            differences.append(Difference(path=path, problem="is not recorded"))
    for entry in manifest:
        problem = difference(tree / entry.path, entry)
        if problem is not None:
            differences.append(Difference(path=entry.path, problem=problem))
    return tuple(differences)


def difference(path: Path, entry: Entry) -> str | None:
    """In what way the file, directory or link is not the listed one, if so."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    if entry.kind == "directory":
        return None if stat.S_ISDIR(status.st_mode) else "is not a directory"
    if entry.kind == "link":
        if not stat.S_ISLNK(status.st_mode):
            return "is not a symbolic link"
        return None if os.readlink(path) == entry.link else "points elsewhere"
    if not stat.S_ISREG(status.st_mode):
        return "is not a file"
    if status.st_size != entry.size:
        return f"has {status.st_size} bytes, not {entry.size}"
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != entry.sha256:
            return "has another content"
    if stat.S_IMODE(status.st_mode) != entry.mode:
        return f"has mode {stat.S_IMODE(status.st_mode):04o}, not {entry.mode:04o}"
    return None


def present(tree: Path) -> Iterator[str]:
    """The relative paths of everything in a tree, links not followed."""
    pending = [""]
    while pending:
        inside = pending.pop()
        with os.scandir(tree / inside) as entries:
            for entry in entries:
                path = f"{inside}/{entry.name}" if inside else entry.name
                yield path
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path)


def file_mode(mode: int) -> int:
    """The mode that a file of the store has."""
    return PROGRAM_MODE if mode & 0o111 else FILE_MODE
