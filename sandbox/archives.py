"""Members of ar archives: the System V / GNU form, thin ones too, and BSD long names.

Source: binutils ``include/aout/ar.h`` and ``bfd/archive.c``; FreeBSD ar(5).
"""

from __future__ import annotations

from collections.abc import Iterator

from xpkg.core.values import value

MAGIC = b"!<arch>\n"
THIN = b"!<thin>\n"
_HEADER = 60
_LONGEST = 4096
"""Bytes of a name, which may be a path (PATH_MAX).  All members may have the same place in the table of names."""
_SPECIAL = {"/", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64"}


class MalformedArchive(ValueError):
    """The bytes are not an ar archive after its magic."""


@value
class Member:
    """A member with the place of its bytes; ``external`` ones are files of that name (thin archives)."""

    name: str
    offset: int
    size: int
    external: bool


def members(data: bytes | memoryview) -> Iterator[Member]:
    """The members that are files, symbol tables left out; MalformedArchive."""
    thin = bytes(data[:8]) == THIN
    if not thin and bytes(data[:8]) != MAGIC:
        raise MalformedArchive("it does not begin as an archive")
    long_names = b""
    at = len(MAGIC)
    while at < len(data):
        header = bytes(data[at : at + _HEADER])
        if len(header) < _HEADER or header[58:] != b"`\n":
            raise MalformedArchive(f"no member header at byte {at}")
        size = _number(header[48:58], at)
        raw = header[:16].decode("latin-1").rstrip(" ")
        start = at + _HEADER
        stored = not thin or raw in _SPECIAL or raw == "//"
        if stored and start + size > len(data):
            raise MalformedArchive(f"the member at byte {at} is cut off")
        at = start + (size + size % 2 if stored else 0)
        if raw == "//":
            long_names = bytes(data[start : start + size])
        elif raw not in _SPECIAL:
            member = _member(raw, data, long_names, start, size)
            if member.name not in _SPECIAL:
                yield Member(member.name, member.offset, member.size, not stored)


def _member(raw: str, data: bytes | memoryview, long_names: bytes, start: int, size: int) -> Member:
    if raw.startswith("#1/"):  # BSD: the name comes before the content
        length = _number(raw[3:].encode(), start)
        if length > size:
            raise MalformedArchive(f"the name of the member at byte {start} is longer than the member")
        if length > _LONGEST:
            raise MalformedArchive(f"the member at byte {start} has a name of more than {_LONGEST} bytes")
        name = bytes(data[start : start + length]).rstrip(b"\0")
        return Member(name.decode("utf-8", "replace"), start + length, size - length, False)
    digits = raw[1:].split(":")[0]
    if raw.startswith("/") and digits.isdecimal():  # GNU: an offset into the table of names
        offset = int(digits)
        end = long_names.find(b"\n", offset, offset + _LONGEST)
        if offset >= len(long_names) or end < 0:
            raise MalformedArchive(f"the member at byte {start} has no name in the table of names")
        return Member(long_names[offset:end].decode("utf-8", "replace").removesuffix("/"), start, size, False)
    return Member(raw.removesuffix("/"), start, size, False)


def _number(field: bytes, at: int) -> int:
    text = field.strip()
    if not text.isdigit():
        raise MalformedArchive(f"the size at byte {at} is not a number")
    return int(text)
