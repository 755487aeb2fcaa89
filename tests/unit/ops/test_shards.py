"""Work spread over processes: the same answer as in one, and no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from xpkg.ops.shards import ShardLost, in_shards


def odd(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
    tell(len(items))
    return [position for position, item in enumerate(items) if item % 2]


@pytest.mark.parametrize("shards", [1, 2, 3, 8])
def test_the_same_in_any_number_of_processes(shards: int) -> None:
    told: list[int] = []
    assert in_shards(odd, [3, 4, 5, 6, 7, 9, 8], shards, told.append) == [0, 2, 4, 5]
    assert sum(told) == 7


def test_a_process_that_ends_is_noticed() -> None:
    def die(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    with pytest.raises(ShardLost):
        in_shards(die, [1, 2], 2, lambda more: None)
    assert multiprocessing.active_children() == []


def test_an_interrupt_ends_all() -> None:
    def wait_long(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
        time.sleep(60)
        return []

    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        in_shards(wait_long, [1, 2], 2, lambda more: None)
    assert time.monotonic() - started < 30
    assert multiprocessing.active_children() == []
