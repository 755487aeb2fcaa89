"""Times of files and directories, by which an index tells what changed."""

from __future__ import annotations

import os
from pathlib import Path

from xpkg.repo.index.content import NO_STAMP, Stamp

FileStamp = tuple[int, int, int, int]


def times_of(path: Path | str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return NO_STAMP
    return status.st_mtime_ns, status.st_ctime_ns


def stamp_of(path: Path | str) -> tuple[int, int, int, int] | None:
    """What changes with a file's content: git's choice, with the time of change, which nobody can set back."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
