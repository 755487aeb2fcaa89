"""Reading many objects of a git repository in order, without waiting for each answer before the next question."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from xpkg.repo.remote.snapshot import MOST_BYTES
from xpkg.repo.sources.attempt import AttemptFailed
from xpkg.repo.sources.git_client import Objects

_MOST_ASKED = 256  # their names fit into a pipe, so that git never waits for us while we wait for it
_MOST_FILE = 256 << 20  # bytes


class ReadAhead:
    """Contents by position in ``names``.

    Whoever reads one after the other is given more and more in advance; whoever jumps about, nothing: most
    readers want only the few that changed.
    """

    def __init__(self, objects: Objects, names: Sequence[str]) -> None:
        self._objects, self._names = objects, names
        self._asked: deque[int] = deque()
        self._next = -1
        self._window = 1
        self._total = 0

    def read(self, position: int) -> bytes:
        """The content at a position.  AttemptFailed when git cannot read it, or all is too much."""
        if not self._asked or not self._asked[0] <= position <= self._asked[-1]:
            while self._asked:
                self._answer()
            self._window = min(2 * self._window, _MOST_ASKED) if position == self._next else 1
            self._asked.extend(range(position, min(position + self._window, len(self._names))))
            self._objects.ask([self._names[one] for one in self._asked])
        while True:
            at, data = self._answer()
            if at == position:
                self._next = position + 1
                return data

    def _answer(self) -> tuple[int, bytes]:
        at = self._asked.popleft()
        data = self._objects.answer(self._names[at], _MOST_FILE)
        self._total += len(data)
        if self._total > MOST_BYTES:
            raise AttemptFailed(f"the repository has more than the limit of {MOST_BYTES} bytes")
        return at, data
