"""The write pass: every name is opened relative to a directory descriptor, and no link is ever followed.

The plan has refused hostile archives already; this holds even if the plan were wrong, or if
another process changed the tree meanwhile.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

from xpkg.core.errors import WorkInterrupted
from xpkg.repo.extract.members import EXTRACTED_MTIME, Kind, Reader, refused
from xpkg.repo.extract.plan import Planned

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_TIMES = (EXTRACTED_MTIME, EXTRACTED_MTIME)


def _name(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class TreeWriter:
    """Writes planned members below ``root``, an empty directory of ours, as files 0644 or 0755."""

    def __init__(self, root: Path, cancel: threading.Event | None = None) -> None:
        self._root = os.open(root, _DIRECTORY)
        self._cancel = cancel
        self._parent: tuple[tuple[str, ...], int] | None = None
        self._directories: set[tuple[str, ...]] = {()}

    def __enter__(self) -> TreeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._forget_parent()
        os.close(self._root)

    def write(self, entry: Planned, content: Reader) -> None:
        """Make one member; OSError for the disk's faults."""
        if self._cancel is not None and self._cancel.is_set():
            raise WorkInterrupted("stopped while unpacking")
        match entry.member.kind:
            case Kind.DIRECTORY:
                self._directory(entry.path)
            case Kind.FILE:
                self._file(entry, content)
            case Kind.SYMLINK:
                parent, name = self._directory(entry.path[:-1]), _name(entry.path[-1])
                os.symlink(_name(entry.link), name, dir_fd=parent)
                os.utime(name, _TIMES, dir_fd=parent, follow_symlinks=False)
            case Kind.HARDLINK:
                self._hard_link(entry)

    def finish(self) -> None:
        """Give the directories their times; last, because each new name in one changes its time."""
        for path in sorted(self._directories, key=len, reverse=True):
            descriptor = self._open(path)
            try:
                os.utime(descriptor, _TIMES)
            finally:
                os.close(descriptor)

    def _file(self, entry: Planned, content: Reader) -> None:
        parent = self._directory(entry.path[:-1])
        descriptor = os.open(_name(entry.path[-1]), _NEW_FILE, 0o600, dir_fd=parent)
        with os.fdopen(descriptor, "wb") as stream:
            written = 0
            for piece in content():
                written += len(piece)
                if written > entry.member.size:
                    break
                stream.write(piece)
                if self._cancel is not None and self._cancel.is_set():
                    raise WorkInterrupted("stopped while unpacking")
            if written != entry.member.size:
                raise refused("archive-damaged", "a member is not as long as the archive says", entry.member.name)
            stream.flush()
            os.fchmod(descriptor, 0o755 if entry.member.executable else 0o644)
            os.utime(descriptor, _TIMES)

    def _hard_link(self, entry: Planned) -> None:
        source = self._open(entry.target[:-1])
        try:
            os.link(
                _name(entry.target[-1]),
                _name(entry.path[-1]),
                src_dir_fd=source,
                dst_dir_fd=self._directory(entry.path[:-1]),
                follow_symlinks=False,
            )
        finally:
            os.close(source)

    def _directory(self, path: tuple[str, ...]) -> int:
        """The descriptor of a directory, made when absent; the last one is kept open."""
        if not path:
            return self._root
        if self._parent is not None and self._parent[0] == path:
            return self._parent[1]
        for depth in range(1, len(path) + 1):
            if path[:depth] not in self._directories:
                self._make(path[:depth])
        self._forget_parent()
        self._parent = (path, self._open(path))
        return self._parent[1]

    def _make(self, path: tuple[str, ...]) -> None:
        parent = self._open(path[:-1])
        try:
            os.mkdir(_name(path[-1]), 0o755, dir_fd=parent)
            os.chmod(_name(path[-1]), 0o755, dir_fd=parent)  # whatever the umask; a fresh directory, no link
        finally:
            os.close(parent)
        self._directories.add(path)

    def _open(self, path: tuple[str, ...]) -> int:
        descriptor = os.dup(self._root)
        for name in path:
            following = os.open(_name(name), _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = following
        return descriptor

    def _forget_parent(self) -> None:
        if self._parent is not None:
            os.close(self._parent[1])
            self._parent = None
