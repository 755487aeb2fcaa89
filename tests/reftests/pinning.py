"""Pins: taken from what opam says it pinned, with the recipes that are in the pinned trees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tests.reftests.commands import Answer, Command
from tests.reftests.verdict import Reason
from tests.reftests.world import Pin, Switch, World, stated_version
from xpkg.core.errors import InputFileError, NotFoundError

_PINNED = re.compile(
    r"(\S+) is now (?:pinned to (?!version )|subpath-pinned to directory /(\S*) in )(\S+)(?: \(version (\S+)\))?"
)
_HELD = re.compile(r"(\S+) is now pinned (?:to version (\S+)|locally \(version (\S+)\))")
_UNPINNED = re.compile(r"Ok, (\S+) (?:is no longer|would no longer be) pinned")
_SYNCHRONISED = re.compile(r"\[(\S+?)\.(\S+)\] synchronised \((?!no changes)")
_REREAD = re.compile(r"\[(\S+)\] (?:Installing new package description from upstream|Conflicting update of the)")
_DEFAULT_VERSION = "dev"


def note_pins(world: World, command: Command) -> list[str]:
    """Take over the pins that opam tells of; what the command names, with the names in place of paths."""
    switch = world.switch
    working = command.arguments.has("--working-dir", "-w", "--inplace-build")
    for line in command.expected:
        if match := _PINNED.match(line):
            _pin(world, switch, match, working=working, locked=command.arguments.has("--locked"))
        elif match := _HELD.match(line):
            _hold(world, switch, match[1], match[2] or match[3], command)
        elif match := _UNPINNED.match(line):
            switch.pins.pop(match[1], None)
        elif match := _SYNCHRONISED.match(line):
            _synchronise(world, switch, match[1], working=working)
        elif match := _REREAD.match(line):
            _reread(world, switch, match[1], working=working)
    return named_by_paths(world, command.arguments.rest)


def _pin(world: World, switch: Switch, match: re.Match[str], *, working: bool, locked: bool) -> None:
    name, below, address, version = match.groups()
    made = Pin(name=name, version="", recipe="", source=address, below=below or "", locked=locked)
    world.read_pin(made, working=working)
    made.version = version or _version(made.recipe) or _DEFAULT_VERSION
    switch.pins[name] = made


def _version(recipe: str) -> str | None:
    try:
        return stated_version(recipe)
    except InputFileError:
        return None


def _hold(world: World, switch: Switch, name: str, version: str, command: Command) -> None:
    universe = world.universe(command.environment)
    files = None
    try:
        found = universe.recipe(name, version)
        recipe, files = found.file.text, found.directory / "files"
    except (InputFileError, NotFoundError):
        recipe = switch.texts.get(name, 'opam-version: "2.0"\n')
    switch.pins[name] = Pin(name=name, version=version, recipe=recipe, files=files)


def _synchronise(world: World, switch: Switch, name: str, *, working: bool) -> None:
    if name in switch.installed:
        switch.pending.add(name)
    _reread(world, switch, name, working=working)


def _reread(world: World, switch: Switch, name: str, *, working: bool) -> None:
    pin = switch.pins.get(name)
    if pin is None or pin.source is None:
        return
    world.read_pin(pin, working=working)
    pin.version = _version(pin.recipe) or pin.version


def pin_unsaid(world: World, command: Command) -> dict[str, Pin]:
    """Pins for the packages of the paths given that opam did not tell of, as when it only shows what it would do."""
    made: dict[str, Pin] = {}
    for word in command.arguments.rest:
        place = world.base / word
        if not is_path(word) or not place.exists():
            continue
        source = word if place.is_dir() else str(Path(word).parent)
        for name in _packages_at(world, Path(word)):
            if name not in world.switch.pins:
                made[name] = pin = Pin(name=name, version="", recipe="", source=source)
                world.read_pin(pin, working=True)
                pin.version = _version(pin.recipe) or _DEFAULT_VERSION
    return made


def is_path(word: str) -> bool:
    return "/" in word or word.startswith(".") or word.endswith(".opam")


def named_by_paths(world: World, words: Sequence[str]) -> list[str]:
    """The words with the packages of a directory, or of a recipe file, in place of its path."""
    found: list[str] = []
    for word in words:
        if is_path(word):
            found += _packages_at(world, Path(word))
        else:
            found.append(word)
    return found


def _packages_at(world: World, path: Path) -> list[str]:
    place = world.base / path
    if place.is_file():
        return [place.name.removesuffix(".opam") if place.name != "opam" else place.parent.name]
    names = sorted(one.name.removesuffix(".opam") for one in [*place.glob("*.opam"), *place.glob("opam/*.opam")])
    return names or ([place.resolve().name] if (place / "opam").exists() else [])


def pin(world: World, command: Command) -> Answer:
    """Pinning and unpinning: the actions that follow from it."""
    from tests.reftests.changing import apply_done, compare, is_shown_only

    arguments = command.arguments
    if arguments.rest[:1] in (["list"], ["scan"], []) or arguments.has("--list", "--edit"):
        return Answer(reason=Reason.OWN_STATE)
    before = dict(world.switch.pins)
    note_pins(world, command)
    touched = sorted(_changed(before, world.switch.pins))
    if arguments.has("-n", "--no-action") or command.failed:
        return Answer(reason=Reason.OWN_WORDS)
    removing = arguments.command == "unpin" or arguments.rest[:1] == ["remove"]
    given, ours = compare(
        world,
        command,
        lambda asker: asker.unpinned(touched) if removing else asker.pinned(touched),
    )
    if is_shown_only(command):
        world.switch.pins = before
    apply_done(world, command, touched, ours)
    return given


def _changed(before: dict[str, Pin], after: dict[str, Pin]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
