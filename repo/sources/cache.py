"""The cache of sources: files named by their sha256, trusted only after hashing them again.

    sources/<aa>/<hex>                      the bytes, mode 0444
    sources/index/<kind>/<aa>/<hex>         -> ../../../<aa>/<hex>, kind is sha512 or git

OSEC-2023-01: opam trusted a file in its cache because of its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from xpkg.core.digests import Digest, of_value, strongest
from xpkg.core.files import disk_errors, replace_link, sync_directory
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.repo.source_values import Source
from xpkg.repo.sources.attempt import Stop

_CHUNK = 1 << 20
_COMMIT = re.compile(r"git\+[^#]*#([0-9a-f]{40}|[0-9a-f]{64})")


def commit_of(source: Source) -> str | None:
    """The full commit that identifies a git source without digests, or None."""
    commits = {match[1] for url in source.urls if (match := _COMMIT.fullmatch(url))}
    return commits.pop() if len(commits) == 1 and len(source.urls) > 0 and not source.digests else None


def identity(source: Source) -> str | None:
    """What names the source's bytes for good, as ``kind=hex``, or None when nothing strong does."""
    best = strongest(source.digests)
    if best is not None and best.strong:
        return str(best)
    commit = commit_of(source)
    return None if commit is None else f"git={commit}"


class SourceCache:
    """Verified sources below a state root; safe for several threads and processes at once."""

    def __init__(self, root: StateRoot) -> None:
        self.root = root

    def find(self, source: Source, warn: Callable[[str], None]) -> tuple[Path, Digest] | None:
        """The file of a source and its sha256, hashed again now; a damaged one is removed with a warning."""
        path = self._place(source)
        if path is None or not os.path.lexists(path):
            return None
        promised = (Digest("sha256", path.name), *source.digests)
        found = digests_of(path, {each.algorithm for each in promised})
        wrong = [each for each in promised if found.get(each.algorithm) != each]
        if not wrong:
            return path, promised[0]
        if wrong[0] == promised[0]:
            warn(f"the cached file {path.name} was damaged; it is removed and fetched again")
            with disk_errors("remove", path):
                path.unlink(missing_ok=True)
        return None

    def has(self, source: Source) -> bool:
        """Whether the cache has a file for a source: one look, its content is not read."""
        path = self._place(source)
        return path is not None and path.exists()

    def publish(self, part: Path, source: Source, found: dict[str, Digest]) -> tuple[Path, Digest]:
        """Move a finished download, whose digests were just ``found``, into the cache."""
        sha256 = found["sha256"]
        final = self._file(sha256.hex)
        with disk_errors("keep a source", final):
            final.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(part, os.O_RDONLY)
            try:
                os.fchmod(descriptor, 0o444)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            part.rename(final)
            sync_directory(final.parent)
        name = identity(source)
        kind, _, value = (name or "").partition("=")
        if name is not None and kind != "sha256":
            link = self._link(kind, value)
            with disk_errors("keep a source", link):
                link.parent.mkdir(parents=True, exist_ok=True)
            replace_link(link, f"../../../{sha256.hex[:2]}/{sha256.hex}")
        return final, sha256

    def lock(self, source: Source, stop: Stop, waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Hold the lock of one source, in this and other processes; gives up at once when stopped."""
        name = identity(source) or of_value([None, list(source.urls)]).hex
        return locked(self.root.locks, f"source-{name.replace('=', '-')}", lambda _: waiting(), stop.check)

    def partial(self, source: Source, url: str) -> Path:
        """Where an unfinished download of ``url`` is kept between runs."""
        key = of_value([[str(each) for each in source.digests], url]).hex[:40]
        with disk_errors("download to", self.root.partial):
            self.root.partial.mkdir(parents=True, exist_ok=True)
        return self.root.partial / key

    def _place(self, source: Source) -> Path | None:
        for digest in source.digests:
            if digest.algorithm == "sha256":
                return self._file(digest.hex)
        name = identity(source)
        if name is None:
            return None
        kind, _, value = name.partition("=")
        try:
            target = os.readlink(self._link(kind, value))
        except OSError:
            return None
        match = re.fullmatch(r"\.\./\.\./\.\./[0-9a-f]{2}/([0-9a-f]{64})", target)
        return None if match is None else self._file(match[1])

    def _file(self, hexadecimal: str) -> Path:
        return self.root.sources / hexadecimal[:2] / hexadecimal

    def _link(self, kind: str, value: str) -> Path:
        return self.root.sources / "index" / kind / value[:2] / value


def digests_of(path: Path, algorithms: set[str], stop: Stop | None = None) -> dict[str, Digest]:
    """Several digests of one plain file in one reading; none for what is no plain file."""
    hashers = {name: hashlib.new(name) for name in algorithms}
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return {}
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return {}
    with disk_errors("read", path), os.fdopen(descriptor, "rb") as stream:
        while chunk := stream.read(_CHUNK):
            if stop is not None:
                stop.check()
            for hasher in hashers.values():
                hasher.update(chunk)
    return {name: Digest(name, hasher.hexdigest()) for name, hasher in hashers.items()}
