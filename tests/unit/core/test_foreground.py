"""Running a program in one's own place, by real processes: each test starts a Python that starts a shell."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xpkg.core.foreground import run_in_foreground

RUNNER = """
import sys
from xpkg.core.foreground import run_in_foreground
sys.exit(run_in_foreground(["/bin/sh", "-c", sys.argv[1]], {"PATH": "/usr/bin:/bin", "SAID": "so"}))
"""
WAITING = "trap 'echo got; exit 7' %s; echo ready; while :; do sleep 0.05; done"


def start(script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", RUNNER, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 42", 42), ("kill -SEGV $$", 139), ("kill $$", 143)]
)
def test_the_status_is_the_programs(script: str, status: int) -> None:
    process = start(script)
    process.communicate(timeout=30)
    assert process.returncode == status


def test_input_output_and_environment_are_the_programs() -> None:
    process = start('read line; echo "$line, $SAID"')
    output, _ = process.communicate(b"hello\n", timeout=30)
    assert output == b"hello, so\n"


@pytest.mark.parametrize("number", ["TERM", "HUP", "INT", "USR1"])
def test_a_signal_to_us_is_passed_on(number: str) -> None:
    process = start(WAITING % number)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, f"SIG{number}"))
    assert process.communicate(timeout=30)[0] == b"got\n"
    assert process.returncode == 7


def test_a_key_at_the_terminal_reaches_the_program_once(tmp_path: Path) -> None:
    counted = tmp_path / "counted"
    script = f"trap 'echo x >> {counted}' INT; echo ready; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done; exit 3"
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", RUNNER, script])
    while b"ready" not in os.read(terminal, 1024):
        pass
    os.write(terminal, b"\x03")
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 3
    assert counted.read_text() == "x\n"


def test_what_cannot_be_started_is_an_error_and_signals_are_as_before(tmp_path: Path) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with pytest.raises(FileNotFoundError):
        run_in_foreground([str(tmp_path / "nothing")], {})
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
