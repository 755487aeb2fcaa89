"""Running a registry's client or git: one replaceable function, killed whole when the work stops."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xpkg.repo.sources.attempt import AttemptFailed, Stop

_POLL = 0.05  # seconds
_MOST_OUTPUT = 64 << 20  # bytes
_GRACE = 2.0  # seconds between SIGTERM and SIGKILL
# What apt, npm, pip and git say when no server can be reached; all run with LC_ALL=C.
_UNREACHABLE = re.compile(
    r"Temporary failure (in name resolution|resolving)|Could not resolve|Name or service not known"
    r"|Network is unreachable|No route to host|Connection refused|Could not connect to|Failed to connect to"
    r"|unable to connect"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT"
    r"|Failed to establish a new connection|Connection timed out|NameResolutionError"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a client ended, and what it said; bytes of ``out`` that are not UTF-8 are lone surrogates."""

    code: int
    out: str
    err: str

    def failure(self, client: str) -> AttemptFailed:
        """The client's own last words as the reason."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        telling = [line for line in lines if line.startswith(("E:", "ERROR", "npm error", "fatal", "error"))] or lines
        said = "; ".join(telling[:3])[:400] or f"it ended with code {self.code}"
        return AttemptFailed(f"{client}: {said}", unreachable=bool(_UNREACHABLE.search(self.err + self.out)))


def run_client(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    stop: Stop,
    seconds: float,
    poll: Callable[[], None] = lambda: None,
) -> Done:
    """Run ``command`` in its own process group, with no input; ``poll`` is called now and then.

    AttemptFailed after ``seconds``, or once it has said too much; WorkInterrupted when stopped.  Either way, as after
    any other error, the whole group has been killed on return.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:

        def check_output() -> None:
            if any(os.fstat(file.fileno()).st_size > _MOST_OUTPUT for file in (out, err)):
                raise AttemptFailed(f"{Path(command[0]).name} said more than {_MOST_OUTPUT} bytes")

        def watch() -> None:
            check_output()
            poll()

        process = subprocess.Popen(
            list(command),
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            _wait(process, command[0], stop, seconds, watch)
        finally:
            _kill_group(process)
        check_output()
        return Done(
            code=process.returncode,
            out=_text(out.fileno(), "surrogateescape"),
            err=_text(err.fileno(), "replace"),
        )


def _wait(process: subprocess.Popen[bytes], name: str, stop: Stop, seconds: float, poll: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLL)
            return
        stop.check()
        if time.monotonic() > end:
            raise AttemptFailed(f"{Path(name).name} took longer than {seconds:.0f} s")
        poll()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the group; its leader may have left children behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _text(descriptor: int, errors: str) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, min(size, _MOST_OUTPUT), 0).decode("utf-8", errors)
