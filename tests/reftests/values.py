"""Commands that print values: of recipes, of variables, of the universe."""

from __future__ import annotations

from tests.reftests.commands import Answer, Command
from tests.reftests.scopes import scope
from tests.reftests.verdict import Reason
from tests.reftests.world import World
from xpkg.repo.interpolate import as_text, look_up, parse_variable


def listing(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.LIST_OF_STATE)


def show(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.OWN_WORDS)


def tree(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.NO_COMMAND)


def lint(world: World, command: Command) -> Answer:
    return Answer(reason=Reason.NO_COMMAND)


def variable(world: World, command: Command) -> Answer:
    """Sets a variable, or tells one: those of packages are compared, the others are what the test set."""
    arguments = command.arguments
    if len(arguments.rest) != 1 or command.failed:
        return Answer(reason=Reason.OWN_STATE)
    name, equals, value = arguments.rest[0].partition("=")
    if equals:
        _set(world.settings if arguments.has("--global") else world.switch.variables, name.rstrip("+-"), value)
        return Answer(reason=Reason.OWN_STATE)
    if ":" not in name or arguments.has("--global", "--package"):
        return Answer(reason=Reason.OWN_STATE)
    found = look_up(parse_variable(name), scope(world, command.environment))
    text = "" if found is None else as_text(found).replace(str(world.base), "${BASEDIR}")
    return Answer(ours=text, theirs="\n".join(command.expected))


def _set(variables: dict[str, str], name: str, value: str) -> None:
    if value:
        variables[name] = value
    else:
        variables.pop(name, None)
