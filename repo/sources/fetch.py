"""Fetch what is wanted: the cache first, then every URL of every alternative in order, by hash.

A file with another hash than promised is deleted and the next URL tried; the last word lists each
URL with what happened there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from xpkg.core.digests import Digest
from xpkg.core.errors import SyncError, WorkInterrupted, XpkgError
from xpkg.core.files import disk_errors
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.attempt import Attempt, AttemptFailed, Stop, shown
from xpkg.repo.sources.cache import SourceCache, digests_of, identity
from xpkg.repo.sources.progress import Event, Progress, Step, silent
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
    work = _Work(cache, settings or FetchSettings(), progress, offline, list(dict.fromkeys(wanted))[::-1])
    threads = [
        # Daemons: a read that cannot be woken must not hold up the end of the program.
        threading.Thread(target=work.guarded_run, name=f"fetch-{number}", daemon=True)
        for number in range(min(max(jobs, 1), len(work.todo)))
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(_POLL)
                if cancel is not None and cancel.is_set():
                    raise WorkInterrupted("stopped while fetching")
    except (KeyboardInterrupt, WorkInterrupted) as error:
        work.stop.set()
        for thread in threads:
            with suppress(RuntimeError):  # not started yet
                thread.join(_GRACE)
        raise WorkInterrupted("stopped while fetching") from error
    for crash in work.crashes:
        raise crash
    if work.errors:
        raise _one_error(work.errors)
    return {each: work.done[each] for each in wanted}


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
    """What the workers share."""

    cache: SourceCache
    settings: FetchSettings
    progress: Progress
    offline: bool
    todo: list[Wanted]
    done: dict[Wanted, Fetched] = field(default_factory=dict)
    errors: dict[Wanted, XpkgError] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    guard: threading.Lock = field(default_factory=threading.Lock)
    crashes: list[BaseException] = field(default_factory=list)

    def guarded_run(self) -> None:
        """`run`, with what nobody foresaw kept for the caller's thread."""
        with _Kept(self.crashes):
            self.run()

    def run(self) -> None:
        """One worker: take what is left until nothing is, or the network is away."""
        while True:
            with self.guard:
                if not self.todo or any(error.reference == "no-network" for error in self.errors.values()):
                    return
                wanted = self.todo.pop()
            try:
                fetched = _One(wanted, self).fetch()
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
        with self.guard:
            self.errors[wanted] = error

    def tell(self, event: Event) -> None:
        """Pass an event on, one at a time and none after the work was stopped."""
        with self.guard:
            self.stop.check()
            self.progress(event)


@dataclass(slots=True)
class _One:
    """The way of one wanted thing."""

    wanted: Wanted
    work: _Work
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    reached: bool = False
    tried: int = 0
    mismatch: bool = False

    def fetch(self) -> Fetched:
        for source in self.wanted.alternatives:
            if (hit := self.cached(source)) is not None:
                return hit
        if self.work.offline:
            raise SyncError(
                f"{self.wanted.label} is not in the cache, and the network is not to be used",
                reference="offline",
                context=tuple(("source", shown(url)) for source in self.wanted.alternatives for url in source.urls),
                hint="run the command once without --offline",
            )
        for source in self.wanted.alternatives:
            if identity(source) is None and not self.wanted.allow_unhashed:
                self.refuse(source)
                continue
            with self.work.cache.lock(source, self.work.stop, self.waiting):
                fetched = self.cached(source) or self.from_urls(source)
            if fetched is not None:
                return fetched
        raise self.failure()

    def cached(self, source: Source) -> Fetched | None:
        hit = self.work.cache.find(source, lambda text: self.tell(Step.WARNING, text=text))
        if hit is None:
            return None
        size = hit[0].stat().st_size
        self.tell(Step.FINISHED, done=size, total=size)
        return Fetched(path=hit[0], digest=hit[1], source=source)

    def from_urls(self, source: Source) -> Fetched | None:
        for url in (*_mirrored(source, self.work.settings.mirrors), *source.urls):
            self.tell(Step.STARTED, url)
            try:
                path, digest = self.from_url(source, url)
            except AttemptFailed as error:
                self.work.stop.check()
                self.tried += 1
                self.reached |= not error.unreachable
                self.outcomes.append((shown(url), error.reason))
                self.tell(Step.FAILED, url, text=error.reason)
                continue
            size = path.stat().st_size
            self.tell(Step.FINISHED, url, done=size, total=size)
            return Fetched(path=path, digest=digest, source=source, url=shown(url))
        return None

    def from_url(self, source: Source, url: str) -> tuple[Path, Digest]:
        """Fetch and verify; a resumed download that turns out wrong is begun anew once."""
        cache = self.work.cache
        partial = cache.partial(source, url)
        resumed = partial.exists() and partial.stat().st_size > 0
        attempt = Attempt(
            url=url,
            partial=partial,
            digests=source.digests,
            root=cache.root,
            settings=self.work.settings,
            stop=self.work.stop,
            advance=lambda done, total: self.tell(Step.ADVANCED, url, done=done, total=total),
            warn=lambda text: self.tell(Step.WARNING, url, text=text),
        )
        _fetch_url(attempt)
        found = digests_of(partial, {"sha256", *(each.algorithm for each in source.digests)}, self.work.stop)
        wrong = [each for each in source.digests if found.get(each.algorithm) != each]
        if not wrong:
            self.work.stop.check()
            published = cache.publish(partial, source, found)
            _forget(partial)
            return published
        with disk_errors("remove", partial):
            _forget(partial)
        if resumed:
            return self.from_url(source, url)
        self.mismatch = True
        reason = f"wrong hash: promised {wrong[0]}, found {found.get(wrong[0].algorithm, 'nothing')}"
        raise AttemptFailed(reason)

    def refuse(self, source: Source) -> None:
        strength = "only md5, which is broken" if source.digests else "no hash"
        for url in source.urls:
            self.outcomes.append((shown(url), f"refused: it has {strength}"))

    def failure(self) -> SyncError:
        label, context = self.wanted.label, tuple(self.outcomes)
        if not self.outcomes:
            return SyncError(f"{label} has no source to fetch", reference="no-source")
        if not self.tried:
            return SyncError(
                f"{label} has no source with a strong hash",
                reference="no-hash",
                context=context,
                hint="add a sha256 to the recipe, or allow this one source without a hash; the hash found is recorded",
            )
        if not self.reached:
            return SyncError(
                f"no network: no server could be reached for {label}",
                reference="no-network",
                context=context,
                hint="check the connection and the proxy, then run the same command again; nothing was changed",
            )
        return SyncError(
            f"{label} could not be fetched: {'another hash than promised' if self.mismatch else 'every source failed'}",
            reference="hash-mismatch" if self.mismatch else "sync",
            context=context,
        )

    def waiting(self) -> None:
        self.tell(Step.WAITING, text="another process is fetching the same source")

    def tell(
        self, step: Step, url: str | None = None, *, done: int = 0, total: int | None = None, text: str = ""
    ) -> None:
        place = None if url is None else shown(url)
        self.work.tell(Event(label=self.wanted.label, step=step, url=place, done=done, total=total, text=text))


def _fetch_url(attempt: Attempt) -> None:
    """Hand a URL to the client of its scheme; each client's module is loaded when first needed."""
    try:
        scheme = urlsplit(attempt.url).scheme
    except ValueError as error:
        raise AttemptFailed(f"not a usable address: {error}") from error
    match scheme:
        case "https" | "http":
            from xpkg.repo.sources.http_download import download

            download(attempt)
        case "file":
            from xpkg.repo.sources.local_file import copy_file

            copy_file(attempt)
        case "apt":
            from xpkg.repo.sources.apt_client import fetch_apt

            fetch_apt(attempt)
        case "pypi":
            from xpkg.repo.sources.pypi_client import fetch_pypi

            fetch_pypi(attempt)
        case "npm":
            from xpkg.repo.sources.npm_client import fetch_npm

            fetch_npm(attempt)
        case _ if scheme.startswith("git+"):
            from xpkg.repo.sources.git_source import fetch_commit

            fetch_commit(attempt)
        case _:
            raise AttemptFailed("the scheme is none of https, http, file, git+..., apt, pypi, npm")


def _mirrored(source: Source, mirrors: tuple[str, ...]) -> list[str]:
    """Where mirrors keep the source: opam's layout of archives by hash."""
    return [
        f"{mirror.rstrip('/')}/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}"
        for mirror in mirrors
        for digest in source.digests
        if digest.strong
    ]


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    partial.with_name(partial.name + ".http").unlink(missing_ok=True)


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
