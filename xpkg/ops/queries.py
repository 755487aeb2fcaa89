"""Questions about packages: what is installed, what there is, how it would be built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def available(home: Home) -> list[KnownPackage]:
    """Every package of the repositories, by name."""
    return [_known(home, name) for name in sorted(home.universe.names())]


def search(home: Home, words: Sequence[str]) -> list[KnownPackage]:
    """The packages whose name, synopsis or description holds every word, whatever the case."""
    wanted = [word.lower() for word in words]
    found = []
    for name in sorted(home.universe.names()):
        recipe = home.universe.recipe(name, home.universe.versions(name)[0])
        text = f"{name} {recipe.synopsis} {recipe.description}".lower()
        if all(word in text for word in wanted):
            found.append(_known(home, name))
    return found


def _known(home: Home, name: str) -> KnownPackage:
    versions = home.universe.versions(name)
    return KnownPackage(name=name, versions=tuple(versions), synopsis=home.universe.recipe(name, versions[0]).synopsis)


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
    return (recipe.directory / "opam").read_text("utf-8")


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
