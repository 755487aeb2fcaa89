"""Recipes, targets and subjects made of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target, read_target
from xpkg.sandbox.environment import Subject

MakeRecipe = Callable[..., Recipe]
MakeSubject = Callable[..., Subject]

NATIVE = """
name = "native"
triple = "x86_64-linux-gnu"
[variables]
arch = "x86_64"
os = "linux"
[toolchain]
cc = "bin/cc"
ar = "bin/ar"
"""
TOY = """
name = "toy"
triple = "riscv64-toy-none"
[variables]
arch = "riscv64"
os = "toy"
[toolchain]
cc = "bin/toy-cc"
ar = "bin/toy-ar"
ranlib = "bin/toy-ranlib"
[layout]
lib = "lib/ocaml/site-lib"
"""


def _target(directory: Path, name: str, text: str) -> Target:
    path = directory / f"{name}.toml"
    path.write_text(text, "utf-8")
    return read_target(path)


@pytest.fixture
def native(tmp_path: Path) -> Target:
    return _target(tmp_path, "native", NATIVE)


@pytest.fixture
def toy(tmp_path: Path) -> Target:
    return _target(tmp_path, "toy", TOY)


@pytest.fixture
def recipe(tmp_path: Path) -> MakeRecipe:
    """``recipe(fields, name="thing", version="1.2", files={})``."""
    count = iter(range(1000))

    def make(
        fields: str = "", name: str = "thing", version: str = "1.2", files: Mapping[str, str] | None = None
    ) -> Recipe:
        directory = tmp_path / f"recipe{next(count)}"
        directory.mkdir()
        (directory / "opam").write_text(f'opam-version: "2.0"\n{fields}\n', "utf-8")
        for path, text in (files or {}).items():
            place = directory / "files" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        return read_recipe(directory, name, version, "here")

    return make


@pytest.fixture
def subject(recipe: MakeRecipe, native: Target, toy: Target) -> MakeSubject:
    """``subject(fields, cross=False, seen={}, tools_seen={})``; on the build machine the two are one."""

    def make(
        fields: str = "",
        *,
        cross: bool = False,
        seen: Mapping[str, str] | None = None,
        tools_seen: Mapping[str, str] | None = None,
    ) -> Subject:
        own = dict(seen or {})
        return Subject(
            recipe=recipe(fields),
            machine=toy if cross else native,
            native=native,
            seen=own,
            tools_seen=dict(tools_seen or {}) if cross else own,
        )

    return make
