"""Running programs: logs, cancelling, and that nothing of a program's tree stays behind."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from xpkg.core.errors import WorkInterrupted
from xpkg.core.processes import run_logged


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_output_goes_to_the_log_and_on(tmp_path: Path) -> None:
    log, heard = tmp_path / "log", bytearray()
    log.write_bytes(b"before\n")
    finished = run_logged(["sh", "-c", "echo out; echo err >&2; exit 3"], log=log, output=heard.extend)
    assert finished.status == 3
    assert log.read_bytes() == b"before\nout\nerr\n"
    assert bytes(heard) == b"out\nerr\n"


def test_much_output_is_whole(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert run_logged(["sh", "-c", "seq 1 200000"], log=log).status == 0
    assert log.read_bytes() == b"".join(b"%d\n" % number for number in range(1, 200001))


def test_the_log_is_there_while_the_program_runs(tmp_path: Path) -> None:
    log, cancelled, seen = tmp_path / "log", threading.Event(), []

    def output(_: bytes) -> None:
        seen.append(log.read_bytes())
        cancelled.set()

    with pytest.raises(WorkInterrupted):
        run_logged(["sh", "-c", "echo first; sleep 60"], log=log, cancelled=cancelled, output=output)
    assert seen == [b"first\n"]


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    assert run_logged(["sh", "-c", "kill -9 $$"], log=tmp_path / "log").status == -9


def test_there_is_no_input_and_no_terminal(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_logged(["sh", "-c", "cat; (: < /dev/tty) 2>/dev/null || echo none"], log=log)
    assert log.read_bytes() == b"none\n"


def test_the_environment_is_the_given_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_logged(["/usr/bin/env"], log=log, environment={"ONLY": "this"})
    assert log.read_bytes() == b"ONLY=this\n"


def test_cancelling_kills_the_whole_tree(tmp_path: Path) -> None:
    log, cancelled = tmp_path / "log", threading.Event()
    timer = threading.Timer(0.3, cancelled.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(WorkInterrupted):
        run_logged(["sh", "-c", "sleep 60 & echo $!; sh -c 'sleep 61 & echo $!; wait'"], log=log, cancelled=cancelled)
    timer.join()
    assert time.monotonic() - started < 5
    pids = [int(line) for line in log.read_text("utf-8").split()]
    assert len(pids) == 2
    time.sleep(0.1)
    assert not any(alive(pid) for pid in pids)


def test_a_program_that_closed_its_output_is_cancelled_too(tmp_path: Path) -> None:
    cancelled = threading.Event()
    timer = threading.Timer(0.3, cancelled.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(WorkInterrupted):
        run_logged(["sh", "-c", "exec >&- 2>&-; sleep 15"], log=tmp_path / "log", cancelled=cancelled)
    timer.join()
    assert time.monotonic() - started < 5


def test_a_stray_child_holding_the_output_is_not_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "log"
    started = time.monotonic()
    finished = run_logged(["sh", "-c", "sleep 20 & echo $!"], log=log)
    assert finished.status == 0
    assert time.monotonic() - started < 5
    os.kill(int(log.read_text("utf-8")), 9)


def test_an_exception_of_the_listener_kills_too(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def output(_: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_logged(["sh", "-c", "echo $$; sleep 60"], log=log, output=output)
    assert not alive(int(log.read_text("utf-8")))


def test_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_logged(["/no/such/program"], log=tmp_path / "log")
