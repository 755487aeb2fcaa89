from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.index.recipes import everything, without_index, write
from xpkg.core.errors import SyncError
from xpkg.repo.index.build import PackFile, build_copy
from xpkg.repo.index.copy import INDEX, PACK, PackedCopy
from xpkg.repo.index.report import BuildReport


def files_of(root: Path, reads: list[str] | None = None) -> list[PackFile]:
    """All files of a directory, as a remote repository would give them; ``reads`` is told which were read."""

    def reader(path: Path) -> Callable[[], bytes]:
        def read() -> bytes:
            if reads is not None:
                reads.append(path.relative_to(root).as_posix())
            return path.read_bytes()

        return read

    return [
        PackFile(
            path=path.relative_to(root).as_posix(),
            identity=b"s" + hashlib.sha256(path.read_bytes()).digest(),
            read=reader(path),
            executable=bool(path.stat().st_mode & 0o100),
        )
        for path in sorted(root.rglob("*"))
        if path.is_file()
    ]


def build(root: Path, previous: Path | None, destination: Path, reads: list[str] | None = None) -> BuildReport:
    destination.mkdir()
    return build_copy(files_of(root, reads), previous, destination)


def recipes_read(copy: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the recipes of a copy say."""
    return everything(PackedCopy("test", copy))


def same(found: dict[str, list[tuple[object, ...]]], copy: Path, root: Path) -> bool:
    return repr(found).replace(f"{copy}/", "") == repr(without_index(root)).replace(f"{root}/", "")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for number in range(30):
        write(root, f"p{number % 5}", str(number))
    write(root, "flat", "1", flat=True)
    write(root, "bad", "1", 'opam-version: "2.0"\nbuild: [')
    files = write(root, "files", "1").parent / "files"
    files.mkdir()
    (files / "run.sh").write_text("#!/bin/sh\n")
    (files / "run.sh").chmod(0o755)
    (root / "cross.toml").write_text("")
    (root / "repo").write_text('opam-version: "2.0"\n')
    return root


def test_a_copy_says_what_the_files_say(root: Path, tmp_path: Path) -> None:
    report = build(root, None, tmp_path / "copy")
    assert (report.versions, report.parsed, report.reused, len(report.added)) == (33, 33, 0, 33)
    assert [problem[:2] for problem in report.problems] == [("bad", "1")]
    assert same(recipes_read(tmp_path / "copy"), tmp_path / "copy", root)
    directory, data = PackedCopy("test", tmp_path / "copy").place("files", "1")
    assert data == (root / "packages/files/files.1/opam").read_bytes()
    assert (directory / "files/run.sh").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "copy/repo").is_file()
    assert not list((tmp_path / "copy").rglob("opam"))


def test_only_what_changed_is_read(root: Path, tmp_path: Path) -> None:
    build(root, None, tmp_path / "one")
    write(root, "p1", "6", 'opam-version: "2.0"\nsynopsis: "changed"\n')
    write(root, "p1", "new")
    shutil.rmtree(root / "packages/p2/p2.7")
    reads: list[str] = []
    report = build(root, tmp_path / "one", tmp_path / "two", reads)
    assert (report.added, report.changed, report.removed) == ((("p1", "new"),), (("p1", "6"),), (("p2", "7"),))
    assert {path for path in reads if path.endswith("/opam")} == {
        "packages/p1/p1.6/opam",
        "packages/p1/p1.new/opam",
    }
    assert same(recipes_read(tmp_path / "two"), tmp_path / "two", root)


def test_a_long_history_is_the_same_as_one_copy(root: Path, tmp_path: Path) -> None:
    """However a copy came to be, it says what the files say, and its pack does not grow without bound."""
    choose = random.Random(5)
    previous = None
    for step in range(25):
        for _ in range(choose.randrange(6)):
            name, version = f"p{choose.randrange(5)}", str(choose.randrange(30))
            if choose.random() < 0.4:
                shutil.rmtree(root / "packages" / name / f"{name}.{version}", ignore_errors=True)
            else:
                write(root, name, version, f'opam-version: "2.0"\nsynopsis: "{step}"\n')
        copy = tmp_path / f"copy{step}"
        build(root, previous, copy)
        assert same(recipes_read(copy), copy, root)
        (copy / INDEX).unlink()
        assert same(recipes_read(copy), copy, root), "from the pack alone"
        previous = copy
    alone = tmp_path / "alone"
    build(root, None, alone)
    assert previous is not None
    assert (previous / PACK).stat().st_size < 2 * (alone / PACK).stat().st_size


def test_a_damaged_index_is_made_again(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    build(root, None, copy)
    expected = recipes_read(copy)
    whole = (copy / INDEX).read_bytes()
    choose = random.Random(4)
    for _ in range(40):
        at = choose.randrange(len(whole))
        for damaged in (whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :], whole[:at]):
            (copy / INDEX).write_bytes(damaged)
            assert recipes_read(copy) == expected


def test_a_damaged_pack_is_told(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    build(root, None, copy)
    whole = (copy / PACK).read_bytes()
    at = whole.index(b"synopsis")
    (copy / PACK).write_bytes(whole[:at] + b"S" + whole[at + 1 :])
    here = PackedCopy("test", copy)
    places = [(name, version) for name in here.names() for version in here.versions(name)]
    told = []
    for name, version in places:
        try:
            here.place(name, version)
        except SyncError as error:
            told.append(error.reference)
    assert told == ["damaged-copy"]
    (copy / PACK).write_bytes(whole[:at])
    (copy / INDEX).unlink()
    with pytest.raises(SyncError, match="damaged"):
        PackedCopy("test", copy).names()


def test_a_damaged_copy_before_does_no_harm(root: Path, tmp_path: Path) -> None:
    build(root, None, tmp_path / "one")
    for number, name in enumerate([INDEX, PACK]):
        data = bytearray((tmp_path / "one" / name).read_bytes())
        data[len(data) // 2] ^= 1
        (tmp_path / "one" / name).write_bytes(data)
        copy = tmp_path / f"next{number}"
        build(root, tmp_path / "one", copy)
        assert same(recipes_read(copy), copy, root)


def test_what_is_filed_under_no_name_is_told(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    write(root, "good", "1")
    write(root, "other", "1").parent.rename(root / "packages/other/strange.1")
    report = build(root, None, tmp_path / "copy")
    assert report.problems == (("other", "", "packages/other/strange.1/opam: expected a directory other.<version>"),)
    assert PackedCopy("test", tmp_path / "copy").names() == ("good",)


def test_files_beside_a_recipe_are_a_part_of_it(root: Path, tmp_path: Path) -> None:
    promise = hashlib.sha256(b"right").hexdigest()
    opam = write(root, "files", "2", f'opam-version: "2.0"\nextra-files: ["p" "sha256={promise}"]\n')
    previous = None
    for step, content in enumerate(["right", "wrong", "right", None, "right"]):
        shutil.rmtree(opam.parent / "files", ignore_errors=True)
        if content is not None:
            (opam.parent / "files").mkdir()
            (opam.parent / "files" / "p").write_text(content)
        copy = tmp_path / f"copy{step}"
        report = build(root, previous, copy)
        assert report.changed == (() if previous is None else (("files", "2"),))
        assert (PackedCopy("test", copy).entry("files", "2").problem is None) == (content == "right")
        assert same(recipes_read(copy), copy, root)
        previous = copy
    assert build(root, previous, tmp_path / "last").parsed == 0
