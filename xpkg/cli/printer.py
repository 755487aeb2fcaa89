"""The only place that writes to the terminal.  People read lines, programs read one JSON value."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from xpkg.core.errors import XpkgError
from xpkg.core.text import printable


class Printer:
    """``as_json`` sends one value to standard output and everything for people to standard error."""

    def __init__(self, *, as_json: bool = False, verbosity: int = 0) -> None:
        self.as_json = as_json
        self.verbosity = verbosity

    def line(self, text: str = "") -> None:
        """A line of the answer; nothing when the answer is JSON."""
        if not self.as_json:
            print(printable(text), flush=True)

    def note(self, text: str) -> None:
        """A line beside the answer: progress, remarks."""
        print(printable(text), file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def warning(self, text: str) -> None:
        print(f"warning: {printable(text)}", file=sys.stderr, flush=True)

    def detail(self, text: str) -> None:
        """A line for ``-v``."""
        if self.verbosity:
            self.note(text)

    def value(self, value: object) -> None:
        """The answer for programs."""
        if self.as_json:
            print(json.dumps(value, indent=2), flush=True)

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Lines with aligned columns; the last is not padded."""
        if not rows:
            return
        widths = [max(len(printable(row[column])) for row in rows) for column in range(len(rows[0]) - 1)]
        for row in rows:
            cells = [printable(cell).ljust(width) for cell, width in zip(row, widths, strict=False)]
            self.line("  ".join([*cells, printable(row[-1])]).rstrip())

    def error(self, error: XpkgError) -> None:
        """One error: what, then the facts, then what to do."""
        if self.as_json:
            facts = {"error": error.reference, "message": error.message, "context": [list(c) for c in error.context]}
            print(json.dumps({**facts, "hint": error.hint, "exit_code": int(error.exit_code)}, indent=2), flush=True)
        print(f"xpkg: {printable(error.message)} [{error.reference}]", file=sys.stderr)
        for label, fact in error.context:
            text = printable(fact).replace("\n", "\n    ")
            print(f"  {printable(label)}: {text}", file=sys.stderr)
        if error.hint:
            print(f"  hint: {printable(error.hint)}", file=sys.stderr)
        sys.stderr.flush()
