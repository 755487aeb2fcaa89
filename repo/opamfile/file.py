"""A whole opam file: its text and what the text says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xpkg.repo.opamfile import edits
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.parser import parse_items
from xpkg.repo.opamfile.printer import print_string, print_value
from xpkg.repo.opamfile.values import Field, Item, List, Node, Section, Value

SectionKey = tuple[str, str | None]
"""Kind and name of a section: ``("url", None)``, ``("extra-source", "fix.patch")``."""


@dataclass(frozen=True, slots=True)
class OpamFile:
    """``text`` is kept as read: comments, order and spaces survive every change of single fields.

    The methods that change something give a new file.  New values are in opam's syntax, or ``Value``s.  Each checks
    that the new text says exactly what was asked for, and raises OpamSyntaxError when a value is not one value, or
    would change what is around it.
    """

    filename: str
    text: str
    items: tuple[Item, ...]

    def field(self, name: str) -> Field | None:
        """The top-level field, or None."""
        return _field(self.items, name)

    def get(self, name: str) -> Value | None:
        """The value of the top-level field, or None."""
        found = self.field(name)
        return None if found is None else found.value

    def sections(self, kind: str) -> tuple[Section, ...]:
        """The top-level sections of that kind, in order."""
        return tuple(item for item in self.items if isinstance(item, Section) and item.kind == kind)

    def section(self, key: SectionKey) -> Section | None:
        """The first section of that kind and name, or None."""
        return next((item for item in self.sections(key[0]) if item.name == key[1]), None)

    def replace(self, name: str, value: str | Value, within: SectionKey | None = None) -> OpamFile:
        """The file with the field (of the section ``within``) set to ``value``; a new field goes to the end.

        A section that is not there is made.
        """
        written, new = self._written(name, value)
        section = None if within is None else self.section(within)
        if within is not None and section is None:
            return self.with_section(within, {name: value})
        items = self.items if section is None else section.items
        found = _field(items, name)
        if found is None:
            text = edits.field_appended(self.text, section, name, written)
            changed = (*items, Field(0, 0, name, new))
        else:
            text = edits.value_replaced(self.text, found, written)
            changed = _with(items, found, Field(0, 0, name, new))
        return self._changed(text, section, changed)

    def without(self, name: str, within: SectionKey | None = None) -> OpamFile:
        """The file without the field; its line goes too when nothing else is on it."""
        section = None if within is None else self.section(within)
        if within is not None and section is None:
            return self
        items = self.items if section is None else section.items
        found = _field(items, name)
        if found is None:
            return self
        return self._changed(edits.item_removed(self.text, found.start, found.end), section, _with(items, found))

    def with_section(self, key: SectionKey, fields: Mapping[str, str | Value]) -> OpamFile:
        """The file with one more section, at the end."""
        kind, name = key
        written = {field: self._written(field, value) for field, value in fields.items()}
        quoted = None if name is None else print_string(name)
        text = edits.section_appended(self.text, kind, quoted, [(field, one[0]) for field, one in written.items()])
        section = Section(0, 0, kind, name, tuple(Field(0, 0, field, one[1]) for field, one in written.items()))
        return self._changed(text, None, (*self.items, section))

    def without_section(self, key: SectionKey) -> OpamFile:
        """The file without the first section of that kind and name."""
        found = self.section(key)
        if found is None:
            return self
        return self._changed(edits.item_removed(self.text, found.start, found.end), None, _with(self.items, found))

    def with_element(self, name: str, value: str | Value, within: SectionKey | None = None) -> OpamFile:
        """The file with one more element in the field's list, on a line of its own when the list ends with one.

        A field with another value becomes a list with that value first; a field that is not there is made.
        """
        section = None if within is None else self.section(within)
        found = _field(self.items if section is None else section.items, name)
        if found is None or (within is not None and section is None):
            return self.replace(name, List(0, 0, (self._written(name, value)[1],)), within)
        written, new = self._written(name, value)
        old = found.value.items if isinstance(found.value, List) else (found.value,)
        return self._relisted(edits.element_appended(self.text, found.value, written), section, found, (*old, new))

    def without_elements(self, name: str, gone: Callable[[Value], bool], within: SectionKey | None = None) -> OpamFile:
        """The file without those elements of the field's list for which ``gone`` is true; comments stay.

        A value that is no list counts as its only element; the field is an empty list when none is left.
        """
        section = None if within is None else self.section(within)
        if within is not None and section is None:
            return self
        found = _field(self.items if section is None else section.items, name)
        if found is None:
            return self
        if not isinstance(found.value, List):
            return self.replace(name, List(0, 0, ()), within) if gone(found.value) else self
        numbers = {number for number, item in enumerate(found.value.items) if gone(item)}
        kept = tuple(item for number, item in enumerate(found.value.items) if number not in numbers)
        return self._relisted(edits.elements_removed(self.text, found.value, numbers), section, found, kept)

    def _written(self, name: str, value: str | Value) -> tuple[str, Value]:
        """A new value as text and as value; OpamSyntaxError when it is not exactly one."""
        text = value if isinstance(value, str) else print_value(value)
        items = parse_items(f"{name}: {text}", self.filename)
        if len(items) != 1 or not isinstance(items[0], Field) or items[0].name != name:
            raise OpamSyntaxError("expected one field with one value", filename=self.filename, text=text, offset=0)
        return text, items[0].value

    def _relisted(self, text: str, section: Section | None, field: Field, items: tuple[Value, ...]) -> OpamFile:
        holder = self.items if section is None else section.items
        return self._changed(text, section, _with(holder, field, Field(0, 0, field.name, List(0, 0, items))))

    def _changed(self, text: str, section: Section | None, inside: tuple[Item, ...]) -> OpamFile:
        """The text parsed, which must say what is expected."""
        expected = inside
        if section is not None:
            expected = _with(self.items, section, Section(0, 0, section.kind, section.name, inside))
        result = parse(text, self.filename)
        if result.items != expected:
            raise self.error("this cannot be changed alone: what is around it would be read otherwise", section)
        return result

    def error(self, problem: str, place: Node | None = None, hint: str | None = None) -> OpamSyntaxError:
        """What to raise to refuse the file for what it says at ``place``."""
        offset = 0 if place is None else place.start
        return OpamSyntaxError(problem, filename=self.filename, text=self.text, offset=offset, hint=hint)

    def __str__(self) -> str:
        return self.text


def _field(items: tuple[Item, ...], name: str) -> Field | None:
    return next((item for item in items if isinstance(item, Field) and item.name == name), None)


def _with(items: tuple[Item, ...], old: Item, *new: Item) -> tuple[Item, ...]:
    """The items with others in the place of that very one."""
    return tuple(one for item in items for one in (new if item is old else (item,)))


def parse(text: str, filename: str) -> OpamFile:
    """Read a file's text.  OpamSyntaxError shows file, line, source line and a caret."""
    return OpamFile(filename, text, parse_items(text, filename))


def decode(data: bytes) -> str:
    """A file's bytes as text that encodes back to the same bytes (opam's format does not fix an encoding)."""
    return data.decode("utf-8", "surrogateescape")
