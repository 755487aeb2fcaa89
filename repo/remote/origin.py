"""What our copy of a remote repository is a copy of: ``origin.json`` in it.

Its modification time is when the remote was last found to have nothing newer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from xpkg.core.files import disk_errors, write_atomically

_FILE = "origin.json"
_FORMAT = 1
_LATEST = 253402300800  # seconds from 1970 to the year 10000
_FORMS = {
    "address": str,
    "fetched": int,
    "commit": str,
    "sha256": str,
    "etag": str,
    "modified": str,
    "versions": int,
    "broken": list,
    "left_out": list,
}
_BROKEN_FORMS = {"name": str, "version": str, "problem": str}


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
    with suppress(OSError, ValueError, RecursionError):
        data = json.loads((copy / _FILE).read_bytes())
        if isinstance(data, dict) and data.pop("format", None) == _FORMAT and _is_of_form(data, _FORMS):
            broken, left_out = data.pop("broken"), data.pop("left_out")
            if all(_is_of_form(one, _BROKEN_FORMS) for one in broken) and all(isinstance(one, str) for one in left_out):
                return Origin(**data, broken=tuple(Broken(**one) for one in broken), left_out=tuple(left_out))
    return None


def _is_of_form(data: object, forms: Mapping[str, type]) -> bool:
    """Whether a value has exactly these keys, each with a value of its type; numbers are counts or times."""
    if not isinstance(data, dict) or data.keys() != forms.keys():
        return False
    # A bool is an int for isinstance, and a number may be too big to be a time.
    return all(type(data[key]) is form for key, form in forms.items()) and all(
        0 <= value < _LATEST for value in data.values() if isinstance(value, int)
    )


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
