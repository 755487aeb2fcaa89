"""Repositories: which there are and which a switch sees.  Setting up, nothing to compare."""

from __future__ import annotations

from tests.reftests.changing import upgrade
from tests.reftests.commands import Answer, Command
from tests.reftests.pinning import note_pins
from tests.reftests.switches import created_by_init
from tests.reftests.verdict import Reason
from tests.reftests.world import DEFAULT, World


def repository(world: World, command: Command) -> Answer:
    arguments = command.arguments
    if not command.failed:
        match arguments.rest:
            case ["add", name, address]:
                world.add_repository(name, address)
                _select(world, command, [name])
            case ["add", name] if name in world.addresses:
                _select(world, command, [name])
            case ["set-url" | "add", name, address, *_]:
                world.add_repository(name, address)
            case ["remove", *names]:
                _deselect(world, command, names)
            case ["set-repos", *names]:
                world.switch.repositories = names
    return Answer(reason=Reason.OWN_STATE)


def initialise(world: World, command: Command) -> Answer:
    """A new root: nothing of what was there before."""
    if not command.failed and not command.arguments.has("--reinit"):
        world.switches, world.current = {}, None
        match command.arguments.rest:
            case [name, address]:
                world.selected = [name]
                world.add_repository(name, address)
            case [address]:
                world.selected = [DEFAULT]
                world.add_repository(DEFAULT, address)
        created_by_init(world, command)
    return Answer(reason=Reason.OWN_STATE)


def _select(world: World, command: Command, names: list[str]) -> None:
    arguments = command.arguments
    if arguments.has("--dont-select"):
        return
    if arguments.has("-a", "--all-switches", "--set-default"):
        world.selected = names + [name for name in world.selected if name not in names]
    if not arguments.has("--set-default") and world.current is not None:
        switch = world.switch
        switch.repositories = names + [name for name in world.selection(switch) if name not in names]


def _deselect(world: World, command: Command, names: list[str]) -> None:
    arguments = command.arguments
    if arguments.has("-a", "--all", "--all-switches", "--set-default"):
        world.selected = [name for name in world.selected if name not in names]
    if world.current is not None:
        switch = world.switch
        switch.repositories = [name for name in world.selection(switch) if name not in names]


def update(world: World, command: Command) -> Answer:
    arguments = command.arguments
    names = arguments.rest
    if not names and not arguments.has("--development"):
        names = list(world.addresses) if arguments.has("-a", "--all") else world.selection(world.switch)
    for name in names:
        if name in world.addresses:
            world.update(name)
    note_pins(world, command)
    if arguments.has("-u", "--upgrade") and not arguments.has("--check"):
        command.arguments.rest = []
        return upgrade(world, command)
    return Answer(reason=Reason.OWN_STATE)
