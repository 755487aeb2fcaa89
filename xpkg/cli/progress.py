"""Progress of long work on a terminal: a line per event, and on a real terminal a live last line."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType

from xpkg.cli.printer import Printer
from xpkg.repo.sources.progress import Event, Progress, Step
from xpkg.sandbox.events import BuildEvents
from xpkg.sandbox.task import BuildTask


class TerminalProgress:
    """The printer's side of `xpkg.ops.progress.Progress`.  A context: leaving it clears the live line."""

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
    """Permanent lines above one live line that shows what runs now."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self._lock = threading.RLock()
        self._running: dict[str, tuple[float, str]] = {}
        self._live = sys.stderr.isatty()
        self._shown = False
        self._closed = threading.Event()
        if self._live:
            threading.Thread(target=self._tick, daemon=True, name="progress").start()

    def line(self, text: str) -> None:
        with self._lock:
            self._clear()
            self.printer.note(text)
            self._draw()

    def begin(self, label: str, doing: str) -> None:
        with self._lock:
            self._running[label] = (time.monotonic(), doing)
            self._draw()

    def doing(self, label: str, doing: str) -> None:
        with self._lock:
            if label in self._running:
                self._running[label] = (self._running[label][0], doing)

    def end(self, label: str) -> None:
        with self._lock:
            self._running.pop(label, None)
            self._draw()

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            self._clear()
            self._live = False

    def _tick(self) -> None:
        while not self._closed.wait(0.5):
            with self._lock:
                self._draw()

    def _clear(self) -> None:
        if self._live and self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._shown = False

    def _draw(self) -> None:
        if not self._live or self._closed.is_set():
            return
        import shutil

        now = time.monotonic()
        parts = [f"{label}: {doing} {now - since:.0f} s" for label, (since, doing) in self._running.items()]
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r\x1b[2K" + "  ".join(parts)[:width])
        sys.stderr.flush()
        self._shown = bool(parts)


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
            self._board.line(f"{event.label}: another process fetches it; waiting")
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
