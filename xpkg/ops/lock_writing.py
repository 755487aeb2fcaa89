"""Changing a lock file: one command at a time, in one step."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.digests import of_bytes
from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.core.files import disk_errors, read_regular, write_atomically
from xpkg.core.locks import locked
from xpkg.core.text import printable
from xpkg.ops.lock_file import LockFile
from xpkg.ops.lock_reader import MAX_SIZE
from xpkg.ops.lock_text import lock_text

if TYPE_CHECKING:
    from xpkg.ops.home import Home


@contextmanager
def one_at_a_time(home: Home, path: Path, waiting: Callable[[str], None] | None = None) -> Iterator[Path]:
    """Hold the right to change a lock file for the block's time; the file itself, where ``path`` is a link to it."""
    real = Path(os.path.realpath(path))
    if real.is_dir():
        raise InputFileError(
            "the lock file is a directory", reference="bad-lock", context=(("file", printable(str(path))),)
        )
    if not real.parent.is_dir():
        raise NotFoundError(
            "there is no directory for the lock file",
            reference="no-file",
            context=(("directory", printable(str(real.parent))),),
        )
    with locked(home.root.locks, f"lock-file-{of_bytes(os.fsencode(real)).hex[:16]}", waiting):
        yield real


def would_change(path: Path, lock: LockFile) -> bool:
    """Whether writing a lock would change a file that could be read as one, or that is not there."""
    try:
        return read_regular(path, MAX_SIZE + 1) != lock_text(lock).encode()
    except FileNotFoundError:
        return True


def write_lock(path: Path, lock: LockFile) -> None:
    """Write a lock in one step; StoreError when the file system does not let us, with the file as it was."""
    with disk_errors("write the lock file", path):
        # The name of a file that is only made meanwhile says nothing to people.
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    write_atomically(path, lock_text(lock).encode())
