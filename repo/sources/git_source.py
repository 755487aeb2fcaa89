"""Sources in git repositories: ``git+https://...#<full commit>``; the result is a plain tar of that commit.

The tar is made here from git's objects, not by ``git archive``: attributes, filters and hooks of
the repository have no say, and the bytes do not depend on git's version.
"""

from __future__ import annotations

import io
import re
import tarfile
import tempfile
from pathlib import Path

from xpkg.core.files import disk_errors
from xpkg.repo.extract.members import EXTRACTED_MTIME
from xpkg.repo.sources.attempt import Attempt, AttemptFailed
from xpkg.repo.sources.git_client import BareRepository, plain_address

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def fetch_commit(attempt: Attempt) -> None:
    """Leave a tar of the commit in ``attempt.partial``; AttemptFailed for anything but a full commit."""
    address, commit, protocol = checked_address(attempt.url)
    git = attempt.settings.tool("git", attempt.url.partition("#")[0], "git")
    with disk_errors("clone in", attempt.root.partial):
        work = tempfile.TemporaryDirectory(prefix="git-", dir=attempt.root.partial)
    with work as name:
        repository = BareRepository(
            Path(name), git=git, protocol=protocol, settings=attempt.settings, stop=attempt.stop
        )
        repository.create()
        _fetch(repository, address, commit)
        with disk_errors("write", attempt.partial):
            attempt.partial.unlink(missing_ok=True)
            _write_tar(repository, commit, attempt)


def checked_address(url: str) -> tuple[str, str, str]:
    """The address for git, the commit and the one protocol allowed; AttemptFailed if any is not plain."""
    location, _, commit = url.partition("#")
    address, protocol = plain_address(location)
    if not _COMMIT.fullmatch(commit):
        raise AttemptFailed("a git source names a full commit after '#'; branches and tags move")
    return address, commit, protocol


def _fetch(repository: BareRepository, address: str, commit: str) -> None:
    """The commit alone where the server allows it, else all branches and tags."""
    done = repository.attempt_run("fetch", "-q", "--depth=1", "--no-tags", "--", address, commit)
    if done.code != 0:
        if (failure := done.failure("git")).unreachable:
            raise failure
        repository.run(
            "fetch", "-q", "--no-tags", "--", address, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
        )
    if not repository.has_commit(commit):
        raise AttemptFailed(f"the repository has no commit {commit}")


def _write_tar(repository: BareRepository, commit: str, attempt: Attempt) -> None:
    """Every blob of the commit in git's order, times and owners fixed."""
    target = attempt.partial
    with tarfile.open(target, "x", format=tarfile.PAX_FORMAT) as archive, repository.objects() as objects:
        for entry in repository.tree(commit):
            attempt.stop.check()
            if entry.kind != "blob":
                raise AttemptFailed(f"the commit has a submodule, which is not fetched: {entry.path}")
            archive.addfile(*_tar_entry(entry.path, entry.mode, objects.blob(entry.name)))


def _tar_entry(path: str, mode: str, data: bytes) -> tuple[tarfile.TarInfo, io.BytesIO]:
    member = tarfile.TarInfo(path)
    member.mtime = EXTRACTED_MTIME
    member.mode = 0o755 if mode == "100755" else 0o644
    if mode == "120000":
        member.type, member.linkname = tarfile.SYMTYPE, data.decode("utf-8", "surrogateescape")
        return member, io.BytesIO()
    member.size = len(data)
    return member, io.BytesIO(data)
