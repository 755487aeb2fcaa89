"""Marks that say "the process that made this is alive": a lock the kernel drops at its death."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_SUFFIX = ".alive"


@contextmanager
def alive_marker(directory: Path, name: str) -> Iterator[None]:
    """Mark ``directory/name`` as in use by this process for the block's time."""
    marker = directory / (name + _SUFFIX)
    descriptor = _hold(marker)
    try:
        yield
    finally:
        try:
            with suppress(OSError):
                marker.unlink(missing_ok=True)
        finally:  # also when interrupted at the line before: a lock kept would make the mark one of the living
            os.close(descriptor)


def take_dead(directory: Path) -> Iterator[str]:
    """The names in ``directory`` that no living process holds; their marks are held meanwhile."""
    try:
        names = {name.removesuffix(_SUFFIX) for name in os.listdir(directory)}
    except FileNotFoundError:
        return
    for name in sorted(names):
        marker = directory / (name + _SUFFIX)
        try:
            descriptor = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            continue
        try:
            if _try_lock(descriptor):
                yield name
                marker.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _hold(marker: Path) -> int:
    """Lock the marker; a cleaner may delete it between its making and its locking, then again."""
    while True:
        descriptor = os.open(marker, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.stat(marker).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
