"""Questions about packages: what is installed, what there is, how it would be built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xpkg.core.errors import InputFileError
from xpkg.ops.home import Home
from xpkg.ops.install import plan_request
from xpkg.ops.pairs import Pair
from xpkg.ops.requests import parse_spelling
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import BUILD
from xpkg.repo.universe import UnknownPackage
from xpkg.sandbox.steps import Steps
from xpkg.sandbox.switches import Switch
from xpkg.solver.model import Atom, Exactly, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """One line of ``xpkg list``."""

    name: str
    version: str
    machine: str
    tree: str
    key: str
    requested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPackage:
    """A package of the repositories; versions newest first."""

    name: str
    versions: tuple[str, ...]
    synopsis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSteps:
    """The steps of one instance, for showing; ``jobs`` stands in for the number of parallel jobs."""

    machine: str
    steps: Steps
    jobs: int = 1


def installed(switch: Switch, pair: Pair | None) -> list[InstalledPackage]:
    """What a switch holds, by machine and name; only one pair's if given."""
    generation = switch.current()
    asked = {(root.name, root.tree) for root in generation.roots}
    found = [
        InstalledPackage(
            name=one.name,
            version=one.version,
            machine=one.machine,
            tree=one.tree,
            key=one.key,
            requested=(one.name, one.tree) in asked,
        )
        for one in generation.installed
        if pair is None or one.tree in pair.trees
    ]
    return sorted(found, key=lambda one: (one.tree, one.name))


def available(home: Home, wrong: Callable[[str], None]) -> list[KnownPackage]:
    """Every package of the repositories, by name; ``wrong`` is told of each recipe that cannot be read."""
    return [found for name in sorted(home.universe.names()) if (found := _known(home, name, (), wrong)) is not None]


def search(home: Home, words: Sequence[str], wrong: Callable[[str], None]) -> list[KnownPackage]:
    """The packages whose name, synopsis or description holds every word, whatever the case.

    ``wrong`` is told of each recipe that cannot be read; it hinders no other.
    """
    wanted = [word.lower() for word in words]
    found = (_known(home, name, wanted, wrong) for name in sorted(home.universe.names()))
    return [one for one in found if one is not None]


def _known(home: Home, name: str, words: Sequence[str], wrong: Callable[[str], None]) -> KnownPackage | None:
    versions = home.universe.versions(name)
    for version in versions:
        try:
            recipe = home.universe.recipe(name, version)
        except InputFileError as error:
            wrong(f"{name}.{version} is left out: {error.message}")
            continue
        text = f"{name} {recipe.synopsis} {recipe.description}".lower()
        if not all(word in text for word in words):
            return None
        return KnownPackage(name=name, versions=tuple(versions), synopsis=recipe.synopsis)
    return None


def find_recipe(home: Home, spelling: str) -> Recipe:
    """The newest recipe that fits what the user wrote; UnknownPackage with the nearest names or the versions."""
    name, wanted = parse_spelling(spelling)
    versions = home.universe.versions(name)
    for version in versions:
        if wanted is None or wanted.allows(version):
            return home.universe.recipe(name, version)
    raise UnknownPackage(
        f"no version of {name} is {wanted}",
        reference="unknown-version",
        context=(("versions", ", ".join(versions)),),
    )


def raw_recipe(recipe: Recipe) -> str:
    """The text of a recipe's file."""
    return str(recipe.file)


def facts(home: Home, recipe: Recipe) -> dict[str, object]:
    """What people ask of a package first."""
    return {
        "name": recipe.name,
        "version": recipe.version,
        "versions": list(home.universe.versions(recipe.name)),
        "repository": recipe.repository,
        "synopsis": recipe.synopsis,
        "description": recipe.description.strip(),
        "runs-on": recipe.x_runs_on,
        "sources": [url for source in recipe.sources for url in source.urls],
        "checksums": [str(digest) for source in recipe.sources for digest in source.digests],
        "patches": [patch.text for patch in recipe.patches],
        "system-tools": list(recipe.x_system_tools),
        "directory": str(recipe.directory),
        "unknown-fields": list(recipe.unknown_fields),
    }


def steps(home: Home, pair: Pair, recipe: Recipe) -> ShownSteps:
    """The derived steps of a recipe on the pair's machine, with the dependencies a solve gives it."""
    machine = BUILD if recipe.x_runs_on == "build" else pair.machine
    atom = Atom(name=recipe.name, machine=machine, versions=Exactly(recipe.version))
    plan = plan_request(home, pair, Request(target=pair.target, install=(atom,)))
    for instance, task in plan.tasks.items():
        if (instance.name, instance.machine) == (recipe.name, machine):
            return ShownSteps(machine=machine, steps=task.steps)
    raise AssertionError(f"{recipe.name} is missing from its own solution")
