"""What is no regular file holds up nobody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xpkg.core.errors import StoreError
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.tables import read_table


def test_a_table(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "native.toml")
    with pytest.raises(StoreError, match="no regular file"):
        read_table(tmp_path / "native.toml")


@pytest.mark.parametrize("name", ["descr", "url"])
def test_what_lies_beside_a_recipe_of_the_older_format(tmp_path: Path, name: str) -> None:
    (tmp_path / "opam").write_text('opam-version: "1.2"\n')
    os.mkfifo(tmp_path / name)
    with pytest.raises(StoreError, match="no regular file"):
        read_recipe(tmp_path, "a", "1", "test")
