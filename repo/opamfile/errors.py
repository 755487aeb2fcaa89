"""Errors in a file of opam's format, with the place shown."""

from __future__ import annotations

from xpkg.core.errors import InputFileError
from xpkg.core.text import printable

_WIDTH = 120


class OpamSyntaxError(InputFileError):
    """The text is not of the opam format, or a field has not the form it must have.

    ``line`` and ``column`` count from 1; ``source_line`` is the line as it may be shown, ``caret`` a line
    that marks the place below it.
    """

    reference = "opam-syntax"

    def __init__(self, problem: str, *, filename: str, text: str, offset: int, hint: str | None = None) -> None:
        offset = min(offset, len(text))
        begin = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        self.filename = filename
        self.problem = printable(problem)
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - begin + 1
        self.source_line, self.caret = _excerpt(text[begin : end if end >= 0 else len(text)], offset - begin)
        super().__init__(
            f"{printable(filename)}:{self.line}: {self.problem}",
            context=(
                ("file", printable(filename)),
                ("line", str(self.line)),
                ("source", f"{self.source_line}\n{self.caret}"),
            ),
            hint=hint,
        )


def _excerpt(line: str, column: int) -> tuple[str, str]:
    """The part of the line around the column that fits a terminal, and the caret's line."""
    first = max(0, column - _WIDTH // 2)
    shown = line[first : first + _WIDTH].rstrip("\r").replace("\t", " ")
    before = printable(shown[: column - first], keep="")
    return printable(shown, keep=""), " " * len(before) + "^"
