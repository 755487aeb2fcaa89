"""Commands that print values: of recipes, of variables, of the universe."""

from __future__ import annotations

from tests.reftests.commands import Answer, Command
from tests.reftests.verdict import Reason
from tests.reftests.world import World


def listing(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.LIST_OF_STATE)


def show(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.OWN_WORDS)


def tree(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.NO_COMMAND)


def lint(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.NO_COMMAND)


def variable(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.OWN_STATE)
