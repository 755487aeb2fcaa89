"""Errors a user sees, and the closed list of exit codes.

Every error carries its parts as fields; the text is derived from them by the printer, so that
people and programs read the same facts.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """Exit codes of the command, the same numbers opam documents (opam manual, "Exit codes")."""

    SUCCESS = 0
    FALSE = 1  # a question answered with no
    BAD_ARGUMENTS = 2
    NOT_FOUND = 5
    ABORTED = 10  # the user declined, or a check of ours refused to go on
    LOCKED = 15
    NO_SOLUTION = 20
    FILE_ERROR = 30  # an input file is wrong
    PACKAGE_OPERATION = 31  # a build, an install or a run failed
    SYNC_ERROR = 40  # a source or a repository could not be had
    CONFIGURATION = 50  # the machine or the settings lack something
    SOLVER_FAILURE = 60  # no answer within the bound
    INTERNAL = 99
    HUNG_UP = 129
    INTERRUPTED = 130


class XpkgError(Exception):
    """A mistake or a fault told to the user: what, where, which rule, what to do.

    ``reference`` is a stable kebab-case name for programs, ``context`` the facts in order
    (label, value) and ``hint`` what would help.
    """

    reference: str = "error"
    exit_code: ExitCode = ExitCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        context: tuple[tuple[str, str], ...] = (),
        hint: str | None = None,
        reference: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.context = context
        self.hint = hint
        if reference is not None:
            self.reference = reference

    def facts(self) -> dict[str, object]:
        """What some kinds of errors tell programs besides, as JSON values."""
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        """All parts, for another process: kinds of errors differ in what they are made from."""
        return _with_parts, (type(self), self.args), self.__dict__


def _with_parts(kind: type[XpkgError], parts: tuple[object, ...]) -> XpkgError:
    return kind.__new__(kind, *parts)


class UsageError(XpkgError):
    """The command line asks for something that cannot be meant."""

    reference = "usage"
    exit_code = ExitCode.BAD_ARGUMENTS


class NotFoundError(XpkgError):
    """A name the user gave means nothing here."""

    reference = "not-found"
    exit_code = ExitCode.NOT_FOUND


class InputFileError(XpkgError):
    """A file that xpkg reads does not say what it should."""

    reference = "bad-file"
    exit_code = ExitCode.FILE_ERROR


class ConfigurationError(XpkgError):
    """The machine or the settings lack something that the work needs."""

    reference = "configuration"
    exit_code = ExitCode.CONFIGURATION


class SyncError(XpkgError):
    """A source or a repository could not be fetched, or is not what was promised."""

    reference = "sync"
    exit_code = ExitCode.SYNC_ERROR


class BuildError(XpkgError):
    """A package could not be built or installed."""

    reference = "build-failed"
    exit_code = ExitCode.PACKAGE_OPERATION


class StoreError(XpkgError):
    """The store or a prefix is not as recorded, or cannot be written."""

    reference = "store"
    exit_code = ExitCode.PACKAGE_OPERATION


class WorkInterrupted(XpkgError):
    """The user stopped the work."""

    reference = "interrupted"
    exit_code = ExitCode.INTERRUPTED


class HungUp(WorkInterrupted):
    """The terminal that the work was started from is gone (SIGHUP)."""

    reference = "hung-up"
    exit_code = ExitCode.HUNG_UP
