"""``apt:SOURCEPKG/FILENAME`` and ``apt:BINPKG/FILE.deb``: files of the Debian archives this machine uses.

apt itself does the work, with lists and caches of its own below the state root: no root rights
are needed and the machine's apt is not touched.  The ``.dsc`` is never needed, only the file.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from xpkg.core.errors import ConfigurationError
from xpkg.core.files import disk_errors, write_atomically
from xpkg.core.locks import locked
from xpkg.repo.sources.apt_sources_list import AptSource, private_list, read_deb822, read_one_line
from xpkg.repo.sources.attempt import Attempt, AttemptFailed
from xpkg.repo.sources.client_process import Done, run_client

_RETRY_SECONDS = 600
_FRESH_SECONDS = 6 * 3600
_HELPER = "/usr/lib/apt/apt-helper"
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_~%:-]*")
_PRINTED = re.compile(r"^'([^']+)' (\S+) \d+(?: (SHA\d+|MD5Sum):([0-9a-f]+))?", re.MULTILINE)
_VERSION = re.compile(r"[A-Za-z0-9.+~:-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A URI of the wanted file, with the sha256 the archive promises, when it does."""

    uri: str
    sha256: str = ""


def fetch_apt(attempt: Attempt) -> None:
    """Leave the file in ``attempt.partial``; every version and place that lists it is tried."""
    package, _, filename = attempt.url.removeprefix("apt:").partition("/")
    if not _PACKAGE.fullmatch(package) or not _FILE.fullmatch(filename):
        raise AttemptFailed("an apt source is apt:PACKAGE/FILENAME")
    apt = _Apt(attempt, binary=filename.endswith(".deb"))
    apt.update()
    promised = {digest.hex for digest in attempt.digests if digest.algorithm == "sha256"}
    reasons = []
    unreachable = []
    for place in _places(apt, package, filename):
        if place.sha256 and promised and place.sha256 not in promised:
            reasons.append(f"the archive's file has sha256={place.sha256}")
            continue
        failure = apt.download(place)
        if failure is None:
            return
        reasons.append(failure.reason)
        unreachable.append(failure.unreachable)
    if not reasons:
        raise AttemptFailed(f"no suite has a package {package}")
    raise AttemptFailed("; ".join(dict.fromkeys(reasons)), unreachable=bool(unreachable) and all(unreachable))


def _places(apt: _Apt, package: str, filename: str) -> list[_Place]:
    """Where versions list the file; failing that, the same directory of the pool, which may still hold it."""
    listed, directories = [], []
    for version in apt.versions(package, filename):
        for uri, sha256 in apt.uris(package, version):
            directory, _, name = uri.rpartition("/")
            if unquote(name) == filename:
                listed.append(_Place(uri=uri, sha256=sha256))
            directories.append(directory)
    guessed = [_Place(uri=f"{directory}/{quote(filename, safe='+~')}") for directory in dict.fromkeys(directories)]
    return list(dict.fromkeys(listed)) or guessed


class _Apt:
    """apt with a private configuration, one for source and one for binary packages."""

    def __init__(self, attempt: Attempt, *, binary: bool) -> None:
        self._attempt, self._binary = attempt, binary
        self._get = attempt.settings.tool("apt-get", attempt.url, "apt")
        self._cache = attempt.settings.tool("apt-cache", attempt.url, "apt")
        self._state = attempt.root.clients / ("apt-binary" if binary else "apt-source")
        self._configuration = self._state / "apt.conf"

    def update(self) -> None:
        """Fetch the lists unless that was done in the last hours; a suite that fails is a warning."""
        with locked(self._attempt.root.locks, self._state.name):
            wanted = self._private_list()
            stamp, kept = self._state / "updated", self._state / "sources.list"
            with suppress(OSError):
                fresh = 0 <= time.time() - stamp.stat().st_mtime < _FRESH_SECONDS
                if fresh and kept.read_text() == wanted:
                    return
            self._write_configuration(wanted)
            done = self._run([self._get, "update"])
            failed = re.findall(r"^[WE]: Failed to fetch (.*)", done.err, re.MULTILINE)
            if not any(self._state.glob("lists/*Sources*" if not self._binary else "lists/*Packages*")):
                raise done.failure("apt-get update")
            if failed or done.code != 0:
                told = "; ".join(failed) or " ".join(done.err.split())
                self._attempt.warn(f"apt could not refresh every list: {told[:300]}")
            write_atomically(stamp, b"")
            if failed or done.code != 0:
                # Tried again soon, but not once more for each source of the same run.
                soon = time.time() - _FRESH_SECONDS + _RETRY_SECONDS
                os.utime(stamp, (soon, soon))

    def versions(self, package: str, filename: str) -> list[str]:
        """The versions of a package, those that list the file before the others."""
        listing: list[str] = []
        other: list[str] = []
        show = "show" if self._binary else "showsrc"
        for stanza in self._run([self._cache, show, "--", package]).out.split("\n\n"):
            found = re.search(r"^Version: (.*)$", stanza, re.MULTILINE)
            name = re.search(r"^Package: (.*)$", stanza, re.MULTILINE)
            if found and name and name[1] == package and _VERSION.fullmatch(found[1]):
                names = re.findall(r"^(?: [0-9a-f]+ \d+ |Filename: (?:.*/)?)(\S+)$", stanza, re.MULTILINE)
                (listing if filename in names else other).append(found[1])
        return list(dict.fromkeys(listing or other))

    def uris(self, package: str, version: str) -> list[tuple[str, str]]:
        """The URIs of a version's files with their sha256, or an empty text where another hash is given."""
        action = ["download"] if self._binary else ["--only-source", "source"]
        done = self._run([self._get, "--print-uris", *action, f"{package}={version}"])
        return [(match[1], match[4] if match[3] == "SHA256" else "") for match in _PRINTED.finditer(done.out)]

    def download(self, place: _Place) -> AttemptFailed | None:
        """Have apt fetch one URI; why not, or None."""
        partial = self._attempt.partial
        helper = self._attempt.settings.tool(_HELPER, self._attempt.url, "apt")
        promised = [f"SHA256:{place.sha256}"] if place.sha256 else []
        done = self._run([helper, "download-file", place.uri, str(partial), *promised], self._advance)
        if done.code == 0 and partial.is_file():
            return None
        for leftover in (partial, partial.with_name(partial.name + ".FAILED")):
            leftover.unlink(missing_ok=True)
        return done.failure("apt")

    def _advance(self) -> None:
        with suppress(OSError):
            self._attempt.advance(self._attempt.partial.stat().st_size, None)

    def _run(self, command: list[str], poll: Callable[[], None] = lambda: None) -> Done:
        return run_client(
            command,
            environment=self._attempt.settings.client_environment(APT_CONFIG=str(self._configuration)),
            directory=self._attempt.root.partial,
            stop=self._attempt.stop,
            seconds=self._attempt.settings.total_seconds,
            poll=poll,
        )

    def _private_list(self) -> str:
        text = private_list(_machine_sources(self._machine_files()), "deb" if self._binary else "deb-src")
        if not text:
            raise ConfigurationError(
                "apt on this machine is not set up for a Debian archive",
                reference="no-debian-archive",
                context=(("needed for", self._attempt.url),),
                hint="name a Debian mirror in /etc/apt/sources.list, or give the source another URL",
            )
        return text

    def _machine_files(self) -> list[Path]:
        """Where the machine's own apt configuration says its sources are."""
        config = self._attempt.settings.tool("apt-config", self._attempt.url, "apt")
        done = run_client(
            [config, "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"],
            environment=self._attempt.settings.client_environment(),
            directory=self._attempt.root.partial,
            stop=self._attempt.stop,
            seconds=60,
        )
        places = dict(re.findall(r"^(LIST|PARTS)='([^']*)'$", done.out, re.MULTILINE))
        parts = Path(places.get("PARTS", "/etc/apt/sources.list.d"))
        found = sorted(parts.iterdir()) if parts.is_dir() else []
        return [Path(places.get("LIST", "/etc/apt/sources.list")), *found]

    def _write_configuration(self, sources: str) -> None:
        state = self._state
        with disk_errors("keep apt's lists in", state):
            for name in ("lists/partial", "cache/archives/partial"):
                (state / name).mkdir(parents=True, exist_ok=True)
        if any(character in str(state) for character in '"\\\n'):
            raise ConfigurationError(
                "apt cannot work below a path with quotes or backslashes", context=(("path", str(state)),)
            )
        write_atomically(state / "sources.list", sources.encode())
        write_atomically(self._configuration, _CONFIGURATION.format(state=state).encode())


# The machine's hooks after an update are its own business and could ask for root.  The sandbox user
# is apt's way for root to give up rights; it cannot enter root's private directories.
_CONFIGURATION = """\
Dir::State::lists "{state}/lists";
Dir::Cache "{state}/cache";
Dir::Etc::sourcelist "{state}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
APT::Get::List-Cleanup "true";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "2";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
"""


def _machine_sources(files: list[Path]) -> list[AptSource]:
    sources: list[AptSource] = []
    for file in files:
        read = {".list": read_one_line, ".sources": read_deb822}.get(file.suffix)
        if read is not None and file.is_file():
            with suppress(OSError):
                sources += read(file.read_text("utf-8", "replace"))
    return sources
