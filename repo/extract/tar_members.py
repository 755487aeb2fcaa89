"""Tar archives, read strictly.

`tarfile` itself ends silently at a damaged header or a missing end mark; here both are errors.
Only its header parser is used, for odd headers.  Formats: ustar, GNU long names, pax (POSIX.1-2008 pax, "ustar
Interchange Format" and "pax Extended Header").  Sparse files are refused.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

from xpkg.repo.extract.members import Entries, Kind, Member, Reader, no_bytes, refused
from xpkg.repo.extract.streams import PIECE, ByteReader
from xpkg.repo.extract.tar_header import Header, parsed_header

_BLOCK = 512
_HEADER_BOUND = 1 << 20  # bytes of one long name or pax header
_KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
}
_GNU_NAMES = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}


class _Input:
    """Exact reads of a stream, and where the current member's data ends."""

    def __init__(self, stream: ByteReader) -> None:
        self._stream = stream
        self._data = 0  # bytes of the member not read yet
        self._padding = 0

    def exactly(self, size: int) -> bytes:
        pieces = []
        while size:
            piece = self._stream.read(min(size, PIECE))
            if not piece:
                raise refused("archive-truncated", "the archive ends in the middle of a member")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def begin(self, size: int) -> None:
        self._data, self._padding = size, -size % _BLOCK

    def content(self) -> Iterator[bytes]:
        while self._data:
            piece = self.exactly(min(self._data, PIECE))
            self._data -= len(piece)
            yield piece

    def finish(self) -> None:
        for _ in self.content():
            pass
        self.exactly(self._padding)
        self._padding = 0

    def only_zeros_left(self) -> bool:
        while piece := self._stream.read(PIECE):
            if piece.strip(b"\0"):
                return False
        return True


def tar_members(stream: ByteReader) -> Entries:
    """The members of a decompressed tar archive; ArchiveError for anything irregular."""
    source = _Input(stream)
    extended: dict[str, str] = {}
    while True:
        block = source.exactly(_BLOCK)
        if not block.strip(b"\0"):
            break
        header = parsed_header(block)
        if header.type in _GNU_NAMES:
            text = _header_data(source, header.size).rstrip(b"\0")
            extended[_GNU_NAMES[header.type]] = text.decode("utf-8", "surrogateescape")
        elif header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            extended.update(_pax_records(_header_data(source, header.size)))
        elif header.type == tarfile.XGLTYPE:
            _check_global(_pax_records(_header_data(source, header.size)))
        else:
            member, size = _member(header, extended)
            extended = {}
            source.begin(size)
            reader: Reader = source.content if member.kind is Kind.FILE else no_bytes
            yield member, reader
            source.finish()
    if extended:
        raise refused("archive-damaged", "an extended header has no member after it")
    if not source.only_zeros_left():
        raise refused("archive-trailing-data", "there is data after the end of the archive")


def _member(header: Header, extended: dict[str, str]) -> tuple[Member, int]:
    """The member and the bytes of data behind its header; a pax size overrides (TARmageddon, CVE-2025-62518)."""
    name = extended.get("path", header.name)
    if any(key.startswith("GNU.sparse") for key in extended) or header.type == tarfile.GNUTYPE_SPARSE:
        raise refused("archive-sparse", "sparse files are not accepted", name)
    kind = _KINDS.get(header.type)
    if kind is None:
        raise refused("archive-special-file", "devices, fifos and unknown kinds of members are refused", name)
    if kind is Kind.FILE and name.endswith("/"):
        kind = Kind.DIRECTORY
    size = _number(extended["size"], name) if "size" in extended else header.size
    if size < 0 or (size and kind is not Kind.FILE):
        raise refused("archive-damaged", f"a {kind.value} cannot have data", name)
    member = Member(
        name=name,
        kind=kind,
        size=size,
        executable=bool(header.mode & 0o100),
        link=extended.get("linkpath", header.linkname) if kind in (Kind.SYMLINK, Kind.HARDLINK) else "",
    )
    return member, size


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise refused("archive-damaged", "a pax header has a size that is no number", name)
    return int(text)


def _header_data(source: _Input, size: int) -> bytes:
    if not 0 <= size <= _HEADER_BOUND:
        raise refused("archive-bomb", f"an extended header is longer than {_HEADER_BOUND} bytes")
    source.begin(size)
    data = b"".join(source.content())
    source.finish()
    return data


def _pax_records(data: bytes) -> dict[str, str]:
    """``LENGTH KEY=VALUE\\n`` records; LENGTH counts the whole record in bytes."""
    records = {}
    data = data.rstrip(b"\0")
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 8)
        digits = data[start:space] if space > 0 else b""
        if not digits.isdigit():
            raise refused("archive-damaged", "a pax header is damaged")
        end = start + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if not space < end <= len(data) or not equals or data[end - 1 : end] != b"\n":
            raise refused("archive-damaged", "a pax header is damaged")
        start = end
        records[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
    return records


def _check_global(records: dict[str, str]) -> None:
    for key in records:
        if key in ("path", "linkpath", "size") or key.startswith("GNU.sparse"):
            raise refused("archive-damaged", f"a global pax header sets {key!r}, which only one member can have")
