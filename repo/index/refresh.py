"""Bringing the index of a directory up to date: only files that changed are read."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from xpkg.repo.directory import Directory
from xpkg.repo.index.content import NO_STAMP, Content, ContentBuilder, Stamp, Version, fingerprint
from xpkg.repo.index.reading import RecipeIndexer, identity_of, opam_bytes
from xpkg.repo.index.report import BuildReport, Tally
from xpkg.repo.index.stamps import VersionStamp, times_of, version_stamp
from xpkg.repo.version_order import newest_first

_TICK = 50_000_000  # nanoseconds; the clock of file systems moves in steps of 10 ms at most ...
_SECOND = 1_000_000_000  # ... but for those that count whole seconds, or two


@dataclass(frozen=True, slots=True)
class _Found:
    """A version in the directory: its opam file's stamp, None when it is too fresh to rely on."""

    version: str
    directory: str
    stamp: VersionStamp | None


class Refresh:
    """One pass over the directory."""

    def __init__(self, directory: Directory, previous: Content | None) -> None:
        same = previous is not None and previous.header.get("root") == str(directory.root)
        self._directory = directory
        self._previous = previous if same else None
        self._builder = ContentBuilder(self._previous)
        self._indexer = RecipeIndexer(directory.name)
        self._started = time.time_ns()
        self._tally = Tally(self._previous)
        self._moved = False  # a package is as it was, its directory's times are not

    def write(self, path: Path) -> BuildReport:
        """Make the new index; what it found."""
        stamp = self._settled(times_of(self._directory.packages))
        for name in self._directory.entries:
            self._package(name)
        self._tally.rest_is_gone()
        report = self._tally.report(self._directory.wrong)
        before = self._previous
        if report.parsed or report.removed or self._moved or before is None or before.header["stamp"] != stamp:
            self._builder.finish(path, {"root": str(self._directory.root), "stamp": stamp})
        return report

    def _package(self, name: str) -> None:
        stamp = self._settled(times_of(f"{self._directory.packages}/{name}"))
        paths = self._directory.paths(name)
        found = [_Found(one, paths[one], self._stamp(paths[one])) for one in newest_first(paths)]
        settled = all(one.stamp is not None for one in found)
        if settled and self._tally.same(name, fingerprint([(one.version, one.stamp) for one in found])):
            self._builder.keep(name, stamp)
            assert self._previous is not None
            self._moved = self._moved or self._previous.stamp(name) != stamp
            return
        known = self._tally.known(name)
        texts = self._tally.facts(name)
        versions, facts = [], []
        for one in found:
            before = known.get(one.version)
            if before is not None and one.stamp is not None and before.place == one.stamp:
                versions.append(before)
                facts.append(texts[one.version])
                self._tally.kept(name, before)
                continue
            directory = Path(one.directory)
            data = opam_bytes(directory)
            problem, needs, said = self._indexer.read(directory, name, one.version, data)
            made = Version(one.version, problem, identity_of(data), self._rechecked(one, data), needs)
            versions.append(made)
            facts.append(said)
            self._tally.read(name, made)
        self._builder.put(name, versions, facts, stamp, fingerprint([(one.version, one.place) for one in versions]))

    def _rechecked(self, one: _Found, data: bytes | None) -> VersionStamp | None:
        """The stamp; None where it would not show all that the verdict on the recipe depends on.

        That is so when it changed while it was read, of a recipe that promises the content of its files, and of one of
        the older format with its files beside.
        """
        beside = any(os.path.exists(f"{one.directory}/{name}") for name in ("descr", "url"))
        if beside or data is None or b"extra-files" in data or _has_directories(f"{one.directory}/files"):
            return None
        return one.stamp if self._stamp(one.directory) == one.stamp else None

    def _stamp(self, directory: str) -> VersionStamp | None:
        stamp = version_stamp(directory, with_files=os.path.lexists(f"{directory}/files"))
        return stamp if stamp is not None and all(map(self._old, stamp[2:])) else None

    def _settled(self, times: Stamp) -> Stamp:
        return times if all(map(self._old, times)) else NO_STAMP

    def _old(self, moment: int) -> bool:
        """Whether a change after this pass would show in the time; a file system may count whole seconds."""
        return moment + (_TICK if moment % _SECOND else 2 * _SECOND + _TICK) < self._started


def _has_directories(path: str) -> bool:
    """Whether something below a directory can change without its times: in directories inside."""
    try:
        with os.scandir(path) as scanned:
            return any(entry.is_dir(follow_symlinks=False) for entry in scanned)
    except OSError:
        return False
