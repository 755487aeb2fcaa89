"""Line breaking by nested boxes: where a text that does not fit its line is broken.

The model is that of OCaml's ``Format`` (OCaml manual, "Module Format"), by which opam prints its files: a box whose
content fits the rest of the line stays on it; otherwise each kind of box breaks in its own way.  All sizes are in
bytes of UTF-8, as opam counts them.  Time and memory are linear in the number of pieces.
"""

from __future__ import annotations

import re

MARGIN = 78
"""Columns; a box has to end before the last one."""
MAX_INDENT = 68
"""No box begins further to the right, when there is a break before it that could be taken."""

_TEXT, _BREAK, _OPEN, _CLOSE = range(4)
_BREAKING = ("v", "hv", "hov")
_NOT_ASCII = re.compile("[^\x00-\x7f]")


class Boxes:
    """Pieces in the order of the text.  Kinds of boxes, by what their breaks do when the box does not fit:

    ``h`` never broken, ``v`` always (even when it fits), ``hv`` all of them, ``hov`` those after which the next piece
    does not fit.
    """

    def __init__(self) -> None:
        self._pieces: list[tuple[int, str, int, int]] = []  # what it is, text or kind, blanks, indentation
        self._sizes: list[int] = []
        self._total = 0
        self._unsized: list[int] = []  # open boxes and the last break of each

    def text(self, text: str) -> None:
        """A text that is never broken; a line end inside it is like any other character."""
        size = len(text.encode("utf-8", "surrogateescape")) if _NOT_ASCII.search(text) else len(text)
        self._add(_TEXT, text, 0, 0, size)
        self._total += size

    def open(self, kind: str, indent: int = 0) -> None:
        """Begin a box; its lines after the first begin ``indent`` columns right of its first character."""
        self._unsized.append(len(self._pieces))
        self._add(_OPEN, kind, 0, indent, -self._total)

    def close(self) -> None:
        """End the innermost box."""
        self._end_break()
        box = self._unsized.pop()
        self._sizes[box] += self._total
        self._add(_CLOSE, "", 0, 0, 0)

    def cut(self, blanks: int = 1, indent: int = 0) -> None:
        """A place to break: ``blanks`` spaces on one line, or a line end and ``indent`` more columns."""
        self._end_break()
        self._unsized.append(len(self._pieces))
        self._add(_BREAK, "", blanks, indent, -self._total)
        self._total += blanks

    def _add(self, what: int, text: str, blanks: int, indent: int, size: int) -> None:
        self._pieces.append((what, text, blanks, indent))
        self._sizes.append(size)

    def _end_break(self) -> None:
        """A break's size reaches to the next break or the end of its box."""
        if self._unsized and self._pieces[self._unsized[-1]][0] == _BREAK:
            self._sizes[self._unsized.pop()] += self._total

    def render(self) -> str:
        """The whole text."""
        parts: list[str] = []
        boxes: list[tuple[str, int]] = []  # kind ("fits" when it fits) and the space from its first column on
        space = MARGIN
        for (what, text, blanks, indent), size in zip(self._pieces, self._sizes, strict=True):
            if what == _TEXT:
                parts.append(text)
                space -= size
            elif what == _OPEN:
                if (
                    MARGIN - space > MAX_INDENT
                    and boxes
                    and boxes[-1][0] in ("v", "hv", "hov")
                    and boxes[-1][1] > space
                ):
                    space = _new_line(parts, boxes[-1][1])
                fits = text != "v" and size < space
                boxes.append(("fits" if fits else text, space - indent))
            elif what == _CLOSE:
                boxes.pop()
            elif boxes[-1][0] in ("v", "hv") or (boxes[-1][0] == "hov" and size >= space):
                space = _new_line(parts, boxes[-1][1] - indent)
            else:
                parts.append(" " * blanks)
                space -= blanks
        return "".join(parts)


def _new_line(parts: list[str], space: int) -> int:
    """Begin a line that leaves ``space`` columns; returns what it really leaves."""
    indent = min(MAX_INDENT, MARGIN - space)
    parts.append("\n" + " " * indent)
    return MARGIN - indent
