"""Repositories: adding, changing, removing, and bringing our copies of remote ones up to date.

A directory is read where it is.  Of a git repository or a web server we have a copy (`repository_copies`), which
a reader sees as it was or as it is now, whenever an update ends or is ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import WorkInterrupted, XpkgError
from xpkg.core.locks import locked
from xpkg.ops import settings as settings_file
from xpkg.ops.home import Home
from xpkg.ops.repository_copies import NO_CHANGES, Changes, Copies, broken_of, changes_of, not_a_repository
from xpkg.ops.settings import FIRST, Place, RepositorySettings
from xpkg.repo.remote.addresses import Address
from xpkg.repo.remote.locations import is_directory
from xpkg.repo.remote.origin import Broken, note_checked, write_origin
from xpkg.repo.repository import Repository

if TYPE_CHECKING:
    from xpkg.repo.remote.fetch import Remote
    from xpkg.repo.sources.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What was found for one repository.

    ``revision`` is the commit, or the sha256 of the index; ``broken`` are all versions that cannot be used,
    ``left_out`` paths that were not copied.  ``error`` says why there is nothing new; the rest is empty then.
    """

    name: str
    changed: bool = False
    revision: str = ""
    changes: Changes = NO_CHANGES
    broken: tuple[Broken, ...] = ()
    left_out: tuple[str, ...] = ()
    error: XpkgError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to change of a repository's settings; None leaves it."""

    address: Address | None = None
    commit: str | None = None
    no_commit: bool = False
    names: tuple[str, ...] | None = None
    exclusive: bool | None = None
    place: Place | None = None

    def applied(self, one: RepositorySettings) -> RepositorySettings:
        """The settings as wished."""
        commit = self.commit or (None if self.no_commit else one.commit)
        address = one.address
        if self.address is not None:
            address, commit = self.address.location, self.commit or self.address.commit or commit
        return replace(
            one,
            address=address,
            commit=commit,
            names=one.names if self.names is None else self.names,
            exclusive=one.exclusive if self.exclusive is None else self.exclusive,
        )


def add(home: Home, added: RepositorySettings, progress: Progress, place: Place = FIRST) -> Updated:
    """Add a repository and fetch it; nothing is kept when it cannot be read."""
    home.settings.with_repository(added, place)  # refused before anything is fetched
    with _held(home, added.name, progress):
        settings_file.load(home.root.settings).with_repository(added, place)  # the lock may have come late
        with _brought(home, added, progress, allow_shrink=True) as result:
            home.change_settings(lambda now: now.with_repository(added, place))
    return result


def change(home: Home, name: str, wish: Wish, progress: Progress) -> Updated | None:
    """Change a repository's settings; what the new address or commit gave, if it was fetched for that.

    Nothing changes when it fails.
    """
    home.settings.repository(name)  # a lock is named after no name that is not ours
    with _held(home, name, progress):
        before = settings_file.load(home.root.settings).repository(name)
        after = wish.applied(before)
        settings_file.load(home.root.settings).with_changed(after, wish.place)  # refused before anything is fetched

        def keep() -> None:
            home.change_settings(lambda now: now.with_changed(after, wish.place))

        if (before.address, before.commit) == (after.address, after.commit):
            keep()
            return None
        with _brought(home, after, progress, allow_shrink=True) as result:
            keep()
        if is_directory(after.address) and not is_directory(before.address):
            Copies(home.root, name).remove_fetched()
        return result


def remove(home: Home, name: str, progress: Progress) -> None:
    """Forget a repository and delete our copy; a directory of the user's stays as it is."""
    home.settings.repository(name)
    with _held(home, name, progress):
        home.change_settings(lambda now: now.without_repository(name))
        Copies(home.root, name).remove()


def update(
    home: Home, names: Sequence[str], progress: Progress, *, allow_shrink: bool = False, again: bool = False
) -> list[Updated]:
    """Bring some repositories, or all, up to date; one that fails does not keep the others from it.

    ``again`` makes the copies anew even where nothing changed: one may be damaged.
    """
    chosen = [home.settings.repository(name) for name in names] if names else list(home.settings.repositories)
    return [_update_one(home, one.name, progress, allow_shrink=allow_shrink, again=again) for one in chosen]


def _update_one(home: Home, name: str, progress: Progress, *, allow_shrink: bool, again: bool) -> Updated:
    try:
        with _held(home, name, progress):
            one = settings_file.load(home.root.settings).repository(name)
            with _brought(home, one, progress, allow_shrink=allow_shrink, again=again) as result:
                return result
    except WorkInterrupted:
        raise
    except XpkgError as error:
        return Updated(name=name, error=error)


@contextmanager
def _held(home: Home, name: str, progress: Progress) -> Iterator[None]:
    """Hold the lock of one repository."""
    from xpkg.repo.sources.progress import Event, Step

    def waiting(_: str) -> None:
        progress(Event(label=f"repository {name}", step=Step.WAITING))

    with locked(home.root.locks, f"repository-{name}", waiting):
        yield


@contextmanager
def _brought(
    home: Home, one: RepositorySettings, progress: Progress, *, allow_shrink: bool, again: bool = False
) -> Iterator[Updated]:
    """Bring one repository up to date; when the block fails it is as it was."""
    if is_directory(one.address):
        yield _read_directory(home, one)
        return
    from xpkg.repo.remote.fetch import arrival

    copies = Copies(home.root, one.name)
    copies.clear_unfinished()
    known = None if again else copies.origin()
    with arrival(remote_of(home, one, progress), known) as arrived:
        if arrived.snapshot is not None:
            with copies.new(arrived, allow_shrink=allow_shrink) as (origin, changes):
                yield Updated(
                    name=one.name,
                    changed=True,
                    revision=origin.revision,
                    changes=changes,
                    broken=origin.broken,
                    left_out=origin.left_out,
                )
            return
        present = copies.present()
        assert present is not None
        same = Changes(before=arrived.origin.versions, versions=arrived.origin.versions)
        yield Updated(name=one.name, revision=arrived.origin.revision, changes=same, broken=arrived.origin.broken)
        if arrived.origin == known:
            note_checked(present)
        else:
            write_origin(present, arrived.origin)


def remote_of(home: Home, one: RepositorySettings, progress: Progress) -> Remote:
    """A repository of the settings as something to fetch from."""
    from xpkg.repo.remote.fetch import Remote
    from xpkg.repo.sources.settings import FetchSettings

    return Remote(
        name=one.name,
        location=one.address,
        commit=one.commit,
        root=home.root,
        settings=FetchSettings(environment=home.environment),
        progress=progress,
    )


def _read_directory(home: Home, one: RepositorySettings) -> Updated:
    """Check a directory of the user's, and bring its index up to date."""
    if not (Path(one.address) / "packages").is_dir():
        raise not_a_repository(one.address)
    Repository(name=one.name, root=Path(one.address)).check_format()
    report = home.indexed_directory(one.name, Path(one.address)).refresh()
    changes = changes_of(report, report.versions - len(report.added) + len(report.removed))
    changed = bool(report.added or report.changed or report.removed)
    return Updated(name=one.name, changed=changed, changes=changes, broken=broken_of(report))
