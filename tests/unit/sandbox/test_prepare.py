"""Source trees: what a recipe puts into one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.prepare import prepare_source
from xpkg.sandbox.task import BuildTask, SourceFiles

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def task(recipe: MakeRecipe, native: Target) -> Callable[[dict[str, str]], BuildTask]:
    def make(files: dict[str, str]) -> BuildTask:
        one = Subject(recipe=recipe("", files=files), machine=native, native=native, seen={}, tools_seen={})
        return BuildTask(
            subject=one, steps=derive(one), key="k", inputs={}, requires=(), tools=(), target=None, system_tools={}
        )

    return make


def archive(path: Path, links: dict[str, tuple[bytes, str]]) -> SourceFiles:
    """An archive of one file, ``one``, and links to it or out of it."""
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("top/one")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"one\n"))
        for name, (kind, to) in links.items():
            member = tarfile.TarInfo(f"top/{name}")
            member.type, member.linkname = kind, to
            tar.addfile(member)
    return SourceFiles(archive=path)


@pytest.mark.parametrize("link", [(tarfile.LNKTYPE, "top/one"), (tarfile.SYMTYPE, "one")])
def test_a_file_of_the_recipe_replaces_one_name_only(
    task: Callable[[dict[str, str]], BuildTask], tmp_path: Path, link: tuple[bytes, str]
) -> None:
    sources = archive(tmp_path / "source.tar", {"two": link})
    prepare_source(task({"two": "two\n"}), sources, tmp_path / "tree", 1)
    assert (tmp_path / "tree" / "one").read_bytes() == b"one\n"
    assert (tmp_path / "tree" / "two").read_bytes() == b"two\n"
    assert not (tmp_path / "tree" / "two").is_symlink()


def test_an_empty_source_is_told(task: Callable[[dict[str, str]], BuildTask], tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "source.tar", "w") as tar:
        member = tarfile.TarInfo("top")
        member.type = tarfile.DIRTYPE
        tar.addfile(member)
    with pytest.raises(BuildError, match="is empty"):
        prepare_source(task({}), SourceFiles(archive=tmp_path / "source.tar"), tmp_path / "tree", 1)
