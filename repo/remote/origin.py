"""What our copy of a remote repository is a copy of: ``origin.json`` in it.

Its modification time is when the remote was last found to have nothing newer.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from xpkg.core.files import disk_errors, write_atomically

_FILE = "origin.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A version whose recipe cannot be used, and why, with the place."""

    name: str
    version: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a copy came from.

    ``commit`` is of git; ``sha256`` of the archive, ``etag`` and ``modified`` of a web server.  ``fetched`` is in
    seconds since 1970.  ``left_out`` are paths of links that led nowhere and of submodules.
    """

    address: str
    fetched: int
    commit: str = ""
    sha256: str = ""
    etag: str = ""
    modified: str = ""
    versions: int = 0
    broken: tuple[Broken, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def revision(self) -> str:
        """What names the state of the remote."""
        return self.commit or self.sha256


def read_origin(copy: Path) -> Origin | None:
    """The origin of a copy; None when it has none that we understand, as of a copy made by another version."""
    with suppress(OSError, ValueError, TypeError):
        data = json.loads((copy / _FILE).read_bytes())
        if data.pop("format") == _FORMAT:
            broken = tuple(Broken(**one) for one in data.pop("broken"))
            return Origin(**data | {"broken": broken, "left_out": tuple(data["left_out"])})
    return None


def write_origin(copy: Path, origin: Origin) -> None:
    """Keep the origin of a copy, in one step; an address may have a password in it."""
    data = json.dumps({"format": _FORMAT, **asdict(origin)}, indent=1).encode()
    write_atomically(copy / _FILE, data, mode=0o600)


def note_checked(copy: Path) -> None:
    """Note that the remote has nothing newer now."""
    with disk_errors("note the time in", copy):
        os.utime(copy / _FILE)


def last_checked(copy: Path) -> float:
    """When that was noted last, in seconds since 1970."""
    with disk_errors("read", copy):
        return (copy / _FILE).stat().st_mtime
