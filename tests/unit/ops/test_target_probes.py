"""What a probe of a target is run with: it ends, one way or another, and so does what it says."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from xpkg.ops import target_check
from xpkg.ops.target_check import ProbeFailed, last_line, output_of

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def test_what_it_said() -> None:
    assert output_of(["sh", "-c", "echo a; echo b >&2; exit 3"], ENVIRONMENT, "here") == (3, b"a\nb\n")


def test_one_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_check, "TIME_LIMIT", 1.0)
    with pytest.raises(ProbeFailed, match="did not end within 1 s, run by linux-runner"):
        output_of(["sh", "-c", f"sleep 300 & echo $! > {tmp_path / 'pid'}; wait"], ENVIRONMENT, "by linux-runner")
    started = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if _ended(started):
            break
        time.sleep(0.05)
    assert _ended(started)


def _ended(process: int) -> bool:
    """Whether it is gone, or waits for nobody but its parent."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_one_that_prints_without_an_end_is_killed() -> None:
    with pytest.raises(ProbeFailed, match="printed more than 64 KiB"):
        output_of(["sh", "-c", "while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done"], ENVIRONMENT, "here")


def test_what_is_told_of_it_is_short() -> None:
    assert last_line("first\n" + "x" * 1000) == "x" * 200 + "..."
    assert last_line("a\n\x1b[31mred") == "\\x1b[31mred"
    assert last_line("") == "nothing"


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(os.urandom(8))
    with pytest.raises(ProbeFailed, match="cannot be started: Permission denied"):
        output_of([str(tmp_path / "program")], ENVIRONMENT, "here")
