"""What came of one command: the same as opam's, another, or not compared, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a command was not compared."""

    OWN_STATE = "opam's own state: its options, root, caches and environment"
    OWN_WORDS = "opam's own words: messages and layout of output"
    NO_COMMAND = "xpkg has no such command"
    NO_OPTION = "xpkg has no such option"
    NOTHING_SAID = "the output says nothing of packages"
    BUILDING = "what is printed while building or fetching"
    HIDDEN = "the output goes to a variable"
    LIST_OF_STATE = "a list of what the steps before left installed"
    REPOSITORY = "needs a clone of the public repository"
    SYSTEM = "needs another system"


AGREES, DIFFERS, SKIPPED = "agrees", "differs", "not compared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``number`` is the line in the script; ``detail`` tells what opam and xpkg say where they differ."""

    number: int
    command: str
    verdict: str
    reason: Reason | None = None
    detail: str = ""
