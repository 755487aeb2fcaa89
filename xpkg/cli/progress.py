"""Progress of long work: a line per event, and on a terminal a live list of what runs now."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from xpkg.cli.printer import Printer
from xpkg.core.text import printable
from xpkg.repo.sources.progress import Event, Progress, Step

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from xpkg.sandbox.events import BuildEvents
    from xpkg.sandbox.task import BuildTask


class TerminalProgress:
    """The printer's side of `xpkg.ops.progress.Progress`.  A context: leaving it clears the live list."""

    def __init__(self, printer: Printer) -> None:
        self._board = _Board(printer)
        self.sources: Progress = _Downloads(self._board)

    def builds(self, tasks: Sequence[BuildTask]) -> BuildEvents:
        return _Builds(self._board, len(tasks))

    def __enter__(self) -> TerminalProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._board.close()


class _Board:
    """Permanent lines, and on a terminal below them one line for each thing that runs now."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self._lock = threading.RLock()
        self._running: dict[str, tuple[float, str]] = {}
        self._live = self._start_live() if sys.stderr.isatty() else None

    def _start_live(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        live = Live(
            get_renderable=self._render,
            console=Console(stderr=True, highlight=False, markup=False, emoji=False),
            refresh_per_second=4,
            transient=True,
            # Lines for a file or pipe must not end up on the terminal.
            redirect_stdout=sys.stdout.isatty(),
        )
        live.start()
        return live

    def line(self, text: str) -> None:
        with self._lock:
            self.printer.note(text)

    def begin(self, label: str, doing: str) -> None:
        with self._lock:
            self._running[label] = (time.monotonic(), doing)

    def doing(self, label: str, doing: str) -> None:
        with self._lock:
            if label in self._running:
                self._running[label] = (self._running[label][0], doing)

    def end(self, label: str) -> None:
        with self._lock:
            self._running.pop(label, None)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _render(self) -> Text:
        from rich.text import Text

        now = time.monotonic()
        with self._lock:
            running = list(self._running.items())
        lines = [f"  {printable(label)}: {printable(doing)} {now - since:.0f} s" for label, (since, doing) in running]
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")


class _Downloads:
    """Tells downloads: a line when one is done or goes wrong, the bytes so far on the live line."""

    def __init__(self, board: _Board) -> None:
        self._board = board

    def __call__(self, event: Event) -> None:
        where = f" from {event.url}" if event.url else ""
        if event.step is Step.STARTED:
            self._board.begin(event.label, "fetching")
            self._board.printer.detail(f"{event.label}: trying{where}")
        elif event.step is Step.ADVANCED:
            of = f"/{event.total / 1e6:.1f}" if event.total else ""
            self._board.doing(event.label, f"{event.done / 1e6:.1f}{of} MB")
        elif event.step is Step.WAITING:
            self._board.line(f"{event.label}: the same file is being fetched already; waiting")
        elif event.step is Step.FINISHED:
            self._board.end(event.label)
            if event.url is not None:
                self._board.line(f"{event.label}: fetched{where}")
        else:
            self._board.line(f"{event.label}: {event.text}{where}")


class _Builds:
    """Tells builds as lines; the output of builds only with ``-vv``."""

    def __init__(self, board: _Board, total: int) -> None:
        self._board, self._total = board, total
        self._lock = threading.Lock()
        self._done = 0

    def waiting(self, task: BuildTask) -> None:
        self._board.line(f"{_named(task)}: another process is building it; waiting")

    def started(self, task: BuildTask) -> None:
        self._board.begin(_named(task), "building")
        self._board.printer.detail(f"{_named(task)}: started")

    def command(self, task: BuildTask, argv: list[str]) -> None:
        import shlex

        self._board.doing(_named(task), argv[0].rpartition("/")[2])
        if self._board.printer.verbosity:
            self._board.line(f"{_named(task)}: + {shlex.join(argv)}")

    def output(self, task: BuildTask, data: bytes) -> None:
        if self._board.printer.verbosity > 1:
            for line in data.decode("utf-8", "replace").splitlines():
                self._board.line(f"{_named(task)}: {line}")

    def finished(self, task: BuildTask, seconds: float, *, reused: bool) -> None:
        with self._lock:
            self._done += 1
            count = self._done
        self._board.end(_named(task))
        how = "already built" if reused else f"built in {seconds:.1f} s"
        self._board.line(f"[{count:>{len(str(self._total))}}/{self._total}] {_named(task)}: {how}")

    def failed(self, task: BuildTask) -> None:
        self._board.end(_named(task))
        self._board.line(f"{_named(task)}: failed")


def _named(task: BuildTask) -> str:
    return f"{task.recipe.name}.{task.recipe.version} [{task.machine}]"
