"""The state directory of a run, and the command line as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLONE = Path(__file__).parent.parent.parent
NATIVE = "native"
# What a server did: the source may be there tomorrow.  Other references of that exit code are a recipe's fault.
NOT_REACHED = frozenset(("sync", "no-network", "offline"))


class CommandFailed(Exception):
    """A command that ended with an error; ``reference`` is xpkg's name of it, ``text`` all it said."""

    def __init__(self, reference: str, text: str) -> None:
        super().__init__(text)
        self.reference = reference
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A root of its own, so that a run touches no switch of the user."""

    root: Path
    jobs: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XPKG_", "OCAML", "CAML"))}
        return kept | {"XPKG_ROOT": str(self.root), "PYTHONPATH": str(CLONE), "PYTHONUNBUFFERED": "1"}

    def call(self, *arguments: str) -> Any:
        """The value that a command prints with ``--json``; its progress goes to the terminal.  CommandFailed."""
        command = [sys.executable, "-m", "xpkg", *arguments, "--json"]
        done = subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode == 0:
            return json.loads(done.stdout) if done.stdout.strip() else None
        raise _failure(done.stdout)


def _failure(printed: str) -> CommandFailed:
    try:
        error: Mapping[str, Any] = json.loads(printed)
    except json.JSONDecodeError:
        return CommandFailed("unknown", printed[-2000:])
    facts = [f"{name}: {value}" for name, value in error.get("context", ())]
    return CommandFailed(str(error.get("error", "unknown")), "\n".join([str(error.get("message", "")), *facts]))
