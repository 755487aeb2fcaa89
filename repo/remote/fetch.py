"""A remote repository as it is now, or the word that it is what we have."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from xpkg.core.errors import SyncError
from xpkg.core.files import disk_errors
from xpkg.core.paths import StateRoot
from xpkg.repo.remote.locations import is_git
from xpkg.repo.remote.missing import NoSuchCommit
from xpkg.repo.remote.origin import Origin
from xpkg.repo.sources.attempt import Attempt, AttemptFailed, Stop, shown
from xpkg.repo.sources.git_heads import Head, head_of
from xpkg.repo.sources.progress import Event, Progress, Step, silent
from xpkg.repo.sources.settings import FetchSettings

if TYPE_CHECKING:
    from xpkg.repo.remote.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A remote repository: its address in the settings' form, and the commit it is held at, if any."""

    name: str
    location: str
    commit: str | None
    root: StateRoot
    settings: FetchSettings
    progress: Progress = silent
    stop: Stop = field(default_factory=Stop)

    def tell(self, step: Step, *, done: int = 0, total: int | None = None, url: str | None = None) -> None:
        """Tell an event of this repository."""
        place = None if url is None else shown(url)
        self.progress(Event(label=f"repository {self.name}", step=step, done=done, total=total, url=place))


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a remote has: where it came from, and the files; no files when they are those we have."""

    origin: Origin
    snapshot: Snapshot | None


@contextmanager
def arrival(remote: Remote, known: Origin | None) -> Iterator[Arrival]:
    """Ask a remote for what is newer than ``known``; the files can be read during the block.

    Whoever calls holds the repository's lock.  SyncError when the remote cannot be read, ArchiveError for an
    archive that breaks a rule.
    """
    try:
        with _from_git(remote, known) if is_git(remote.location) else _from_web(remote, known) as arrived:
            yield arrived
    except AttemptFailed as error:
        raise _unreadable(remote, error) from error


def has_newer(remote: Remote, known: Origin) -> bool:
    """Whether the remote has something newer than our copy; a question only.  SyncError when it cannot be asked."""
    try:
        if is_git(remote.location):
            return _head(remote).commit != known.commit
        from xpkg.repo.remote.http_index import has_another, index_url
        from xpkg.repo.sources.http_download import Version

        url = index_url(remote.location)
        return has_another(_attempt(remote, url), Version(etag=known.etag, modified=known.modified))
    except AttemptFailed as error:
        raise _unreadable(remote, error) from error


def partial_path(root: StateRoot, name: str, location: str) -> Path:
    """Where an unfinished download of a web server's index is kept: by name, as the lock, so that two repositories of
    one address do not write one file.
    """
    return root.partial / f"repository-{hashlib.sha256(f'{name} {location}'.encode()).hexdigest()[:32]}"


def _head(remote: Remote) -> Head:
    """The commit wanted; a branch's or tag's is asked for, one that is pinned is known."""
    url, _, ref = remote.location.partition("#")
    if remote.commit is not None:
        return Head(ref="", commit=remote.commit)
    return head_of(url, ref, remote.settings, remote.stop)


@contextmanager
def _from_git(remote: Remote, known: Origin | None) -> Iterator[Arrival]:
    head = _head(remote)
    if known is not None and known.commit == head.commit:
        yield Arrival(origin=replace(known, address=remote.location), snapshot=None)
        return
    from xpkg.repo.remote.git_mirror import GitMirror  # not needed where nothing changed

    url = remote.location.partition("#")[0]
    remote.tell(Step.STARTED, url=f"{url}#{head.commit}")
    mirror = GitMirror(
        remote.root.git / remote.name,
        url,
        settings=remote.settings,
        stop=remote.stop,
        advance=lambda done: remote.tell(Step.ADVANCED, done=done),
    )
    commit = mirror.bring(head.commit, head.ref or None)
    remote.tell(Step.FINISHED, url=f"{url}#{commit}")
    try:
        with mirror.snapshot(commit) as snapshot:
            origin = Origin(address=remote.location, fetched=int(time.time()), commit=commit)
            yield Arrival(origin=origin, snapshot=snapshot)
    except AttemptFailed:
        if mirror.is_damaged():
            mirror.remove()  # objects that cannot be read stay so: the next time all of them are fetched
        raise


@contextmanager
def _from_web(remote: Remote, known: Origin | None) -> Iterator[Arrival]:
    from xpkg.repo.remote.http_index import fetch_index, forget_index, index_snapshot, index_url
    from xpkg.repo.sources.http_download import Version

    ours = known if known is not None and known.address == remote.location else None
    url = index_url(remote.location)
    attempt = _attempt(remote, url)
    with disk_errors("download to", remote.root.partial):
        remote.root.partial.mkdir(parents=True, exist_ok=True)
    remote.tell(Step.STARTED, url=url)
    index = fetch_index(attempt, Version() if ours is None else Version(etag=ours.etag, modified=ours.modified))
    if index is None:
        assert known is not None
        remote.tell(Step.FINISHED)
        yield Arrival(origin=known, snapshot=None)
        return
    etag, modified = index.version.etag, index.version.modified
    remote.tell(Step.FINISHED, url=url)
    try:
        if known is not None and known.sha256 == index.sha256:
            yield Arrival(origin=replace(known, address=remote.location, etag=etag, modified=modified), snapshot=None)
            return
        with index_snapshot(index, remote.root.partial) as snapshot:
            now = int(time.time())
            origin = Origin(address=remote.location, fetched=now, sha256=index.sha256, etag=etag, modified=modified)
            yield Arrival(origin=origin, snapshot=snapshot)
    finally:
        forget_index(attempt.partial)


def _attempt(remote: Remote, url: str) -> Attempt:
    return Attempt(
        url=url,
        partial=partial_path(remote.root, remote.name, remote.location),
        digests=(),
        root=remote.root,
        settings=remote.settings,
        stop=remote.stop,
        advance=lambda done, total: remote.tell(Step.ADVANCED, done=done, total=total),
        warn=lambda text: None,
    )


def _unreadable(remote: Remote, failure: AttemptFailed) -> SyncError:
    url = remote.location.removeprefix("git+").partition("#")[0]
    if isinstance(failure, NoSuchCommit):
        return SyncError(
            f"the git repository {shown(remote.location)} has no commit {remote.commit}",
            reference="no-commit",
            context=(("repository", remote.name),),
            hint="a commit that was dropped from all branches may be gone; look it up in the repository's history",
        )
    kind = "git repository" if is_git(remote.location) else "repository"
    not_found = not is_git(remote.location) and failure.reason.startswith("HTTP status 404")
    return SyncError(
        f"the {kind} {shown(remote.location)} cannot be read",
        reference="no-network" if failure.unreachable else "sync",
        context=(("host", urlsplit(url).hostname or "this machine"), ("answer", failure.reason)),
        hint="there is no index.tar.gz below this address; for a git repository write git+https://..."
        if not_found
        else None,
    )
