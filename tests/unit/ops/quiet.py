"""Progress that nobody is told of."""

from __future__ import annotations

from xpkg.repo.sources.progress import Progress as SourceProgress
from xpkg.repo.sources.progress import silent
from xpkg.sandbox.events import BuildEvents
from xpkg.sandbox.task import BuildTask


class Quiet:
    """Nobody is told anything."""

    sources: SourceProgress = staticmethod(silent)

    def builds(self, tasks: object) -> BuildEvents:
        del tasks
        return _NoEvents()


class _NoEvents:
    def waiting(self, task: BuildTask) -> None: ...

    def started(self, task: BuildTask) -> None: ...

    def command(self, task: BuildTask, argv: list[str]) -> None: ...

    def output(self, task: BuildTask, data: bytes) -> None: ...

    def finished(self, task: BuildTask, seconds: float, *, reused: bool) -> None: ...

    def failed(self, task: BuildTask) -> None: ...
