"""What an index says of each package, and making one from new packages and those of the index before.

A package has two blocks, so that solving loads no texts: its versions, newest first, each (version, problem, identity,
place, needs); and the facts of the same versions.  ``place`` is the kind of index's own: how to tell that the recipe
is still the one indexed, or where it is.  A row of the table is the places of both blocks, a stamp of two numbers, how
many versions there are, and a fingerprint by which an update sees, without loading a block, that all are as they were.
"""

from __future__ import annotations

import gc
import marshal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from xpkg.repo.index.file import IndexDamaged, IndexFile, IndexWriter

Stamp = tuple[int, int]
NO_STAMP: Stamp = (0, 0)


class Version(NamedTuple):
    """One version in an index; ``needs`` as in ``repo.entries``, None where there is a problem.

    Equal ``identity`` means equal bytes of the opam file.
    """

    version: str
    problem: str | None
    identity: bytes
    place: Any
    needs: tuple[Any, ...] | None


class Content:
    """An open index: rows by name, blocks when asked for.  IndexDamaged as ``IndexFile``."""

    def __init__(self, path: Path) -> None:
        self._file = IndexFile(path)
        self._versions: dict[str, tuple[Version, ...]] = {}
        self._positions: dict[str, dict[str, tuple[int, Version]]] = {}
        self._facts: tuple[str, tuple[tuple[Any, ...], ...]] = ("", ())  # the last asked for: they are large
        self._mentions: Mapping[str, tuple[str, ...]] | None = None

    @property
    def header(self) -> Mapping[str, Any]:
        return self._file.header

    @property
    def names(self) -> Mapping[str, Any]:
        """The names, sorted, as the keys of a mapping."""
        return self._file.rows

    def stamp(self, name: str) -> Stamp:
        stamp: Stamp = self._file.rows[name][6:8]
        return stamp

    def count(self, name: str) -> int:
        """How many versions a package has."""
        count: int = self._file.rows[name][8]
        return count

    def fingerprint(self, name: str) -> int:
        """What ``fingerprint`` made of the package's versions when it was put."""
        known: int = self._file.rows[name][9]
        return known

    def problems(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """The versions that cannot be used, each with why, by package."""
        problems: Mapping[str, tuple[tuple[str, str], ...]] = self.header["problems"]
        return problems

    def providers(self) -> Sequence[str]:
        """The packages of which a version provides other names, sorted."""
        providers: Sequence[str] = self.header["providers"]
        return providers

    def versions(self, name: str) -> tuple[Version, ...]:
        """The versions of a package that is here, newest first."""
        found = self._versions.get(name)
        if found is None:
            loaded = self._file.load(self._file.rows[name][0:3])
            found = self._versions[name] = tuple([Version(*one) for one in loaded])
        return found

    def version(self, name: str, version: str) -> tuple[int, Version] | None:
        """A version with its position; None when there is none."""
        known = self._positions.get(name)
        if known is None:
            versions = self.versions(name) if name in self.names else ()
            known = self._positions[name] = {one.version: (at, one) for at, one in enumerate(versions)}
        return known.get(version)

    def facts(self, name: str) -> tuple[tuple[Any, ...], ...]:
        """The facts of the versions, in the same order."""
        if self._facts[0] != name:
            self._facts = name, self._file.load(self._file.rows[name][3:6])
        return self._facts[1]

    def mentions(self) -> Mapping[str, tuple[str, ...]]:
        """For each package the names in depends and depopts of any of its versions, sorted."""
        if self._mentions is None:
            mentions: Mapping[str, tuple[str, ...]] = self._file.load(self.header["mentions"])
            self._mentions = mentions
        return self._mentions

    def blocks(self, name: str) -> tuple[bytes, bytes]:
        """Both blocks as written."""
        row = self._file.rows[name]
        return self._file.bytes_at(row[0:3]), self._file.bytes_at(row[3:6])


def open_content(path: Path) -> Content | None:
    """The index at ``path``; None when there is none that can be used."""
    try:
        return Content(path)
    except IndexDamaged:
        return None


class ContentBuilder:
    """Collects packages; ``previous`` gives those that are as they were."""

    def __init__(self, previous: Content | None) -> None:
        self._writer = IndexWriter()
        self._rows: dict[str, tuple[int, ...]] = {}
        self._previous = previous
        self._kept: dict[str, Stamp] = {}
        self._mentions: dict[str, tuple[str, ...]] = {}
        self._problems: dict[str, tuple[tuple[str, str], ...]] = {}
        self._providers: set[str] = set()

    def keep(self, name: str, stamp: Stamp = NO_STAMP) -> None:
        """The package as the previous index has it."""
        self._kept[name] = stamp

    def _take_over(self, name: str, stamp: Stamp, previous: Content) -> None:
        versions, facts = previous.blocks(name)
        same = (previous.count(name), previous.fingerprint(name))
        self._rows[name] = (*self._writer.add(versions), *self._writer.add(facts), *stamp, *same)
        self._mentions[name] = previous.mentions()[name]
        if name in previous.problems():
            self._problems[name] = previous.problems()[name]
        if name in previous.providers():
            self._providers.add(name)

    def put(
        self,
        name: str,
        versions: Sequence[Version],
        facts: Sequence[tuple[Any, ...]],
        stamp: Stamp = NO_STAMP,
        fingerprint: int = 0,
    ) -> None:
        """A package anew; both sequences newest first."""
        from xpkg.repo.index.encoding import mentioned

        first = self._writer.add(marshal.dumps(tuple([tuple(one) for one in versions])))
        second = self._writer.add(marshal.dumps(tuple(facts)))
        self._rows[name] = (*first, *second, *stamp, len(versions), fingerprint)
        problems = tuple((one.version, one.problem) for one in versions if one.problem is not None)
        if problems:
            self._problems[name] = problems
        needs = [one.needs for one in versions if one.needs is not None]
        names = {name for one in needs for part in one[:2] for name in mentioned(part)}
        self._mentions[name] = tuple(sorted(names))
        if any(part[9] for part in needs):
            self._providers.add(name)

    def finish(self, path: Path, header: Mapping[str, Any]) -> None:
        """Write the index in one step.  IndexDamaged when a package to keep cannot be read any more."""
        for name, stamp in self._kept.items():
            assert self._previous is not None
            self._take_over(name, stamp, self._previous)
        where = self._writer.add(marshal.dumps(self._mentions))
        rows = {name: self._rows[name] for name in sorted(self._rows)}
        facts = {"mentions": where, "problems": self._problems, "providers": tuple(sorted(self._providers))}
        self._writer.finish(path, {**header, **facts}, rows)


def fingerprint(versions: Sequence[tuple[Any, ...]]) -> int:
    """A number that differs when what tells versions apart does: texts, numbers and bytes only."""
    import hashlib

    return int.from_bytes(hashlib.blake2b(repr(versions).encode(), digest_size=8).digest(), "big", signed=True)


@contextmanager
def collector_paused() -> Iterator[None]:
    """Python's cycle collector off: millions of new tuples without cycles make it run for nothing, half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
