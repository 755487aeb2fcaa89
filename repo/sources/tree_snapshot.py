"""A directory of the user's as a source: a tar of its files as they are at one moment, the same for the same tree.

    path+file:///home/user/project

The hash of the tar is what the source is; it is taken when a plan needs build keys, and the tar made when something is
to be built.  A change in between is told.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urlsplit

from xpkg.core.digests import Digest
from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.extract.members import EXTRACTED_MTIME
from xpkg.repo.source_values import Source
from xpkg.repo.sources.attempt import Attempt, AttemptFailed, Stop
from xpkg.repo.sources.settings import FetchSettings
from xpkg.repo.sources.tree_files import TreeFile, source_files

SCHEME = "path+file"
_TOP = "source"
"""The one directory at the top, so that unpacking, which takes one off, takes off this one."""


def snapshot_of(directory: Path, settings: FetchSettings) -> Source:
    """The source that a directory is at this moment.  InputFileError for one that cannot be a source."""
    hashing = _Hashing()
    try:
        _write(directory, source_files(directory, settings), hashing, Stop())
    except AttemptFailed as error:
        raise InputFileError(
            f"a source cannot be read: {error.reason}",
            reference="bad-source-tree",
            context=(("directory", printable(str(directory))),),
        ) from error
    url = f"{SCHEME}://{quote(os.fsencode(directory))}"
    return Source(urls=(url,), digests=(Digest("sha256", hashing.hasher.hexdigest()),))


def pack_directory(attempt: Attempt) -> None:
    """Leave the tar in ``attempt.partial``; AttemptFailed when the directory changed since its hash was taken."""
    directory = Path(os.fsdecode(unquote(urlsplit(attempt.url).path, errors="surrogateescape")))
    if not directory.is_dir():
        raise AttemptFailed("the directory is not there any more")
    files = source_files(directory, attempt.settings, attempt.stop)
    with disk_errors("write", attempt.partial):
        attempt.partial.unlink(missing_ok=True)
        with attempt.partial.open("xb") as stream:
            hashing = _Hashing(stream)
            _write(directory, files, hashing, attempt.stop)
    found = Digest("sha256", hashing.hasher.hexdigest())
    if found not in attempt.digests:
        attempt.partial.unlink()
        raise AttemptFailed("the directory changed after the plan was made; run the same command again")


class _Hashing(io.RawIOBase):
    """Hashes what is written, and passes it on."""

    def __init__(self, stream: IO[bytes] | None = None) -> None:
        self.hasher = hashlib.sha256()
        self._stream = stream
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: object) -> int:
        piece = memoryview(data)  # type: ignore[arg-type]
        self.hasher.update(piece)
        if self._stream is not None:
            self._stream.write(piece)
        self._written += piece.nbytes
        return piece.nbytes


def _write(directory: Path, files: tuple[TreeFile, ...], target: _Hashing, stop: Stop) -> None:
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for one in files:
            stop.check()
            _add(archive, directory, one)


def _add(archive: tarfile.TarFile, directory: Path, one: TreeFile) -> None:
    """Modes are 0644 or 0755, times and owners fixed, as in what is unpacked."""
    member = tarfile.TarInfo(f"{_TOP}/{one.path}")
    member.mtime = EXTRACTED_MTIME
    member.mode = 0o755 if one.executable or one.kind == "directory" else 0o644
    if one.kind == "directory":
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
    elif one.kind == "link":
        member.type, member.linkname = tarfile.SYMTYPE, one.link
        archive.addfile(member)
    else:
        path = directory / one.path
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as stream:
                member.size = os.fstat(descriptor).st_size
                archive.addfile(member, stream)
        except FileNotFoundError as error:
            raise AttemptFailed(f"{one.path} went away while it was read") from error
        except OSError as error:
            raise AttemptFailed(f"{one.path}: {error.strerror or error}") from error
