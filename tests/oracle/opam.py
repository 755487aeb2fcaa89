"""The installed opam, asked in bulk: a private root whose repository is written directly, one process a question.

``opam config pef-universe`` prints every package with its availability and its formulas reduced for the switch;
``opam config cudf-universe`` prints what the solver gets, versions as numbers in opam's order.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

SWITCH = "oracle"
Package = tuple[str, str]
"""Name and version."""
Versions = dict[str, dict[int, str]]
"""For each name its versions by number, in opam's order."""
_UNAVAILABLE = re.compile(r"^#v2v:([^:]+):(\d+)=(.*)$", re.MULTILINE)
HEAD = 'opam-version: "2.0"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A package of ``pef-universe``: formulas in conjunctive form as opam prints them, without those it lacks."""

    available: bool
    depends: str
    recommends: str
    conflicts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Solvable:
    """A package of ``cudf-universe``: its number among the versions of its name, and its formulas over numbers."""

    number: int
    depends: str
    conflicts: str


class Opam:
    """One opam with its own root and one empty switch."""

    def __init__(self, program: Path, root: Path) -> None:
        self.program, self.root = program, root
        self._unpacked: Path | None = None
        self._environment = {
            "HOME": str(root.parent),
            "PATH": os.environ.get("PATH", ""),
            "LC_ALL": "C.UTF-8",
            "OPAMROOT": str(root),
            "OPAMCOLOR": "never",
            "OPAMNODEPEXTS": "1",
            "OPAMNOENVNOTICE": "1",
            "OPAMREPOSITORYTARRING": "0",
            "OPAMROOTISOK": "1",
            "OPAMSTATUSLINE": "never",
            "OPAMYES": "1",
            "OPAMERRLOGLEN": "0",
        }
        said = self.run("--version").strip()
        found = re.match(r"(\d+)\.(\d+)", said)
        assert found is not None, said
        self.text = said
        self.version = (int(found[1]), int(found[2]))
        empty = root.parent / "empty"
        (empty / "packages").mkdir(parents=True)
        (empty / "repo").write_text(HEAD)
        self.run("init", "--bare", "-n", "--disable-sandboxing", "-k", "local", "default", str(empty))
        self.run("switch", "create", SWITCH, "--empty", "--no-switch")
        (root / "repo" / "default.tar.gz").unlink(missing_ok=True)  # opam 2.1 keeps it packed
        self._environment["OPAMSWITCH"] = SWITCH

    @property
    def repository(self) -> Path:
        """Where opam keeps its copy of the repository; nothing is fetched when it is written directly."""
        return self.root / "repo" / "default"

    def run(self, *arguments: str, check: bool = True, directory: Path | None = None) -> str:
        """What opam writes to its standard output; fails with all it wrote."""
        done = self.process(*arguments, directory=directory)
        assert done.returncode == 0 or not check, (arguments, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def process(
        self, *arguments: str, directory: Path | None = None, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A process that has ended, with whatever exit code; ``variables`` are set for it beside the usual ones."""
        return subprocess.run(
            [str(self.program), *arguments],
            env={**self._environment, **(variables or {})},
            cwd=directory,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=600,
        )

    def load(self, packages: Mapping[str, str], variables: str = "") -> None:
        """Make these the repository: ``name.version`` to what stands in its file after the first line.

        ``variables`` are those of the switch, in opam's syntax.
        """
        self._empty()
        for package, text in packages.items():
            directory = self.repository / "packages" / package.partition(".")[0] / package
            directory.mkdir(parents=True)
            (directory / "opam").write_text(HEAD + text, "utf-8", "surrogateescape")
        self._configure(variables)

    def _configure(self, variables: str) -> None:
        config = self.root / SWITCH / ".opam-switch" / "switch-config"
        config.write_text(f"{HEAD}variables {{\n{variables}\n}}\n", "utf-8", "surrogateescape")

    def unpack(self, archive: Path) -> Path:
        """Make what an archive holds the repository; returns its directory."""
        if self._unpacked != archive:
            self._empty()
            self.repository.mkdir(exist_ok=True)
            subprocess.run(["tar", "-xzf", str(archive), "-C", str(self.repository)], check=True)
            self._configure("")
            self._unpacked = archive
        return self.repository

    def _empty(self) -> None:
        """Forget the present repository and what was kept of it in memory."""
        self._unpacked = None
        shutil.rmtree(self.repository, ignore_errors=True)
        for cache in (self.root / "repo").glob("state*.cache"):
            cache.unlink()

    def definitions(self) -> dict[Package, Definition]:
        """Every package of the repository as opam understands it."""
        return {
            (fields["package"], fields["version"]): Definition(
                available=fields["available"] == "true",
                depends=fields.get("depends", ""),
                recommends=fields.get("recommends", ""),
                conflicts=fields.get("conflicts", ""),
            )
            for fields in _stanzas(self.run("config", "pef-universe"))
        }

    def solvables(self) -> tuple[dict[Package, Solvable], Versions]:
        """What the solver gets: the available packages, and all versions that are or that some bound mentions."""
        said = self.run("config", "cudf-universe")
        versions: Versions = {}
        packages = {}
        for fields in _stanzas(said):
            if "package" in fields:
                name, version, number = fields["opam-name"], fields["opam-version"], int(fields["version"])
                versions.setdefault(name, {})[number] = version
                packages[name, version] = Solvable(
                    number=number,
                    depends=unquote(fields.get("depends", "")),
                    conflicts=unquote(fields.get("conflicts", "")),
                )
        for name, number, version in _UNAVAILABLE.findall(said):
            versions.setdefault(name, {})[int(number)] = version
        return packages, versions

    def variables(self) -> dict[str, str]:
        """The variables of the switch and of the machine that are defined."""
        lines = [line for scope in ("--global", f"--switch={SWITCH}") for line in self.run("var", scope).splitlines()]
        rows = (line.partition(" # ")[0].split(None, 1) for line in lines if not line.startswith("<><>"))
        return {name: value.strip() for name, value in (row for row in rows if len(row) == 2)}


def _stanzas(text: str) -> list[dict[str, str]]:
    return [
        dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        for stanza in text.split("\n\n")
        if stanza.strip()
    ]
