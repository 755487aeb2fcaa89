"""Fields of an opam file as Python values; a field of another form is refused with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from xpkg.repo.expressions import filters_of
from xpkg.repo.filters import Filter
from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Field, Ident, List, Option, Section, String, Value

T = TypeVar("T")
Check = Callable[[str], str | None]
"""Says why a text is not allowed, or None."""


def text_of(value: Value, file: OpamFile, check: Check | None = None) -> str:
    """A string; OpamSyntaxError for another value, for control characters and for what ``check`` refuses."""
    if not isinstance(value, String):
        raise file.error("expected a string", value)
    problem = "a NUL character is not allowed" if "\0" in value.value else check and check(value.value)
    if problem:
        raise file.error(f"{value.value[:80]!r}: {problem}", value)
    return value.value


def elements(value: Value) -> tuple[Value, ...]:
    """The items of a list, or the value itself as the only one (opam takes both everywhere)."""
    return value.items if isinstance(value, List) else (value,)


def filtered(value: Value, file: OpamFile) -> tuple[Value, Filter | None]:
    """``item {filter}`` in two."""
    if isinstance(value, Option):
        return value.value, filters_of(value.options, file)
    return value, None


class Fields:
    """The fields of a file or of a section, by name.

    A field that is there twice is refused; of an extension field (``x-``) the last counts, as in opam
    (``OpamFile.OPAM.pp_raw_fields``; the public repository has some).
    """

    def __init__(self, file: OpamFile, section: Section | None = None) -> None:
        self.file = file
        self.values: dict[str, Value] = {}
        for item in file.items if section is None else section.items:
            if isinstance(item, Field):
                if item.name in self.values and not item.name.startswith("x-"):
                    raise file.error(f"the field {item.name!r} is there twice", item)
                self.values[item.name] = item.value

    def elements(self, name: str) -> tuple[Value, ...]:
        """The items of a list field; none when the field is absent."""
        value = self.values.get(name)
        return () if value is None else elements(value)

    def text(self, name: str, default: str = "") -> str:
        """A string field."""
        value = self.values.get(name)
        return default if value is None else text_of(value, self.file)

    def texts(self, name: str, check: Check | None = None) -> tuple[str, ...]:
        """A field of strings."""
        return tuple(text_of(value, self.file, check) for value in self.elements(name))

    def words(self, name: str) -> tuple[str, ...]:
        """A field of identifiers, as ``flags``."""
        return tuple(
            value.name if isinstance(value, Ident) else text_of(value, self.file) for value in self.elements(name)
        )

    def filter(self, name: str, default: Filter) -> Filter:
        """A field that is a filter, alone or in a list."""
        return filters_of(self.elements(name), self.file) or default

    def filtered_texts(self, name: str, check: Check | None = None) -> Iterator[tuple[str, Filter | None]]:
        """A field of strings with filters."""
        for element in self.elements(name):
            value, condition = filtered(element, self.file)
            yield text_of(value, self.file, check), condition

    def choice(self, name: str, allowed: tuple[T, ...]) -> T | None:
        """A string field with a closed list of values."""
        value = self.values.get(name)
        if value is None:
            return None
        text = text_of(value, self.file)
        for one in allowed:
            if one == text:
                return one
        raise self.file.error(f"{name} is one of {', '.join(map(str, allowed))}, not {text[:80]!r}", value)
