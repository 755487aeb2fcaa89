"""Our reading of tar headers against the standard library's."""

from __future__ import annotations

import tarfile
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xpkg.repo.extract import ArchiveError, Limits
from xpkg.repo.extract.plan import _checked_path, safe_path
from xpkg.repo.extract.tar_header import Header, parsed_header

TYPES = st.sampled_from([b"0", b"5", b"2", b"1", b"\0", b"3", b"7", b"L", b"x", b"S", b"g"])
TEXTS = st.text(st.sampled_from("ab/.\u00e9\udcff"), max_size=60)


@st.composite
def blocks(draw: st.DrawFn) -> bytearray:
    """The header of some member, as Python writes it."""
    member = tarfile.TarInfo(draw(TEXTS))
    member.type = draw(TYPES)
    member.linkname = draw(TEXTS)
    member.size = draw(st.integers(0, 8**11 - 1) | st.integers(0, 1 << 40))
    member.mode = draw(st.integers(0, 0o7777))
    member.mtime = draw(st.integers(-10, 1 << 34))
    if draw(st.booleans()):
        member.size, member.mtime = 3, 3
    return bytearray(member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")[-512:])


def summed(block: bytearray) -> bytes:
    """The block with a right checksum."""
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def same(block: bytes) -> None:
    try:
        theirs = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        with pytest.raises(ArchiveError):
            parsed_header(block)
        return
    expected = Header(theirs.name, theirs.type, theirs.size, theirs.mode, theirs.linkname)
    assert parsed_header(block) == expected


PARTS = st.sampled_from(
    ["a", "B.1", "..", ".", "", ".xpkg-", "x..y", "~1", "e\u0301", "\\", "C:", "a" * 300, "\n", "x."]
)


@given(st.lists(PARTS, max_size=5).map("/".join), st.sampled_from([Limits(), Limits(path=4, component=3)]))
@settings(max_examples=1500, deadline=None)
def test_names_that_look_easy_are(name: str, limits: Limits) -> None:
    def parts(read: Callable[[str, Limits], tuple[str, ...]]) -> tuple[str, ...] | None:
        try:
            return read(name, limits)
        except ArchiveError:
            return None

    assert parts(safe_path) == parts(_checked_path)


@given(blocks(), st.binary(max_size=100))
@settings(max_examples=500, deadline=None)
def test_as_written(block: bytearray, prefix: bytes) -> None:
    same(bytes(block))
    block[345 : 345 + len(prefix)] = prefix
    same(summed(block))


@given(blocks(), st.lists(st.tuples(st.integers(0, 511), st.sampled_from(b"\0 01789a\x80/\xff")), max_size=5))
@example(bytearray(512), [])
@settings(max_examples=1500, deadline=None)
def test_with_some_bytes_changed(block: bytearray, changes: list[tuple[int, int]]) -> None:
    for at, value in changes:
        block[at] = value
    same(bytes(block))
    same(summed(block))
