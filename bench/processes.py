"""Whole processes, measured from outside: the processor time, the time on the wall and the memory that they took."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


@dataclass(frozen=True, kw_only=True)
class Cost:
    """``cpu`` and ``wall`` in seconds; ``memory``, the most that one process held at once, in MiB."""

    cpu: float
    wall: float
    memory: float


def measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    directory: Path | None = None,
    *,
    output: Path | None = None,
    statuses: Collection[int] = (0,),
) -> Cost:
    """Run one command, which must end with one of ``statuses``; what it prints goes to the file ``output``.

    Its own processes count too, once it has waited for them.
    """
    with open(os.devnull if output is None else output, "wb") as stdout:
        return _measure(command, environment, directory, stdout, statuses)


def measured(work: Callable[[], object]) -> Cost:
    """What ``work`` costs with every process that it starts, also those that whoever started them does not wait for.

    bubblewrap ends before the namespace that it made: what was built in it would not be counted.
    """
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    before, own, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time(), time.monotonic()
    work()
    wall, own = time.monotonic() - started, time.process_time() - own
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own + after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(cpu=cpu, wall=wall, memory=after.ru_maxrss / 1024)


def _measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    directory: Path | None,
    stdout: BinaryIO,
    statuses: Collection[int],
) -> Cost:
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{told.decode(errors='replace')[-2000:]}")
    return Cost(cpu=used.ru_utime + used.ru_stime, wall=time.monotonic() - started, memory=used.ru_maxrss / 1024)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two peers: ``run`` does the work once; ``prepare`` sets up what it needs and is not measured."""

    name: str
    run: Callable[[], Cost]
    prepare: Callable[[], object] = lambda: None


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        cpu=statistics.median(cost.cpu for cost in costs),
        wall=statistics.median(cost.wall for cost in costs),
        memory=statistics.median(cost.memory for cost in costs),
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table: the medians of both sides, and the median of the ratios of the processor times."""

    name: str
    ours: Cost
    peer: str
    theirs: Cost
    ratio: float
    budget: str


def compare(name: str, ours: Side, theirs: Side, rounds: int, budget: str) -> Row:
    """Both in turn, once without counting, then ``rounds`` times."""
    pairs = []
    for number in range(rounds + 1):
        pair = []
        for side in (ours, theirs):
            side.prepare()
            pair.append(side.run())
        if number:
            pairs.append(pair)
    return Row(
        name=name,
        ours=median([pair[0] for pair in pairs]),
        peer=theirs.name,
        theirs=median([pair[1] for pair in pairs]),
        ratio=statistics.median(pair[0].cpu / pair[1].cpu for pair in pairs),
        budget=budget,
    )
