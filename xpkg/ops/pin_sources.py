"""The sources that packages can be pinned to: directories, and commits of git repositories."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from xpkg.core.errors import NotFoundError, SyncError
from xpkg.core.text import did_you_mean, printable
from xpkg.ops.pins import commit_source
from xpkg.repo.remote.locations import is_directory
from xpkg.repo.source_tree import ArchiveTree, DirectoryTree, SourceTree
from xpkg.repo.sources.attempt import AttemptFailed, Stop, shown
from xpkg.repo.sources.settings import FetchSettings

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.repo.sources.progress import Progress

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MANY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PinSource:
    """A source as it is now.  ``commit`` is empty for a directory; ``label`` is its own name for people."""

    address: str
    commit: str
    tree: SourceTree
    label: str


def commit_now(home: Home, address: str) -> str:
    """The full commit that a git address means now.

    NotFoundError with the nearest names when there is no such branch or tag, SyncError when it cannot be asked.
    """
    from xpkg.repo.sources.git_heads import NoSuchHead, head_of, heads_of

    url, _, ref = address.partition("#")
    if _COMMIT.fullmatch(ref):
        return ref
    settings, stop = FetchSettings(environment=home.environment), Stop()
    try:
        return head_of(url, ref, settings, stop).commit
    except NoSuchHead as error:
        known = _or_nothing(lambda: heads_of(url, settings, stop))
        raise NotFoundError(
            f"{shown(url)}: {error.reason}",
            reference="unknown-ref",
            context=(("branches and tags", printable(", ".join(known[:_MANY]))),) if known else (),
            hint=did_you_mean(ref, known) or "name a branch, a tag, or a full commit",
        ) from error
    except AttemptFailed as error:
        raise SyncError(f"{shown(url)} cannot be asked: {error.reason}", reference="sync") from error


def _or_nothing(ask: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return ask()
    except AttemptFailed:
        return ()


def source_at(home: Home, address: str, progress: Progress) -> PinSource:
    """The source at an address as `xpkg.ops.pin_words` gives it; a commit is fetched into the cache of sources.

    NotFoundError for a directory, branch or tag that is not there, SyncError when the commit cannot be had,
    InputFileError for a directory that cannot be a source.
    """
    if is_directory(address):
        return _directory(home, address)
    commit = commit_now(home, address)
    from xpkg.repo.source_values import Wanted
    from xpkg.repo.sources.cache import SourceCache
    from xpkg.repo.sources.fetch import fetch_all

    label = _label(address)
    wanted = Wanted(label=label, alternatives=(commit_source(address, commit),))
    settings = FetchSettings(environment=home.environment)
    fetched = fetch_all([wanted], SourceCache(home.root), settings=settings, progress=progress)
    where = f"{shown(address.partition('#')[0])}#{commit}"
    return PinSource(address=address, commit=commit, tree=ArchiveTree(fetched[wanted].path, where), label=label)


def _directory(home: Home, address: str) -> PinSource:
    path = Path(address)
    if not path.is_dir():
        what = "is no directory" if path.exists() else "does not exist"
        raise NotFoundError(
            f"{printable(address)} {what}",
            reference="no-directory",
            hint=_near(path),
        )
    from xpkg.repo.sources.tree_files import source_files

    # Refused now rather than when it is built.
    if not source_files(path, FetchSettings(environment=home.environment)):
        raise NotFoundError(f"there are no files in {printable(address)}", reference="no-files")
    return PinSource(address=address, commit="", tree=DirectoryTree(path), label=path.name)


def _near(path: Path) -> str | None:
    try:
        beside = [one.name for one in path.parent.iterdir() if one.is_dir()]
    except OSError:
        return None
    return did_you_mean(path.name, beside)


def _label(address: str) -> str:
    """The last part of the URL's path: what opam takes for the name of a package that says none."""
    last = unquote(urlsplit(address.partition("#")[0]).path).rstrip("/").rpartition("/")[2]
    return last.removesuffix(".git")
