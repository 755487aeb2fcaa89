"""What a check is and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from xpkg.repo.opamfile.values import Node

if TYPE_CHECKING:
    from xpkg.repo.lint.subject import Subject


class Severity(StrEnum):
    """How bad a finding is: an error makes the recipe wrong or unusable, a warning is for people to judge."""

    ERROR = "error"
    WARNING = "warning"


class Found(NamedTuple):
    """A place that breaks a rule, None for the file as a whole."""

    place: Node | None
    message: str
    hint: str | None = None


Find = Callable[["Subject"], Iterator[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule.

    ``code`` is opam's number, or ``X`` and a number of ours.  ``rule`` says in one line what is expected, ``reason``
    why (for opam's checks: what goes wrong otherwise).  ``find`` opens no file.
    """

    code: str
    severity: Severity
    rule: str
    reason: str
    find: Find


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A broken rule in a file; ``line`` and ``column`` count from 1.

    ``source_line`` is the line as it may be shown and ``caret`` a line that marks the place below it.
    """

    code: str
    severity: Severity
    message: str
    file: str
    line: int
    column: int
    source_line: str
    caret: str
    hint: str | None = None


def error(code: str, rule: str, reason: str) -> Callable[[Find], Check]:
    """Make a check of a function; what it finds are errors."""
    return lambda find: Check(code=code, severity=Severity.ERROR, rule=rule, reason=reason, find=find)


def warning(code: str, rule: str, reason: str) -> Callable[[Find], Check]:
    """Make a check of a function; what it finds are warnings."""
    return lambda find: Check(code=code, severity=Severity.WARNING, rule=rule, reason=reason, find=find)
