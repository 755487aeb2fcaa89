"""What a build tells while it goes on; the printer decides what of it is shown."""

from __future__ import annotations

from typing import Protocol

from xpkg.sandbox.task import BuildTask


class BuildEvents(Protocol):
    """Called from worker threads; implementations lock for themselves and must not raise."""

    def waiting(self, task: BuildTask) -> None:
        """Another process builds the same output; its result will be taken."""

    def started(self, task: BuildTask) -> None: ...

    def command(self, task: BuildTask, argv: list[str]) -> None: ...

    def output(self, task: BuildTask, data: bytes) -> None: ...

    def finished(self, task: BuildTask, seconds: float, *, reused: bool) -> None:
        """The output is in the store; ``reused`` when it was there or another process made it."""

    def failed(self, task: BuildTask) -> None: ...
