"""Compressed streams read in bounded pieces, strict about their end.

The standard library's bz2 and lzma readers ignore garbage after the last stream; these do not.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from xpkg.repo.extract.members import refused

PIECE = 1 << 18
_XZ_MEMORY = 512 << 20  # bytes; `xz -9` needs 65 MiB
_ZSTD_WINDOW = 128 << 20  # bytes; what `zstd -19 --long` makes by default

MAGICS = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


class ByteReader(Protocol):
    """The part of a binary stream that parsers need."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes, empty only at the end."""


class _Decompressor(Protocol):
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class _Streams:
    """Concatenated bzip2 or xz streams, zero padding allowed after each, anything else refused."""

    def __init__(self, file: BinaryIO, make: Callable[[], _Decompressor]) -> None:
        self._file = file
        self._make = make
        self._current: _Decompressor | None = make()

    def read(self, size: int, /) -> bytes:
        while self._current is not None:
            if self._current.eof:
                self._next_stream(self._current.unused_data)
                continue
            data = self._file.read(PIECE) if self._current.needs_input else b""
            if not data and self._current.needs_input:
                raise EOFError("the compressed data ends too early")
            if piece := self._current.decompress(data, size):
                return piece
        return b""

    def _next_stream(self, rest: bytes) -> None:
        while not (rest := rest.lstrip(b"\0")):
            if not (rest := self._file.read(PIECE)):
                self._current = None
                return
        self._current = self._make()
        self._file.seek(-len(rest), io.SEEK_CUR)


class _Zstd:
    """Zstandard frames; the library's error becomes an EOFError, so that others need not import it."""

    def __init__(self, file: BinaryIO) -> None:
        import zstandard

        decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._stream = decompressor.stream_reader(file, read_across_frames=True, closefd=False)
        self._error = zstandard.ZstdError

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except self._error as error:
            raise EOFError(str(error)) from error


class Inflated:
    """Decompressed bytes under a bound, with every way of being broken turned into one error.

    ``bound`` is the most bytes that may come out: what stops a bomb in mid-stream.
    """

    def __init__(self, stream: ByteReader, bound: int) -> None:
        self._stream = stream
        self._left = bound

    def read(self, size: int, /) -> bytes:
        try:
            data = self._stream.read(size)
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise refused("archive-damaged", f"the compressed data is damaged or cut short: {error}") from error
        self._left -= len(data)
        if self._left < 0:
            raise refused("archive-bomb", "the archive unpacks to more than the limit allows")
        return data


def compression_of(head: bytes) -> str | None:
    """The compression that the first bytes show, or None."""
    return next((name for magic, name in MAGICS.items() if head.startswith(magic)), None)


def decompressed(file: BinaryIO, bound: int) -> Inflated:
    """The bytes of ``file``, decompressed as its own first bytes ask, at most ``bound`` of them."""
    start = file.tell()
    compression = compression_of(file.read(8))
    file.seek(start)
    return Inflated(_opened(file, compression), bound)


def _opened(file: BinaryIO, compression: str | None) -> ByteReader:
    match compression:
        case "gzip":
            return gzip.GzipFile(fileobj=file, mode="rb")
        case "bzip2":
            return _Streams(file, bz2.BZ2Decompressor)
        case "xz":
            return _Streams(file, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY))
        case "zstd":
            return _Zstd(file)
    return file
