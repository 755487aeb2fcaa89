"""What long work tells while it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from xpkg.repo.sources.progress import Progress as SourceProgress
from xpkg.sandbox.events import BuildEvents
from xpkg.sandbox.task import BuildTask


class Progress(Protocol):
    """Given to operations by the printer.  Its parts are called from worker threads."""

    @property
    def sources(self) -> SourceProgress:
        """Told of downloads."""

    def builds(self, tasks: Sequence[BuildTask]) -> BuildEvents:
        """Told of builds; ``tasks`` is all that will be built."""
