"""The command line of xpkg as system tests use it: one state directory, perhaps warm, and a place to run in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from xpkg.core.errors import ExitCode

CLONE = Path(__file__).parent.parent.parent
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Xpkg:
    """The commands that work on one state directory, ``root``.

    They run in ``directory``, which is their home too; of the environment of the tests nothing reaches them that speaks
    of xpkg or OCaml.  ``switch`` and ``target``, where they are not empty, are those of ``install`` and ``says``.
    """

    root: Path
    directory: Path
    switch: str = ""
    target: str = ""

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: told for name, told in os.environ.items() if not name.startswith(("XPKG_", "OCAML", "CAML"))}
        return inherited | {"HOME": str(self.directory), "XPKG_ROOT": str(self.root), "PYTHONPATH": str(CLONE)}

    @property
    def there(self) -> tuple[str, ...]:
        """The options for the switch and the target."""
        return (
            *(("--switch", self.switch) if self.switch else ()),
            *(("--target", self.target) if self.target else ()),
        )

    def run(
        self, *arguments: str, cwd: Path | None = None, given: str = "", variables: Mapping[str, str] = NOTHING
    ) -> subprocess.CompletedProcess[str]:
        """One command line, with its input.  Skips the test when a source cannot be had now."""
        done = subprocess.run(
            [sys.executable, "-m", "xpkg", *arguments],
            cwd=cwd or self.directory,
            env={**self.environment, **variables},
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == ExitCode.SYNC_ERROR:
            pytest.skip(f"a source cannot be fetched now: {done.stderr}")
        return done

    def ok(self, *arguments: str, cwd: Path | None = None) -> str:
        """What a command that succeeds prints."""
        done = self.run(*arguments, cwd=cwd)
        assert done.returncode == 0, f"xpkg {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, *words: str) -> Path:
        """Install packages, with the options that may be among them; the prefix."""
        return Path(json.loads(self.ok("install", *words, *self.there, "--yes", "--json"))["prefix"])

    def says(self, program: str) -> str:
        """What a program of the target prints."""
        return self.ok("run", program, *self.there)

    def create_switch(self, *options: str) -> None:
        """Make the switch; a warm state directory has it."""
        if self.switch not in self._names("switch"):
            self.ok("switch", "create", self.switch, *options)

    def add_repository(self, name: str, directory: Path, *options: str) -> None:
        """Add recipes of the tests; a warm state directory has them."""
        if name not in self._names("repo"):
            self.ok("repo", "add", name, str(directory), *options)

    def _names(self, of: str) -> set[str]:
        return {one["name"] for one in json.loads(self.ok(of, "list", "--json"))}
