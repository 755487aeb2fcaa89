"""What opam printed about its actions, and what came of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ACTION = re.compile(
    r"\s+- (install|remove|recompile|upgrade|downgrade)\s+(\S+)\s+(\S+)(?: \((?!.*\bto\b)[^)]*\))*"
    r"(?:\s+\([^)]*\))*(?:\s+to\s+(\S+))?"
)
_DONE = re.compile(r"-> (installed|removed)\s+(\S+)")
_FAKED = re.compile(r"Faking (installation|removal) of (\S+)")
_REFUSED = re.compile(
    r"\[ERROR\] (?:Package conflict|No package|.* has no version|.*: unmet availability|.*no longer available"
    r"|.*unknown package|.* is not available|Could not|.*[Nn]o package named|.*not found)"
    r"|\[ERROR\] Strict mode: aborting|No solution found|Missing dependency:|Upgrade is not possible|pinned to version"
    r"|Invalid character in package name"
)
_IDLE = re.compile(
    r"Nothing to do\.|Already up-to-date|\[NOTE\] Package .* is already installed|\[NOTE\] .* (is|are) not installed"
    r"|No package build needed|\[NOTE\] Package .* is already (marked|pinned)|The switch invariant was set"
)
REMOVE, RECOMPILE = "remove", "recompile"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One action: what is done to a name, the version it is about, and for a change of version the one before."""

    action: str
    name: str
    version: str
    previous: str | None = None

    def __str__(self) -> str:
        versions = self.version if self.previous is None else f"{self.previous} to {self.version}"
        return f"{self.action} {self.name} {versions}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``changes`` is None when opam found no solution, or refused."""

    changes: frozenset[Change] | None

    def __str__(self) -> str:
        if self.changes is None:
            return "no solution"
        return ", ".join(map(str, sorted(self.changes))) or "nothing"


NO_SOLUTION = Outcome(changes=None)


def expected_outcome(lines: Sequence[str]) -> Outcome | None:
    """What opam decided, None when its output does not say it."""
    listed = [change for line in lines if (change := _change(line)) is not None]
    if listed:
        return Outcome(changes=frozenset(listed))
    if any(_REFUSED.search(line) for line in lines):
        return NO_SOLUTION
    installed, removed = done(lines)
    if installed or removed:
        added = {Change("install", name, version) for name, version in installed}
        return Outcome(changes=frozenset(added | {Change(REMOVE, name, version) for name, version in removed}))
    if any(_IDLE.search(line) for line in lines):
        return Outcome(changes=frozenset())
    return None


def _change(line: str) -> Change | None:
    match = _ACTION.match(line)
    if match is None:
        return None
    action, name, version, other = match.groups()
    return Change(action, name, other, version) if other else Change(action, name, version)


def done(lines: Sequence[str]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What was really installed and removed, as names and versions."""
    installed: list[tuple[str, str]] = []
    removed: list[tuple[str, str]] = []
    for line in lines:
        match = _DONE.match(line) or _FAKED.match(line)
        if match is not None:
            name, _, version = match[2].rstrip(".").partition(".")
            (installed if match[1].startswith("install") else removed).append((name, version))
    return installed, removed


def return_code(lines: Sequence[str]) -> int:
    match = re.fullmatch(r"# Return code (\d+) #", lines[-1]) if lines else None
    return int(match[1]) if match else 0
