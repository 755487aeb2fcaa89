"""One header block of a tar archive.

The standard library's parser costs more than all else in an archive of many small files.  So headers as every tar
program writes them for files, directories and links are read here, and all others by `tarfile`, with the same result.
"""

from __future__ import annotations

import tarfile
from typing import NamedTuple

from xpkg.repo.extract.members import refused

_PLAIN = frozenset([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])
_ENDS = frozenset([b"\0 ", b" \0", b"\0\0"])


class Header(NamedTuple):
    """The parts that matter; ``type`` as in the block, ``size`` in bytes.  Undecodable bytes are surrogates."""

    name: str
    type: bytes
    size: int
    mode: int
    linkname: str


def parsed_header(block: bytes) -> Header:
    """The header in a block of 512 bytes; ArchiveError when it is damaged."""
    if block[156:157] in _PLAIN and block[257:262] == b"ustar" and _octal(block):
        try:
            return _plain(block)
        except ValueError:  # digits that are not octal
            pass
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise refused("archive-damaged", f"a tar header is damaged: {error}") from error
    return Header(header.name, header.type, header.size, header.mode, header.linkname)


def _octal(block: bytes) -> bool:
    """Whether all numbers fill their fields with digits and an end, as in ustar; dates before 1970 do not."""
    numbers = block[100:107] + block[108:115] + block[116:123] + block[124:135] + block[136:147] + block[148:154]
    ends = block[107:108] + block[115:116] + block[123:124] + block[135:136] + block[147:148]
    return (
        numbers.isdigit() and not ends.strip(b"\0 ") and block[154:156] in _ENDS and not block[329:345].strip(b"0\0 ")
    )


def _plain(block: bytes) -> Header:
    if int(block[148:154], 8) != sum(block) - sum(block[148:156]) + 256:
        raise ValueError("the checksum is another")
    int(block[108:115], 8), int(block[116:123], 8), int(block[136:147], 8)
    name, prefix, kind = _text(block[0:100]), _text(block[345:500]), block[156:157]
    if kind == tarfile.DIRTYPE:
        name = name.rstrip("/")
    return Header(
        f"{prefix}/{name}" if prefix else name,
        kind,
        int(block[124:135], 8),
        int(block[100:107], 8),
        _text(block[157:257]),
    )


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
