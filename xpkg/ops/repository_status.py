"""What is known of the repositories: where they come from, how old our copies are, what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError, XpkgError
from xpkg.ops.home import Home
from xpkg.ops.repositories import remote_of
from xpkg.ops.repository_copies import Copies
from xpkg.ops.settings import SHIPPED, RepositorySettings
from xpkg.repo.remote.locations import is_directory, is_git
from xpkg.repo.remote.origin import Broken, last_checked
from xpkg.repo.repository import Repository
from xpkg.repo.sources.attempt import shown

if TYPE_CHECKING:
    from xpkg.repo.overlays.survey import OverlayProblem
    from xpkg.repo.sources.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One repository; times in seconds since 1970.

    ``kind`` is directory, git or web; ``revision`` the commit, or the sha256 of a web server's index.  ``stale`` says
    why our copy is not what the settings ask for, if it is not.  ``overlays`` is what is wrong with its overlays.
    ``newer`` is None when nobody asked the remote, or it could not tell: ``unasked`` says why.
    """

    settings: RepositorySettings
    rank: int
    kind: str
    revision: str = ""
    etag: str = ""
    fetched: float | None = None
    checked: float | None = None
    versions: int = 0
    broken: tuple[Broken, ...] = ()
    overlays: tuple[OverlayProblem, ...] = ()
    left_out: tuple[str, ...] = ()
    stale: str | None = None
    newer: bool | None = None
    unasked: XpkgError | None = None


def status(home: Home, names: Sequence[str], progress: Progress, *, ask: bool = False) -> list[Status]:
    """The state of some repositories, or of all; ``ask`` asks the remote ones whether there is something newer."""
    chosen = [home.settings.repository(name) for name in names] if names else list(home.settings.repositories)
    ranks = {one.name: rank for rank, one in enumerate(home.settings.repositories, 1)}
    found = (_status(home, one, ranks[one.name], progress, ask) for one in chosen)
    return [replace(one, overlays=_overlay_problems(home, one.settings.name)) for one in found]


def _status(home: Home, one: RepositorySettings, rank: int, progress: Progress, ask: bool) -> Status:
    if is_directory(one.address):
        return _of_directory(home, one, rank)
    found = Status(settings=one, rank=rank, kind="git" if is_git(one.address) else "web")
    copies = Copies(home.root, one.name)
    present, origin = copies.present(), copies.origin()
    if present is None or origin is None:
        return replace(found, stale="it was never fetched")
    found = replace(
        found,
        revision=origin.revision,
        etag=origin.etag,
        fetched=origin.fetched,
        checked=last_checked(present),
        versions=origin.versions,
        broken=origin.broken,
        left_out=origin.left_out,
    )
    if origin.address != one.address:
        return replace(found, stale=f"the copy is of {shown(origin.address)}")
    if one.commit is not None and origin.commit != one.commit:
        return replace(found, stale="the copy is of another commit than the one it is held at")
    if not ask:
        return found
    from xpkg.repo.remote.fetch import has_newer

    try:
        return replace(found, newer=has_newer(remote_of(home, one, progress), origin))
    except XpkgError as error:
        return replace(found, unasked=error)


def _of_directory(home: Home, one: RepositorySettings, rank: int) -> Status:
    found = Status(settings=one, rank=rank, kind="directory")
    repository = repository_of(home, one.name)
    try:
        entries = [
            repository.entry(name, version) for name in repository.names() for version in repository.versions(name)
        ]
    except InputFileError as error:
        return replace(found, stale=error.message)
    broken = [
        Broken(name=entry.name, version=entry.version, problem=entry.problem) for entry in entries if entry.problem
    ]
    return replace(found, versions=len(entries), broken=tuple(broken))


def _overlay_problems(home: Home, name: str) -> tuple[OverlayProblem, ...]:
    """What is wrong with a repository's overlays; nothing is known when some repository cannot be read at all."""
    from xpkg.repo.overlays.survey import unmatched

    try:
        return tuple(unmatched(home.universe, repository_of(home, name)))
    except InputFileError:
        return ()


def repository_of(home: Home, name: str) -> Repository:
    """The repository of that name as something to read."""
    assert name != SHIPPED
    return next(one for one in home.repositories if one.name == name)


def explained(home: Home, name: str, broken: Broken) -> InputFileError | None:
    """The error of a broken recipe with file, line and caret; None when it is well now, or filed as no version."""
    repository = repository_of(home, name)
    try:
        if broken.version in repository.versions(broken.name):
            repository.recipe(broken.name, broken.version)
    except InputFileError as error:
        return error
    return None
