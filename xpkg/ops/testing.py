"""Running packages' own tests: what is beneath them is built as ever, the switch stays as it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xpkg.core.errors import BuildError, InputFileError, SyncError, XpkgError
from xpkg.ops.building import build_all
from xpkg.ops.planning import Plan

if TYPE_CHECKING:
    from xpkg.ops.building import Options
    from xpkg.ops.home import Home
    from xpkg.ops.progress import Progress
    from xpkg.ops.test_plans import TestPlan
    from xpkg.repo.sources.progress import Progress as SourceProgress
    from xpkg.sandbox.events import BuildEvents
    from xpkg.sandbox.task import BuildTask

Result = Literal["passed", "failed", "no tests", "not built"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one package's tests; ``seconds`` is how long its build with them took.

    ``kept`` says that they passed before, and nothing they depend on changed since.  ``error`` tells of what failed.
    """

    name: str
    version: str
    machine: str
    result: Result
    seconds: float = 0.0
    kept: bool = False
    error: XpkgError | None = None

    def as_value(self) -> dict[str, object]:
        """The object that ``--json`` prints."""
        value: dict[str, object] = {
            "name": self.name,
            "version": self.version,
            "machine": self.machine,
            "result": self.result,
            "seconds": self.seconds,
            "kept": self.kept,
        }
        if self.error is not None:
            value["error"] = {
                "reference": self.error.reference,
                "message": self.error.message,
                "context": [list(fact) for fact in self.error.context],
                "hint": self.error.hint,
            }
        return value


def run_test(home: Home, plan: TestPlan, options: Options, progress: Progress) -> Outcome:
    """Test one package; what cannot be fetched or built, and what fails, is an outcome."""
    if not plan.has_tests:
        return _outcome(plan, "no tests")
    watch = _Watch(progress)
    try:
        done = build_all(home, Plan((plan,)), options, watch)
    except SyncError as error:
        return _outcome(plan, "not built", error=error)
    except (BuildError, InputFileError) as error:
        result, why = _result_of(plan, watch, options.jobs), error
        if result == "failed" and plan.has_counterpart(watch.command, options.jobs):
            plain = _failure_without_tests(home, plan, options, progress)
            result, why = ("failed", error) if plain is None else ("not built", plain)
        return _outcome(plan, result, error=why, seconds=watch.seconds)
    key = done.plan.parts[0].keys[plan.tested.instance]
    timings = home.store.output(key).record.timings
    seconds = sum(timings.get(phase, 0.0) for phase in ("build", "test"))
    return _outcome(plan, "passed", kept=key not in done.new, seconds=seconds)


def _outcome(
    plan: TestPlan, result: Result, *, seconds: float = 0.0, kept: bool = False, error: XpkgError | None = None
) -> Outcome:
    one = plan.tested.instance
    return Outcome(
        name=one.name,
        version=one.version,
        machine=one.machine,
        result=result,
        seconds=round(seconds, 1),
        kept=kept,
        error=error,
    )


def _result_of(plan: TestPlan, watch: _Watch, jobs: int) -> Result:
    """Tests failed when the command that failed would not have been run without them."""
    if watch.failed != plan.tested.instance.name or not watch.command:
        return "not built"
    return "failed" if plan.is_for_tests(watch.command, jobs) else "not built"


def _failure_without_tests(
    home: Home, plan: TestPlan, options: Options, progress: Progress
) -> BuildError | InputFileError | None:
    """Why the package cannot be built without its tests either, if so: one command may build and test."""
    try:
        build_all(home, Plan((plan.without_tests(),)), options, progress)
    except (BuildError, InputFileError) as error:
        return error
    return None


class _Watch:
    """Passes on what builds tell, and keeps what failed: the package, its last command, how long it took."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.failed, self.seconds = "", 0.0
        self.command: list[str] = []

    @property
    def sources(self) -> SourceProgress:
        return self._progress.sources

    def builds(self, tasks: Sequence[BuildTask]) -> BuildEvents:
        return _WatchedBuilds(self, self._progress.builds(tasks))


class _WatchedBuilds:
    def __init__(self, watch: _Watch, inner: BuildEvents) -> None:
        self._watch, self._inner = watch, inner
        self._lock = threading.Lock()
        self._started: dict[str, float] = {}
        self._commands: dict[str, list[str]] = {}

    def waiting(self, task: BuildTask) -> None:
        self._inner.waiting(task)

    def started(self, task: BuildTask) -> None:
        with self._lock:
            self._started[task.key] = time.monotonic()
        self._inner.started(task)

    def command(self, task: BuildTask, argv: list[str]) -> None:
        with self._lock:
            self._commands[task.key] = argv
        self._inner.command(task, argv)

    def output(self, task: BuildTask, data: bytes) -> None:
        self._inner.output(task, data)

    def finished(self, task: BuildTask, seconds: float, *, reused: bool) -> None:
        self._inner.finished(task, seconds, reused=reused)

    def failed(self, task: BuildTask) -> None:
        with self._lock:
            if not self._watch.failed:
                self._watch.failed = task.recipe.name
                self._watch.seconds = time.monotonic() - self._started.get(task.key, time.monotonic())
                self._watch.command = self._commands.get(task.key, [])
        self._inner.failed(task)
