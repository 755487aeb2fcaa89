"""Changes of single fields in an opam file, as overlays ask for them; all else stays as written, byte for byte."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Field, Group, Ident, Item, List, Logical, Option, String, Value

LISTS_OF_LISTS = frozenset(
    [
        *("build", "install", "run-test", "build-test", "build-doc", "setenv", "build-env", "depexts", "extra-files"),
        *("pin-depends", "x-alternative-sources"),
    ]
)
"""Fields whose items are lists themselves; one item alone may stand without the outer brackets."""


def put(file: OpamFile, item: Item, text: str) -> OpamFile:
    """The file with a field, or the section of that kind and name, as ``item`` of another file with ``text`` says."""
    if isinstance(item, Field):
        return file.replace(item.name, text[item.value.start : item.value.end])
    key = (item.kind, item.name)
    while file.section(key) is not None:
        file = file.without_section(key)
    fields = (one for one in item.items if isinstance(one, Field))
    return file.with_section(key, {one.name: text[one.value.start : one.value.end] for one in fields})


def drop(file: OpamFile, name: str) -> OpamFile:
    """The file without a field, or without the sections of a kind."""
    for section in file.sections(name):
        file = file.without_section((name, section.name))
    return file.without(name)


def drop_sections(file: OpamFile, kind: str, names: Collection[str]) -> OpamFile:
    """The file without the sections of a kind that have one of the names."""
    for name in names:
        file = file.without_section((kind, name))
    return file


def append(file: OpamFile, name: str, parts: Sequence[str]) -> OpamFile:
    """The file with items (opam syntax) after those that a list field has; a field that is no list becomes one."""
    value = file.get(name)
    if value is not None and name in LISTS_OF_LISTS and not _is_list_of_lists(value):
        text = file.text[value.start : value.end]
        file = file.replace(name, f"[{text}]" if _is_list(value) else f"[[{text}]]")
    for part in parts:
        file = file.with_element(name, part)
    return file


def items_of(file: OpamFile, name: str, value: Value) -> list[str]:
    """The items of a list field's value as texts, each fit to stand in such a list."""
    nested = name in LISTS_OF_LISTS
    if isinstance(value, List) and (not nested or _is_list_of_lists(value)):
        return [file.text[item.start : item.end] for item in value.items]
    text = file.text[value.start : value.end]
    return [text if _is_list(value) or not nested else f"[{text}]"]


def _is_list(value: Value) -> bool:
    """Whether it is a list, with or without a filter."""
    return isinstance(value.value if isinstance(value, Option) else value, List)


def _is_list_of_lists(value: Value) -> bool:
    return isinstance(value, List) and all(map(_is_list, value.items))


def take_out(file: OpamFile, name: str, names: Collection[str]) -> OpamFile:
    """The file without the named items of a field: packages of a formula, strings or words of a list.

    What is left of an alternative or a conjunction stays; a field of which nothing is left goes.
    """
    value = file.get(name)
    if value is None:
        return file
    left = _left(file.text, value, names)
    return file.without(name) if left is None else file.replace(name, left)


def _left(text: str, value: Value, names: Collection[str]) -> str | None:
    """The text of what is left of a value; None when nothing is."""
    match value:
        case String(value=found) | Ident(name=found):
            return None if found in names else text[value.start : value.end]
        case Option():
            inner = _left(text, value.value, names)
            return None if inner is None else inner + text[value.value.end : value.end]
        case List() | Group():
            return _left_in_brackets(text, value, names)
        case Logical():
            return _left_of_operands(text, value, names)
    return text[value.start : value.end]


def _left_in_brackets(text: str, value: List | Group, names: Collection[str]) -> str | None:
    pieces, position, some = [text[value.start]], value.start + 1, not value.items
    for item in value.items:
        gap, left = text[position : item.start], _left(text, item, names)
        position = item.end
        if left is not None:
            some = True
            pieces += (gap, left)
        elif gap.strip():
            pieces.append(gap)  # comments, which may be about the item before
    pieces.append(text[position : value.end])
    return "".join(pieces) if some else None


def _left_of_operands(text: str, value: Logical, names: Collection[str]) -> str | None:
    pieces: list[str] = []
    before = value.start
    for item in value.items:
        left = _left(text, item, names)
        if left is not None:
            pieces += (text[before : item.start], left) if pieces else (left,)
        before = item.end
    return "".join(pieces) or None
