"""The only place that writes to the terminal.  People read lines, programs read one JSON value."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from typing import TextIO

from xpkg.core.errors import XpkgError
from xpkg.core.text import printable

_FIXED_PREFIX = re.compile("(/xpkg/(?:tools|target)/)_{100,}")


class Printer:
    """``as_json`` sends one value to standard output and everything for people to standard error.

    ``beside`` sends remarks and progress there too: standard output is that of a program that is started.
    """

    def __init__(self, *, as_json: bool = False, verbosity: int = 0, beside: bool = False) -> None:
        self.as_json = as_json
        self._beside = as_json or beside
        self.verbosity = verbosity

    def line(self, text: str = "") -> None:
        """A line of the answer; nothing when the answer is JSON."""
        if not self.as_json:
            _put(_brief(printable(text)), sys.stdout)

    def note(self, text: str) -> None:
        """A line beside the answer: progress, remarks."""
        _put(_brief(printable(text)), sys.stderr if self._beside else sys.stdout)

    def warning(self, text: str) -> None:
        _put(f"warning: {printable(text)}", sys.stderr)

    def detail(self, text: str) -> None:
        """A line for ``-v``."""
        if self.verbosity:
            self.note(text)

    def value(self, value: object) -> None:
        """The answer for programs."""
        if self.as_json:
            _put(_json(value), sys.stdout)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """One line a row, with aligned columns; the last is not padded.  Line breaks in cells are shown as ``\\n``."""
        if not rows:
            return
        cells = [[printable(cell, keep="") for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]) - 1)]
        for row in cells:
            padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.line("  ".join([*padded, row[-1]]).rstrip())

    def error(self, error: XpkgError) -> None:
        """One error: what, then the facts, then what to do."""
        if self.as_json:
            facts: dict[str, object] = {
                "error": error.reference,
                "message": error.message,
                "context": [list(c) for c in error.context],
            }
            facts |= {"hint": error.hint, "exit_code": int(error.exit_code), **error.facts()}
            _put(_json(facts), sys.stdout)
        lines = [f"xpkg: {printable(error.message)} [{error.reference}]"]
        for label, fact in error.context:
            # What has lines begins on one of its own: a caret points to what stands above it.
            lines_of = fact if "\n" not in fact or fact.startswith("\n") else f"\n{fact}"
            text = printable(lines_of).replace("\n", "\n    ")
            lines.append(f"  {printable(label)}: {text}")
        if error.hint:
            lines.append(f"  hint: {printable(error.hint)}")
        _put(_brief("\n".join(lines)), sys.stderr)


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2)


def _brief(text: str) -> str:
    """The text with the fixed prefixes of builds cut short: their length matters to files, not to people."""
    return _FIXED_PREFIX.sub(r"\1___", text)


def _put(text: str, stream: TextIO | None) -> None:
    """A line, whatever the stream can show.  When its reader went away the work goes on, unseen."""
    if stream is None:  # Python's stand-in for a descriptor that was closed when it started
        return
    encoding = stream.encoding or "ascii"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except BrokenPipeError:
        # Also for what is still in the buffer, which is written when the interpreter ends.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
