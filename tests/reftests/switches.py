"""Switches: made with an invariant that must then hold, chosen, removed."""

from __future__ import annotations

import re

from tests.reftests.asking import read_atom
from tests.reftests.changing import apply_done, compare
from tests.reftests.commands import Answer, Command
from tests.reftests.listing import compilers
from tests.reftests.outcome import expected_outcome
from tests.reftests.pinning import is_path, named_by_paths, note_pins, pin_unsaid
from tests.reftests.verdict import Reason
from tests.reftests.world import DEFAULT, Switch, World
from xpkg.core.errors import NotFoundError
from xpkg.repo.versions import Compare

_INVARIANT = re.compile(r"(?:Switch invariant: |The switch invariant was set to )\[(.*)\]$")
_OTHERS = {"list", "show", "invariant", "export", "reinstall", "link", "unlink", "default"}


def switch(world: World, command: Command) -> Answer:
    rest = command.arguments.rest
    if rest[:1] == ["list-available"]:
        return compilers(world, command)
    if rest[:1] == ["import"]:
        return _import(world, command)
    if not rest or rest[0] in _OTHERS:
        return Answer(reason=Reason.OWN_STATE)
    if rest[0] in ("create", "install"):
        return _create(world, command)
    if rest[0] == "set-invariant":
        return _set_invariant(world, command)
    if rest[0] == "remove":
        for name in rest[1:]:
            if not command.failed:
                world.switches.pop(name, None)
        return Answer(reason=Reason.OWN_STATE)
    name = rest[-1]
    if name in world.switches and not command.failed:
        world.current = name
    return Answer(reason=Reason.OWN_STATE)


def _import(world: World, command: Command) -> Answer:
    """Installs what a file lists: taken over, not compared."""
    name = command.arguments.value("--switch")
    if name is not None and name not in world.switches:
        world.switches[name] = Switch(name)
        world.current = name
    if not command.failed:
        note_pins(world, command)
        apply_done(world, command, [])
    return Answer(reason=Reason.NO_COMMAND)


def created_by_init(world: World, command: Command) -> None:
    """The switch that a new root begins with, when there is one."""
    stated = _stated(command)
    if stated:
        world.switches[DEFAULT] = Switch(DEFAULT, invariant=stated)
        world.current = DEFAULT
        apply_done(world, command, [])


def _create(world: World, command: Command) -> Answer:
    arguments = command.arguments
    before = world.current
    name = arguments.rest[1] if len(arguments.rest) > 1 else "."
    made = Switch(name)
    chosen = arguments.value("--repos", "--repo", "--repositories")
    if chosen is not None:
        made.repositories = [one.partition("=")[0] for one in chosen.split(",")]
    made.invariant = _stated(command) or _asked(command)
    world.switches[name] = made
    world.current = name
    note_pins(world, command)
    if arguments.has("--empty"):
        given = Answer(reason=Reason.NOTHING_SAID)
    else:
        local = is_path(name) and expected_outcome(command.expected) is not None
        spellings = named_by_paths(world, [name]) if local else []
        pins = pin_unsaid(world, command)
        made.pins |= pins
        given, ours = compare(world, command, lambda asker: asker.invariant(spellings))
        for one in pins:
            del made.pins[one]
        apply_done(world, command, [], ours)
        made.roots |= _names(made.invariant) & set(made.installed)
    if command.failed and not made.installed:
        world.switches.pop(name, None)
        world.current = before
    elif arguments.has("--no-switch"):
        world.current = before
    return given


def _stated(command: Command) -> str:
    for line in command.expected:
        match = _INVARIANT.match(line)
        if match:
            return match[1]
    return ""


def _asked(command: Command) -> str:
    """The invariant from the words of the command: packages are joined by &."""
    arguments = command.arguments
    formula = arguments.value("--formula", "--invariant")
    if formula is not None:
        return formula
    packages = [one for given in arguments.values("--packages") for one in given.split(",")]
    if not packages and not arguments.has("--empty"):
        packages = arguments.rest[2:] or arguments.rest[1:2]
    return " ".join(_written(one) for one in packages)


def _written(spelling: str) -> str:
    try:
        atom = read_atom(spelling)
    except NotFoundError:
        return ""
    if isinstance(atom.versions, Compare):
        return f'"{atom.name}" {{{atom.versions}}}'
    return f'"{atom.name}"'


def _names(invariant: str) -> set[str]:
    return set(re.findall(r'"([\w+-]+)"', invariant))


def _set_invariant(world: World, command: Command) -> Answer:
    if command.failed or command.arguments.has("-n", "--no-action"):
        world.switch.invariant = world.switch.invariant if command.failed else _stated(command)
        return Answer(reason=Reason.OWN_WORDS)
    stated = _stated(command)
    if any(_INVARIANT.match(line) for line in command.expected):
        world.switch.invariant = stated
    else:
        return Answer(reason=Reason.OWN_WORDS)
    given, ours = compare(world, command, lambda asker: asker.invariant())
    apply_done(world, command, [], ours)
    return given
