"""Projects: directories whose packages are built from where they are, by their opam files or by what is derived."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.core.text import did_you_mean, printable
from xpkg.ops.project_systems import System, recognise
from xpkg.repo.dune_workspace import has_own_contexts
from xpkg.repo.formulas import atoms
from xpkg.repo.names import name_problem
from xpkg.repo.opamfile.file import parse
from xpkg.repo.pinned_recipes import PinnedRecipe, pinned_of, read_pinned
from xpkg.repo.recipe_reader import recipe_of
from xpkg.repo.source_tree import DirectoryTree, names_in, recipe_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from xpkg.ops.project_recipes import Derivation
    from xpkg.ops.project_words import ProjectWish

DERIVED = "x-derived-from"
"""The field by which a derived recipe is known: its build system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A directory and its packages: those ``names`` that are meant, and in ``recipes`` also those that they need.

    ``system`` is the build system that the recipes were derived from, None where the project has them itself;
    ``assumed`` is what was taken for granted, as sentences.
    """

    directory: Path
    names: tuple[str, ...]
    recipes: dict[str, PinnedRecipe]
    system: System | None = None
    assumed: tuple[str, ...] = ()

    def as_value(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        return {
            "directory": str(self.directory),
            "packages": list(self.names),
            "build_system": self.system,
            "assumed": list(self.assumed),
        }


def find_project(wish: ProjectWish, system: System | None = None) -> Project:
    """The project in a directory: its opam files, or what its build system, ``system`` if given, lets derive.

    NotFoundError ``no-project`` when there is nothing of the kind, ``no-recipe`` when it has no package that is asked
    for, InputFileError for an opam file or a build file that is wrong.
    """
    tree = DirectoryTree(wish.directory)
    there = () if system is not None else names_in(tree, wish.directory.name)
    if not there:
        if system is None:
            _refuse_nameless(tree)
        return _derived(wish, system)
    _check_names(wish, there)

    def read(name: str) -> PinnedRecipe | None:
        place = recipe_for(tree, name) if name in there else None
        return None if place is None else read_pinned(tree, place, name)

    names = wish.names or there
    return Project(
        directory=wish.directory, names=names, recipes=_needed(names, read), assumed=_of_workspace(wish.directory)
    )


def derivation(directory: Path, system: System | None = None) -> Derivation:
    """The recipes that can be derived for a directory; errors as for `find_project`."""
    from xpkg.ops.project_recipes import derive_recipes

    return derive_recipes(directory, recognise(directory, system))


def _derived(wish: ProjectWish, system: System | None) -> Project:
    made = derivation(wish.directory, system)
    _check_names(wish, [one.name for one in made.recipes])
    texts = {one.name: one.text for one in made.recipes}

    def read(name: str) -> PinnedRecipe | None:
        if name not in texts:
            return None
        file = parse(texts[name], f"recipe derived from {wish.directory / made.file}")
        return pinned_of(file.replace(DERIVED, f'"{made.system}"'), name, {})

    names = wish.names or tuple(texts)
    assumed = (*made.assumed, *_of_workspace(wish.directory))
    recipes = _needed(names, read)
    return Project(directory=wish.directory, names=names, recipes=recipes, system=made.system, assumed=assumed)


def _needed(names: Sequence[str], read: Callable[[str], PinnedRecipe | None]) -> dict[str, PinnedRecipe]:
    """The recipes of packages and of what they may need of the same project; ``read`` gives None for all else."""
    found: dict[str, PinnedRecipe] = {}
    pending = list(reversed(names))
    while pending:
        name = pending.pop()
        recipe = None if name in found else read(name)
        if recipe is not None:
            found[name] = recipe
            depends = recipe_of(
                recipe.file, name=name, version="0", repository="", directory=Path("/"), original=recipe.file
            ).depends
            pending += [atom.name for atom in atoms(depends)]
    return found


def _of_workspace(directory: Path) -> tuple[str, ...]:
    if not has_own_contexts(directory):
        return ()
    return ("the contexts of its dune-workspace do not count: it is built for each machine by itself",)


def _check_names(wish: ProjectWish, there: Sequence[str]) -> None:
    for name in wish.names:
        if name not in there:
            raise NotFoundError(
                f"there is no package {printable(name)} in {printable(str(wish.directory))}",
                reference="no-recipe",
                context=(("packages there", ", ".join(there)),),
                hint=did_you_mean(name, there),
            )


def _refuse_nameless(tree: DirectoryTree) -> None:
    """NotFoundError for an opam file that says no name in a directory whose name can be no package's."""
    place = next((path for path in ("opam/opam", "opam") if tree.read(path) is not None), None)
    if place is not None:
        raise NotFoundError(
            f"{place} says no name, and the directory's cannot be one: {name_problem(tree.root.name)}",
            reference="no-recipe",
            context=(("directory", printable(tree.where)),),
            hint='add name: "NAME" to it, or call the file NAME.opam',
        )
