"""Advisory locks between processes: one file a resource, none global."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xpkg.core.files import disk_errors


@contextmanager
def locked(directory: Path, resource: str, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock of ``resource`` (a file name) in ``directory`` for the block's time.

    ``waiting`` is told the resource once if another process holds it.  The kernel drops the
    lock when the holder dies, so there are no stale ones.
    """
    from filelock import FileLock, Timeout

    with disk_errors("make a lock in", directory):
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / f"{resource}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if waiting is not None:
                waiting(resource)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
