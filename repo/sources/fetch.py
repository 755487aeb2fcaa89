"""Fetch what is wanted, several at a time; `xpkg.repo.sources.pursuit` has the way of each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from xpkg.core.errors import SyncError, WorkInterrupted, XpkgError
from xpkg.repo.source_values import Fetched, Wanted
from xpkg.repo.sources.attempt import Stop
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.progress import Progress, silent
from xpkg.repo.sources.pursuit import Pursuit, Shared
from xpkg.repo.sources.settings import FetchSettings

_POLL = 0.05  # seconds
_GRACE = 3.0  # seconds that workers get to end their children when the work is stopped


def fetch_all(
    wanted: Sequence[Wanted],
    cache: SourceCache,
    *,
    settings: FetchSettings | None = None,
    jobs: int = 4,
    progress: Progress = silent,
    offline: bool = False,
    cancel: threading.Event | None = None,
) -> dict[Wanted, Fetched]:
    """Have every wanted source in the cache, ``jobs`` at a time.

    SyncError when some cannot be had (the others are tried all the same), ConfigurationError for a
    missing client, StoreError for the disk, WorkInterrupted soon after ``cancel`` is set or Ctrl-C.
    """
    shared = Shared(cache=cache, settings=settings or FetchSettings(), progress=progress, offline=offline)
    work = _Work(shared, list(dict.fromkeys(wanted))[::-1])
    threads = [
        # Daemons: a read that cannot be woken must not hold up the end of the program.
        threading.Thread(target=work.guarded_run, name=f"fetch-{number}", daemon=True)
        for number in range(min(max(jobs, 1), len(work.todo)))
    ]
    _run(threads, shared.stop, cancel)
    for crash in work.crashes:
        raise crash
    if work.errors:
        raise _one_error(work.errors)
    return {each: work.done[each] for each in wanted}


def _run(threads: list[threading.Thread], stop: Stop, cancel: threading.Event | None) -> None:
    """Run the workers to their end; WorkInterrupted when they were stopped before."""
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_POLL)
                if cancel is not None and cancel.is_set():
                    raise WorkInterrupted("stopped while fetching")
    except (KeyboardInterrupt, WorkInterrupted) as error:
        stop.set()
        for thread in threads:
            with suppress(RuntimeError):  # not started yet
                thread.join(_GRACE)
        raise WorkInterrupted("stopped while fetching") from error


class _Kept:
    """Keeps an exception that leaves its block instead of letting it end the thread unheard."""

    def __init__(self, crashes: list[BaseException]) -> None:
        self._crashes = crashes

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is not None:
            self._crashes.append(error)
        return True


@dataclass(slots=True)
class _Work:
    """What is left to do, and what came of the rest."""

    shared: Shared
    todo: list[Wanted]
    done: dict[Wanted, Fetched] = field(default_factory=dict)
    errors: dict[Wanted, XpkgError] = field(default_factory=dict)
    crashes: list[BaseException] = field(default_factory=list)

    def guarded_run(self) -> None:
        """`run`, with what nobody foresaw kept for the caller's thread."""
        with _Kept(self.crashes):
            self.run()

    def run(self) -> None:
        """One worker: take what is left until nothing is, or the network is away."""
        while True:
            with self.shared.guard:
                if not self.todo or any(error.reference == "no-network" for error in self.errors.values()):
                    return
                wanted = self.todo.pop()
            try:
                fetched = Pursuit(wanted, self.shared).fetch()
            except WorkInterrupted:
                return
            except XpkgError as error:
                self.keep_error(wanted, error)
            except OSError as error:
                self.keep_error(wanted, _disk_error(wanted, error))
            else:
                self.done[wanted] = fetched

    def keep_error(self, wanted: Wanted, error: XpkgError) -> None:
        """Keep an error where `run` looks through them, at the same time in other threads."""
        with self.shared.guard:
            self.errors[wanted] = error


def _disk_error(wanted: Wanted, error: OSError) -> SyncError:
    reason = error.strerror or str(error)
    return SyncError(
        f"{wanted.label} could not be fetched: {reason}",
        reference="file-system",
        context=(("path", str(error.filename or "")),),
    )


def _one_error(errors: dict[Wanted, XpkgError]) -> XpkgError:
    """The error to raise: the only one, the one about the network or the machine, or a summary."""
    several = list(errors.values())
    telling = [error for error in several if error.reference == "no-network" or not isinstance(error, SyncError)]
    if len(several) == 1 or telling:
        return (telling or several)[0]
    context = tuple(fact for error in several for fact in (("error", error.message), *error.context))
    labels = ", ".join(wanted.label for wanted in errors)
    return SyncError(f"{len(several)} sources could not be fetched: {labels}", context=context)
