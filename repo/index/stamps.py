"""Times of files and directories, by which an index tells what changed."""

from __future__ import annotations

import os
from pathlib import Path

from xpkg.repo.index.content import NO_STAMP, Stamp

VersionStamp = tuple[int, ...]
"""Size and inode of the opam file, its times, those of its directory, and those of ``files/`` where there is one."""
PLAIN_STAMP = 6
"""The length of a stamp without ``files/``."""


def times_of(path: Path | str) -> Stamp:
    """When a directory's list of entries changed; NO_STAMP when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return NO_STAMP
    return status.st_mtime_ns, status.st_ctime_ns


def version_stamp(directory: str, *, with_files: bool) -> VersionStamp | None:
    """What changes with a recipe; None when there is none.

    Of a file this is git's choice, with the time of change, which nobody can set back.  What appears beside the file
    or goes changes its directory's times.
    """
    try:
        opam = os.stat(f"{directory}/opam")
        beside = os.stat(directory)
        files = times_of(f"{directory}/files") if with_files else ()
    except OSError:
        return None
    times = (opam.st_mtime_ns, opam.st_ctime_ns, beside.st_mtime_ns, beside.st_ctime_ns, *files)
    return (opam.st_size, opam.st_ino, *times)
