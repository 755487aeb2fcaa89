"""A whole repository: reading, indexing, updating and asking, against opam on the same files in the same run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Cost, Row, Side, compare, measure

CLONE = Path(__file__).parent.parent
CHANGED = 100
"""One recipe in so many changes between two updates."""

_PARSE = """
import sys
from pathlib import Path
from xpkg.repo.index.content import collector_paused
from xpkg.repo.opamfile.file import decode, parse
with collector_paused():
    for path in Path(sys.argv[1]).glob("packages/*/*/opam"):
        parse(decode(path.read_bytes()), str(path))
"""


@dataclass(kw_only=True)
class Peers:
    """xpkg and opam, each with a state directory of its own, and a copy of the repository that both read."""

    opam: str
    scratch: Path
    repository: Path
    rounds: int
    wanted: str = ""
    changes: int = 0

    def row(self, name: str, ours: Side, theirs: Side, budget: str) -> Iterator[Row]:
        """A comparison, if it is one of those wanted."""
        if self.wanted in name:
            yield compare(name, ours, theirs, self.rounds, budget)

    def xpkg(self, *arguments: str, output: Path | None = None, statuses: Collection[int] = (0,)) -> Cost:
        environment = {**_plain(), "XPKG_ROOT": str(self.scratch / "xpkg"), "PYTHONPATH": str(CLONE)}
        command = [sys.executable, "-m", "xpkg", *arguments]
        return measure(command, environment, output=output, statuses=statuses)

    def python(self, program: str, *arguments: str) -> Cost:
        return measure([sys.executable, "-c", program, *arguments], {**_plain(), "PYTHONPATH": str(CLONE)})

    def run_opam(
        self,
        *arguments: str,
        directory: Path | None = None,
        output: Path | None = None,
        statuses: Collection[int] = (0,),
    ) -> Cost:
        environment = {
            **_plain(),
            "OPAMROOT": str(self.scratch / "opam"),
            "OPAMROOTISOK": "1",
            "OPAMYES": "1",
            "OPAMCOLOR": "never",
            "LC_ALL": "C",
        }
        return measure([self.opam, *arguments], environment, directory, output=output, statuses=statuses)

    def forget(self) -> None:
        for name in ("xpkg", "opam"):
            shutil.rmtree(self.scratch / name, ignore_errors=True)

    def start(self, address: str) -> None:
        """Both with the repository and nothing else; opam with an empty switch, which its queries want."""
        self.forget()
        self.run_opam("init", "--bare", "-n", "--disable-sandboxing", "default", address)
        self.run_opam("switch", "create", "empty", "--empty")
        self.xpkg("repo", "add", "default", address)

    def change(self) -> None:
        """One recipe in a hundred gets a line more or another one, and a git repository a commit of it."""
        self.changes += 1
        for path in sorted(self.repository.glob("packages/*/*/opam"))[self.changes % CHANGED :: CHANGED]:
            lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("x-change:")]
            path.write_text("\n".join([*lines, f'x-change: "{self.changes}"']) + "\n", "utf-8")
        if (self.repository / ".git").is_dir():
            _git(self.repository, "commit", "-qam", f"change {self.changes}")


def rows(peers: Peers) -> Iterator[Row]:
    """All comparisons, one after another."""
    yield from _reading(peers)
    yield from _updating(peers, "directory", str(peers.repository))
    yield from _asking(peers)
    _git(peers.repository, "init", "-q", "-b", "main")
    _git(peers.repository, "add", ".")
    _git(peers.repository, "commit", "-qm", "all")
    yield from _updating(peers, "git", f"git+file://{peers.repository}")


def _reading(peers: Peers) -> Iterator[Row]:
    yield from peers.row(
        "parse every recipe",
        Side(name="xpkg", run=lambda: peers.python(_PARSE, str(peers.repository))),
        Side(name="opam admin list", run=lambda: peers.run_opam("admin", "list", "-s", directory=peers.repository)),
        "",
    )


def _updating(peers: Peers, kind: str, address: str) -> Iterator[Row]:
    yield from peers.row(
        f"first index, {kind}",
        Side(name="xpkg", run=lambda: peers.xpkg("repo", "add", "default", address), prepare=peers.forget),
        Side(
            name="opam init",
            run=lambda: peers.run_opam("init", "--bare", "-n", "--disable-sandboxing", "default", address),
        ),
        "1/2",
    )
    peers.start(address)
    sides: tuple[Side, Side]
    for name, budget, prepare in (("without change", "1/10", _nothing), ("1 % changed", "", peers.change)):
        # Both see the same change: it is made before ours.
        sides = (
            Side(name="xpkg", run=lambda: peers.xpkg("update"), prepare=prepare),
            Side(name="opam update", run=lambda: peers.run_opam("update", "default")),
        )
        yield from peers.row(f"update {name}, {kind}", *sides, budget)


def _asking(peers: Peers) -> Iterator[Row]:
    questions: Sequence[tuple[str, Sequence[str], Sequence[str], str]] = (
        ("show one package", ("show", "lwt"), ("show", "lwt"), "0.08 s"),
        ("list all packages", ("list", "--available", "--short"), ("list", "-A", "-s"), ""),
        (
            "all that depends on lwt, recursively",
            ("list", "--depends-on", "lwt", "--recursive", "--short"),
            ("list", "--depends-on", "lwt", "--recursive", "-s", "-A"),
            "",
        ),
        (
            "all that lwt needs, recursively",
            ("list", "--required-by", "lwt", "--recursive", "--short"),
            ("list", "--required-by", "lwt", "--recursive", "-s", "-A"),
            "",
        ),
        ("search", ("search", "promises"), ("search", "promises"), ""),
        (
            "plan an installation",
            ("install", "--dry-run", "lwt"),
            ("install", "--show-actions", "--no-depexts", "lwt"),
            "1/10",
        ),
    )
    for name, ours, theirs, budget in questions:
        yield from peers.row(
            name,
            Side(name="xpkg", run=_asked(peers.xpkg, ours)),
            Side(name=f"opam {theirs[0]}", run=_asked(peers.run_opam, theirs)),
            budget,
        )


def _asked(run: Callable[..., Cost], arguments: Sequence[str]) -> Callable[[], Cost]:
    return lambda: run(*arguments)


def _nothing() -> None:
    """There is nothing to prepare."""


def _plain() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("XPKG_", "OPAM", "PYTHON"))}


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True)


def table(found: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| job | xpkg: CPU | memory | peer | peer: CPU | memory | ratio | budget |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.ours.cpu:.2f} s | {row.ours.memory:.0f} MiB | {row.peer} | {row.theirs.cpu:.2f} s "
        f"| {row.theirs.memory:.0f} MiB | {row.ratio:.3f} | {row.budget} |"
        for row in found
    ]
    return "\n".join(lines)


def run(opam: str, repository: Path, scratch: Path, rounds: int, wanted: str) -> None:
    """Print the table, each row as it is found; only those with ``wanted`` in their names."""
    copy = scratch / "repository"
    shutil.copytree(repository, copy, ignore=shutil.ignore_patterns(".git"))
    peers = Peers(opam=opam, scratch=scratch, repository=copy, rounds=rounds, wanted=wanted)
    found = []
    for row in rows(peers):
        found.append(row)
        print(f"{row.name}: {row.ours.cpu:.2f} s against {row.theirs.cpu:.2f} s, ratio {row.ratio:.3f}", flush=True)
    print(table(found))
