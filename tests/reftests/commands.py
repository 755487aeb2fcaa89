"""opam's commands: which question each is to xpkg, and what becomes of the world after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.reftests.arguments import Arguments
from tests.reftests.outcome import return_code
from tests.reftests.script import Run
from tests.reftests.verdict import Reason
from tests.reftests.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """``expected`` is what opam printed, rewritten as ``run`` says."""

    arguments: Arguments
    environment: Mapping[str, str]
    run: Run
    expected: list[str]

    @property
    def failed(self) -> bool:
        return return_code(self.expected) != 0

    def flag(self, variable: str) -> bool:
        """Whether opam's environment variable of that name is set to yes."""
        return self.environment.get(variable, "").lower() in ("1", "true", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What xpkg says and what opam said, as text to compare, or the reason why they are not compared."""

    ours: str = ""
    theirs: str = ""
    reason: Reason | None = None


Handler = Callable[[World, Command], Answer]


def skipped(reason: Reason) -> Handler:
    """A command that is not compared and changes nothing that matters."""
    return lambda world, command: Answer(reason=reason)


def answer(world: World, command: Command) -> Answer:
    """Ask xpkg, then bring the world to the state that opam reached."""
    from tests.reftests.handlers import HANDLERS

    elsewhere = command.arguments.value("--root") or command.environment.get("OPAMROOT", "")
    if elsewhere not in ("$OPAMROOT", str(world.opam), "OPAM", "./OPAM"):
        return Answer(reason=Reason.OWN_STATE)
    if command.run.output is not None:
        return Answer(reason=Reason.HIDDEN)
    handler = HANDLERS.get(command.arguments.command)
    if handler is None:
        return Answer(reason=Reason.NO_COMMAND)
    asked = command.arguments.value("--switch") or command.environment.get("OPAMSWITCH")
    before = world.current
    if asked is not None and asked in world.switches and command.arguments.command != "switch":
        world.current = asked
        try:
            return handler(world, command)
        finally:
            world.current = before
    return handler(world, command)
