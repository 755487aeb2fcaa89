"""Locks between processes: held by one, told to the others, dropped at death."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from xpkg.core.locks import locked

HOLD = """
import sys, time
from pathlib import Path
from xpkg.core.locks import locked
with locked(Path(sys.argv[1]), "thing"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
CLONE = Path(__file__).parent.parent.parent.parent


def holder(directory: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory), str(seconds)], stdout=subprocess.PIPE, text=True, cwd=CLONE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_one_waits_for_the_other(tmp_path: Path) -> None:
    waited: list[str] = []
    with holder(tmp_path, 0.5) as process:
        with locked(tmp_path, "other", waited.append):
            pass
        assert waited == []
        started = time.monotonic()
        with locked(tmp_path, "thing", waited.append):
            assert time.monotonic() - started > 0.1
        assert process.wait() == 0
    assert waited == ["thing"]


def test_death_drops_a_lock(tmp_path: Path) -> None:
    with holder(tmp_path, 60) as process:
        process.kill()
        process.wait()
        started = time.monotonic()
        with locked(tmp_path, "thing"):
            assert time.monotonic() - started < 5
