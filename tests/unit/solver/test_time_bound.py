"""When the time is up: the best state so far, and never one that passes for the best."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.solver.toy import TARGET, Row, Table, atom
from xpkg.core.errors import ExitCode
from xpkg.solver.model import Preferences, Request, SolverGaveUp
from xpkg.solver.solve import solve

CLONE = Path(__file__).parents[3]


def cover(points: int, edges: int) -> tuple[Table, Request]:
    """The fewest points of a random graph that touch every edge: any half does nearly, the fewest take for ever."""
    order = random.Random(1)
    table = {f"n{point} 1": Row() for point in range(points)}
    pairs = [order.sample(range(points), 2) for _ in range(edges)]
    table |= {f"e{at} 1": Row(depends=f"n{one}|n{other}") for at, (one, other) in enumerate(pairs)}
    return Table(table), Request(target=TARGET, install=tuple(atom(f"e{at}") for at in range(edges)))


def pigeons(count: int) -> tuple[Table, Request]:
    """More pigeons than holes: there is no state, and finding that out takes for ever."""
    table = {}
    for pigeon in range(count + 1):
        table[f"p{pigeon} 1"] = Row(depends="|".join(f"p{pigeon}h{hole}" for hole in range(count)))
        table |= {f"p{pigeon}h{hole} 1": Row(conflict_class=f"h{hole}") for hole in range(count)}
    return Table(table), Request(target=TARGET, install=tuple(atom(f"p{one}") for one in range(count + 1)))


def test_the_best_state_so_far() -> None:
    table, request = cover(300, 900)
    started = time.monotonic()
    solution = solve(request, table, Preferences(bound_s=1.0))
    assert time.monotonic() - started < 20
    assert not solution.optimal
    there = {one.name for one in solution.instances}
    for edge in range(900):
        row = table.rows[f"e{edge} 1"]
        assert f"e{edge}" in there
        assert not there.isdisjoint(row.depends.split("|"))
    assert solution.cost[-1] == len(solution.instances)  # changes on the target: what it says is what it has
    assert len(solution.instances) < 900 + 250


def test_an_easy_one_is_not_said_to_be_less_than_the_best() -> None:
    table, request = cover(10, 12)
    solution = solve(request, table, Preferences(bound_s=30))
    assert solution.optimal
    assert solution.cost_names[-1] == "changed on the target"


def test_no_state_at_all_in_time() -> None:
    table, request = pigeons(14)
    with pytest.raises(SolverGaveUp) as failure:
        solve(request, table, Preferences(bound_s=0.5))
    assert failure.value.message == "no solution was found within 0.5 s"
    assert failure.value.exit_code == ExitCode.SOLVER_FAILURE


def test_no_time_at_all() -> None:
    table, request = cover(300, 900)
    try:
        optimal = solve(request, table, Preferences(bound_s=0)).optimal
    except SolverGaveUp:
        return  # or the engine was quick enough to find any
    assert not optimal


INTERRUPTED = """
from tests.unit.solver.test_time_bound import cover, pigeons
from xpkg.solver.solve import solve
table, request = {problem}
print("ready", flush=True)
try:
    solve(request, table)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("problem", ["cover(300, 900)", "pigeons(14)"])
def test_an_interrupt_ends_it(problem: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(CLONE)}
    program = INTERRUPTED.format(problem=problem)
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, cwd=CLONE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=20)[0] == "interrupted\n"
        assert process.returncode == 0
