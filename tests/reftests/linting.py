"""``opam lint``: the numbers of opam's findings against those of xpkg's checks."""

from __future__ import annotations

import re
from pathlib import Path

from tests.reftests.commands import Answer, Command
from tests.reftests.verdict import Reason
from tests.reftests.world import World
from xpkg.core.errors import XpkgError
from xpkg.repo.lint.reading import lint_path
from xpkg.repo.lint.registry import CHECKS

_FOUND = re.compile(r"\s+(error|warning)\s+(\d+): ")
_CHOICE = re.compile(r"([+-])(\d+)(?:\.\.(\d+))?")
_LAST = 73  # of opam 2.3
_SAID = re.compile(r".*: (Passed|Warnings|Errors)\.$|.*\[ERROR\]")


def lint(world: World, command: Command) -> Answer:
    if command.arguments.has("--check-upstream", "--strict"):
        return Answer(reason=Reason.NO_OPTION)
    if "@" in "".join(command.arguments.values("--warn", "-W")):  # makes errors of warnings
        return Answer(reason=Reason.NO_OPTION)
    paths = _paths(world, command)
    theirs = sorted(match.groups() for line in command.expected if (match := _FOUND.match(line)))
    if not paths or not any(_SAID.match(line) for line in command.expected):
        return Answer(reason=Reason.NOTHING_SAID)
    codes = _chosen(command)
    found: list[tuple[str, str]] = []
    for path in paths:
        try:
            found += [(str(one.severity), one.code) for one in lint_path(path, codes)]
        except XpkgError as error:
            found.append(("error", error.message))
    ours = sorted(set(found))
    return Answer(ours=_told(ours), theirs=_told(sorted({(severity, str(int(code))) for severity, code in theirs})))


def _told(found: list[tuple[str, str]]) -> str:
    return ", ".join(f"{severity} {code}" for severity, code in found) or "nothing"


def _paths(world: World, command: Command) -> list[Path]:
    package = command.arguments.value("--package")
    if package is not None:
        name, _, version = package.partition(".")
        universe = world.universe(command.environment)
        try:
            version = version or universe.versions(name)[0]
            roots = [repository.root / "packages" for repository in universe.repositories]
        except XpkgError:
            return []
        places = [place / "opam" for root in roots for place in (root / name / package, root / f"{name}.{version}")]
        places += [root / name / f"{name}.{version}" / "opam" for root in roots]
        return [place for place in places if place.is_file()][:1]
    found = [world.base / word for word in command.arguments.rest]
    return [path for path in found if path.is_file()]


def _chosen(command: Command) -> frozenset[str]:
    """opam's checks, as ``--warn`` switches them: the first + alone starts from none."""
    every = {check.code for check in CHECKS if check.code.isdigit() and int(check.code) <= _LAST}
    choices = _CHOICE.findall("".join(command.arguments.values("--warn", "-W")))
    chosen = set() if choices and choices[0][0] == "+" else set(every)
    for sign, first, last in choices:
        low, high = sorted((int(first), int(last or first)))
        meant = {code for code in every if low <= int(code) <= high}
        chosen = chosen - meant if sign == "-" else chosen | meant
    return frozenset(chosen)
