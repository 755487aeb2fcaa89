"""Signals that end the work, and what is true of it when they did."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from xpkg.core.errors import HungUp, WorkInterrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_SWITCH = "the switch is as it was"
_BUILT = "what was built before that is kept"
_KEPT = {
    **dict.fromkeys(("install", "upgrade", "reinstall", "remove", "pin", "hold", "unhold"), _SWITCH),
    **dict.fromkeys(("build", "test"), _BUILT),
    "fetch": "what was fetched before that is kept",
}
"""What a command leaves, by its name; nothing is said of those that leave nothing, or several things."""


class Interrupts:
    """Raises KeyboardInterrupt, but not into the cleaning up after the one just raised: people press Ctrl-C twice.

    ``number`` is the signal that did, None before.
    """

    PAUSE = 3.0  # seconds; cleaning up takes less

    def __init__(self) -> None:
        self._last = -self.PAUSE
        self.number: int | None = None

    def install(self) -> None:
        """Handle these signals, except those that whoever started us wants ignored."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self)

    def end(self) -> None:
        """From now on nothing interrupts: the end is being told."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del frame
        now = time.monotonic()
        if now - self._last >= self.PAUSE:
            self._last = now
            self.number = number
            if number == signal.SIGHUP:
                _silence()
            raise KeyboardInterrupt


def told(words: Sequence[str], number: int | None) -> WorkInterrupted:
    """The error for a command line that the signal ended."""
    kind, what = (HungUp, "the terminal hung up") if number == signal.SIGHUP else (WorkInterrupted, "interrupted")
    kept = _KEPT.get(next((word for word in words if not word.startswith("-")), ""))
    return kind(what if kept is None else f"{what}; {kept}")


def _silence() -> None:
    """Have what is printed from now on go nowhere where the terminal is gone: writing to it is an error."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            os.write(stream.fileno(), b"")
        except OSError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
