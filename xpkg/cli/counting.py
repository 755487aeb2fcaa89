"""How far a long count is, on a terminal: one line that goes away.  No thread draws it, so processes may be forked."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live

_INTERVAL_S = 0.2


class Counted:
    """A context; ``doing`` is shown until the first count.  Nothing is shown where standard error is no terminal."""

    def __init__(self, doing: str, counting: str) -> None:
        self._counting = counting
        self._drawn = 0.0
        self._live = _start(doing) if sys.stderr.isatty() else None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._live is not None and (now - self._drawn > _INTERVAL_S or done == total):
            self._drawn = now
            self._live.update(f"  {self._counting}: {done} of {total}", refresh=True)

    def __enter__(self) -> Counted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()


def _start(doing: str) -> Live:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    live = Live(f"  {doing}", console=console, auto_refresh=False, transient=True, redirect_stdout=sys.stdout.isatty())
    live.start(refresh=True)
    return live
