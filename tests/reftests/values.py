"""Commands that print values: of recipes and of variables."""

from __future__ import annotations

import re

from tests.reftests.commands import Answer, Command
from tests.reftests.scopes import scope
from tests.reftests.script import rewrite
from tests.reftests.verdict import Reason
from tests.reftests.world import World
from xpkg.core.errors import XpkgError
from xpkg.ops.query_fields import field_of
from xpkg.ops.query_text import field_text
from xpkg.repo.interpolate import as_text, look_up, parse_variable
from xpkg.repo.opamfile.file import decode, parse
from xpkg.repo.opamfile.values import String


def show(world: World, command: Command) -> Answer:
    """``opam show --field``: the values of a package, or of a file."""
    arguments = command.arguments
    fields = [one for given in arguments.values("-f", "--field") for one in given.split(",")]
    if any("/" in word and not (world.base / word).is_file() for word in arguments.rest):
        return Answer(reason=Reason.NO_COMMAND)  # what should be there was made by a command that xpkg has not
    pin = world.switch.pins.get(arguments.rest[0]) if arguments.rest else None
    if (
        pin is not None
        and pin.locked
        and not (world.local_path(pin.source or "") / f"{pin.name}.opam.locked").is_file()
    ):
        return Answer(reason=Reason.NO_COMMAND)
    if not fields or len(arguments.rest) != 1 or command.failed or arguments.has("--sort"):
        return Answer(reason=Reason.OWN_WORDS)
    try:
        found = [_shown(world, command, arguments.rest[0], field) for field in fields]
    except XpkgError as error:
        found = [f"{type(error).__name__}: {error.message}"]
    if len(fields) > 1:
        width = max(map(len, fields)) + 2
        found = [f"{name.removesuffix(':'):{width}}{text}" for name, text in zip(fields, found, strict=False)]
    lines = rewrite(
        [line.replace(str(world.base), "${BASEDIR}") for text in found for line in text.split("\n")], command.run
    )
    return Answer(ours=_plain("\n".join(lines)), theirs=_plain("\n".join(command.expected)))


def _plain(text: str) -> str:
    """The text without layout, which `--normalise` and columns change."""
    return re.sub(r"(?<=[\[({]) | (?=[\])}])", "", " ".join(text.split()))


def _shown(world: World, command: Command, word: str, field: str) -> str:
    if "/" in word:
        file = parse(decode((world.base / word).read_bytes()), word)
        kind, dot, inner = field.removesuffix(":").partition(".")
        value = file.get(kind)
        if dot:
            section = file.section((kind, None))
            value = None if section is None else section.get(inner)
        if value is None:
            return ""
        return value.value if isinstance(value, String) and not field.endswith(":") else field_text(value)
    universe = world.universe(command.environment)
    name, _, version = word.partition(".")
    pin = world.switch.pins.get(name)
    held = None if pin is None else pin.version
    version = version or held or world.switch.installed.get(name) or universe.versions(name)[0]
    return field_of(universe, universe.entry(name, version), field)


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
