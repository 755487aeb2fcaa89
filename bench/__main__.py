"""``python -m bench``: xpkg's own cost, as ratios to what does the same without it, in one run on one machine.

    start      a cold ``install --dry-run``                        against a bare interpreter
    reinstall  remove and install with everything in the store     against ``cp -al`` of the same prefixes
    universe   (``--universe DIRECTORY``) a whole repository     against opam on the same files
    requests   (``--requests`` with it) cold plans of all sizes   against opam on the same files
    overhead   (``--long``) one package built by xpkg              against the same commands in a plain shell
    derived    (``--only derived``) packages for a target           against the same dune commands by hand

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
from collections.abc import Sequence
from pathlib import Path

from bench import requests, universe
from bench.building import DERIVED, derived, overhead
from bench.harness import Bench, report, seconds


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


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, help="the state directory to use (kept)")
    parser.add_argument(
        "--target", help="the target to install for; 'native' for none (default: kfreebsd; derived: linux-aarch64)"
    )
    parser.add_argument("--package", action="append", help="what to install (default: mirage-test)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["start", "reinstall", "overhead", "derived"])
    parser.add_argument(
        "--long", metavar="NAME", nargs="?", const="lwt", help="measure the overhead too (default: lwt)"
    )
    parser.add_argument("--universe", type=Path, metavar="DIRECTORY", help="compare with opam on this repository")
    parser.add_argument("--requests", action="store_true", help="of that comparison 43 kinds of cold plans instead")
    parser.add_argument("--opam", default="opam", help="the opam to compare with (default: the one on the search path)")
    parser.add_argument("--rows", default="", metavar="WORDS", help="of that comparison only the rows with these words")
    chosen = parser.parse_args()
    packages = chosen.package or ["mirage-test"]
    machine = chosen.target or ("linux-aarch64" if chosen.only == "derived" else "kfreebsd")
    target = [] if machine == "native" else ["--target", machine]
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
        if chosen.only == "derived":
            derived(bench, chosen.package or DERIVED, target)


if __name__ == "__main__":
    main()
