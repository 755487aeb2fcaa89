"""A git repository as a remote: a bare repository of ours that has one commit of it at a time.

Only what changed since the last commit travels.  What earlier commits leave behind is dropped once it is more
than the repository itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from xpkg.core.files import disk_errors, remove_tree
from xpkg.repo.remote.missing import NoSuchCommit
from xpkg.repo.remote.read_ahead import ReadAhead
from xpkg.repo.remote.snapshot import MOST_BYTES, MOST_FILES, Blob, Snapshot, checked_path, is_kept, snapshot_of
from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.git_client import BareRepository, TreeEntry, plain_address
from xpkg.repo.sources.settings import FetchSettings

_CURRENT = "refs/xpkg/current"
_WHOLE = "whole-size"  # bytes after the first fetch, written when that is done
_SLACK = 32 << 20  # bytes of garbage that are not worth repacking
_MOST_PACKS = 50
_LINK = "120000"
_LONGEST_LINK = 4096  # bytes; PATH_MAX of Linux
# Packs are kept as they come: loose objects of a fetch that was killed could pass for whole commits.
_FETCH = ("-c", "fetch.unpackLimit=1", "fetch", "-q", "--no-tags")


class GitMirror:
    """The bare repository at ``path`` for the repository at ``location`` (``git+...``, without a fragment).

    Whoever uses it holds a lock.  ``advance`` is told the bytes received.  Failures are AttemptFailed.
    """

    def __init__(
        self, path: Path, location: str, *, settings: FetchSettings, stop: Stop, advance: Callable[[int], None]
    ) -> None:
        self._path, self._settings, self._advance = path, settings, advance
        self._address, protocol = plain_address(location)
        git = settings.tool("git", location, "git")
        self._bare = BareRepository(path, git=git, protocol=protocol, settings=settings, stop=stop)

    def bring(self, commit: str, ref: str | None) -> str:
        """Have a commit here; ``ref`` is the server's name for it, if it has one.  The commit that came.

        That may be a newer one where a server gives out nothing but what its names mean.
        """
        if (self._path / _WHOLE).exists():
            try:
                return self._bring(commit, ref)
            except NoSuchCommit:
                raise
            except AttemptFailed as error:
                if error.unreachable or not self.is_damaged():
                    raise
            # Nothing here is worth more than a new fetch.
        self.remove()
        with disk_errors("prepare a git repository", self._path):
            self._path.mkdir(parents=True)
        self._bare.create()
        came = self._bring(commit, ref)
        self._note_size()
        return came

    def is_damaged(self) -> bool:
        """Whether our own objects are to blame for a failure: damaged, missing, or locked by a git that was killed.

        All of them are read, as no message of git's tells the server's faults from ours for certain.
        """
        try:
            return any(self._path.rglob("*.lock")) or self._bare.attempt_run("fsck", "--no-dangling").code != 0
        except AttemptFailed:  # it took too long, which is no damage
            return False

    def remove(self) -> None:
        """Delete it."""
        with disk_errors("delete a git repository", self._path):
            remove_tree(self._path)

    def _bring(self, commit: str, ref: str | None) -> str:
        if self._commit() == commit:
            return commit
        with disk_errors("clear a git repository", self._path):
            for left in (self._path / "objects" / "pack").glob("tmp_*"):  # of a git that was killed
                left.unlink(missing_ok=True)
        self._fetch(commit, ref)
        came = self._commit()
        if came != commit and ref is None:
            raise NoSuchCommit(f"it has no commit {commit}")
        self._drop_garbage()
        return came

    def _commit(self) -> str:
        """The commit that is here, or nothing."""
        done = self._bare.attempt_run("rev-parse", "-q", "--verify", f"{_CURRENT}^{{commit}}")
        return done.out.strip() if done.code == 0 else ""

    def _fetch(self, commit: str, ref: str | None) -> None:
        """The commit alone; where a server names none by hash, its branch or tag, or everything to look in."""
        wanted = f"+{commit}:{_CURRENT}"
        done = self._bare.attempt_run(*_FETCH, "--depth=1", "--", self._address, wanted, poll=self._watch)
        if done.code == 0:
            return
        failure = done.failure("git")
        if failure.unreachable:
            raise failure
        if ref is not None:
            wanted = f"+{ref}:{_CURRENT}"
            self._bare.run(*_FETCH, "--depth=1", "--", self._address, wanted, poll=self._watch)
        elif "not our ref" in failure.reason:
            raise NoSuchCommit(f"it has no commit {commit}")
        else:
            self._fetch_all(commit)

    def _fetch_all(self, commit: str) -> None:
        everything = [f"+refs/{kind}/*:refs/xpkg/{kind}/*" for kind in ("heads", "tags")]
        depth = ["--unshallow"] if (self._path / "shallow").exists() else []
        self._bare.run(*_FETCH, *depth, "--", self._address, *everything, poll=self._watch)
        found = self._bare.has_commit(commit)
        if found:
            self._bare.run("update-ref", _CURRENT, commit)
        for name in self._bare.run("for-each-ref", "--format=%(refname)", "refs/xpkg/heads", "refs/xpkg/tags").split():
            self._bare.run("update-ref", "-d", name)
        if not found:
            raise NoSuchCommit(f"it has no commit {commit}")

    def _watch(self) -> None:
        """Tell what came in so far, and stop a server that sends without end."""
        size = 0
        for path in (self._path / "objects" / "pack").glob("tmp_pack_*"):
            with suppress(FileNotFoundError):
                size += path.stat().st_size
        if size > MOST_BYTES:
            raise AttemptFailed(f"the server sends more than the limit of {MOST_BYTES} bytes")
        if size:
            self._advance(size)

    def _drop_garbage(self) -> None:
        with suppress(FileNotFoundError, ValueError):  # the first fetch is not done
            whole = int((self._path / _WHOLE).read_text("ascii"))
            size, packs = self._size()
            if size > 2 * whole + _SLACK or packs > _MOST_PACKS:
                self._bare.run("repack", "-a", "-d", "-q")
                self._bare.run("prune", "--expire=now")
                self._note_size()

    def _size(self) -> tuple[int, int]:
        """The bytes of all packs, and how many there are."""
        packs = [path.stat().st_size for path in (self._path / "objects" / "pack").glob("*.pack")]
        return sum(packs), len(packs)

    def _note_size(self) -> None:
        with disk_errors("write", self._path):
            (self._path / _WHOLE).write_text(str(self._size()[0]), "ascii")

    @contextmanager
    def snapshot(self, commit: str) -> Iterator[Snapshot]:
        """The files of a commit that was brought here, readable during the block."""
        with self._bare.objects() as objects:
            entries = sorted(self._bare.tree(commit), key=lambda entry: entry.path)
            if len(entries) > MOST_FILES:
                raise AttemptFailed(f"the commit has more than {MOST_FILES} files")
            links = {
                checked_path(entry.path): _text(objects.blob(entry.name, _LONGEST_LINK))
                for entry in entries
                if entry.mode == _LINK and is_kept(entry.path)
            }
            plain = [entry for entry in entries if entry.kind == "blob" and entry.mode != _LINK]
            ahead = ReadAhead(objects, [entry.name for entry in plain])
            blobs = {
                checked_path(entry.path): _blob(entry, partial(ahead.read, position))
                for position, entry in enumerate(plain)
            }
            yield snapshot_of(blobs, links, (entry.path for entry in entries if entry.kind != "blob"))


def _blob(entry: TreeEntry, read: Callable[[], bytes]) -> Blob:
    return Blob(identity=b"g" + bytes.fromhex(entry.name), read=read, executable=entry.mode == "100755")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
