"""Where a package is needed when a target's package depends on it: ``cross.toml`` of a repository.

    [build]
    dune = "runs while building"
    "conf-*" = "describes the build machine"
    [both]
    "ppx_*" = "the rewriter runs while building, its run-time library is linked"
    "jst-config:stdio" = "its probe, which runs while building, is linked with it"
    [target]
    zarith = "..."

``DEPENDENT:NAME`` is about what one package needs, and decides before what is said of the name for all.  A name
decides before a pattern, a pattern with more literal characters before one with fewer; between files, the repository
of higher priority.  Rules of a repository that answers for some names only hold for those; those of a dependent, when
it answers for the dependent.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.recipes import RUNS_ON, RunsOn
from xpkg.repo.tables import read_table

_NAME = r"[A-Za-z0-9_+*-]+"
_PATTERN = re.compile(rf"(?:{_NAME}:)?{_NAME}")


@dataclass(frozen=True, slots=True)
class Rule:
    """On which machine a package is needed, and why; ``written`` says in which file's which key."""

    runs_on: RunsOn
    reason: str
    written: tuple[Path, str] | None = field(default=None, compare=False)

    @property
    def of_one_dependent(self) -> bool:
        """Whether it is about this very name for single packages (``DEPENDENT:NAME``)."""
        dependent, _, name = self.written[1].rpartition(":") if self.written is not None else ("", "", "")
        return bool(dependent) and "*" not in name


@dataclass(frozen=True, slots=True)
class CrossRules:
    """The rules of one file, by name and by pattern in the order to try them, of ``DEPENDENT:NAME`` likewise.

    ``answers`` says for which packages they hold.
    """

    names: Mapping[str, Rule] = field(default_factory=dict)
    patterns: tuple[tuple[str, Rule], ...] = ()
    edges: tuple[tuple[str, str, Rule], ...] = ()
    below: CrossRules | None = None
    answers: Callable[[str], bool] | None = None

    def where(self, name: str, dependent: str | None = None) -> Rule | None:
        """The rule for a package that ``dependent`` needs, None when the recipe and its filters decide."""
        rules: CrossRules | None = self
        while rules is not None:
            found = rules._here(name, dependent)
            if found is not None:
                return found
            rules = rules.below
        return None

    def single_out(self, dependent: str) -> bool:
        """Whether there are rules about what this package needs."""
        rules: CrossRules | None = self
        while rules is not None:
            if any(fits(pattern, dependent) for pattern, _, _ in rules.edges) and rules._hold_for(dependent):
                return True
            rules = rules.below
        return False

    def _hold_for(self, name: str) -> bool:
        return self.answers is None or self.answers(name)

    def _here(self, name: str, dependent: str | None) -> Rule | None:
        if dependent is not None and self.edges and self._hold_for(dependent):
            for left, right, rule in self.edges:
                if fits(left, dependent) and fits(right, name):
                    return rule
        if not self._hold_for(name):
            return None
        if name in self.names:
            return self.names[name]
        return next((rule for pattern, rule in self.patterns if fits(pattern, name)), None)


def fits(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern, in which ``*`` stands for any characters."""
    first, star, rest = pattern.partition("*")
    if not star:
        return name == pattern
    *middle, last = rest.split("*")
    if not (name.startswith(first) and name.endswith(last) and len(name) >= len(first) + len(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def read_cross_rules(
    paths: Iterable[Path],
    below: CrossRules | None = None,
    answers: Callable[[str], bool] | None = None,
    root: Path | None = None,
) -> CrossRules:
    """The rules of several files, the first of which decides first and all before ``below``; absent files are fine.

    InputFileError for an unknown section, a name in two sections, a reason that is empty, for what is no regular file
    and for a link that leads out of the file's directory and of ``root``.
    """
    rules = below or CrossRules()
    for path in reversed(tuple(paths)):
        if _is_there(path, root or path.parent):
            rules = _read(path, rules, answers)
    return rules


def _is_there(path: Path, root: Path) -> bool:
    """Whether there is a file of rules; InputFileError when what is there cannot be one."""
    with disk_errors("read", path):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        real = Path(os.path.realpath(path))  # a link to itself stays what it is
        if not any(real.is_relative_to(os.path.realpath(top)) for top in (root, path.parent)):
            problem = "leads out of the repository"
        elif not real.exists():
            problem = "leads nowhere"
        elif not real.is_file():
            problem = "is no regular file"
        else:
            return True
    raise InputFileError(
        f"{path.name} {problem}",
        reference="bad-cross-rules",
        context=(("file", printable(str(path))),),
        hint="a file of rules, a link to one in the same repository, or nothing",
    )


def _read(path: Path, below: CrossRules, answers: Callable[[str], bool] | None) -> CrossRules:
    whole = read_table(path)
    found: dict[str, Rule] = {}
    for runs_on in RUNS_ON:
        table = whole.table(runs_on)
        if table is None:
            continue
        for name in table.left():
            if not _PATTERN.fullmatch(name):
                raise table.error(
                    name, "expected a package name, in which * stands for any characters, or DEPENDENT:NAME"
                )
            if name in found:
                raise table.error(name, f"the name is also in [{found[name].runs_on}]")
            found[name] = Rule(runs_on, table.text(name), (path, name))
    whole.finish()
    patterns = sorted((name for name in found if "*" in name or ":" in name), key=_vagueness)
    parts = ((name.partition(":"), found[name]) for name in patterns if ":" in name)
    return CrossRules(
        names={name: rule for name, rule in found.items() if name not in patterns},
        patterns=tuple((name, found[name]) for name in patterns if ":" not in name),
        edges=tuple((dependent, name, rule) for (dependent, _, name), rule in parts),
        below=below,
        answers=answers,
    )


def _vagueness(pattern: str) -> tuple[bool, int, str]:
    """What sorts patterns: a name first, then the one with more literal characters."""
    return "*" in pattern, -len(pattern.replace("*", "")), pattern
