"""What making an index found, against the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xpkg.repo.index.content import Content, Version

Named = tuple[str, str]
"""A package's name and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """``versions`` there are now; of these ``parsed`` were read and ``reused`` taken over.

    ``problems`` are the recipes that cannot be used, each with why and where.
    """

    versions: int
    parsed: int
    reused: int
    added: tuple[Named, ...]
    changed: tuple[Named, ...]
    removed: tuple[Named, ...]
    problems: tuple[tuple[str, str, str], ...]


class Tally:
    """Counts while an index is made; ``previous`` is the index before, if any."""

    def __init__(self, previous: Content | None) -> None:
        self._previous = previous
        self._seen: set[str] = set()
        self._kept = self._read = 0
        self._added: list[Named] = []
        self._changed: list[Named] = []
        self._removed: list[Named] = []
        self._problems: list[tuple[str, str, str]] = []
        self._before: dict[str, Version] = {}
        self._left: dict[Named, None] = {}

    def same(self, name: str, fingerprint: int) -> bool:
        """Whether all versions of a package are as in the index before; they are then counted."""
        previous = self._previous
        if previous is None or name not in previous.names or previous.fingerprint(name) != fingerprint:
            return False
        self._seen.add(name)
        self._kept += previous.count(name)
        self._problems += [(name, *problem) for problem in previous.problems().get(name, ())]
        return True

    def known(self, name: str) -> dict[str, Version]:
        """The versions that the index before has of a package, which is being looked at now."""
        self._forget_rest()
        self._seen.add(name)
        if self._previous is None or name not in self._previous.names:
            self._before = {}
        else:
            self._before = {one.version: one for one in self._previous.versions(name)}
        self._left = dict.fromkeys((name, version) for version in self._before)
        return self._before

    def facts(self, name: str) -> dict[str, tuple[Any, ...]]:
        """The facts of these versions."""
        if self._previous is None or not self._before:
            return {}
        return dict(zip(self._before, self._previous.facts(name), strict=True))

    def kept(self, name: str, one: Version) -> None:
        """A version is as it was."""
        self._kept += 1
        self._left.pop((name, one.version), None)
        self._note(name, one)

    def read(self, name: str, one: Version) -> None:
        """A version was read."""
        self._read += 1
        before = self._before.get(one.version)
        self._left.pop((name, one.version), None)
        if before is None:
            self._added.append((name, one.version))
        elif before.identity != one.identity:
            self._changed.append((name, one.version))
        self._note(name, one)

    def _note(self, name: str, one: Version) -> None:
        if one.problem is not None:
            self._problems.append((name, one.version, one.problem))

    def _forget_rest(self) -> None:
        self._removed += self._left
        self._left = {}

    def rest_is_gone(self) -> None:
        """Nothing more comes: what the index before has beside is removed."""
        self._forget_rest()
        if self._previous is not None:
            for name in self._previous.names:
                if name not in self._seen:
                    self._removed += [(name, one.version) for one in self._previous.versions(name)]

    def report(self, wrong: Sequence[tuple[str, str, str]] = ()) -> BuildReport:
        """The figures; ``wrong`` are further problems, of what is filed under no version."""
        return BuildReport(
            versions=self._kept + self._read,
            parsed=self._read,
            reused=self._kept,
            added=tuple(self._added),
            changed=tuple(self._changed),
            removed=tuple(self._removed),
            problems=(*self._problems, *wrong),
        )
