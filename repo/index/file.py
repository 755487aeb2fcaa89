"""The index file: blocks that are read one by one, and a table of where they are.

    line 1   magic, format, interpreter
    16+4     position and length of the table, its CRC-32 (big endian)
    blocks   ``marshal`` data, each with its CRC-32 in the table
    table    ``marshal`` of (facts of the whole file, name -> Row)

``marshal`` is the fastest there is and needs no import, but is no guard against damaged data: so nothing is decoded
whose checksum is not right, and a file of another format or interpreter is not read at all.
"""

from __future__ import annotations

import marshal
import os
import struct
import sys
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from xpkg.core.files import write_atomically

FORMAT = 2
_MAGIC = f"xpkg-index {FORMAT} {sys.implementation.cache_tag} {sys.hexversion:x} {marshal.version}\n".encode()
_PLACE = struct.Struct(">QII")

Where = tuple[int, int, int]
"""Offset, length and CRC-32 of a block."""


class IndexDamaged(Exception):
    """The file is not an index of this format, or its bytes are not what was written; it is to be made anew."""


class IndexWriter:
    """Collects blocks; ``finish`` writes all of them in one step."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._offset = len(_MAGIC) + _PLACE.size

    def add(self, block: bytes) -> Where:
        """Where the block will be."""
        where = (self._offset, len(block), zlib.crc32(block))
        self._blocks.append(block)
        self._offset += len(block)
        return where

    def finish(self, path: Path, header: Mapping[str, Any], rows: Mapping[str, Any]) -> None:
        """Write the file; readers see the old one or this one."""
        table = marshal.dumps((dict(header), dict(rows)))
        place = _PLACE.pack(self._offset, len(table), zlib.crc32(table))
        write_atomically(path, b"".join([_MAGIC, place, *self._blocks, table]))


class IndexFile:
    """An index as it was when opened, whatever happens to its name.  IndexDamaged when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            start = os.pread(self._descriptor, len(_MAGIC) + _PLACE.size, 0)
        except OSError as error:
            raise IndexDamaged(str(error)) from error
        if len(start) < len(_MAGIC) + _PLACE.size or not start.startswith(_MAGIC):
            raise IndexDamaged("another format or interpreter")
        offset, length, checksum = _PLACE.unpack(start[len(_MAGIC) :])
        self.header: dict[str, Any]
        self.rows: dict[str, Any]
        self.header, self.rows = self.load((offset, length, checksum))

    def __del__(self) -> None:
        if self._descriptor >= 0:
            with suppress(OSError):
                os.close(self._descriptor)

    def bytes_at(self, where: Where) -> bytes:
        """A block as written; IndexDamaged when it is not that any more."""
        offset, length, checksum = where
        try:
            block = os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise IndexDamaged(str(error)) from error
        if len(block) != length or zlib.crc32(block) != checksum:
            raise IndexDamaged("the checksum of a block is wrong")
        return block

    def load(self, where: Where) -> Any:
        """What a block holds."""
        try:
            return marshal.loads(self.bytes_at(where))
        except (ValueError, EOFError, TypeError) as error:  # written by a mistake of ours
            raise IndexDamaged(str(error)) from error
