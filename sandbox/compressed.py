"""Compressed files, opened as far as is needed to see what they hide."""

from __future__ import annotations

import bz2
import lzma
import mmap
import zlib
from collections.abc import Callable

from xpkg.core.values import value

COMPRESSED_LIMIT = 16 << 20
"""Larger files are not opened: an installed file of that size is a data set, not a page of a manual."""

CONTENT_LIMIT = 64 << 20
"""Bytes that are looked at of what is inside."""

# OCaml >= 5.1 with zstd (runtime/caml/intext.h): magic, then sizes, then one zstd frame.
_OCAML_COMPRESSED = b"\x84\x95\xa6\xbd"
_ZSTD = b"\x28\xb5\x2f\xfd"


@value
class Opened:
    """The format's name and the (beginning of the) content."""

    format: str
    content: bytes


def opened(data: bytes | mmap.mmap) -> Opened | None:
    """The content of a small compressed file; None for all else, damaged ones too."""
    if len(data) > COMPRESSED_LIMIT:
        return None
    head = data[:80]
    for magic, (name, decompress) in _FORMATS.items():
        if head.startswith(magic):
            return _attempt(name, decompress, data[:])
    if head[:8] == b"Caml1999" and _OCAML_COMPRESSED in head[:20]:
        frame = head.find(_ZSTD)
        return _attempt("OCaml data with zstd", _zstd, data[frame:]) if frame >= 0 else None
    return None


def _attempt(name: str, decompress: Callable[[bytes], bytes], data: bytes) -> Opened | None:
    try:
        return Opened(name, decompress(data))
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return None


def _gzip(data: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(data, CONTENT_LIMIT)


def _xz(data: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=256 << 20).decompress(data, CONTENT_LIMIT)


def _bzip2(data: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(data, CONTENT_LIMIT)


def _zstd(data: bytes) -> bytes:
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            return reader.read(CONTENT_LIMIT)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


_FORMATS: dict[bytes, tuple[str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", _gzip),
    b"\xfd7zXZ\x00": ("xz", _xz),
    b"BZh": ("bzip2", _bzip2),
    _ZSTD: ("zstd", _zstd),
}
