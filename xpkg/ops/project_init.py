"""``xpkg init``: the recipe that is derived for a project, written down for its author to go on with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import StoreError, UsageError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.ops.projects import derivation
from xpkg.repo.source_tree import DirectoryTree, names_in

if TYPE_CHECKING:
    from xpkg.ops.project_systems import System
    from xpkg.ops.project_words import ProjectWish


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files that were written, and what their recipes assume."""

    files: tuple[Path, ...]
    assumed: tuple[str, ...]


def write_recipes(wish: ProjectWish, system: System | None = None) -> Written:
    """Write ``NAME.opam`` for each package that can be derived.

    StoreError ``recipe-exists`` when the directory has recipes, and then nothing is written; else errors as of
    `xpkg.ops.projects.derivation`.
    """
    if wish.names:
        raise UsageError("init writes the recipes of a whole directory: name that alone")
    there = names_in(DirectoryTree(wish.directory), wish.directory.name)
    if there:
        raise _exists(wish.directory, ", ".join(there))
    made = derivation(wish.directory, system)
    files = {wish.directory / f"{one.name}.opam": one.text for one in made.recipes}
    for path in files:
        if os.path.lexists(path):
            raise _exists(wish.directory, path.name)
    for path, text in files.items():
        with disk_errors("write a recipe in", wish.directory), path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    return Written(files=tuple(files), assumed=made.assumed)


def _exists(directory: Path, what: str) -> StoreError:
    return StoreError(
        f"{printable(str(directory))} has a recipe already",
        reference="recipe-exists",
        context=(("there is", printable(what)),),
        hint="init replaces nothing: edit it, or remove it first",
    )
