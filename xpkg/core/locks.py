"""Advisory locks between processes: one file a resource, none global."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.files import disk_errors

if TYPE_CHECKING:
    from filelock import BaseFileLock

_POLL = 0.1  # seconds


@contextmanager
def locked(
    directory: Path,
    resource: str,
    waiting: Callable[[str], None] | None = None,
    check: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Hold the lock of ``resource`` (a file name) in ``directory`` for the block's time.

    ``waiting`` is told the resource once if somebody else holds it; ``check`` is called now and then
    meanwhile, and gives up by raising.  The kernel drops the lock when the holder dies, so there are
    no stale ones.
    """
    from filelock import FileLock

    with disk_errors("make a lock in", directory):
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / f"{resource}.lock", thread_local=False)
        if not _taken(lock, 0):
            if waiting is not None:
                waiting(resource)
            while not _taken(lock, _POLL):
                if check is not None:
                    check()
    try:
        yield
    finally:
        lock.release()


def _taken(lock: BaseFileLock, seconds: float) -> bool:
    from filelock import Timeout

    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True
