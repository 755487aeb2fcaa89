"""Where a package is needed when a target's package depends on it: ``cross.toml`` of a repository.

    [build]
    dune = "runs while building"
    "conf-*" = "describes the build machine"
    [both]
    "ppx_*" = "the rewriter runs while building, its run-time library is linked"
    [target]
    zarith = "..."

A name decides before a pattern, a pattern with more literal characters before one with fewer; between files, the
repository of higher priority.  Rules of a repository that answers for some names only hold for those.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xpkg.repo.recipes import RUNS_ON, RunsOn
from xpkg.repo.tables import read_table

_PATTERN = re.compile(r"[A-Za-z0-9_+*-]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """On which machine a package is needed, and why."""

    runs_on: RunsOn
    reason: str


@dataclass(frozen=True, slots=True)
class CrossRules:
    """The rules of one file: by name, and by pattern in the order to try them; ``answers`` says for which packages."""

    names: Mapping[str, Rule] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], Rule], ...] = ()
    below: CrossRules | None = None
    answers: Callable[[str], bool] | None = None

    def where(self, name: str) -> Rule | None:
        """The rule for a package name, or None when the recipe and its filters decide."""
        found = None if self.answers is not None and not self.answers(name) else self._here(name)
        return found if found is not None or self.below is None else self.below.where(name)

    def _here(self, name: str) -> Rule | None:
        if name in self.names:
            return self.names[name]
        return next((rule for pattern, rule in self.patterns if pattern.fullmatch(name)), None)


def read_cross_rules(
    paths: Iterable[Path], below: CrossRules | None = None, answers: Callable[[str], bool] | None = None
) -> CrossRules:
    """The rules of several files, the first of which decides first and all before ``below``; absent files are fine.

    InputFileError for an unknown section, a name in two sections, a reason that is empty.
    """
    rules = below or CrossRules()
    for path in reversed(tuple(paths)):
        if path.is_file():
            rules = _read(path, rules, answers)
    return rules


def _read(path: Path, below: CrossRules, answers: Callable[[str], bool] | None) -> CrossRules:
    whole = read_table(path)
    found: dict[str, Rule] = {}
    for runs_on in RUNS_ON:
        table = whole.table(runs_on)
        if table is None:
            continue
        for name in table.left():
            if not _PATTERN.fullmatch(name):
                raise table.error(name, "expected a package name, in which * stands for any characters")
            if name in found:
                raise table.error(name, f"the name is also in [{found[name].runs_on}]")
            found[name] = Rule(runs_on, table.text(name))
    whole.finish()
    patterns = sorted((name for name in found if "*" in name), key=lambda name: (-len(name.replace("*", "")), name))
    return CrossRules(
        names={name: rule for name, rule in found.items() if "*" not in name},
        patterns=tuple((re.compile(fnmatch.translate(name)), found[name]) for name in patterns),
        below=below,
        answers=answers,
    )
