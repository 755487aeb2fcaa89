"""The tools that a target's file names have to be there before anything is built with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.core.errors import ConfigurationError
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target, Toolchain
from xpkg.sandbox.toolchain import check

MakeRecipe = Callable[..., Recipe]


@pytest.fixture
def board(toy: Target) -> Target:
    return replace(toy, name="board", toolchain=Toolchain(packages=("board-cc",), cc="bin/board-cc", ar="bin/board-ar"))


def layer(tmp_path: Path, *files: str) -> Path:
    for name in files:
        (tmp_path / "layer" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "layer" / name).touch()
    return tmp_path / "layer"


def test_tools_that_are_there(tmp_path: Path, recipe: MakeRecipe, board: Target) -> None:
    there = layer(tmp_path, "bin/board-cc")
    (there / "bin" / "board-ar").symlink_to("/xpkg/tools/bin/ar")  # leads into the sandbox, to nothing here
    check(recipe(), board, [tmp_path / "none", there])


def test_a_tool_that_no_package_installed(tmp_path: Path, recipe: MakeRecipe, board: Target) -> None:
    there = layer(tmp_path, "bin/my-board-cc", "bin/board-ar", "bin/other")
    with pytest.raises(
        ConfigurationError, match="the target board lacks bin/board-cc, which its file names as cc"
    ) as caught:
        check(recipe(), board, [there])
    assert caught.value.reference == "missing-toolchain"
    assert dict(caught.value.context) == {
        "needed by": "thing.1.2",
        "packages of the toolchain": "board-cc",
        "[toolchain] cc": "bin/board-cc",
        "there is": "bin/my-board-cc",
    }


def test_who_needs_no_toolchain(tmp_path: Path, recipe: MakeRecipe, board: Target) -> None:
    nothing = [tmp_path]
    check(recipe('x-toolchain: "none"'), board, nothing)
    check(recipe(name="board-cc"), board, nothing)
    check(recipe('x-provides: "board-cc"', name="my-cc"), board, nothing)
    check(recipe(), replace(board, toolchain=Toolchain(cc="bin/cc")), nothing)
    with pytest.raises(ConfigurationError):
        check(recipe(), board, nothing)
