"""Reaching files of a tree that a stranger's build filled, without ever leaving the tree."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from xpkg.sandbox.layout import SOURCE

_MOST_STEPS = 400
_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class OutsideTree(ValueError):
    """A path leads out of its tree; the text says how."""


def resolve(tree: Path, name: str) -> Path:
    """The real place of ``name``, every link followed by hand; it may be absent.  OutsideTree.

    Absolute links to the place where the build saw the tree are followed inside it.
    """
    pending = list(reversed(_inside(name).split("/")))
    place: list[str] = []
    for _ in range(_MOST_STEPS):
        if not pending:
            return tree.joinpath(*place)
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                raise OutsideTree("it is outside the build tree")
            place.pop()
            continue
        here = os.path.join(tree, *place, part)
        if not os.path.islink(here):
            place.append(part)
            continue
        destination = os.readlink(here)
        if destination.startswith("/"):
            place = []
        pending += reversed(_inside(destination).split("/"))
    raise OutsideTree("it is part of a loop of links, or far too deep")


def odd_kind(place: Path) -> str | None:
    """What a place of a tree is when it is there and no file.  ``place`` is as `resolve` gives it: no link."""
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISREG(mode):
        return None
    return _KINDS.get(stat.S_IFMT(mode), "neither a file nor a directory")


def write_file(tree: Path, name: str, source: Path, mode: int) -> None:
    """Copy the file ``source`` to ``name`` in the tree, making directories; OutsideTree at any link on the way."""
    *directories, last = name.split("/")
    descriptor = os.open(tree, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for directory in directories:
            descriptor = _enter(descriptor, directory)
        _replace(descriptor, last, source, mode)
    finally:
        os.close(descriptor)


def _enter(parent: int, name: str) -> int:
    """Open a directory below ``parent``, made if absent; ``parent`` is closed when it succeeds."""
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
        os.chmod(name, 0o755, dir_fd=parent)
    except FileExistsError:
        pass
    try:
        inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise OutsideTree(f"{name} on the way to it is a link or a file, not a directory") from error
        raise
    os.close(parent)
    return inside


def _replace(parent: int, name: str, source: Path, mode: int) -> None:
    try:
        status = os.lstat(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISREG(status.st_mode):
            raise OutsideTree(f"{name} is there already and is no file")
        os.unlink(name, dir_fd=parent)  # what else is linked to it stays as it is
    with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(name, flags, 0o600, dir_fd=parent), "wb") as output:
            while chunk := stream.read(1 << 20):
                output.write(chunk)
            output.flush()
            os.fchmod(output.fileno(), mode)


def _inside(name: str) -> str:
    """A name relative to the tree; absolute ones must be where the build saw the tree."""
    if not name.startswith("/"):
        return name
    if name == SOURCE or name.startswith(SOURCE + "/"):
        return name[len(SOURCE) :]
    raise OutsideTree(f"it leads to the absolute path {name}")
