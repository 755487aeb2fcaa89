"""Atomic changes to the file system: a reader sees the old state or the new one, never a part.

Rule: write in a temporary place on the same file system, fsync, rename, fsync the directory.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xpkg.core.errors import StoreError

_FULL = {errno.ENOSPC: "no space is left on the device", errno.EDQUOT: "the disk quota is used up"}


@contextmanager
def disk_errors(doing: str, path: Path) -> Iterator[None]:
    """Turn an OSError of a disk that is full, broken or read-only into one clear error."""
    try:
        yield
    except OSError as error:
        reason = _FULL.get(error.errno or 0, error.strerror or str(error))
        raise StoreError(
            f"cannot {doing}: {reason}",
            reference="disk-full" if error.errno in _FULL else "file-system",
            context=(("path", str(error.filename or path)),),
            hint="free some space and run the same command again; nothing was changed"
            if error.errno in _FULL
            else None,
        ) from error


class NotRegular(OSError):
    """What is to be read is no file with content of its own: a pipe, a socket, a device."""


def read_regular(path: Path, most: int) -> bytes:
    """The first ``most`` bytes of a file, without waiting for anyone: OSError for what is no regular file.

    A pipe that nobody writes to would hold up a reader for ever, and a device may have no end.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise _not_regular(path) from error
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise _not_regular(path)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(most)
    finally:
        os.close(descriptor)


def _not_regular(path: Path) -> NotRegular:
    return NotRegular(errno.EINVAL, "it is no regular file", str(path))


def sync_directory(path: Path) -> None:
    """Make renames and new names in ``path`` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace the file ``path`` by ``data`` in one step."""
    temporary = temporary_beside(path)
    with disk_errors("write", path):
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.rename(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)


def replace_link(path: Path, destination: str) -> None:
    """Point the symbolic link ``path`` to ``destination`` in one step."""
    temporary = temporary_beside(path)
    with disk_errors("set a link", path):
        temporary.symlink_to(destination)
        try:
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_directory(path.parent)


def publish_directory(staged: Path, final: Path) -> None:
    """Give the finished tree ``staged`` its name ``final``; both on one file system.

    The caller holds the lock of ``final``; an existing ``final`` is an OSError.
    """
    with disk_errors("publish", final):
        staged.rename(final)
        sync_directory(final.parent)


def temporary_beside(path: Path) -> Path:
    """A fresh name in the same directory, recognisable as unfinished."""
    return path.with_name(f".tmp-{os.urandom(8).hex()}-{path.name[:100]}")


def remove_tree(path: Path) -> None:
    """Delete a tree whatever its modes are; absent is fine, links are never followed."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        path.unlink(missing_ok=True)
        return
    top = str(path)
    pending = _emptied(top, top)
    while pending:
        directory = pending.pop()
        pending += _emptied(directory, top)
        os.rmdir(directory)
    path.rmdir()


def _emptied(directory: str, top: str) -> list[str]:
    """Delete the files of a directory and move its directories to ``top``; where those are now.

    Without recursion, and with short paths however deep a stranger's build made its tree.
    """
    if os.lstat(directory).st_mode & 0o700 != 0o700:
        os.chmod(directory, 0o700)
    with os.scandir(directory) as scanned:
        entries = list(scanned)
    inner: list[str] = []
    for entry in entries:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.path)
        elif directory == top:
            inner.append(entry.path)
        else:
            os.chmod(entry.path, 0o700)  # a directory that is moved is written to
            moved = f"{top}/.tmp-{os.urandom(8).hex()}"
            os.rename(entry.path, moved)
            inner.append(moved)
    return inner


def sync_tree(path: Path) -> None:
    """Make every file and directory below ``path`` durable: one syncfs of its file system."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _syncfs(descriptor)
    finally:
        os.close(descriptor)


def _syncfs(descriptor: int) -> None:
    """syncfs(2); Python has no name for it.  Cheaper than thousands of fsync calls."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
