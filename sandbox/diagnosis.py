"""Why a command of a build failed, in words: from the end of its log, what was run, and what the build saw.

Pure: nothing is read but by the functions of `Failure`.  A recogniser looks at one line of the log; the last line that
one knows decides, for what comes before a failure may well have been handled.  Nothing recognised means nothing said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xpkg.core.text import printable
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import SOURCE, TARGET, TOOLS
from xpkg.sandbox.steps import Step

LINES = 120
"""So many lines at the end of a log are looked at."""

LONGEST = 500
"""Characters of a line that are looked at."""


# What configure found out is no failure, whatever it asked for.
_ANSWERED = re.compile(
    r"(?:checking |-- (?:Looking for|Performing)).*(?:\.\.\.|- ) ?"
    r"(?:yes|no|ok|none needed|found|not found|Success|Failed)?\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed command.

    ``tools`` and ``target`` map the paths of the files that dependencies installed, below each prefix, to the names of
    their packages.  ``machine_of`` says of a path as the build sees it whether it is a program of the ``target`` or of
    the ``build`` machine; None for what is none or cannot be found.
    """

    step: Step
    subject: Subject
    lines: Sequence[str]
    tools: Mapping[str, str]
    target: Mapping[str, str]
    machine_of: Callable[[str], str | None] = lambda path: None

    def owner(self, path: str) -> str | None:
        """The package that installed a file of one of the prefixes."""
        for prefix, files in ((TOOLS, self.tools), (TARGET, self.target)):
            if path.startswith(prefix + "/"):
                return files.get(path[len(prefix) + 1 :])
        return None

    @property
    def name(self) -> str:
        return self.subject.recipe.name

    @property
    def target_name(self) -> str:
        return self.subject.machine.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What went wrong: ``kind`` for programs, ``cause`` and ``hint`` for people, ``seen`` the line that tells."""

    kind: str
    cause: str
    hint: str
    seen: str = ""


Recogniser = Callable[[Failure, int], Finding | None]
"""What is wrong by the line of that number, counted from the first that is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A line that tells all by itself.

    In ``cause`` and ``hint``, written as for `str.format`, the groups of ``pattern`` stand for what they found,
    ``package`` for the name of the package and ``machine`` for what it is built for.
    """

    pattern: re.Pattern[str]
    kind: str
    cause: str
    hint: str

    def recognise(self, failure: Failure, number: int) -> Finding | None:
        """A `Recogniser`."""
        found = self.pattern.search(failure.lines[number])
        if found is None:
            return None
        names = {
            "package": failure.name,
            "machine": failure.target_name if failure.subject.cross else "a hermetic build",
            **{name: shown(text) for name, text in found.groupdict("").items()},
        }
        return Finding(kind=self.kind, cause=self.cause.format(**names), hint=self.hint.format(**names))


def diagnose(failure: Failure) -> Finding | None:
    """The cause of a failure; None when it is nothing that is known here."""
    from xpkg.sandbox.diagnosis_machines import RECOGNISERS as MACHINES
    from xpkg.sandbox.diagnosis_missing import RECOGNISERS as MISSING
    from xpkg.sandbox.diagnosis_missing import asked_in_silence
    from xpkg.sandbox.diagnosis_shared import RECOGNISERS as SHARED
    from xpkg.sandbox.diagnosis_sources import RECOGNISERS as SOURCES

    for number in range(len(failure.lines) - 1, -1, -1):
        if _ANSWERED.match(failure.lines[number]):
            continue
        for recognise in (*MACHINES, *SHARED, *MISSING, *SOURCES):
            finding = recognise(failure, number)
            if finding is not None:
                seen = " ".join(failure.lines[number].split())
                return Finding(
                    kind=finding.kind, cause=finding.cause, hint=finding.hint, seen=printable(seen[:300], keep="")
                )
    return asked_in_silence(failure)


def relevant(log: str, command: str) -> list[str]:
    """The lines that a command, as the log names it, left at the end of a log."""
    lines = log.splitlines()
    heading = f"+ {command}"
    start = next((number for number in range(len(lines) - 1, -1, -1) if lines[number] == heading), -1)
    return [line[:LONGEST] for line in lines[start + 1 :][-LINES:]]


def first_match(patterns: Iterable[re.Pattern[str]], line: str) -> re.Match[str] | None:
    """What the first of the patterns finds that finds something."""
    return next((match for pattern in patterns if (match := pattern.search(line))), None)


def shown(path: str) -> str:
    """A name out of a log, short and safe to print."""
    text = path.removeprefix(SOURCE + "/")
    return printable(text if len(text) <= 200 else text[:200] + "...", keep="")


def where_needed(name: str, package: str, failure: Failure) -> str:
    """What to do about a dependency that is on the target only, and runs while building."""
    return (
        f"{package} is there for {failure.target_name} only: {failure.name} needs it on the build machine, by "
        f'{{build}} in its recipe, or by the rule "{failure.name}:{package}" of a cross.toml ([build], or [both] where '
        f"it is linked too); xpkg show {failure.name} --target {failure.target_name} --edges tells what decided"
    )


def context_lines(failure: Failure, number: int, most: int = 6) -> Iterator[str]:
    """The line of that number and those after it."""
    yield from failure.lines[number : number + most]
