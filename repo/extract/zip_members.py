"""Zip archives (wheels too), read strictly.

The central directory must agree with the local headers (`zipfile` checks the names), members may
not overlap (the construction of zip bombs by D. Fifield, 2019) and the file ends with the end record.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from xpkg.repo.extract.members import Entries, Kind, Member, no_bytes, refused
from xpkg.repo.extract.streams import PIECE

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_LOCAL_HEADER = 30  # bytes before the name
_END_RECORD = struct.Struct("<4s4H2LH")
_UNIX = 3
_LINK_BOUND = 4096  # bytes


def zip_members(file: BinaryIO) -> Entries:
    """The members of a zip archive; ArchiveError for anything irregular."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
        raise refused("archive-damaged", f"the zip directory is damaged or cut short: {error}") from error
    with archive:
        _check_layout(archive, file)
        for info in archive.infolist():
            yield _entry(archive, info)


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[Member, _Content]:
    name = info.orig_filename
    content = _Content(archive, info)
    if info.flag_bits & 1:
        raise refused("archive-encrypted", "encrypted members are refused", name)
    if info.compress_type not in _METHODS:
        raise refused("archive-format", f"zip compression method {info.compress_type} is not known", name)
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    kind = stat.S_IFMT(mode)
    if name.endswith("/") or kind == stat.S_IFDIR:
        return Member(name=name, kind=Kind.DIRECTORY), content
    if kind == stat.S_IFLNK:
        return Member(name=name, kind=Kind.SYMLINK, link=_link(content, info)), content
    if kind not in (0, stat.S_IFREG):
        raise refused("archive-special-file", "devices, fifos and unknown kinds of members are refused", name)
    return Member(name=name, kind=Kind.FILE, size=info.file_size, executable=bool(mode & 0o100)), content


class _Content:
    """A member's bytes; `zipfile` checks the length and the CRC at the end."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._info = info

    def __call__(self) -> Iterator[bytes]:
        if self._info.is_dir():
            yield from no_bytes()
            return
        try:
            with self._archive.open(self._info) as stream:
                while piece := stream.read(PIECE):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error) as error:
            raise refused("archive-damaged", f"a zip member is damaged: {error}", self._info.filename) from error


def _link(content: _Content, info: zipfile.ZipInfo) -> str:
    if info.file_size > _LINK_BOUND:
        raise refused("archive-path", f"a link is longer than {_LINK_BOUND} bytes", info.filename)
    return os.fsdecode(b"".join(content()))


def _check_layout(archive: zipfile.ZipFile, file: BinaryIO) -> None:
    start = 0
    for info in sorted(archive.infolist(), key=lambda each: each.header_offset):
        if info.header_offset < start:
            raise refused("archive-bomb", "zip members overlap", info.filename)
        start = info.header_offset + _LOCAL_HEADER + info.compress_size
    file.seek(0, os.SEEK_END)
    size = file.tell()
    end = size - _END_RECORD.size - len(archive.comment)
    if start > max(end, 0):
        raise refused("archive-bomb", "zip members overlap the directory")
    file.seek(max(end, 0))
    record = file.read(_END_RECORD.size)
    if not record.startswith(b"PK\x05\x06") or _END_RECORD.unpack(record)[7] != len(archive.comment):
        raise refused("archive-trailing-data", "there is data after the end of the archive")
