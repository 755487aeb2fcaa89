"""Constraints on versions, in the order of ``version_order``."""

from __future__ import annotations

from collections.abc import Sequence

from xpkg.core.values import value
from xpkg.repo.version_order import Ranking, holds


class VersionFormula:
    """Which versions are wanted.  ``str()`` gives opam's syntax without braces, empty for any version."""

    __slots__ = ()

    def allows(self, version: str) -> bool:
        """Whether ``version`` satisfies the formula."""
        raise NotImplementedError

    def among(self, ranking: Ranking) -> int:
        """The set of the versions that satisfy it (see ``Ranking``), the same as asking for each whether it does."""
        raise NotImplementedError


@value
class AnyVersion(VersionFormula):
    """No constraint."""

    def allows(self, version: str) -> bool:
        return True

    def among(self, ranking: Ranking) -> int:
        return ranking.all

    def __str__(self) -> str:
        return ""


@value
class Compare(VersionFormula):
    """One comparison with a fixed version."""

    operator: str
    version: str

    def allows(self, version: str) -> bool:
        return holds(self.operator, version, self.version)

    def among(self, ranking: Ranking) -> int:
        return ranking.where(self.operator, self.version)

    def __str__(self) -> str:
        return f'{self.operator} "{self.version}"'


@value
class AllOf(VersionFormula):
    """Every part must allow the version."""

    parts: tuple[VersionFormula, ...]

    def allows(self, version: str) -> bool:
        return all(part.allows(version) for part in self.parts)

    def among(self, ranking: Ranking) -> int:
        found = ranking.all
        for part in self.parts:
            found &= part.among(ranking)
        return found

    def __str__(self) -> str:
        return " & ".join(f"({part})" if isinstance(part, OneOf) else str(part) for part in self.parts)


@value
class OneOf(VersionFormula):
    """At least one part must allow the version."""

    parts: tuple[VersionFormula, ...]

    def allows(self, version: str) -> bool:
        return any(part.allows(version) for part in self.parts)

    def among(self, ranking: Ranking) -> int:
        found = 0
        for part in self.parts:
            found |= part.among(ranking)
        return found

    def __str__(self) -> str:
        return " | ".join(str(part) for part in self.parts)


ANY_VERSION = AnyVersion()


def exactly(version: str) -> VersionFormula:
    """The formula that allows ``version`` and what equals it."""
    return Compare("=", version)


def all_of(parts: Sequence[VersionFormula]) -> VersionFormula:
    """The conjunction, without needless levels."""
    wanted = tuple(part for part in parts if not isinstance(part, AnyVersion))
    if len(wanted) == 1:
        return wanted[0]
    return AllOf(wanted) if wanted else ANY_VERSION


def one_of(parts: Sequence[VersionFormula]) -> VersionFormula:
    """The disjunction of one or more parts, without needless levels."""
    if any(isinstance(part, AnyVersion) for part in parts):
        return ANY_VERSION
    return parts[0] if len(parts) == 1 else OneOf(tuple(parts))
