"""A request of thousands of packages over the public repository is explained in bounded time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own, so that the memory it takes can be told: by the peak of its own address space, as
# `getrusage` counts what the process that started it had taken as well (proc(5), VmHWM).
PROGRAM = """
import json, random, sys, time
from pathlib import Path
from tests.oracle.ours import MACHINE
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, NoSolution, Request
from xpkg.solver.solve import solve

universe = Universe([Repository(name="universe", root=Path(sys.argv[1]))], {NATIVE: MACHINE})
names = random.Random(7).sample(universe.names(), 2000)
atoms = tuple(Atom(name=name, machine=BUILD) for name in names)
started, told = time.process_time(), {}
try:
    solve(Request(install=atoms), RepoContext(universe, None))
except NoSolution as failure:
    told = {"chain": failure.chain}
told["cpu_s"] = time.process_time() - started
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
told["mib"] = int(peak.split()[1]) // 1024
print(json.dumps(told))
"""


def asked(universe: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(universe)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
    )
    told: dict[str, object] = json.loads(done.stdout)
    return told


@pytest.mark.timeout(300)
def test_two_thousand_packages_that_exclude_each_other_are_explained(universe_directory: Path) -> None:
    told = asked(universe_directory)
    assert isinstance(told["chain"], list)
    assert 1 <= len(told["chain"]) <= 12
    assert float(str(told["cpu_s"])) < 60
    assert int(str(told["mib"])) < 400
