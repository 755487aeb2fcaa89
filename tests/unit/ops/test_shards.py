"""Work spread over processes: the same answer as in one, and no process left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from xpkg.core.errors import ExitCode, NotFoundError, StoreError, XpkgError
from xpkg.ops.shards import ShardLost, in_shards, map_in_shards
from xpkg.repo.opamfile.errors import OpamSyntaxError


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


@pytest.mark.parametrize(
    "error",
    [
        StoreError("the disk is gone", context=(("path", "/x"),), hint="look for it", reference="file-system"),
        OpamSyntaxError("no such field", filename="a/opam", text="x: [\n", offset=3, hint="write another"),
        NotFoundError("nothing"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("spread", [in_shards, map_in_shards])
def test_an_error_of_a_process_is_that_of_the_whole(
    error: XpkgError, spread: Callable[..., list[int]], capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
        if 2 in items:
            raise error
        return odd(items, tell)

    with pytest.raises(type(error)) as caught:
        spread(fail, [1, 2, 3], 3, lambda more: None)
    assert (vars(caught.value), str(caught.value)) == (vars(error), str(error))
    assert caught.value.exit_code is error.exit_code is not ExitCode.INTERNAL
    assert caught.value is not error
    assert capfd.readouterr() == ("", "")
    assert multiprocessing.active_children() == []


def test_too_little_memory_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
        raise MemoryError

    with pytest.raises(ShardLost) as caught:
        in_shards(fail, [1, 2], 2, lambda more: None)
    assert caught.value.hint is not None
    assert "enough memory" in caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_mistake_of_ours_stays_one(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
        raise ZeroDivisionError("of ours")

    with pytest.raises(RuntimeError) as caught:
        in_shards(fail, [1, 2], 2, lambda more: None)
    assert "ZeroDivisionError: of ours" in caught.value.__notes__[0]
    assert capfd.readouterr() == ("", "")


def test_a_terminal_that_hangs_up_is_the_parents_to_tell() -> None:
    """Every process in front of it gets the signal."""

    def hang_up(items: Sequence[int], tell: Callable[[int], None]) -> list[int]:
        os.kill(os.getpid(), signal.SIGHUP)
        return [0]

    assert in_shards(hang_up, [1, 2], 2, lambda more: None) == [0, 1]


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
