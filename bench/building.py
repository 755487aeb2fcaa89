"""What a build costs by xpkg and by hand: both take turns, from a source archive to installed files.

Processor time counts, of all processes: on a machine that does other things as well the wall clock tells of those.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.harness import Bench
from bench.processes import Cost, measured, median

# A small library in OCaml alone, one with C stubs, a larger one.
DERIVED = ("csexp", "integers", "re")

# A switch where the same is installed when it has been built.
_BESIDE = "bench-beside"


def derived(bench: Bench, names: Sequence[str], target: Sequence[str]) -> None:
    """Packages for a target, each against the dune command that is derived for it."""
    for name in names:
        overhead(bench, name, target, "derived")


def overhead(bench: Bench, name: str, target: Sequence[str] = (), row: str = "overhead") -> None:
    """One package that dune builds, from its source to its installed files: by xpkg, and by hand.

    With ``target``, the options that name one, both build it for that machine with the same compilers and files.
    """
    bench.run("install", name, "dune", *target, "--yes")
    shown = json.loads(bench.run("show", name, "--json")) | json.loads(bench.run("show", name, "--where", "--json"))
    steps = json.loads(bench.run("show", name, "--steps", *target, "--json"))
    (source,) = (one["path"] for one in json.loads(bench.run("fetch", name, "--json")) if one["name"] == name)
    places = _places(bench, target)
    repository = bench.scratch / "repository"
    used = json.loads(bench.run("switch", "show", "--json"))["name"]
    bench.run("switch", "create", _BESIDE)
    bench.run("switch", "set", used)
    bench.run("install", name, "dune", *target, "--yes", "--switch", _BESIDE)
    bench.run("repo", "add", "bench", str(_changed(repository, shown, 0)))
    # The steps shown are those of one job, so both sides use one.
    install = ("install", name, *target, "--yes", "--jobs", "1")
    rounds = []
    try:
        for number in range(bench.rounds + 1):
            _changed(repository, shown, number)
            bench.run("install", name, *target, "--dry-run")  # the change is indexed: nobody has one for each build
            whole = measured(lambda: bench.run(*install))
            by_hand = measured(lambda: _by_hand(bench.scratch / "hand", shown, steps, source, places))
            shutil.rmtree(bench.scratch / "hand")
            rest = measured(lambda: bench.run(*install, "--switch", _BESIDE))
            if number:  # once without counting
                rounds.append((whole, rest, by_hand))
    finally:
        bench.run("repo", "remove", "bench")
        bench.run("switch", "remove", _BESIDE, "--yes")
    _report(row, name, rounds)


def _report(row: str, name: str, rounds: Sequence[tuple[Cost, Cost, Cost]]) -> None:
    """The build is what the whole command takes more than one that finds the output in the store.

    That one plans, and makes the switch's next generation.
    """
    builds = [
        Cost(cpu=whole.cpu - rest.cpu, wall=whole.wall - rest.wall, memory=whole.memory) for whole, rest, _ in rounds
    ]
    by_hand = [one[2] for one in rounds]
    theirs = median(by_hand)
    for part, costs in (("build", builds), ("command", [one[0] for one in rounds])):
        ours = median(costs)
        over = statistics.median(one.cpu - 1.03 * other.cpu for one, other in zip(costs, by_hand, strict=True))
        print(
            f"{row:<9}{name:<12}{part:<8}{ours.cpu:7.2f} s   by hand {theirs.cpu:7.2f} s   above + 3 %: {over:+5.2f} s "
            f"(budget 0.3 s)   wall {ours.wall:6.2f} and {theirs.wall:6.2f} s"
        )


def _places(bench: Bench, target: Sequence[str]) -> dict[str, str]:
    """Where the prefixes that builds see are in the switch."""
    from xpkg.sandbox.layout import TARGET, TOOLS

    variables = json.loads(bench.run("env", *target, "--json"))
    return {TOOLS: variables["XPKG_TOOLS"], TARGET: variables["XPKG_PREFIX"]}


def _changed(repository: Path, shown: Mapping[str, Any], number: int) -> Path:
    """The package's recipe with another comment, and so with another key, in a repository of its own."""
    directory = repository / "packages" / shown["name"] / f"{shown['name']}.{shown['version']}"
    shutil.copytree(shown["directory"], directory, dirs_exist_ok=True)
    with (directory / "opam").open("a", encoding="utf-8") as stream:
        stream.write(f"# round {number} at {time.time()}\n")
    return repository


def _by_hand(
    directory: Path, shown: Mapping[str, Any], steps: Mapping[str, Any], source: str, places: Mapping[str, str]
) -> None:
    """Unpack, patch, build and install with the same tools on the search path."""
    from xpkg.sandbox.layout import ETC, SOURCE

    tree, etc = directory / "src", directory / "etc"
    tree.mkdir(parents=True)

    def real(text: str) -> str:
        for inside, outside in {**places, SOURCE: str(tree), ETC: str(etc)}.items():
            text = text.replace(inside, outside)
        return text

    environment = {key: real(value) for key, value in steps["environment"].items()}
    environment |= {"HOME": str(directory), "TMPDIR": str(directory)}
    for path, text in steps["generated"].items():
        (etc / path).parent.mkdir(parents=True, exist_ok=True)
        (etc / path).write_text(real(text), "utf-8")

    def run(*argv: str) -> None:
        done = subprocess.run(argv, cwd=tree, env=environment, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stderr[-2000:]}")

    subprocess.run(["tar", "-xf", source, "--strip-components=1"], cwd=tree, check=True)
    files = Path(shown["directory"]) / "files"
    if files.is_dir():
        shutil.copytree(files, tree, dirs_exist_ok=True)
    for patch in shown["patches"]:
        run("patch", "-s", "-p1", "-i", patch)
    for command in steps["commands"]:
        run(*(real(argument) for argument in command["argv"]))
    commands = [command["argv"] for command in steps["commands"]]
    cross: Sequence[str] = next(
        (argv[at : at + 2] for argv in commands for at, word in enumerate(argv) if word == "-x"), []
    )
    if any(tree.glob(f"{shown['name']}*.install")):
        run("dune", "install", *cross, "--prefix", str(directory / "prefix"), "-p", shown["name"])
