"""``python -m bench``: xpkg's own cost, as ratios to what does the same without it, in one run on one machine.

    start      a cold ``install --dry-run``                        against a bare interpreter
    reinstall  remove and install with everything in the store     against ``cp -al`` of the same prefixes
    universe   (``--universe DIRECTORY``) a whole repository     against opam on the same files
    requests   (``--requests`` with it) cold plans of all sizes   against opam on the same files
    overhead   (``--long``) one package built by xpkg              against the same commands in a plain shell

State is kept below ``--root`` (default: a temporary directory, so that the first run builds everything it needs).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import requests, universe

CLONE = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A state directory, and a directory for everything else."""

    root: Path
    scratch: Path
    rounds: int

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XPKG_")}
        return kept | {"XPKG_ROOT": str(self.root), "PYTHONPATH": str(CLONE)}

    def run(self, *arguments: str) -> str:
        """One xpkg command line, which must succeed; what it printed."""
        command = [sys.executable, "-m", "xpkg", *arguments]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"xpkg {' '.join(arguments)} ended with {done.returncode}")
        return done.stdout

    def median(self, work: Callable[[], object]) -> float:
        """The median of several runs, in seconds."""
        return statistics.median(seconds(work) for _ in range(self.rounds))


def seconds(work: Callable[[], object]) -> float:
    """How long ``work`` takes by the wall clock."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def report(name: str, ours: float, peer: str, theirs: float, budget: str) -> None:
    """One line: both times, their ratio, what is asked."""
    print(f"{name:<10} {ours:8.3f} s   {peer:<28} {theirs:8.3f} s   ratio {ours / theirs:6.2f}   budget {budget}")


def start(bench: Bench, packages: Sequence[str], target: Sequence[str]) -> None:
    """A cold dry run: a new process, nothing of ours in memory."""
    bench.run("install", "--dry-run", *packages, *target)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ours = bench.median(lambda: bench.run("install", "--dry-run", *packages, *target))
    used = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / bench.rounds
    theirs = bench.median(lambda: subprocess.run([sys.executable, "-c", "import click"], check=True))
    report("start", ours, "python -c 'import click'", theirs, f"0.3 s (processor: {used:.2f} s)")


def reinstall(bench: Bench, packages: Sequence[str], target: Sequence[str]) -> None:
    """Everything again from a warm store, against hard links of the same trees."""
    bench.run("install", *packages, *target, "--yes")
    trees = [Path(path) for path in json.loads(bench.run("switch", "show", "--json"))["prefixes"].values()]
    copies = bench.scratch / "copies"

    def link() -> None:
        copies.mkdir()
        for number, tree in enumerate(trees):
            subprocess.run(["cp", "-al", f"{tree}/", copies / str(number)], check=True)

    ours, theirs = [], []
    for _ in range(bench.rounds):
        bench.run("remove", *packages, *target, "--yes")
        ours.append(seconds(lambda: bench.run("install", *packages, *target, "--yes")))
        theirs.append(seconds(link))
        shutil.rmtree(copies)
    report(
        "reinstall", statistics.median(ours), "cp -al of the prefixes", statistics.median(theirs), "10 s; 2 x cp -al"
    )


def overhead(bench: Bench, name: str) -> None:
    """One package that dune builds, from its source to its installed files: by xpkg, and by hand."""
    bench.run("install", name, "--yes")
    shown = json.loads(bench.run("show", name, "--json"))
    steps = json.loads(bench.run("show", name, "--steps", "--json"))
    (source,) = (one["path"] for one in json.loads(bench.run("fetch", name, "--json")) if one["name"] == name)
    tools = json.loads(bench.run("exec", "--", "sh", "-c", 'printf \'"%s"\' "$XPKG_TOOLS"'))
    repository = bench.scratch / "repository"
    bench.run("repo", "add", "bench", str(_changed(repository, shown, 0)))
    ours, theirs = [], []
    try:
        for number in range(1, bench.rounds + 1):
            _changed(repository, shown, number)
            # The steps shown are those of one job, so both sides use one.
            ours.append(seconds(lambda: bench.run("install", name, "--yes", "--jobs", "1")))
            theirs.append(seconds(lambda: _by_hand(bench.scratch / "hand", shown, steps, source, tools)))
            shutil.rmtree(bench.scratch / "hand")
    finally:
        bench.run("repo", "remove", "bench")
    report("overhead", statistics.median(ours), f"{name} by hand", statistics.median(theirs), "3 % + 0.3 s")


def _changed(repository: Path, shown: Mapping[str, Any], number: int) -> Path:
    """The package's recipe with another comment, and so with another key, in a repository of its own."""
    directory = repository / "packages" / shown["name"] / f"{shown['name']}.{shown['version']}"
    shutil.copytree(shown["directory"], directory, dirs_exist_ok=True)
    with (directory / "opam").open("a", encoding="utf-8") as stream:
        stream.write(f"# round {number} at {time.time()}\n")
    return repository


def _by_hand(directory: Path, shown: Mapping[str, Any], steps: Mapping[str, Any], source: str, tools: str) -> None:
    """Unpack, patch, build and install with the same tools on the search path."""
    from xpkg.sandbox.layout import ETC, SOURCE, TOOLS

    tree, etc = directory / "src", directory / "etc"
    tree.mkdir(parents=True)

    def real(text: str) -> str:
        return text.replace(TOOLS, tools).replace(SOURCE, str(tree)).replace(ETC, str(etc))

    environment = {key: real(value) for key, value in steps["environment"].items()}
    environment |= {"HOME": str(directory), "TMPDIR": str(directory)}
    for path, text in steps["generated"].items():
        (etc / path).parent.mkdir(parents=True, exist_ok=True)
        (etc / path).write_text(real(text), "utf-8")

    def run(*argv: str) -> None:
        subprocess.run(argv, cwd=tree, env=environment, check=True, stdout=subprocess.DEVNULL)

    subprocess.run(["tar", "-xf", source, "--strip-components=1"], cwd=tree, check=True)
    files = Path(shown["directory"]) / "files"
    if files.is_dir():
        shutil.copytree(files, tree, dirs_exist_ok=True)
    for patch in shown["patches"]:
        run("patch", "-s", "-p1", "-i", patch)
    for command in steps["commands"]:
        run(*(real(argument) for argument in command["argv"]))
    if (tree / f"{shown['name']}.install").is_file():
        run("dune", "install", "--prefix", str(directory / "prefix"), "-p", shown["name"])


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="the state directory to use (kept)")
    parser.add_argument("--target", default="kfreebsd", help="the target to install for; 'native' for none")
    parser.add_argument("--package", action="append", help="what to install (default: mirage-test)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["start", "reinstall", "overhead"])
    parser.add_argument(
        "--long", metavar="NAME", nargs="?", const="lwt", help="measure the overhead too (default: lwt)"
    )
    parser.add_argument("--universe", type=Path, metavar="DIRECTORY", help="compare with opam on this repository")
    parser.add_argument("--requests", action="store_true", help="of that comparison 43 kinds of cold plans instead")
    parser.add_argument("--opam", default="opam", help="the opam to compare with (default: the one on the search path)")
    parser.add_argument("--rows", default="", metavar="WORDS", help="of that comparison only the rows with these words")
    chosen = parser.parse_args()
    packages = chosen.package or ["mirage-test"]
    target = [] if chosen.target == "native" else ["--target", chosen.target]
    with tempfile.TemporaryDirectory(prefix="xpkg-bench-", dir=chosen.root and chosen.root.parent) as scratch:
        if chosen.requests:
            if chosen.universe is None:
                parser.error("--requests needs --universe DIRECTORY")
            requests.run(chosen.opam, chosen.universe.absolute(), Path(scratch), chosen.rounds, chosen.rows)
            return
        if chosen.universe:
            universe.run(chosen.opam, chosen.universe, Path(scratch), chosen.rounds, chosen.rows)
            return
        root = (chosen.root or Path(scratch) / "root").absolute()
        bench = Bench(root=root, scratch=Path(scratch), rounds=chosen.rounds)
        print(f"{os.cpu_count()} processors, median of {chosen.rounds} runs")
        if chosen.only in (None, "start"):
            start(bench, packages, target)
        if chosen.only in (None, "reinstall"):
            reinstall(bench, packages, target)
        if chosen.long or chosen.only == "overhead":
            overhead(bench, chosen.long or "lwt")


if __name__ == "__main__":
    main()
