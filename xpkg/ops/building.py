"""Having every output of a plan in the store: fetch what is needed, build what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.ops.home import Home
from xpkg.ops.planning import Plan
from xpkg.ops.sources import Files, SourceBook

if TYPE_CHECKING:
    from xpkg.ops.progress import Progress
    from xpkg.sandbox.task import BuildTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to carry a plan out.  ``jobs`` bounds both concurrent builds and each build's own jobs.

    ``update_invariant`` has the switch's invariant give way to what gets installed.
    """

    jobs: int = 1
    prefix: Path | None = None
    allow_unhashed: frozenset[str] = frozenset()
    offline: bool = False
    update_invariant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A plan with every output of it in the store.

    ``new`` are the keys that were built here; ``renewed`` those of them that the store had, ``replaced`` those whose
    former output was not the same.
    """

    plan: Plan
    new: frozenset[str] = frozenset()
    renewed: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()


def build_all(
    home: Home,
    plan: Plan,
    options: Options,
    progress: Progress,
    clock: Clock | None = None,
    before: Built | None = None,
) -> Built:
    """Build what is missing, and what is to be built once more unless that was done ``before``."""
    clock = clock or Clock()
    done = Built(plan=plan) if before is None else before
    missing = _missing(home, plan, done.new)
    if not missing:
        return Built(plan=plan, new=done.new, renewed=done.renewed, replaced=done.replaced)
    from xpkg.sandbox.build import Builder
    from xpkg.sandbox.executor import LocalExecutor
    from xpkg.sandbox.isolation import Bubblewrap
    from xpkg.sandbox.system_tools import locate

    isolation = Bubblewrap()
    isolation.check()
    locate({tool: package for task in missing for tool, package in task.system_tools.items()})
    cancelled = threading.Event()
    plan, files = _fetch(home, plan, done.new, options, progress, cancelled)
    clock.lap("fetch")
    missing = _missing(home, plan, done.new)
    builder = Builder(
        root=home.root,
        store=home.store,
        isolation=isolation,
        events=progress.builds(missing),
        jobs=options.jobs,
        cancelled=cancelled,
        again=plan.again - done.new,
    )
    LocalExecutor(options.jobs).execute(missing, lambda task: builder.build(task, files), cancelled)
    clock.lap("build")
    return Built(
        plan=plan,
        new=done.new | builder.built,
        renewed=done.renewed | frozenset(builder.renewed),
        replaced=done.replaced | frozenset(builder.replaced),
    )


def _fetch(
    home: Home, plan: Plan, done: frozenset[str], options: Options, progress: Progress, cancelled: threading.Event
) -> tuple[Plan, Files]:
    """Fetch what the missing outputs are built from; the plan with the keys of the sources that were there.

    Another alternative than the one planned with gives other keys, by which more can be missing: then once more.
    """
    book = SourceBook(home.root, home.environment)
    while True:
        files = book.fetch(
            _missing(home, plan, done),
            progress.sources,
            cancelled,
            jobs=options.jobs,
            allow_unhashed=options.allow_unhashed,
            offline=options.offline,
        )
        settled = plan.with_sources(book.choice)
        if [task.key for task in settled.tasks] == [task.key for task in plan.tasks]:
            return settled, files
        plan = settled


def _missing(home: Home, plan: Plan, done: frozenset[str]) -> list[BuildTask]:
    again = plan.again - done
    return [task for task in plan.tasks if task.key in again or not home.store.has(task.key)]


class Clock:
    """Seconds by part of the work."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._last = now, now()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """Count the time since the last lap to ``name``."""
        moment = self._now()
        self.laps[name] = round(self.laps.get(name, 0.0) + moment - self._last, 3)
        self._last = moment
