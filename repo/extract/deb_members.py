"""Debian binary packages: the ``data.tar`` of an ar archive (deb(5))."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from xpkg.repo.extract.members import refused

AR_MAGIC = b"!<arch>\n"
_HEADER = 60


def data_archive(file: BinaryIO) -> BinaryIO:
    """A window on the data.tar of a .deb, found without unpacking anything."""
    file.seek(0, os.SEEK_END)
    size = file.tell()
    position, names, found = len(AR_MAGIC), [], None
    while position < size:
        file.seek(position)
        header = file.read(_HEADER)
        digits = header[48:58].strip()
        if len(header) != _HEADER or header[58:] != b"`\n" or not digits.isdigit():
            raise refused("archive-damaged", "the ar archive of a .deb is damaged or cut short")
        name, length = header[:16].decode("ascii", "replace").strip().rstrip("/"), int(digits)
        names.append(name)
        if position + _HEADER + length > size:
            raise refused("archive-truncated", "the .deb is cut short", name)
        if name.startswith("data.tar"):
            if found is not None:
                raise refused("archive-duplicate", "the .deb has two data archives", name)
            found = (position + _HEADER, length)
        position += _HEADER + length + length % 2
    if names[:1] != ["debian-binary"] or found is None:
        raise refused("archive-format", "an ar archive is only accepted as a Debian binary package")
    return io.BufferedReader(_Window(file, *found))


class _Window(io.RawIOBase):
    """A read-only part of a file."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file, self._start, self._length, self._position = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # typeshed: any writable buffer
        self._file.seek(self._start + self._position)
        data = self._file.read(max(0, min(len(buffer), self._length - self._position)))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
