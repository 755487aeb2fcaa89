from __future__ import annotations

import threading
from pathlib import Path

import pytest

from xpkg.core.errors import WorkInterrupted
from xpkg.core.locks import locked


def test_a_lock_is_waited_for_and_the_waiter_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    waits, done = threading.Event(), threading.Event()

    def tell(name: str) -> None:
        told.append(name)
        waits.set()

    def wait() -> None:
        with locked(tmp_path / "locks", "thing", tell):
            done.set()

    with locked(tmp_path / "locks", "thing"):
        other = threading.Thread(target=wait)
        other.start()
        assert waits.wait(10)
        assert not done.wait(0.3)
    other.join(10)
    assert done.is_set()
    assert told == ["thing"]


def test_waiting_ends_when_the_work_is_stopped(tmp_path: Path) -> None:
    def check() -> None:
        raise WorkInterrupted("stopped")

    with locked(tmp_path, "thing"):
        with pytest.raises(WorkInterrupted), locked(tmp_path, "thing", check=check):
            pass
        with locked(tmp_path, "other", check=check):  # nobody holds it: nothing to wait for
            pass
