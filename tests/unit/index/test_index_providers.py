"""The packages that provide other names, from an index."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path

import pytest

from tests.unit.index.recipes import everything, without_index, write
from xpkg.repo.index import directory as directory_index
from xpkg.repo.index.build import PackFile, build_copy
from xpkg.repo.index.copy import PackedCopy
from xpkg.repo.index.directory import IndexedDirectory

CC = 'opam-version: "2.0"\nx-provides: ["cc" {= "12"}]\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, text in [("a", None), ("b", CC), ("c", None)]:
        write(root, name, "1", text)
    write(root, "b", "2")
    settle()
    return root


def settle() -> None:
    """As if all had been written a while ago."""
    time.sleep(0.08)


def listing(root: Path, tmp_path: Path) -> IndexedDirectory:
    return IndexedDirectory("test", root, tmp_path / "state" / "test.index", tmp_path / "state" / "locks")


def test_the_index_keeps_who_provides_what(root: Path, tmp_path: Path) -> None:
    first = listing(root, tmp_path)
    assert first.entry("b", "1").x_provides == (("cc", "12"),)
    assert (first.entry("b", "2").x_provides, first.entry("a", "1").x_provides) == ((), ())
    assert everything(first) == without_index(root)
    assert list(listing(root, tmp_path).providers()) == ["b"]
    assert list(IndexedDirectory("test", root).providers()) == ["b"]


def test_an_edit_shows_at_once(root: Path, tmp_path: Path) -> None:
    listing(root, tmp_path).refresh()
    write(root, "a", "1", CC)
    assert set(listing(root, tmp_path).providers()) == {"a", "b"}
    shutil.rmtree(root / "packages" / "b")
    assert set(listing(root, tmp_path).providers()) in ({"a"}, {"a", "c"})  # it may name more than do
    settle()
    listing(root, tmp_path).refresh()
    assert list(listing(root, tmp_path).providers()) == ["a"]


def test_in_a_large_directory_what_is_new_shows_at_once_and_an_edit_after_an_update(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_index, "_FEW", 2)
    listing(root, tmp_path).refresh()
    write(root, "a", "1", CC)
    assert list(listing(root, tmp_path).providers()) == ["b"]
    write(root, "d", "1", CC)
    assert list(listing(root, tmp_path).providers()) == ["b", "d"]
    listing(root, tmp_path).refresh()
    assert list(listing(root, tmp_path).providers()) == ["a", "b", "d"]


def test_a_copy_knows_them_also_after_an_update_that_takes_over(root: Path, tmp_path: Path) -> None:
    def files() -> list[PackFile]:
        return [
            PackFile(
                path=path.relative_to(root).as_posix(),
                identity=b"s" + hashlib.sha256(path.read_bytes()).digest(),
                read=path.read_bytes,
            )
            for path in sorted(root.rglob("opam"))
        ]

    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    build_copy(files(), None, first)
    assert list(PackedCopy("test", first).providers()) == ["b"]
    write(root, "c", "1", CC)
    second.mkdir()
    build_copy(files(), first, second)
    assert list(PackedCopy("test", second).providers()) == ["b", "c"]
    assert PackedCopy("test", second).entry("c", "1").x_provides == (("cc", "12"),)
