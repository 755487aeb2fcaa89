"""What a lock says of the repositories that its recipes come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.digests import of_value
from xpkg.ops.lock_file import PINNED, LockedPackage, LockedRepository, LockFile
from xpkg.repo.remote.locations import is_directory, is_git

if TYPE_CHECKING:
    from xpkg.ops.home import Home


def locked_repositories(
    home: Home, packages: Sequence[LockedPackage], before: LockFile | None
) -> tuple[LockedRepository, ...]:
    """The repositories that these packages have recipes or overlays from.

    One that is at another revision now, but gives the same recipes, stays at the one ``before``: else every lock would
    change with every update of a repository.
    """
    names = dict.fromkeys(name for one in packages for name in (one.repository, *one.overlays) if name != PINNED)
    return tuple(_unmoved(repository_now(home, name, packages), packages, before) for name in names)


def repository_now(home: Home, name: str, packages: Iterable[LockedPackage]) -> LockedRepository:
    """A repository as it is; of one without a revision the digest of what these packages have from it."""
    settings = next((one for one in home.settings.repositories if one.name == name), None)
    if settings is None:  # SHIPPED has none
        return LockedRepository(name=name, kind="shipped", address="", revision=_content(name, packages))
    if is_directory(settings.address):
        return LockedRepository(name=name, kind="directory", address="", revision=_content(name, packages))
    from xpkg.ops.repository_copies import Copies

    origin = Copies(home.root, name).origin()
    git = is_git(settings.address)
    revision = "" if origin is None else origin.revision
    return LockedRepository(
        name=name,
        kind="git" if git else "web",
        address=_portable(settings.address),
        # A copy of another version of xpkg cannot tell where it came from; what was taken from it can.
        revision=f"{'git' if git else 'sha256'}={revision}" if revision else _content(name, packages),
    )


def _content(name: str, packages: Iterable[LockedPackage]) -> str:
    taken = [[one.name, one.version, one.recipe] for one in packages if name in (one.repository, *one.overlays)]
    return str(of_value(sorted(taken)))


def _portable(address: str) -> str:
    """An address without credentials; nothing for one that is a path on this machine."""
    from xpkg.repo.sources.attempt import shown

    return "" if address.startswith(("git+file:", "file:")) else shown(address)


def _unmoved(now: LockedRepository, packages: Sequence[LockedPackage], before: LockFile | None) -> LockedRepository:
    known = None if before is None else before.repository(now.name)
    if before is None or known is None or replace(known, revision=now.revision) != now:
        return now
    same = set(before.packages)
    kept = all(one in same for one in packages if now.name in (one.repository, *one.overlays))
    return known if kept and now.kind in ("git", "web") else now
