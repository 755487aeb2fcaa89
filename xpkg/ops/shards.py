"""One computation over many items, spread over processes that end with the one that asked."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from xpkg.core.errors import ConfigurationError, XpkgError

T = TypeVar("T")
R = TypeVar("R")

Tell = Callable[[int], None]
"""Given how many more items are done."""
Work = Callable[[Sequence[T], Tell], list[int]]
"""Gives the positions of some of the items."""
_INTERRUPTS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class ShardLost(ConfigurationError):
    """A process of ours ended without its answer."""

    reference = "shard-lost"


@dataclass(frozen=True, slots=True)
class _Crash:
    """The traceback of a mistake of xpkg's own; such an exception itself need not survive the way."""

    trace: str


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def in_shards(work: Work[T], items: Sequence[T], shards: int, tell: Tell) -> list[int]:
    """What ``work`` finds in all items, sorted; it gets every ``shards``-th item in processes forked from this one.

    They see all that is in memory now, so nothing is copied to them.  ``tell`` is called in this process.  An XpkgError
    of ``work`` is raised here as soon as it is known; ShardLost when a process ends without a word.
    """
    if shards <= 1:
        return sorted(work(items, tell))
    parts = _in_processes(work, items, shards, tell)
    return sorted(position * shards + shard for shard, positions in parts.items() for position in positions)


def map_in_shards(work: Callable[[Sequence[T], Tell], list[R]], items: Sequence[T], shards: int, tell: Tell) -> list[R]:
    """What ``work`` makes of the items, one answer an item, in their order; else as `in_shards`."""
    if shards <= 1:
        return work(items, tell)
    parts = _in_processes(work, items, shards, tell)
    return [parts[position % shards][position // shards] for position in range(len(items))]


def _in_processes(
    work: Callable[[Sequence[T], Tell], list[R]], items: Sequence[T], shards: int, tell: Tell
) -> dict[int, list[R]]:
    """What each process made of its items, by number of the process."""
    started = []
    try:
        for shard in range(shards):
            started.append(_start(work, items[shard::shards]))
        return _collect({receiving: shard for shard, (_, receiving) in enumerate(started)}, tell)
    finally:
        for process, receiving in started:
            process.kill()
            process.join()
            process.close()
            receiving.close()


def _start(
    work: Callable[[Sequence[T], Tell], list[R]], items: Sequence[T]
) -> tuple[multiprocessing.context.ForkProcess, Connection]:
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, items, sending), daemon=True)
    # An interrupt must not come between the fork and the moment from which the child leaves it to its parent.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    sending.close()
    return process, receiving


def _run(work: Callable[[Sequence[T], Tell], list[R]], items: Sequence[T], sending: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
    with suppress(BrokenPipeError):  # whoever asked is gone
        try:
            found = work(items, sending.send)
        except XpkgError as error:
            sending.send(error)
        except MemoryError:
            return  # the parent says it
        except Exception as error:  # a mistake of ours: the parent tells it as such, once
            import traceback

            sending.send(_Crash(traceback.format_exc()))
            raise SystemExit(1) from error
        else:
            sending.send(found)


def _collect(open_: dict[Connection, int], tell: Tell) -> dict[int, list[R]]:
    found: dict[int, list[R]] = {}
    while open_:
        for ready in wait(list(open_)):
            assert isinstance(ready, Connection)
            try:
                message: int | XpkgError | _Crash | list[R] = ready.recv()
            except EOFError:
                raise ShardLost(
                    "a part of the work ended without its answer", hint="was there enough memory? -j 1 needs the least"
                ) from None
            if isinstance(message, XpkgError):
                raise message
            if isinstance(message, _Crash):
                mistake = RuntimeError("a part of the work failed")
                mistake.add_note(message.trace)
                raise mistake
            if isinstance(message, int):
                tell(message)
            else:
                found[open_.pop(ready)] = message
    return found
