"""A repository on a web server: its ``index.tar.gz``, asked for on the condition that it changed.

The layout is opam's (``opam admin index``).  The archive is read once: checked by the rules of
`xpkg.repo.extract`, each file hashed, and the bytes kept aside until it is known which are wanted.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from xpkg.core.errors import SyncError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.extract.archive import named
from xpkg.repo.extract.members import Entries, Kind, Member, Reader, refused
from xpkg.repo.extract.plan import Limits, Planned, plan
from xpkg.repo.extract.streams import compression_of, decompressed
from xpkg.repo.extract.tar_members import tar_members
from xpkg.repo.remote.snapshot import MOST_BYTES, MOST_FILES, Blob, Snapshot, snapshot_of
from xpkg.repo.sources.attempt import Attempt, AttemptFailed, shown
from xpkg.repo.sources.http_download import Extra, NotModified, Version, download, downloaded_version, offers_another

_LIMITS = Limits(total=MOST_BYTES, members=MOST_FILES)
_MOST_PACKED = 1 << 30  # bytes; the public repository's index has 8 MB
_ARCHIVES = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst")
_HEAD = 512
_MOST_FILE = 256 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A downloaded index: the file, its sha256 in hexadecimal, and how the server names this version of it."""

    path: Path
    sha256: str
    version: Version


def index_url(location: str) -> str:
    """Where the index of a repository is; a location that names an archive is the index itself."""
    return location if location.endswith(_ARCHIVES) else f"{location}/index.tar.gz"


def fetch_index(attempt: Attempt, known: Version) -> Index | None:
    """The index, or None when the server still has the known version of it.

    What came of a transfer that broke off is gone on with the next time.  AttemptFailed when it cannot be had,
    SyncError when what came is no archive.
    """
    bounded = replace(attempt, settings=replace(attempt.settings, max_bytes=_MOST_PACKED))
    try:
        download(bounded, Extra(known=known))
    except NotModified:
        forget_index(attempt.partial)
        if known == Version():
            raise AttemptFailed("HTTP status 304 in answer to a request without condition") from None
        return None
    with disk_errors("read", attempt.partial), attempt.partial.open("rb") as file:
        head = file.read(_HEAD)
        if compression_of(head) is None and head[257:262] != b"ustar":
            forget_index(attempt.partial)
            raise _no_archive(attempt.url, head)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Index(path=attempt.partial, sha256=sha256, version=downloaded_version(attempt.partial))


def forget_index(path: Path) -> None:
    """Delete a downloaded index: it has been read, or cannot be."""
    with disk_errors("delete", path):
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".http").unlink(missing_ok=True)


def _no_archive(url: str, head: bytes) -> SyncError:
    text = head.decode("utf-8", "replace")
    page = "<" in text[:200]
    words = " ".join(re.sub(r"(?s)<(style|script|!--).*|<[^>]*>?", " ", text).split())[:120]
    return SyncError(
        f"the server answered {'a page' if page else 'something else'}, not an archive",
        reference="not-an-archive",
        context=(("address", shown(url)), ("it begins", printable(words or text[:80], keep="") or "with nothing")),
        hint="give the address that has index.tar.gz below it; for a git repository write git+https://...",
    )


@contextmanager
def index_snapshot(index: Index, work: Path) -> Iterator[Snapshot]:
    """The files of an index, readable during the block; ``work`` is a directory for their bytes meanwhile.

    ArchiveError when the archive breaks a rule.
    """
    with disk_errors("unpack an index in", work), tempfile.TemporaryFile(dir=work) as spool:
        with index.path.open("rb") as file, named(index.path):
            contents = _Contents(spool)
            size = os.fstat(file.fileno()).st_size
            stream = decompressed(file, _LIMITS.unpacked(size) + 2048 * _LIMITS.members)
            planned = plan(contents.members(tar_members(stream)), _LIMITS, size, strip=False, rooted=False)
        spool.flush()
        yield _snapshot(planned, contents)


class _Contents:
    """The bytes of all members, in one file, in the archive's order; ``blobs`` has one place a member."""

    def __init__(self, spool: BinaryIO) -> None:
        self._spool, self._end = spool, 0
        self.blobs: list[Blob | None] = []

    def members(self, entries: Entries) -> Iterator[Member]:
        """Pass the members on; the bytes of each are kept only once it has been let pass."""
        for member, content in entries:
            if member.size > _MOST_FILE:
                raise refused("archive-bomb", f"a file has more than {_MOST_FILE} bytes", member.name)
            yield member
            self.blobs.append(self._kept(member, content) if member.kind is Kind.FILE else None)

    def _kept(self, member: Member, content: Reader) -> Blob:
        data = b"".join(content())
        self._spool.write(data)
        start, self._end = self._end, self._end + len(data)
        read = partial(os.pread, self._spool.fileno(), len(data), start)
        return Blob(identity=b"s" + hashlib.sha256(data).digest(), read=read, executable=member.executable)


def _snapshot(planned: list[Planned], contents: _Contents) -> Snapshot:
    """The members as files, without a single top directory around the repository, as forges make it."""
    tops = {entry.path[0] for entry in planned if entry.path}
    skip = 1 if len(tops) == 1 and not tops & {"packages", "repo"} else 0
    blobs: dict[str, Blob] = {}
    links: dict[str, str] = {}
    for entry, blob in zip(planned, contents.blobs, strict=True):
        path = "/".join(entry.path[skip:])
        if blob is not None:
            blobs[path] = blob
        elif entry.member.kind is Kind.SYMLINK:
            links[path] = entry.link
        elif entry.member.kind is Kind.HARDLINK:
            blobs[path] = blobs["/".join(entry.target[skip:])]
    return snapshot_of(blobs, links)


def has_another(attempt: Attempt, known: Version) -> bool:
    """Whether the server has another version than the known one; AttemptFailed when it cannot be asked."""
    if not (known.etag or known.modified):
        raise AttemptFailed("the server names no version of what it has; only an update can tell")
    return offers_another(attempt, known)
