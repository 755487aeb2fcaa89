"""Whole files to text in opam's usual layout (as ``OpamPrinter`` of opam-file-format lays them out).

Comments and the layout as written are not kept: that is what the edits of ``OpamFile`` are for.
"""

from __future__ import annotations

import re

from xpkg.repo.opamfile.boxes import Boxes
from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.printer import print_atom, print_prefix
from xpkg.repo.opamfile.values import (
    Field,
    Group,
    Item,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    Section,
    String,
    Update,
    Value,
)

_ORDER = """
    opam-version name version synopsis description maintainer authors author license tags homepage doc bug-reports
    depends depopts conflicts conflict-class available flags setenv build run-test install remove substs patches
    build-env features messages post-messages depexts libraries syntax dev-repo pin-depends extra-files
"""
CANONICAL_ORDER = tuple(_ORDER.split())
"""The fields of a recipe in the order in which opam prints them; sections follow, then extension fields."""
_RANKS = {name: rank for rank, name in enumerate(CANONICAL_ORDER)}
_SECTIONS = {"url": 1000, "extra-source": 1001}


def format_file(file: OpamFile, *, canonical: bool = False) -> str:
    """The text of a file, with a final line end; parsing it gives equal items.

    Fields stay in the order written, or come in ``CANONICAL_ORDER``: fields that opam does not know follow its own,
    sections follow fields, ``x-`` fields come last; those of one rank keep their order.
    """
    return format_items(tuple(sorted(file.items, key=_rank)) if canonical else file.items)


def format_items(items: tuple[Item, ...]) -> str:
    """The text of fields and sections, with a final line end."""
    if not items:
        return ""
    boxes = Boxes()
    _items(boxes, items)
    return boxes.render() + "\n"


def format_values(values: tuple[Value, ...]) -> str:
    """Values side by side, or each on a line of its own when they do not fit one (``OpamPrinter.value_list``)."""
    boxes = Boxes()
    boxes.open("hv")
    _values(boxes, values)
    boxes.close()
    return boxes.render()


def _rank(item: Item) -> int:
    if isinstance(item, Section):
        return _SECTIONS.get(item.kind, 1002)
    if item.name.startswith("x-"):
        return 2000
    return _RANKS.get(item.name, len(_RANKS))


def _items(boxes: Boxes, items: tuple[Item, ...]) -> None:
    boxes.open("v")
    for number, item in enumerate(items):
        if number:
            boxes.cut()
        if isinstance(item, Field):
            _field(boxes, item.name, item.value)
        else:
            _section(boxes, item)
    boxes.close()


def _section(boxes: Boxes, section: Section) -> None:
    name = "" if section.name is None else f" {_quoted(section.name)}"
    boxes.open("v")
    boxes.text(f"{section.kind}{name} {{")
    if section.items:
        boxes.cut(indent=2)
        _items(boxes, section.items)
    boxes.cut()
    boxes.text("}")
    boxes.close()


def _field(boxes: Boxes, name: str, value: Value) -> None:
    """``name: value``; a list of lists, or of items with conditions, has one item a line even when it would fit."""
    if isinstance(value, List):
        tall = any(isinstance(item, List) or (isinstance(item, Option) and item.options) for item in value.items)
        kind = "v" if tall else "hv"
        boxes.open(kind)
        boxes.text(f"{name}: [")
        _bracketed(boxes, value.items, kind)
        boxes.text("]")
    elif isinstance(value, String) and "\n" in value.value:
        boxes.open("hov")
        boxes.text(f"{name}: {_quoted(value.value)}")
    else:
        boxes.open("hov", 2)
        boxes.text(f"{name}:")
        boxes.cut()
        _value(boxes, value)
    boxes.close()


def _bracketed(boxes: Boxes, values: tuple[Value, ...], kind: str) -> None:
    """What is between the brackets of a list, up to the closing one."""
    if not values:
        return
    boxes.cut(0, 2)
    boxes.open(kind)
    _values(boxes, values)
    boxes.close()
    boxes.cut(0)


def _values(boxes: Boxes, values: tuple[Value, ...]) -> None:
    for number, value in enumerate(values):
        if number:
            boxes.cut()
        _value(boxes, value)


def _value(boxes: Boxes, value: Value) -> None:
    match value:
        case List():
            boxes.open("hv")
            boxes.text("[")
            _bracketed(boxes, value.items, "hv")
            boxes.text("]")
        case Group():
            boxes.open("hv")
            boxes.text("(")
            _values(boxes, value.items)
            boxes.text(")")
        case Option():
            boxes.open("hov", 2)
            _value(boxes, value.value)
            boxes.cut()
            boxes.text("{")
            boxes.open("hv")
            _values(boxes, value.options)
            boxes.close()
            boxes.text("}")
        case Logical():
            _logical(boxes, value)
            return
        case Relation() | Update():
            boxes.open("h")
            _value(boxes, value.left)
            boxes.text(f" {value.operator}")
            boxes.cut()
            _value(boxes, value.right)
        case PrefixRelation():
            boxes.open("h")
            boxes.text(value.operator)
            boxes.cut()
            _value(boxes, value.value)
        case Prefix():
            boxes.open("h")
            boxes.text(print_prefix(value))
            _value(boxes, value.value)
        case String():
            boxes.text(_quoted(value.value))
            return
        case _:
            boxes.text(print_atom(value))
            return
    boxes.close()


def _logical(boxes: Boxes, value: Logical) -> None:
    """``a & b & c`` reads ``(a & b) & c``; each pair is a box of its own."""
    for _ in value.items[1:]:
        boxes.open("hv")
    for number, item in enumerate(value.items):
        if number:
            boxes.text(f" {value.operator}")
            boxes.cut()
        _value(boxes, item)
        if number:
            boxes.close()


def _quoted(text: str) -> str:
    """A string; one of several lines in triple quotes, beginning on a line of its own."""
    if "\n" not in text:
        return '"' + text.translate(_ESCAPES).replace('"', '\\"') + '"'
    escaped = _ENDING_QUOTE.sub('\\\\"', text.translate(_ESCAPES))
    # A backslash at the end of a line takes the blanks that begin the next one with it.
    joined = "" if text[0] in "\n \t\r" else "\\\n"
    return f'"""{joined}{escaped}"""'


_ENDING_QUOTE = re.compile('"(?=""|\\Z)')
"""A quote that would be, or make with what follows, the end of a string in triple quotes."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\r": "\\r", "\b": "\\b"})
