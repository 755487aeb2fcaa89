"""Whatever a tar archive says, nothing appears outside the destination, and a refusal leaves nothing."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from xpkg.repo.extract import ArchiveError, extract

PARTS = st.sampled_from(["a", "b", "A", "..", ".", "", "d", "e\u0301", "\u00e9", "x\\..\\y", "canary"])
NAMES = st.builds("/".join, st.lists(PARTS, min_size=1, max_size=4))
KINDS = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
MEMBERS = st.lists(st.tuples(NAMES, KINDS, NAMES, st.binary(max_size=40)), max_size=6)


def tar_of(members: list[tuple[str, bytes, str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, link, data in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mode = kind, link, 0o7777
            member.size = len(data) if kind == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def check(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        (root / "canary").write_text("alive")
        (root / "archive").write_bytes(data)
        tree = root / "tree"
        try:
            extract(root / "archive", tree)
        except ArchiveError:
            assert not tree.exists()
        else:
            for path in tree.rglob("*"):
                assert path.is_symlink() or stat.S_IMODE(path.stat().st_mode) in (0o644, 0o755)
                assert Path(os.path.realpath(path)).is_relative_to(tree)
        assert {path.name for path in root.iterdir()} <= {"canary", "archive", "tree"}
        assert (root / "canary").read_text() == "alive"


@given(MEMBERS)
@settings(max_examples=400, deadline=None)
def test_hostile_members_stay_inside(members: list[tuple[str, bytes, str, bytes]]) -> None:
    check(tar_of(members))


@given(MEMBERS, st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8), st.integers(0, 5000))
@settings(max_examples=300, deadline=None)
def test_damaged_archives_end_in_one_error(
    members: list[tuple[str, bytes, str, bytes]], changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(tar_of(members))
    for at, value in changes:
        data[at % len(data)] = value
    check(bytes(data[: max(cut, 600)]))
