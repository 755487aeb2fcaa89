"""The hashes of sources that had none in their recipe, as found when the user first let one in.

One small JSON file: the list of a source's addresses -> ``sha256=...``.  From the second use on such a source is held
to the hash of the first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from xpkg.core.digests import Digest, of_value
from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors, write_atomically
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.repo.source_values import Source
from xpkg.repo.sources.cache import identity


class FirstUse:
    """What was found at first use.  Several processes may add at once."""

    def __init__(self, root: StateRoot) -> None:
        self._path, self._locks = root.first_use, root.locks
        self._known: Mapping[str, str] | None = None

    def held(self, source: Source) -> Source:
        """The source with the hash it had at first use, if it needs one and there is one."""
        if identity(source) is not None:
            return source
        found = self._read().get(_name(source))
        return source if found is None else replace(source, digests=(*source.digests, Digest.parse(found)))

    def record(self, source: Source, found: Digest) -> None:
        """Hold ``source`` to ``found`` from now on, unless it has a hash of its own."""
        if identity(source) is not None:
            return
        with locked(self._locks, "first-use"):
            self._known = None
            known = {**self._read(), _name(source): str(found)}
            with disk_errors("record a hash in", self._path):
                write_atomically(self._path, json.dumps(known, indent=1, sort_keys=True).encode())
            self._known = known

    def _read(self) -> Mapping[str, str]:
        if self._known is None:
            self._known = _load(self._path)
        return self._known


def _name(source: Source) -> str:
    return of_value(list(source.urls)).hex


def _load(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise _wrong(path) from error
    if not isinstance(known, dict):
        raise _wrong(path)
    for found in known.values():
        try:
            Digest.parse(found)
        except (AttributeError, ValueError) as error:
            raise _wrong(path) from error
    return known


def _wrong(path: Path) -> InputFileError:
    return InputFileError(
        "the record of hashes found at first use is damaged",
        reference="bad-first-use",
        context=(("file", str(path)),),
        hint="delete it; sources without a hash are then asked about again",
    )
