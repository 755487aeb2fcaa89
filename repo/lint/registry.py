"""All checks, and the choice of some."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xpkg.core.errors import UsageError
from xpkg.core.text import did_you_mean, printable
from xpkg.repo.lint import (
    command_checks,
    cross_checks,
    dependency_checks,
    field_checks,
    source_checks,
    trust_checks,
)
from xpkg.repo.lint.findings import Check, Found, error
from xpkg.repo.lint.subject import Subject


def _while_reading(subject: Subject) -> Iterator[Found]:
    del subject
    return iter(())


SYNTAX = error("2", "the file is one of opam's format 2.0", "nothing of it can be read")(_while_reading)
REFUSED = error("X01", "xpkg reads the recipe", "a recipe that it refuses cannot be installed")(_while_reading)
"""These two are found by reading; their functions find nothing."""

CHECKS: tuple[Check, ...] = (
    SYNTAX,
    *sorted(
        (
            *field_checks.CHECKS,
            *dependency_checks.CHECKS,
            *command_checks.CHECKS,
            *source_checks.CHECKS,
        ),
        key=lambda check: int(check.code),
    ),
    REFUSED,
    *trust_checks.CHECKS,
    *cross_checks.CHECKS,
)
GROUPS = {
    "opam": frozenset(check.code for check in CHECKS if not check.code.startswith("X")),
    "xpkg": frozenset(check.code for check in CHECKS if check.code.startswith("X")),
}


def chosen(enable: Iterable[str] = (), disable: Iterable[str] = ()) -> frozenset[str]:
    """The codes to look for: those of ``enable`` (all when it is empty) without those of ``disable``.

    Each is a code, or ``opam`` or ``xpkg`` for all of one kind.  UsageError for any other word.
    """
    wanted = _codes(enable) or frozenset(check.code for check in CHECKS)
    return wanted - _codes(disable)


def _codes(words: Iterable[str]) -> frozenset[str]:
    known = {check.code: frozenset((check.code,)) for check in CHECKS} | GROUPS
    codes: set[str] = set()
    for word in words:
        found = known.get(word) or known.get(word.upper())
        if found is None:
            raise UsageError(
                f"there is no check {printable(word)}",
                reference="unknown-check",
                hint=did_you_mean(word.upper(), known) or "docs/lint.md lists the checks",
            )
        codes |= found
    return frozenset(codes)
