"""What a remote repository holds at one moment: its files, each with an identity, read when asked for."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from xpkg.core.text import printable
from xpkg.repo.extract.plan import Limits, safe_path
from xpkg.repo.index.build import PackFile

MOST_FILES = 1_000_000
MOST_BYTES = 4 << 30
"""Of one repository, unpacked.  The public one has 19,000 files of 27 MB."""

_KEPT = {"packages", "targets", "overlays", "repo", "version", "cross.toml"}
_LINKS = 16  # symbolic links that lead to one another
_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The files of a repository.

    ``left_out`` are paths, fit to be shown, of links that lead nowhere, of submodules, and of whatever has a name with
    control characters or that is no text: such names are not kept, so that every list of them has one name a line.
    """

    files: tuple[PackFile, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """The content of a file; equal identities are equal bytes."""

    identity: bytes
    read: Callable[[], bytes]
    executable: bool = False


def is_kept(path: str) -> bool:
    """Whether a file of a remote tree is of use; the rest (documentation, scripts) is not copied."""
    return path.partition("/")[0] in _KEPT


def checked_path(path: str) -> str:
    """``path`` if it is relative, plain and short; ArchiveError otherwise.  The rules are those of archives."""
    odd = "//" in path or "/." in path or "\\" in path or path.startswith((".", "/")) or path.endswith("/")
    if odd or len(path) > 200 or not path.isprintable():
        parts = safe_path(path, _LIMITS)
        return "/".join(parts)
    return path


def snapshot_of(blobs: Mapping[str, Blob], links: Mapping[str, str], left_out: Iterable[str] = ()) -> Snapshot:
    """The files to keep of a tree of ``blobs`` and symbolic ``links``, both by path.

    A link to a file of the tree becomes that file; one that leads elsewhere is left out, never followed.
    """
    files = {path: blob for path, blob in blobs.items() if is_kept(path) and path.isprintable()}
    missing = [path for path in left_out if is_kept(path)]
    missing += [path for path in blobs if is_kept(path) and not path.isprintable()]
    for path in filter(is_kept, links):
        if not path.isprintable():
            missing.append(path)
            continue
        target = _resolved(path, links)
        if target in blobs:
            files[path] = blobs[target]
        else:
            missing.append(path)
    return Snapshot(
        files=tuple(
            PackFile(path=path, identity=blob.identity, read=blob.read, executable=blob.executable)
            for path, blob in sorted(files.items())
        ),
        left_out=tuple(printable(path, keep="") for path in sorted(missing)),
    )


def _resolved(path: str, links: Mapping[str, str]) -> str:
    """Where a chain of links between files leads within the tree; empty when it leaves or does not end.

    Links to directories are not followed: opam repositories share files so, not directories.
    """
    for _ in range(_LINKS):
        if path not in links:
            return path
        if links[path].startswith("/"):
            return ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), links[path]))
        if path.startswith(".."):
            return ""
    return ""
