"""One attempt at one URL: what a client gets, and how it says that it failed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from xpkg.core.digests import Digest
from xpkg.core.errors import WorkInterrupted
from xpkg.core.paths import StateRoot
from xpkg.core.text import printable
from xpkg.repo.sources.settings import FetchSettings


class AttemptFailed(Exception):
    """A URL did not give the source; ``reason`` is for the user, the next URL is tried.

    ``unreachable`` is set when no server answered at all, as without a network.
    """

    def __init__(self, reason: str, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = printable(reason, keep="")
        self.unreachable = unreachable


class Stop:
    """The wish to stop, seen by every worker, and what must be cut for it to be seen at once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._cuts: dict[object, Callable[[], None]] = {}
        self._guard = threading.Lock()

    def set(self) -> None:
        """Stop everything now: blocked reads are woken."""
        self._event.set()
        with self._guard:
            cuts = list(self._cuts.values())
        for cut in cuts:
            with suppress(OSError):
                cut()

    def check(self) -> None:
        """WorkInterrupted when the work is to stop."""
        if self._event.is_set():
            raise WorkInterrupted("stopped while fetching")

    def wait(self, seconds: float) -> None:
        """Sleep, unless the work is to stop."""
        self._event.wait(seconds)
        self.check()

    @contextmanager
    def cutting(self, cut: Callable[[], None]) -> Iterator[None]:
        """Have ``cut`` called if the work is stopped during the block."""
        key = object()
        with self._guard:
            self._cuts[key] = cut
        try:
            self.check()
            yield
        finally:
            with self._guard:
                del self._cuts[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Where and how to fetch one URL.

    ``partial`` is the file to leave the bytes in; what an earlier attempt left there may be gone
    on with.  ``advance`` is told bytes done and total.
    """

    url: str
    partial: Path
    digests: tuple[Digest, ...]
    root: StateRoot
    settings: FetchSettings
    stop: Stop
    advance: Callable[[int, int | None], None]
    warn: Callable[[str], None]


def shown(url: str) -> str:
    """A URL safe to show: no credentials, no control characters."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all; nobody can have meant credentials by it
        return printable(re.sub(r"//[^/]*@", "//", url), keep="")
    if "@" in parts.netloc:
        url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    return printable(url, keep="")
