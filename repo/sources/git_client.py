"""git, hardened: bare repositories of ours that are filled from strangers' ones and only read by object name.

Rules: CVE-2018-17456, CVE-2021-43809, CVE-2022-36069 (arguments that look like options),
CVE-2024-32002, CVE-2024-32004, CVE-2022-39253, CVE-2023-22490 (hostile repositories).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.client_process import Done, run_client
from xpkg.repo.sources.settings import FetchSettings

_PROTOCOLS = {"git+https": "https", "git+ssh": "ssh", "git+file": "file"}
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


def plain_address(url: str) -> tuple[str, str]:
    """The address for git of a ``git+...`` URL, and the one protocol allowed; AttemptFailed if it is not plain."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise AttemptFailed("a malformed git URL") from error  # the library's words may be the password
    protocol = _PROTOCOLS.get(parts.scheme)
    if protocol is None:
        raise AttemptFailed(f"only {', '.join(_PROTOCOLS)} are accepted for git")
    if protocol == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise AttemptFailed("a git+file URL is git+file:// and an absolute path")
    elif not _SAFE_HOST.fullmatch(parts.netloc) or parts.path.startswith("/-"):
        raise AttemptFailed("the host or path of a git URL is malformed")
    if any(ord(character) <= 32 for character in url):
        raise AttemptFailed("a git URL has no spaces or control characters")
    return url.removeprefix("git+"), protocol


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


class TreeEntry(NamedTuple):
    """One name of a commit: ``kind`` is blob or commit (a submodule), ``name`` the object's."""

    mode: str
    kind: str
    name: str
    path: str


class BareRepository:
    """A bare repository of ours at ``path``; git's failures are AttemptFailed."""

    def __init__(self, path: Path, *, git: str, protocol: str, settings: FetchSettings, stop: Stop) -> None:
        self.path = path
        self._settings, self._stop = settings, stop
        self._git = hardened_command(git, protocol)
        self._environment = hardened_environment(settings, protocol) | {"GIT_DIR": str(path)}

    def create(self) -> None:
        """Make it; its directory is there and empty."""
        self.run("init", "-q", "--bare", "--template=", ".")

    def attempt_run(self, *arguments: str, poll: Callable[[], None] = lambda: None) -> Done:
        return run_client(
            [*self._git, *arguments],
            environment=self._environment,
            directory=self.path,
            stop=self._stop,
            seconds=self._settings.total_seconds,
            poll=poll,
        )

    def run(self, *arguments: str, poll: Callable[[], None] = lambda: None) -> str:
        done = self.attempt_run(*arguments, poll=poll)
        if done.code != 0:
            raise done.failure("git")
        return done.out

    def has_commit(self, commit: str) -> bool:
        return self.attempt_run("cat-file", "-e", f"{commit}^{{commit}}").code == 0

    def tree(self, commit: str) -> Iterator[TreeEntry]:
        """Every file of a commit in git's order; bytes that are not UTF-8 are lone surrogates."""
        for entry in filter(None, self.run("ls-tree", "-r", "-z", "--full-tree", commit).split("\0")):
            facts, _, path = entry.partition("\t")
            mode, kind, name = facts.split()
            yield TreeEntry(mode, kind, name, path)

    def objects(self) -> Objects:
        return Objects([*self._git, "cat-file", "--batch"], self._environment, self.path)


class Objects:
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

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def blob(self, name: str, most: int | None = None) -> bytes:
        """The content of one object; refused when longer than ``most`` bytes."""
        self.ask([name])
        return self.answer(name, most)

    def ask(self, names: Sequence[str]) -> None:
        """Ask for objects, at most some hundred before they are answered: pipes hold 64 KiB."""
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # git is gone: reading tells
            stdin.write("".join(f"{name}\n" for name in names).encode())
            stdin.flush()

    def answer(self, name: str, most: int | None = None) -> bytes:
        """The content of the next object asked for, which is ``name``; refused when longer than ``most`` bytes."""
        stdout = self._process.stdout
        assert stdout is not None
        header = stdout.readline().split()
        if len(header) != 3:
            raise AttemptFailed(f"git cannot read object {name}")
        size = int(header[2])
        if most is not None and size > most:
            raise AttemptFailed(f"object {name} has {size} bytes; the limit is {most}")
        data = stdout.read(size + 1)
        if len(data) != size + 1:
            raise AttemptFailed(f"git ended in the middle of object {name}")
        return data[:-1]
