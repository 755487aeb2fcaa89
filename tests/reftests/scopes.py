"""The variables that recipes see in a world: opam's layout of a switch, with what is installed in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tests.reftests.outcome import REMOVE, Outcome
from tests.reftests.world import World
from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.repo.interpolate import Environment, Value
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.recipes import commands
from xpkg.repo.universe import Universe
from xpkg.repo.variables import machine_variables

_PLACES = ("bin", "sbin", "lib", "man", "doc", "share", "etc")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SHOWN = re.compile(r'\+ "?([^" ]+)"?((?: "(?:[^"\\]|\\.)*")*)')


def scope(world: World, environment: Mapping[str, str], package: tuple[str, str] | None = None) -> Environment:
    """What a filter of ``package`` (name and version) sees, or one of no package."""
    switch = world.switch
    prefix = world.base / switch.name / "_opam" if switch.name.startswith((".", "/")) else world.opam / switch.name
    machine = world.universe(environment).targets[NATIVE]
    known: dict[str, Value] = dict(machine_variables(machine, machine))
    known |= {place: str(prefix / place) for place in _PLACES}
    known |= {"prefix": str(prefix), "stublibs": str(prefix / "lib/stublibs"), "toplevel": str(prefix / "lib/toplevel")}
    known |= {"switch": switch.name, "root": str(world.opam), **switch.variables}

    def look(name: str) -> Value:
        owner, colon, variable = name.rpartition(":")
        if not colon:
            if package is not None and name in ("name", "version"):
                return package[name == "version"]
            return known.get(name)
        if owner == "_" and package is not None:
            owner = package[0]
        return _of_package(world, owner, variable, known, package)

    return look


def _of_package(
    world: World, owner: str, variable: str, known: Mapping[str, Value], package: tuple[str, str] | None
) -> Value:
    version = world.switch.installed.get(owner)
    itself = package is not None and package[0] == owner
    if variable == "installed":
        return version is not None and not itself
    if variable == "name":
        return owner
    if variable == "version":
        return package[1] if itself and package is not None else version
    if variable == "pinned":
        return owner in world.switch.pins
    if variable == "dev":
        return owner in world.switch.pins and world.switch.pins[owner].source is not None
    if variable in _PLACES and (version is not None or itself):
        place = str(known[variable])
        return place if variable in ("bin", "sbin", "man") else f"{place}/{owner}"
    return None


def built_commands(world: World, environment: Mapping[str, str], outcome: Outcome) -> list[tuple[str, ...]]:
    """The commands that build and install what an outcome builds, without their order."""
    universe = world.universe(environment)
    found = []
    for change in sorted(outcome.changes or ()):
        if change.action == REMOVE:
            continue
        found += _commands(world, environment, universe, change.name, change.version)
    return found


def _commands(
    world: World, environment: Mapping[str, str], universe: Universe, name: str, version: str
) -> list[tuple[str, ...]]:
    try:
        recipe = universe.recipe(name, version)
    except (InputFileError, NotFoundError):
        return []
    look = scope(world, environment, (name, version))
    return [tuple(words) for words in commands(recipe.build, look) + commands(recipe.install, look)]


def shown_commands(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """The commands that opam shows as it runs them."""
    found = []
    for line in lines:
        match = _SHOWN.match(line)
        if match is not None:
            words = [re.sub(r"\\(.)", r"\1", word) for word in _QUOTED.findall(match[2])]
            found.append((match[1].rpartition("/")[2], *words))
    return found
