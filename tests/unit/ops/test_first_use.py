"""Hashes found at first use: kept, held to, and never for what has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.digests import Digest
from xpkg.core.errors import InputFileError
from xpkg.core.paths import StateRoot
from xpkg.ops.first_use import FirstUse
from xpkg.repo.source_values import Source

FOUND = Digest("sha256", "1" * 64)
OTHER = Digest("sha256", "2" * 64)


def test_the_second_use_is_held_to_the_first(tmp_path: Path) -> None:
    root = StateRoot(tmp_path / "root")
    source = Source(urls=("http://127.0.0.1/x.tar.gz",))
    assert FirstUse(root).held(source) == source
    FirstUse(root).record(source, FOUND)
    assert FirstUse(root).held(source) == Source(urls=source.urls, digests=(FOUND,))
    assert FirstUse(root).held(Source(urls=("http://127.0.0.1/y.tar.gz",))).digests == ()


def test_md5_alone_is_not_enough(tmp_path: Path) -> None:
    root = StateRoot(tmp_path)
    weak = Source(urls=("http://127.0.0.1/x",), digests=(Digest("md5", "3" * 32),))
    FirstUse(root).record(weak, FOUND)
    assert FirstUse(root).held(weak).digests == (*weak.digests, FOUND)


def test_a_source_with_a_hash_is_left_alone(tmp_path: Path) -> None:
    root = StateRoot(tmp_path)
    strong = Source(urls=("http://127.0.0.1/x",), digests=(OTHER,))
    commit = Source(urls=("git+https://127.0.0.1/x#" + "a" * 40,))
    for source in (strong, commit):
        FirstUse(root).record(source, FOUND)
        assert FirstUse(root).held(source) == source
    assert not root.first_use.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": "sha256=1"}', "\x00"])
def test_a_damaged_record_is_told(tmp_path: Path, text: str) -> None:
    root = StateRoot(tmp_path)
    root.first_use.write_text(text, "utf-8")
    with pytest.raises(InputFileError) as caught:
        FirstUse(root).held(Source(urls=("http://127.0.0.1/x",)))
    assert caught.value.reference == "bad-first-use"
