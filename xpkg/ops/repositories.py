"""Repositories: adding, removing, and bringing our copies of remote ones up to date.

A directory is read where it is.  A git repository is fetched at one commit and an HTTP site as its
``index.tar.gz`` (opam's layout); both are archives, unpacked beside the present copy and put in its
place by one rename, so a reader sees the old one, which stays until the next update, or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError, NotFoundError, SyncError, UsageError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, replace_link, temporary_beside
from xpkg.core.locks import locked
from xpkg.core.text import did_you_mean
from xpkg.ops.home import Home
from xpkg.ops.settings import FIRST, SHIPPED, Place, RepositorySettings
from xpkg.repo.source_values import Fetched, Source, Wanted

if TYPE_CHECKING:
    from xpkg.repo.sources.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """What ``update`` found for one repository; ``state`` names the copy now in use."""

    name: str
    changed: bool
    state: str


def add(home: Home, added: RepositorySettings, progress: Progress, place: Place = FIRST) -> Updated:
    """Add a repository and fetch it; nothing is kept when it cannot be read."""
    home.settings.with_repository(added, place)  # refused before anything is fetched
    result = update_one(home, added, progress)
    home.change_settings(lambda now: now.with_repository(added, place))
    return result


def remove(home: Home, name: str) -> None:
    """Forget a repository and delete our copy; a directory of the user's stays as it is."""
    _known(home, name)
    home.change_settings(lambda now: now.without_repository(name))
    link = home.root.repositories / name
    with disk_errors("delete", link):
        for copy in _copies(home, name):
            remove_tree(copy)
        link.unlink(missing_ok=True)


def update(home: Home, names: Sequence[str], progress: Progress) -> list[Updated]:
    """Bring some repositories, or all, up to date."""
    chosen = [_known(home, name) for name in names] if names else list(home.settings.repositories)
    return [update_one(home, one, progress) for one in chosen]


def update_one(home: Home, one: RepositorySettings, progress: Progress) -> Updated:
    """Fetch a remote repository, or check a directory."""
    if "://" not in one.address:
        _check(Path(one.address), one)
        return Updated(name=one.name, changed=False, state=one.address)
    fetched = _fetch(home, one, progress)
    name = f"{one.name}@{fetched.digest.hex[:16]}"
    copy, link = home.root.repositories / name, home.root.repositories / one.name
    with locked(home.root.locks, f"repository-{one.name}"):
        before = os.readlink(link) if link.is_symlink() else None
        if before != name:
            _place(fetched.path, copy, one)
            replace_link(link, name)
            for old in _copies(home, one.name):
                if old.name not in (name, before):  # the one before may still be read
                    remove_tree(old)
    return Updated(name=one.name, changed=before != name, state=name)


def _known(home: Home, name: str) -> RepositorySettings:
    for one in home.settings.repositories:
        if one.name == name:
            return one
    if name == SHIPPED:
        raise UsageError(f"the repository {SHIPPED} is part of xpkg and stays", reference="shipped-repository")
    raise NotFoundError(
        f"there is no repository named {name}",
        reference="unknown-repository",
        hint=did_you_mean(name, [one.name for one in home.settings.repositories]),
    )


def _copies(home: Home, name: str) -> list[Path]:
    return sorted(home.root.repositories.glob(f"{name}@*"))


def _fetch(home: Home, one: RepositorySettings, progress: Progress) -> Fetched:
    """The repository as one archive: of the commit its address means now, or its index."""
    from xpkg.repo.sources.attempt import Stop
    from xpkg.repo.sources.cache import SourceCache
    from xpkg.repo.sources.fetch import fetch_all
    from xpkg.repo.sources.git_heads import head_of
    from xpkg.repo.sources.settings import FetchSettings

    settings = FetchSettings(environment=home.environment)
    if one.address.startswith("git+"):
        location, _, branch = one.address.partition("#")
        url = f"{location}#{head_of(location, branch, settings, Stop()).commit}"
    elif one.address.startswith(("https://", "http://")):
        url = one.address.rstrip("/") + "/index.tar.gz"
    else:
        raise SyncError(
            f"the address of repository {one.name} has an unknown scheme",
            context=(("address", one.address),),
            hint="a directory, git+https://..., git+file:///... or https://...",
        )
    # An index has no hash of its own: it is what its address says today, and is not a source of any build.
    wanted = Wanted(label=f"repository {one.name}", alternatives=(Source(urls=(url,)),), allow_unhashed=True)
    return fetch_all([wanted], SourceCache(home.root), settings=settings, progress=progress)[wanted]


def _place(archive: Path, copy: Path, one: RepositorySettings) -> None:
    from xpkg.repo.extract import extract

    if copy.exists():
        return
    with disk_errors("unpack a repository", copy):
        copy.parent.mkdir(parents=True, exist_ok=True)
    staged = temporary_beside(copy)
    try:
        extract(archive, staged, strip=False)
        _check(staged, one)
        publish_directory(staged, copy)
    finally:
        remove_tree(staged)


def _check(directory: Path, one: RepositorySettings) -> None:
    """InputFileError unless it has opam's layout."""
    if not (directory / "packages").is_dir():
        raise InputFileError(
            f"{one.address} is not an opam repository: it has no directory packages",
            reference="not-a-repository",
            context=(("repository", one.name),),
            hint="give the directory (or URL) that holds 'packages' and 'repo'",
        )
