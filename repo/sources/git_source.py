"""Sources in git repositories: ``git+https://...#<full commit>``; the result is a plain tar of that commit.

The tar is made here from git's objects, not by ``git archive``: attributes, filters and hooks of
the repository have no say, and the bytes do not depend on git's version.
Rules: CVE-2018-17456, CVE-2021-43809, CVE-2022-36069 (arguments that look like options),
CVE-2024-32002, CVE-2024-32004, CVE-2022-39253, CVE-2023-22490 (hostile repositories).
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from xpkg.core.files import disk_errors
from xpkg.repo.extract.members import EXTRACTED_MTIME
from xpkg.repo.sources.attempt import Attempt, AttemptFailed
from xpkg.repo.sources.client_process import Done, run_client
from xpkg.repo.sources.settings import FetchSettings

_PROTOCOLS = {"git+https": "https", "git+ssh": "ssh", "git+file": "file"}
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SAFE_HOST = re.compile(r"([A-Za-z0-9._~%+][A-Za-z0-9._~%+-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?")
_OPTIONS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.symlinks": "false",
    "protocol.allow": "never",
    "credential.helper": "",
    "fetch.recurseSubmodules": "no",
    "transfer.fsckObjects": "true",
    "transfer.bundleURI": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
}


def fetch_commit(attempt: Attempt) -> None:
    """Leave a tar of the commit in ``attempt.partial``; AttemptFailed for anything but a full commit."""
    address, commit, protocol = checked_address(attempt.url)
    git = attempt.settings.tool("git", attempt.url.partition("#")[0], "git")
    with disk_errors("clone in", attempt.root.partial):
        work = tempfile.TemporaryDirectory(prefix="git-", dir=attempt.root.partial)
    with work as name:
        repository = _Repository(git, Path(name), attempt, protocol)
        repository.run("init", "-q", "--bare", "--template=", ".")
        repository.fetch(address, commit)
        with disk_errors("write", attempt.partial):
            attempt.partial.unlink(missing_ok=True)
            repository.write_tar(commit, attempt.partial)


def checked_address(url: str) -> tuple[str, str, str]:
    """The address for git, the commit and the one protocol allowed; AttemptFailed if any is not plain."""
    location, _, commit = url.partition("#")
    parts = urlsplit(location)
    protocol = _PROTOCOLS.get(parts.scheme)
    if protocol is None:
        raise AttemptFailed(f"only {', '.join(_PROTOCOLS)} are accepted for git")
    if not _COMMIT.fullmatch(commit):
        raise AttemptFailed("a git source names a full commit after '#'; branches and tags move")
    if protocol == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise AttemptFailed("a git+file URL is git+file:// and an absolute path")
    elif not _SAFE_HOST.fullmatch(parts.netloc) or parts.path.startswith("/-"):
        raise AttemptFailed("the host or path of a git URL is malformed")
    if any(ord(character) <= 32 for character in location):
        raise AttemptFailed("a git URL has no spaces or control characters")
    return location.removeprefix("git+"), commit, protocol


def hardened_command(git: str, protocol: str) -> list[str]:
    """git with every option that a hostile repository or the user's own settings could abuse turned off."""
    options = {**_OPTIONS, f"protocol.{protocol}.allow": "always"}
    return [git, *(word for key, value in options.items() for word in ("-c", f"{key}={value}"))]


def hardened_environment(settings: FetchSettings, protocol: str) -> dict[str, str]:
    """The user's environment for git without what changes git's behaviour; only ``protocol`` is allowed."""
    environment = {
        key: value
        for key, value in settings.client_environment().items()
        if not key.startswith("GIT_") or key in ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")
    }
    return environment | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
    }


class _Repository:
    """A bare repository of ours, used once."""

    def __init__(self, git: str, path: Path, attempt: Attempt, protocol: str) -> None:
        self._path, self._attempt = path, attempt
        self._git = hardened_command(git, protocol)
        self._environment = hardened_environment(attempt.settings, protocol) | {"GIT_DIR": str(path)}

    def attempt_run(self, *arguments: str) -> Done:
        return run_client(
            [*self._git, *arguments],
            environment=self._environment,
            directory=self._path,
            stop=self._attempt.stop,
            seconds=self._attempt.settings.total_seconds,
        )

    def run(self, *arguments: str) -> str:
        done = self.attempt_run(*arguments)
        if done.code != 0:
            raise done.failure("git")
        return done.out

    def fetch(self, address: str, commit: str) -> None:
        """The commit alone where the server allows it, else all branches and tags."""
        done = self.attempt_run("fetch", "-q", "--depth=1", "--no-tags", "--", address, commit)
        if done.code != 0:
            if (failure := done.failure("git")).unreachable:
                raise failure
            self.run(
                "fetch", "-q", "--no-tags", "--", address, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"
            )
        if self.attempt_run("cat-file", "-e", f"{commit}^{{commit}}").code != 0:
            raise AttemptFailed(f"the repository has no commit {commit}")

    def write_tar(self, commit: str, target: Path) -> None:
        """Every blob of the commit in git's order, times and owners fixed."""
        listing = self.run("ls-tree", "-r", "-z", "--full-tree", commit)
        with tarfile.open(target, "x", format=tarfile.PAX_FORMAT) as archive, self._objects() as objects:
            for entry in filter(None, listing.split("\0")):
                self._attempt.stop.check()
                facts, _, path = entry.partition("\t")
                mode, kind, name = facts.split()
                if kind != "blob":
                    raise AttemptFailed(f"the commit has a submodule, which is not fetched: {path}")
                archive.addfile(*_tar_entry(path, mode, objects.blob(name)))

    def _objects(self) -> _Objects:
        return _Objects([*self._git, "cat-file", "--batch"], self._environment, self._path)


def _tar_entry(path: str, mode: str, data: bytes) -> tuple[tarfile.TarInfo, io.BytesIO]:
    member = tarfile.TarInfo(path)
    member.mtime = EXTRACTED_MTIME
    member.mode = 0o755 if mode == "100755" else 0o644
    if mode == "120000":
        member.type, member.linkname = tarfile.SYMTYPE, data.decode("utf-8", "surrogateescape")
        return member, io.BytesIO()
    member.size = len(data)
    return member, io.BytesIO(data)


class _Objects:
    """``git cat-file --batch``: contents by object name, unfiltered."""

    def __init__(self, command: list[str], environment: dict[str, str], directory: Path) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> _Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def blob(self, name: str) -> bytes:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # git is gone: reading tells
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
        header = process.stdout.readline().split()
        if len(header) != 3:
            raise AttemptFailed(f"git cannot read object {name}")
        size = int(header[2])
        data = process.stdout.read(size + 1)
        if len(data) != size + 1:
            raise AttemptFailed(f"git ended in the middle of object {name}")
        return data[:-1]
