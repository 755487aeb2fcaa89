"""Archives, good and hostile, made here and unpacked for real."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from xpkg.core.errors import StoreError, WorkInterrupted
from xpkg.repo.extract import EXTRACTED_MTIME, ArchiveError, Limits, extract


def info(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, mode
    return member


def tar_of(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def files(**contents: str) -> bytes:
    return tar_of(*((info(name), text.encode()) for name, text in contents.items()))


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def deb_of(data: bytes, first: str = "debian-binary") -> bytes:
    out = b"!<arch>\n"
    for name, content in ((first, b"2.0\n"), ("control.tar", tar_of()), ("data.tar.gz", data)):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


class Workshop:
    """A directory for one archive and its destination, which checks what a refusal leaves behind."""

    def __init__(self, root: Path) -> None:
        self.root = root / "work"
        self.root.mkdir()
        self.outside = root / "outside"
        self.outside.write_text("untouched")
        self.destination = self.root / "tree"

    def unpack(self, data: bytes, limits: Limits | None = None, strip: bool | None = None) -> Path:
        archive = self.root / "archive.misleading.name"
        archive.write_bytes(data)
        extract(archive, self.destination, limits, strip=strip)
        return self.destination

    def refuse(self, data: bytes, reference: str, limits: Limits | None = None) -> ArchiveError:
        with pytest.raises(ArchiveError) as caught:
            self.unpack(data, limits)
        assert caught.value.reference == reference
        assert dict(caught.value.context)["archive"].endswith("archive.misleading.name")
        assert [path.name for path in self.root.iterdir()] == ["archive.misleading.name"]
        assert self.outside.read_text() == "untouched"
        return caught.value


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def xz(data: bytes) -> bytes:
    import lzma

    return lzma.compress(data)


def bzip2(data: bytes) -> bytes:
    import bz2

    return bz2.compress(data)


COMPRESSIONS = [bytes, gzip.compress, bzip2, xz, zstd]


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_every_compression_unpacks(shop: Workshop, compress: Callable[[bytes], bytes]) -> None:
    tree = shop.unpack(compress(files(a="one", b="x" * 700_000)))
    assert (tree / "a").read_text() == "one"
    assert (tree / "b").stat().st_size == 700_000


@pytest.mark.parametrize("compress", COMPRESSIONS)
def test_garbage_after_the_end_is_refused(shop: Workshop, compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ArchiveError) as caught:
        shop.unpack(compress(files(a="one")) + b"garbage, and long enough to be seen")
    assert caught.value.reference in ("archive-trailing-data", "archive-damaged")
    assert not shop.destination.exists()


@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_truncated_archive_is_refused(shop: Workshop, compress: Callable[[bytes], bytes], keep: float) -> None:
    data = compress(tar_of((info("a"), os.urandom(300_000))))
    with pytest.raises(ArchiveError) as caught:
        shop.unpack(data[: int(len(data) * keep)])
    assert caught.value.reference in ("archive-truncated", "archive-damaged")
    assert not shop.destination.exists()


def test_a_tar_without_its_end_mark_is_refused(shop: Workshop) -> None:
    shop.refuse(files(a="one")[:1024], "archive-truncated")


def test_a_damaged_second_header_is_refused_and_not_taken_as_the_end(shop: Workshop) -> None:
    data = bytearray(files(a="one", b="two"))
    data[1024 + 3] ^= 0x20
    shop.refuse(bytes(data), "archive-damaged")


@pytest.mark.parametrize("name", ["../x", "/abs", "a/../../x", "a/../b", "C:\\x", "..\\x", "\\\\host\\x", ".."])
@pytest.mark.parametrize("make", [tar_of, lambda member: zip_of((member[0].name, member[1]))])
def test_names_that_leave_the_tree(shop: Workshop, name: str, make: Callable[..., bytes]) -> None:
    shop.refuse(make((info(name), b"bad")), "archive-path")


def test_writing_through_a_symbolic_link(shop: Workshop) -> None:
    shop.refuse(
        tar_of((info("d", tarfile.SYMTYPE, "."), b""), (info("d/outside"), b"bad")),
        "archive-through-link",
    )


@pytest.mark.parametrize("link", ["../outside", "/etc/passwd", "a/../../outside", "loop", ""])
def test_symbolic_links_that_leave_or_loop(shop: Workshop, link: str) -> None:
    shop.refuse(tar_of((info("keep"), b""), (info("loop", tarfile.SYMTYPE, link), b"")), "archive-link")


def test_a_link_that_leaves_only_through_other_links(shop: Workshop) -> None:
    members = [
        (info("deep/er/here"), b""),
        (info("short", tarfile.SYMTYPE, "deep/er"), b""),
        (info("out", tarfile.SYMTYPE, "short/../../../outside"), b""),
    ]
    shop.refuse(tar_of(*members), "archive-link")


def test_good_links_are_kept(shop: Workshop) -> None:
    members = [
        (info("top/a"), b"one"),
        (info("top/d/up", tarfile.SYMTYPE, "../a"), b""),
        (info("top/later", tarfile.SYMTYPE, "not-made-yet"), b""),
        (info("top/hard", tarfile.LNKTYPE, "top/a"), b""),
    ]
    tree = shop.unpack(tar_of(*members))
    assert (tree / "d" / "up").read_text() == "one"
    assert os.readlink(tree / "later") == "not-made-yet"
    assert (tree / "hard").read_text() == "one"


@pytest.mark.parametrize("target", ["../outside", "absent", "link", "top"])
def test_hard_links_only_to_earlier_files(shop: Workshop, target: str) -> None:
    members = [
        (info("top", tarfile.DIRTYPE), b""),
        (info("link", tarfile.SYMTYPE, "top"), b""),
        (info("hard", tarfile.LNKTYPE, target), b""),
    ]
    with pytest.raises(ArchiveError) as caught:
        shop.unpack(tar_of(*members))
    assert caught.value.reference in ("archive-link", "archive-path")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"])
def test_special_files(shop: Workshop, kind: bytes) -> None:
    shop.refuse(tar_of((info("dev", kind), b"")), "archive-special-file")


def test_a_zip_with_a_fifo(shop: Workshop) -> None:
    member = zipfile.ZipInfo("pipe")
    member.create_system, member.external_attr = 3, (stat.S_IFIFO | 0o644) << 16
    shop.refuse(zip_of((member, b"")), "archive-special-file")


def test_modes_and_times_are_ours(shop: Workshop) -> None:
    tree = shop.unpack(
        tar_of(
            (info("d", tarfile.DIRTYPE, mode=0o7777), b""), (info("d/x", mode=0o6777), b"1"), (info("y", mode=0), b"")
        )
    )
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tree.rglob("*")}
    assert modes == {"d": 0o755, "x": 0o755, "y": 0o644}
    assert {path.stat().st_mtime for path in [tree, *tree.rglob("*")]} == {EXTRACTED_MTIME}


def test_an_odd_umask_changes_nothing(shop: Workshop) -> None:
    old = os.umask(0o077)
    try:
        tree = shop.unpack(tar_of((info("d/x"), b"1"), (info("y"), b"")))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tree / "d").stat().st_mode) == 0o755


def test_duplicates(shop: Workshop) -> None:
    shop.refuse(tar_of((info("a"), b"1"), (info("./a"), b"2")), "archive-duplicate")


def test_a_directory_may_come_twice_but_not_become_a_file(shop: Workshop) -> None:
    both = [(info("d", tarfile.DIRTYPE), b""), (info("d", tarfile.DIRTYPE), b""), (info("e"), b"")]
    assert (shop.unpack(tar_of(*both)) / "d").is_dir()
    shop.destination.rename(shop.root.parent / "elsewhere")
    shop.refuse(tar_of((info("d/x"), b""), (info("d"), b"")), "archive-duplicate")


@pytest.mark.parametrize(
    ("one", "other"), [("README", "readme"), ("stra\u00dfe", "strasse"), ("\u00e9", "e\u0301"), ("A/x", "a/y")]
)
def test_names_that_some_file_systems_take_for_one(shop: Workshop, one: str, other: str) -> None:
    shop.refuse(tar_of((info(one), b""), (info(other), b"")), "archive-collision")


@pytest.mark.parametrize("name", [".xpkg-done", "a/.XPKG-x/y"])
def test_reserved_names(shop: Workshop, name: str) -> None:
    shop.refuse(tar_of((info(name), b"")), "archive-reserved-name")


@pytest.mark.parametrize("compress", COMPRESSIONS[1:])
def test_a_bomb_is_stopped(shop: Workshop, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(tar_of((info("zeros"), bytes(20 << 20))))
    shop.refuse(bomb, "archive-bomb", Limits(ratio=10, ratio_floor=1 << 20, members=10))


@pytest.mark.parametrize("compress", COMPRESSIONS[1:])
def test_a_bomb_behind_the_end_mark_is_stopped(shop: Workshop, compress: Callable[[bytes], bytes]) -> None:
    bomb = compress(files(a="1") + bytes(20 << 20))
    shop.refuse(bomb, "archive-bomb", Limits(ratio=10, ratio_floor=1 << 20, members=10))


def test_a_zip_bomb_is_stopped(shop: Workshop) -> None:
    shop.refuse(zip_of(("zeros", bytes(20 << 20))), "archive-bomb", Limits(ratio=10, ratio_floor=1 << 20))


def test_a_zip_that_understates_its_size(shop: Workshop) -> None:
    data = bytearray(zip_of(("zeros", bytes(100_000))))
    size = (100_000).to_bytes(4, "little")
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = (1000).to_bytes(4, "little")
    shop.refuse(bytes(data), "archive-damaged")


def test_too_many_members_and_too_long_paths(shop: Workshop) -> None:
    shop.refuse(files(a="", b="", c=""), "archive-bomb", Limits(members=2))
    shop.refuse(tar_of((info("d/" * 600 + "x"), b"")), "archive-path")
    shop.refuse(tar_of((info("x" * 256), b"")), "archive-path")


def test_a_sparse_file_is_refused(shop: Workshop) -> None:
    member = info("sparse")
    member.pax_headers = {"GNU.sparse.size": "1099511627776", "GNU.sparse.numblocks": "0"}
    shop.refuse(tar_of((member, b"")), "archive-sparse")


def test_a_pax_size_wins_over_the_header(shop: Workshop) -> None:
    """The confusion of CVE-2025-62518: whoever skips by the header's own size reads a hidden archive."""
    inner = files(hidden="evil")
    member = info("data")
    member.pax_headers = {"size": str(len(inner))}
    raw = bytearray(tar_of((member, inner)))
    at = raw.find(b"data\0") + 124
    raw[at : at + 12] = b"00000000000\0"
    header = raw[at - 124 : at - 124 + 512]
    header[148:156] = b" " * 8
    raw[at - 124 + 148 : at - 124 + 156] = b"%06o\0 " % sum(header)
    tree = shop.unpack(bytes(raw))
    assert [path.name for path in tree.iterdir()] == ["data"]


def test_a_single_top_directory_is_stripped(shop: Workshop) -> None:
    assert [path.name for path in shop.unpack(tar_of((info("p-1.0/src/x"), b""))).iterdir()] == ["src"]


def test_two_top_entries_are_not_stripped(shop: Workshop) -> None:
    tree = shop.unpack(zip_of(("pkg/a", b""), ("pkg.dist-info/b", b"")))
    assert sorted(path.name for path in tree.iterdir()) == ["pkg", "pkg.dist-info"]


def test_long_names_of_both_formats(shop: Workshop) -> None:
    name = "/".join(["directory" * 5] * 6) + "/x"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        tree = shop.unpack(tar_of((info(name), b"1"), (info("y"), b""), form=form))
        assert (tree / name).read_text() == "1"
        tree.rename(shop.root / f"done-{form}")


def test_a_zip_keeps_the_execute_bit(shop: Workshop) -> None:
    member = zipfile.ZipInfo("zig")
    member.create_system, member.external_attr = 3, (stat.S_IFREG | 0o755) << 16
    tree = shop.unpack(zip_of((member, b"#!"), ("other", b"")))
    assert os.access(tree / "zig", os.X_OK)
    assert not os.access(tree / "other", os.X_OK)


def test_overlapping_zip_members(shop: Workshop) -> None:
    data = bytearray(zip_of(("a", bytes(1000)), ("b", bytes(1000)), compression=zipfile.ZIP_STORED))
    second = data.rfind(b"PK\x01\x02")
    data[second + 42 : second + 46] = (10).to_bytes(4, "little")
    shop.refuse(bytes(data), "archive-bomb")


def test_garbage_after_a_zip(shop: Workshop) -> None:
    shop.refuse(zip_of(("a", b"1")) + b"garbage", "archive-trailing-data")


def test_a_deb_gives_its_data_unstripped_with_links_kept_inside(shop: Workshop) -> None:
    data = tar_of(
        (info("./usr/bin/tool", mode=0o4755), b"tool"),
        (info("./usr/lib/t/link", tarfile.SYMTYPE, "/usr/bin/tool"), b""),
    )
    tree = shop.unpack(deb_of(gzip.compress(data)))
    assert (tree / "usr/lib/t/link").resolve() == tree / "usr/bin/tool"
    assert os.readlink(tree / "usr/lib/t/link") == "../../../usr/bin/tool"
    assert stat.S_IMODE((tree / "usr/bin/tool").stat().st_mode) == 0o755


def test_an_ar_archive_that_is_no_deb(shop: Workshop) -> None:
    shop.refuse(deb_of(gzip.compress(files(a="")), first="something.o"), "archive-format")


@pytest.mark.parametrize("data", [b"", b"<html>404</html>", b"\x7fELF" + bytes(600), b"PK\x03\x04 not really"])
def test_what_is_no_archive(shop: Workshop, data: bytes) -> None:
    with pytest.raises(ArchiveError) as caught:
        shop.unpack(data)
    assert caught.value.reference in ("archive-format", "archive-damaged")


def test_an_existing_destination_is_left_alone(shop: Workshop) -> None:
    shop.destination.mkdir()
    (shop.destination / "mine").write_text("1")
    with pytest.raises(StoreError):
        shop.unpack(files(a=""))
    assert [path.name for path in shop.destination.iterdir()] == ["mine"]


def test_a_set_event_stops_the_first_reading_too(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(files(a="1")[:700])  # damaged, had it been read to the end
    stop = threading.Event()
    stop.set()
    with pytest.raises(WorkInterrupted):
        extract(archive, tmp_path / "tree", cancel=stop)


@pytest.mark.parametrize(
    "records",
    [
        b"7 a=bc",
        b"6 a=b\n6 a=b",
        b"0 a=b\n",
        b"99999999 a=b\n",
        b"6 a=b\nx",
        b"6 a=b\n" + b"x" * 20,
        b"6 a=b\n1 a=b\n",
        b"5 ab\n",
        b"6\0a=b\n",
        b"-6 a=b\n",
        b"3 \n=",
    ],
)
def test_damaged_pax_records(shop: Workshop, records: bytes) -> None:
    header = info("pax", tarfile.XHDTYPE)
    shop.refuse(tar_of((header, records), form=tarfile.USTAR_FORMAT)[:1024] + files(a=""), "archive-damaged")


def test_a_set_event_stops_the_work(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar"
    archive.write_bytes(files(a="1"))
    stop = threading.Event()
    stop.set()
    with pytest.raises(WorkInterrupted):
        extract(archive, tmp_path / "tree", cancel=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]
