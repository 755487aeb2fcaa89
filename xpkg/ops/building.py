"""Having every output of a plan in the store: fetch what is needed, build what is missing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.ops.home import Home
from xpkg.ops.planning import Plan, TaskMaker
from xpkg.ops.sources import Files, SourceBook

if TYPE_CHECKING:
    from xpkg.ops.progress import Progress
    from xpkg.sandbox.task import BuildTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to carry a plan out.  ``jobs`` bounds both concurrent builds and each build's own jobs."""

    jobs: int = 1
    prefix: Path | None = None
    allow_unhashed: frozenset[str] = frozenset()
    offline: bool = False


def build_all(
    home: Home, plan: Plan, options: Options, progress: Progress, clock: Clock | None = None
) -> tuple[Plan, int]:
    """Build what is missing; the plan that was built, and how many outputs are new."""
    clock = clock or Clock()
    missing = _missing(home, plan)
    if not missing:
        return plan, 0
    from xpkg.sandbox.build import Builder
    from xpkg.sandbox.executor import LocalExecutor
    from xpkg.sandbox.isolation import Bubblewrap
    from xpkg.sandbox.system_tools import locate

    isolation = Bubblewrap()
    isolation.check()
    locate({tool: package for task in missing for tool, package in task.system_tools.items()})
    cancelled = threading.Event()
    plan, files = _fetch(home, plan, options, progress, cancelled)
    clock.lap("fetch")
    missing = _missing(home, plan)
    builder = Builder(
        store=home.store, isolation=isolation, events=progress.builds(missing), jobs=options.jobs, cancelled=cancelled
    )
    LocalExecutor(options.jobs).execute(missing, lambda task: builder.build(task, files), cancelled)
    clock.lap("build")
    return plan, len(missing)


def _fetch(
    home: Home, plan: Plan, options: Options, progress: Progress, cancelled: threading.Event
) -> tuple[Plan, Files]:
    """Fetch what the missing outputs are built from; the plan with the keys of the sources that were there.

    Another alternative than the one planned with gives other keys, by which more can be missing: then once more.
    """
    book = SourceBook(home.root, home.environment)
    target = None if plan.pair.target is None else home.target(plan.pair.target)
    while True:
        files = book.fetch(
            _missing(home, plan),
            progress.sources,
            cancelled,
            jobs=options.jobs,
            allow_unhashed=options.allow_unhashed,
            offline=options.offline,
        )
        tasks = TaskMaker(home.universe, home.native, target, book.choice).make(plan.solution.nodes)
        settled = all(tasks[instance].key == task.key for instance, task in plan.tasks.items())
        plan = replace(plan, tasks=tasks)
        if settled:
            return plan, files


def _missing(home: Home, plan: Plan) -> list[BuildTask]:
    return [task for task in plan.tasks.values() if not home.store.has(task.key)]


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
