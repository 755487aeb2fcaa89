"""Running other programs: one replaceable function, and the killing of whole process trees."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import WorkInterrupted

# How often a running program's cancellation is looked at, in seconds.
_POLL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a program ended: its status (negative: the signal) and how long it took in seconds."""

    status: int
    seconds: float


def run_logged(
    argv: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    cancelled: threading.Event | None = None,
    output: Callable[[bytes], None] | None = None,
) -> Finished:
    """Run ``argv`` without input, its output appended to ``log`` and handed to ``output`` as it comes.

    The program leads a session of its own, so that it has no terminal (CVE-2017-5226) and its
    whole group can be killed.  When ``cancelled`` is set, or an exception comes, the group is
    killed and reaped before this returns; cancellation raises WorkInterrupted.
    """
    started = time.monotonic()
    # Unbuffered: who looks at the log sees what the program said so far, also after a crash of ours.
    with log.open("ab", buffering=0) as stream:
        process = subprocess.Popen(
            argv,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _copy_output(process, stream.write, output, cancelled)
            status = _wait(process, cancelled)
        except BaseException:
            kill_group(process)
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
    return Finished(status=status, seconds=time.monotonic() - started)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a session leader with all its group, and reap it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(process: subprocess.Popen[bytes], cancelled: threading.Event | None) -> int:
    """The exit status; a program may have closed its output and go on."""
    while True:
        _check(cancelled)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_POLL)


def _check(cancelled: threading.Event | None) -> None:
    if cancelled is not None and cancelled.is_set():
        raise WorkInterrupted("interrupted")


def _copy_output(
    process: subprocess.Popen[bytes],
    write: Callable[[memoryview], int],
    output: Callable[[bytes], None] | None,
    cancelled: threading.Event | None,
) -> None:
    """Copy until end of output.  Ends as well when the program is gone but a stray child holds the pipe."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            _check(cancelled)
            if not selector.select(_POLL):
                if process.poll() is not None:
                    return
                continue
            data = os.read(descriptor, 1 << 16)
            if not data:
                return
            rest = memoryview(data)
            while rest:
                rest = rest[write(rest) :]
            if output is not None:
                output(data)
