"""What all measurements share: a state directory to run xpkg in, a clock, a line of the table."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
