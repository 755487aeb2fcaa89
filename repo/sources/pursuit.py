"""One wanted source: the cache first, then every URL of every alternative in order, by hash.

A file with another hash than promised is deleted and the next URL tried; the last word lists each
URL with what happened there.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from xpkg.core.digests import Digest
from xpkg.core.errors import SyncError
from xpkg.core.files import disk_errors
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.attempt import Attempt, AttemptFailed, Stop, shown
from xpkg.repo.sources.cache import SourceCache, digests_of, identity
from xpkg.repo.sources.progress import Event, Progress, Step
from xpkg.repo.sources.settings import FetchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What everything that is fetched in one go has in common."""

    cache: SourceCache
    settings: FetchSettings
    progress: Progress
    offline: bool
    stop: Stop = field(default_factory=Stop)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, event: Event) -> None:
        """Pass an event on, one at a time and none after the work was stopped."""
        with self.guard:
            self.stop.check()
            self.progress(event)


@dataclass(slots=True)
class Pursuit:
    """The way of one wanted thing: the cache, then one URL after another."""

    wanted: Wanted
    shared: Shared
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    reached: bool = False
    tried: int = 0
    mismatch: bool = False

    def fetch(self) -> Fetched:
        """The source in the cache; SyncError with every URL and what happened there."""
        for source in self.wanted.alternatives:
            if (hit := self.cached(source)) is not None:
                return hit
        if self.shared.offline and not all(map(_is_directory, self.wanted.alternatives)):
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
            with self.shared.cache.lock(source, self.shared.stop, self.waiting):
                fetched = self.cached(source) or self.from_urls(source)
            if fetched is not None:
                return fetched
        raise self.failure()

    def cached(self, source: Source) -> Fetched | None:
        hit = self.shared.cache.find(source, lambda text: self.tell(Step.WARNING, text=text))
        if hit is None:
            return None
        size = hit[0].stat().st_size
        self.tell(Step.FINISHED, done=size, total=size)
        return Fetched(path=hit[0], digest=hit[1], source=source)

    def from_urls(self, source: Source) -> Fetched | None:
        mirrors = () if _is_directory(source) else self.shared.settings.mirrors
        for url in (*_mirrored(source, mirrors), *source.urls):
            self.tell(Step.STARTED, url)
            try:
                path, digest = self.from_url(source, url)
            except AttemptFailed as error:
                self.shared.stop.check()
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
        cache = self.shared.cache
        partial = cache.partial(source, url)
        resumed = partial.exists() and partial.stat().st_size > 0
        attempt = Attempt(
            url=url,
            partial=partial,
            digests=source.digests,
            root=cache.root,
            settings=self.shared.settings,
            stop=self.shared.stop,
            advance=lambda done, total: self.tell(Step.ADVANCED, url, done=done, total=total),
            warn=lambda text: self.tell(Step.WARNING, url, text=text),
        )
        _fetch_url(attempt)
        found = digests_of(partial, {"sha256", *(each.algorithm for each in source.digests)}, self.shared.stop)
        wrong = [each for each in source.digests if found.get(each.algorithm) != each]
        if not wrong:
            self.shared.stop.check()
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
        self.shared.tell(Event(label=self.wanted.label, step=step, url=place, done=done, total=total, text=text))


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
        case "path+file":
            from xpkg.repo.sources.tree_snapshot import pack_directory

            pack_directory(attempt)
        case _ if scheme.startswith("git+"):
            from xpkg.repo.sources.git_source import fetch_commit

            fetch_commit(attempt)
        case _:
            raise AttemptFailed("the scheme is none of https, http, file, git+..., apt, pypi, npm")


def _is_directory(source: Source) -> bool:
    """Whether the source is a directory of the user's, for which no network is needed."""
    return bool(source.urls) and all(url.startswith("path+file:") for url in source.urls)


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
