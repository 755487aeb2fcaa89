"""The store: immutable build outputs, each at the name of its build key.

A writer holds the key's lock, fills a staging directory, and publishes it with one rename::

    with store.lock(key):
        if not store.has(key):
            with store.staging(key) as staged:      # staged/files is the output, staged/log the log
                ...
                store.publish(staged, record)

Readers need no lock: an output is there completely or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import StoreError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, sync_tree, temporary_beside, write_atomically
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.sandbox.liveness import alive_marker, take_dead
from xpkg.sandbox.record import Origin, OutputRecord, damaged, decode, decode_origin, encode
from xpkg.sandbox.sealed import Difference, compare, seal

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_LABEL = re.compile(r"[A-Za-z0-9_][^/\s\x00-\x1f]{0,240}")


def is_key(text: str) -> bool:
    """Whether ``text`` can be a build key, and so the name of an output."""
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOutput:
    """A published output; nothing below ``path`` may be changed."""

    key: str
    path: Path
    record: OutputRecord

    @property
    def files(self) -> Path:
        """The installed tree."""
        return self.path / "files"

    @property
    def log(self) -> Path:
        """What the build printed; may be absent."""
        return self.path / "log"


class Store:
    """The outputs below ``root.store``."""

    def __init__(self, root: StateRoot) -> None:
        self._locks = root.locks
        self._outputs = root.store / "outputs"
        self._staging = root.store / "staging"
        self._failed = root.store / "failed"
        self._read: dict[str, StoredOutput] = {}

    def path(self, key: str) -> Path:
        """Where the output of ``key`` is or would be; ValueError for what is not a key."""
        if not is_key(key):
            raise ValueError(f"not a build key: {key!r}")
        return self._outputs / key

    def has(self, key: str) -> bool:
        """Whether the output is published: one look at the file system, nothing is read."""
        return os.path.exists(self.path(key) / "record.json")

    def keys(self) -> tuple[str, ...]:
        """The keys of all published outputs, sorted."""
        if not self._outputs.is_dir():
            return ()
        return tuple(sorted(name for name in os.listdir(self._outputs) if is_key(name)))

    def output(self, key: str) -> StoredOutput:
        """The published output, read once; StoreError ``output-missing`` or ``record-damaged``."""
        known = self._read.get(key)
        if known is None:
            known = self._read[key] = self._load(key)
        return known

    def _load(self, key: str) -> StoredOutput:
        path = self.path(key)
        where = path / "record.json"
        try:
            data = where.read_bytes()
        except FileNotFoundError as error:
            raise _missing(key, path) from error
        record = decode(data, str(where))
        if record.key != key:
            raise damaged(str(where), f"it is the record of {record.key}")
        return StoredOutput(key=key, path=path, record=record)

    def origin(self, key: str) -> Origin:
        """What the output was made from; errors as of `output`."""
        path = self.path(key) / "record.json"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _missing(key, path.parent) from error
        found = decode_origin(data, str(path))
        if found.key != key:
            raise damaged(str(path), f"it is the record of {found.key}")
        return found

    def lock(
        self, key: str, waiting: Callable[[str], None] | None = None, check: Callable[[], None] | None = None
    ) -> AbstractContextManager[None]:
        """Hold the right to make the output of ``key``; ``waiting`` and ``check`` as of `xpkg.core.locks.locked`."""
        return locked(self._locks, f"output-{self.path(key).name}", waiting, check)

    @contextmanager
    def staging(self, key: str) -> Iterator[Path]:
        """A fresh directory with an empty ``files`` in it, deleted at the end unless published or kept."""
        name = f"{self.path(key).name}.{secrets.token_hex(6)}"
        with disk_errors("make a staging directory in", self._staging):
            self._staging.mkdir(parents=True, exist_ok=True)
            self.clean_staging()
            with alive_marker(self._staging, name):
                staged = self._staging / name
                try:
                    (staged / "files").mkdir(parents=True)
                    staged.chmod(0o755)
                    (staged / "files").chmod(0o755)
                    yield staged
                finally:
                    remove_tree(staged)

    def clean_staging(self) -> int:
        """Delete the staging directories of dead processes; how many there were."""
        cleaned = 0
        for name in take_dead(self._staging):
            remove_tree(self._staging / name)
            cleaned += 1
        return cleaned

    def publish(self, staged: Path, record: OutputRecord) -> StoredOutput:
        """Seal ``staged`` and give it its name; the caller holds the key's lock.

        An output that is already there stays and is returned: equal keys mean equal outputs.
        StoreError ``disk-full``, ``file-system``; nothing is published then.
        """
        final = self.path(record.key)
        if self.has(record.key):
            return self.output(record.key)
        with disk_errors("publish", final):
            self._outputs.mkdir(parents=True, exist_ok=True)
            seal(staged / "files")
            if (staged / "log").exists():
                (staged / "log").chmod(0o444)
            write_atomically(staged / "record.json", encode(record), 0o444)
            sync_tree(staged)
            if final.exists():  # without a record it is no output, whatever made it
                self._discard(final)
            publish_directory(staged, final)
        return StoredOutput(key=record.key, path=final, record=record)

    def replace(self, staged: Path, record: OutputRecord) -> StoredOutput:
        """Put ``staged`` in the place of the output that has its key; the caller holds the key's lock.

        Prefixes keep the files that they linked.  A crash between the two renames leaves no output: it is built again.
        """
        self.remove(record.key)
        return self.publish(staged, record)

    def intact(self, record: OutputRecord) -> bool:
        """Whether the output of that key has the files that ``record`` lists, every byte as recorded."""
        try:
            return self.output(record.key).record.manifest == record.manifest and not self.verify(record.key)
        except StoreError:
            return False

    def keep_failed(self, staged: Path, label: str) -> Path:
        """Move the tree of a failed build to ``failed/<label>``, replacing an older one there.

        Builds of different keys can have one label and fail at once; the later one is kept.
        """
        if _LABEL.fullmatch(label) is None:
            raise ValueError(f"not a name for a failed build: {label!r}")
        kept = self._failed / label
        with locked(self._locks, f"failed-{label}"), disk_errors("keep the failed build", kept):
            self._failed.mkdir(parents=True, exist_ok=True)
            if kept.exists():
                self._discard(kept)
            staged.rename(kept)
        return kept

    def remove(self, key: str) -> None:
        """Delete an output; absent is fine.  The caller holds the key's lock and knows it is unused."""
        path = self.path(key)
        self._read.pop(key, None)
        with disk_errors("delete", path), suppress(FileNotFoundError):
            self._discard(path)

    def verify(self, key: str) -> tuple[Difference, ...]:
        """What of the output's files is not as recorded; every byte is read."""
        output = self._load(key)
        with disk_errors("verify", output.path):
            return compare(output.files, output.record.manifest)

    def _discard(self, path: Path) -> None:
        """Take ``path`` out of sight with one rename, then delete it: never half there."""
        self._staging.mkdir(parents=True, exist_ok=True)
        doomed = self._staging / temporary_beside(path).name
        with alive_marker(self._staging, doomed.name):
            path.rename(doomed)
            remove_tree(doomed)


def _missing(key: str, path: Path) -> StoreError:
    return StoreError(
        f"the store has no output {key}",
        reference="output-missing",
        context=(("path", str(path)),),
        hint="build it again",
    )
