"""What a project's prefix was when it was put there: what of it is xpkg's, and what was changed since.

A stamp is written twice: before anything is replaced, with all names that there can be afterwards, and when it is done.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.files import write_atomically
from xpkg.sandbox.layout import SOURCE_DATE_EPOCH
from xpkg.sandbox.sealed import present

_FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """``made_of`` are the keys of a finished prefix, None for one that is not; ``entries`` tells each path's state.

    A state is the mode of a directory; of anything else the mode, size in bytes, time in nanoseconds and inode.
    """

    prefix: str
    made_of: tuple[str, ...] | None
    entries: Mapping[str, tuple[int, ...]]

    def write(self, path: Path) -> None:
        value = {"format": _FORMAT, "prefix": self.prefix, "keys": self.made_of, "entries": self.entries}
        write_atomically(path, json.dumps(value).encode())

    def fits(self, prefix: Path) -> bool:
        """Whether everything is still there as it was put there."""
        return (
            self.prefix == str(prefix) and all(self.entries.values()) and states(prefix, self.entries) == self.entries
        )


def read_stamp(path: Path) -> Stamp | None:
    """The stamp in a file; None when there is none, or one that cannot be understood."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        value = json.loads(path.read_bytes())
        if value["format"] == _FORMAT:
            return Stamp(
                prefix=str(value["prefix"]),
                made_of=None if value["keys"] is None else tuple(map(str, value["keys"])),
                entries={name: tuple(map(int, state)) for name, state in value["entries"].items()},
            )
    return None


def states(prefix: Path, paths: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The state of each path; an empty one, which fits nothing, for what is missing or was written into before.

    Every file that xpkg puts somewhere has one time stamp (see `xpkg.sandbox.sealed`).
    """
    return {path: _state(f"{prefix}/{path}") for path in paths}


def _state(path: str) -> tuple[int, ...]:
    try:
        status = os.lstat(path)
    except OSError:
        return ()
    if stat.S_ISDIR(status.st_mode):
        return (status.st_mode,)
    if stat.S_ISREG(status.st_mode) and status.st_mtime_ns != SOURCE_DATE_EPOCH * 10**9:
        return ()
    return status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino


def strangers(prefix: Path, stamp: Stamp | None) -> list[str]:
    """The paths in a prefix that xpkg did not put there, sorted."""
    known: Iterable[str] = () if stamp is None else stamp.entries
    return sorted(set(present(prefix)).difference(known))
