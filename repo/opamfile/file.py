"""A whole opam file: its text and what the text says."""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.parser import parse_items
from xpkg.repo.opamfile.values import Field, Item, Node, Section, Value


@dataclass(frozen=True, slots=True)
class OpamFile:
    """``text`` is kept as read: comments, order and spaces survive every change of single fields."""

    filename: str
    text: str
    items: tuple[Item, ...]

    def field(self, name: str) -> Field | None:
        """The top-level field, or None."""
        return next((item for item in self.items if isinstance(item, Field) and item.name == name), None)

    def get(self, name: str) -> Value | None:
        """The value of the top-level field, or None."""
        found = self.field(name)
        return None if found is None else found.value

    def sections(self, kind: str) -> tuple[Section, ...]:
        """The top-level sections of that kind, in order."""
        return tuple(item for item in self.items if isinstance(item, Section) and item.kind == kind)

    def replace(self, name: str, value: str) -> OpamFile:
        """The file with the field set to ``value`` (opam syntax); a new field goes to the end."""
        found = self.field(name)
        if found is not None:
            return parse(self.text[: found.value.start] + value + self.text[found.value.end :], self.filename)
        newline = "" if not self.text or self.text.endswith("\n") else "\n"
        return parse(f"{self.text}{newline}{name}: {value}\n", self.filename)

    def without(self, name: str) -> OpamFile:
        """The file without the field; its line goes too when nothing else is on it."""
        found = self.field(name)
        if found is None:
            return self
        start, end = found.start, found.end
        line = self.text.rfind("\n", 0, start) + 1
        rest = self.text.find("\n", end)
        rest = len(self.text) if rest < 0 else rest + 1
        if not self.text[line:start].strip() and not self.text[end:rest].strip():
            start, end = line, rest
        return parse(self.text[:start] + self.text[end:], self.filename)

    def error(self, problem: str, place: Node | None = None, hint: str | None = None) -> OpamSyntaxError:
        """What to raise to refuse the file for what it says at ``place``."""
        offset = 0 if place is None else place.start
        return OpamSyntaxError(problem, filename=self.filename, text=self.text, offset=offset, hint=hint)

    def __str__(self) -> str:
        return self.text


def parse(text: str, filename: str) -> OpamFile:
    """Read a file's text.  OpamSyntaxError shows file, line, source line and a caret."""
    return OpamFile(filename, text, parse_items(text, filename))


def decode(data: bytes) -> str:
    """A file's bytes as text that encodes back to the same bytes (opam's format does not fix an encoding)."""
    return data.decode("utf-8", "surrogateescape")
