"""One switch for one target and one compiler, the packages in it, and how long each took to build."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.corpus.entry import HERE, Entry
from tests.corpus.state import CLONE, NATIVE, CommandFailed, State

# What the programs of the corpus are compiled with.
_TOOLS = ("ocamlfind", "dune")
# How messages name the package that something happened to.
_CULPRIT = re.compile(r"(?P<label>\S+) (failed to build|could not be fetched)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A switch of a run; ``target`` is NATIVE for the build machine itself."""

    state: State
    target: str
    ocaml: str

    @property
    def switch(self) -> str:
        return f"corpus-{self.ocaml}-{self.target}"

    @property
    def there(self) -> tuple[str, ...]:
        """The options that name this place."""
        target = () if self.target == NATIVE else ("--target", self.target)
        return ("--switch", self.switch, *target)

    def prepare(self, entries: Sequence[Entry]) -> None:
        """Make the switch when it is not there; the one in use stays in use.  CommandFailed."""
        switches = self.state.call("switch", "list")
        if all(one["name"] != self.switch for one in switches):
            self.state.call("switch", "create", self.switch)
            if used := [one["name"] for one in switches if one["used"]]:
                self.state.call("switch", "set", used[0])
        if any(entry.exception and entry.exception.overlay for entry in entries):
            known = {one["name"] for one in self.state.call("repo", "list")}
            if "corpus" not in known:
                self.state.call("repo", "add", "corpus", str(HERE / "overlays"))

    def install(self, entries: Sequence[Entry]) -> None:
        """All in one plan.  CommandFailed."""
        self.state.call("install", *self._wanted(entries), "--yes", "--jobs", str(self.state.jobs), *self.there)

    def needs(self, entry: Entry, error: CommandFailed) -> bool:
        """Whether the entry's own plan has the package that could not be fetched or built."""
        if (found := _CULPRIT.match(error.text)) is None:
            return False
        culprit = found["label"].removesuffix(f"-{self.target}")
        try:
            plan = self.state.call("install", *self._wanted([entry]), "--dry-run", *self.there)
        except CommandFailed:
            return False  # its own installation will tell why
        return any(f"{one['name']}.{one['version']}" == culprit for one in plan["actions"])

    def _wanted(self, entries: Sequence[Entry]) -> list[str]:
        labels = dict.fromkeys(name for entry in entries for name in (entry.label, *entry.more))
        return [*labels, f"ocaml.{self.ocaml}", *_TOOLS]

    def environment(self) -> dict[str, str]:
        """The environment of the switch, as ``xpkg exec`` gives it."""
        added: dict[str, str] = self.state.call("env", *self.there)
        outer = self.state.environment
        return outer | added | {"PATH": f"{added['PATH']}:{outer['PATH']}"}

    def build_times(self) -> dict[str, float]:
        """By package, the seconds that its build for this machine took whenever it was built."""
        place = self.state.root / "switches" / self.switch / "current" / "generation.json"
        generation: dict[str, Any] = json.loads(place.read_text("utf-8"))["generation"]
        machine = "build" if self.target == NATIVE else self.target
        times = {}
        for one in generation["installed"]:
            # A tool is there for the build machine alone.
            if one["machine"] == machine or one["name"] not in times:
                times[one["name"]] = self._seconds(one["key"])
        return times

    def _seconds(self, key: str) -> float:
        path = self.state.root / "store" / "outputs" / key / "record.json"
        timings: dict[str, float] = json.loads(path.read_text("utf-8"))["record"]["timings"]
        return round(sum(timings.values()), 2)

    @property
    def toolchain(self) -> str | None:
        """What findlib and dune call the target: their names have no hyphens.  None on the build machine."""
        return None if self.target == NATIVE else self.target.replace("-", "_")

    def elf_machine(self) -> str:
        """What an ELF file of this target has as its machine, as the target's file says."""
        machine: str = self._table()["objects"]["machine"]
        return machine

    def command(self, program: Path, arguments: Sequence[str]) -> list[str] | None:
        """What runs a program of this machine; None on a target that has no processes."""
        table = self._table()
        if table["variables"].get("os") != "linux":
            return None
        if self.target == NATIVE:
            return [str(program), *arguments]
        return [sys.executable, "-m", "xpkg", "run", str(program), *self.there, "--", *arguments]

    def _table(self) -> dict[str, Any]:
        return tomllib.loads((CLONE / "targets" / f"{self.target}.toml").read_text("utf-8"))


def prefix_of(environment: Mapping[str, str]) -> Path:
    """Where the packages of this machine are, given the environment of a switch."""
    return Path(environment.get("XPKG_PREFIX", environment["XPKG_TOOLS"]))
