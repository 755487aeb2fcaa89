"""Sources in files of this machine: ``file:///path``."""

from __future__ import annotations

import os
import stat
from urllib.parse import unquote, urlsplit

from xpkg.core.files import disk_errors
from xpkg.repo.sources.attempt import Attempt, AttemptFailed

_PIECE = 1 << 20


def copy_file(attempt: Attempt) -> None:
    """Copy a plain file; nothing else can be a source."""
    parts = urlsplit(attempt.url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise AttemptFailed("a file URL is file:// and an absolute path")
    try:
        descriptor = os.open(unquote(parts.path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise AttemptFailed(getattr(error, "strerror", None) or str(error)) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise AttemptFailed("this is no plain file")
    with os.fdopen(descriptor, "rb") as source:
        attempt.partial.unlink(missing_ok=True)
        done = 0
        with disk_errors("copy to", attempt.partial), attempt.partial.open("xb") as target:
            while piece := source.read(_PIECE):
                attempt.stop.check()
                target.write(piece)
                done += len(piece)
                attempt.advance(done, status.st_size)
