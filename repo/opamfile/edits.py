"""Where the text of a file changes when one field, section or list element does; every other byte stays.

All functions take the text and give the new one; ``file`` parses it and checks that it says what was meant.
"""

from __future__ import annotations

from collections.abc import Collection

from xpkg.repo.opamfile.values import Field, List, Section, Value

_BLANKS = " \t\r"


def field_appended(text: str, section: Section | None, name: str, value: str) -> str:
    """A new field at the end of the section, or of the file."""
    written = f"{name}: {value}"
    if section is None:
        return _appended(text, written)
    brace = section.end - 1
    if text[_line_start(text, brace) : brace].strip(_BLANKS):
        gap = "" if text[brace - 1] in " \t\n{" else " "
        return f"{text[:brace]}{gap}{written} {text[brace:]}"
    return _line_before(text, section.start, brace, section.items[-1].start if section.items else None, written)


def section_appended(text: str, kind: str, name: str | None, fields: Collection[tuple[str, str]]) -> str:
    """A new section at the end of the file; ``name`` is in opam's syntax, with quotes."""
    end = _line_end(text)
    inside = "".join(f"  {field}: {value}{end}" for field, value in fields)
    return _appended(text, f"{kind}{'' if name is None else f' {name}'} {{{end}{inside}}}")


def item_removed(text: str, start: int, end: int) -> str:
    """Without the field or section; its lines go too when nothing else is on them."""
    line = _line_start(text, start)
    rest = text.find("\n", end)
    rest = len(text) if rest < 0 else rest + 1
    if not text[line:start].strip() and not text[end:rest].strip():
        start, end = line, rest
    return _joined(text, start, end)


def element_appended(text: str, value: Value, element: str) -> str:
    """A list with one more element; a value that is no list becomes the first of one."""
    if not isinstance(value, List):
        return f"{text[: value.start]}[{text[value.start : value.end]} {element}]{text[value.end :]}"
    bracket = value.end - 1
    line = _line_start(text, bracket)
    if line > value.start and not text[line:bracket].strip(_BLANKS):
        return _line_before(text, value.start, bracket, value.items[-1].start if value.items else None, element)
    if not value.items:
        return f"{text[: value.start + 1]}{element}{text[value.start + 1 :]}"
    place = value.items[-1].end
    return f"{text[:place]} {element}{text[place:]}"


def elements_removed(text: str, value: List, gone: Collection[int]) -> str:
    """A list without the elements of these numbers.  Comments stay."""
    for number in sorted(gone, reverse=True):
        element = value.items[number]
        start, end = element.start, element.end
        line = _line_start(text, start)
        rest = text.find("\n", end) + 1
        if line > value.start and rest and not text[line:start].strip(_BLANKS) and not text[end:rest].strip():
            text = text[:line] + text[rest:]
            continue
        if text[start - 1] in " \t":
            start = len(text[:start].rstrip(" \t")) if text[line:start].strip(_BLANKS) else start
        else:
            end = len(text) - len(text[end:].lstrip(" \t"))
        text = _joined(text, start, end)
    return text


def value_replaced(text: str, field: Field, value: str) -> str:
    """Another value for the field."""
    return text[: field.value.start] + value + text[field.value.end :]


def _joined(text: str, start: int, end: int) -> str:
    """Without what is between; what was apart does not touch."""
    left, right = text[start - 1 : start], text[end : end + 1]
    gap = " " if left and right and left not in " \t\n[{" and right not in " \t\r\n]}" else ""
    return text[:start] + gap + text[end:]


def _appended(text: str, written: str) -> str:
    end = _line_end(text)
    return f"{text}{'' if not text or text.endswith(chr(10)) else end}{written}{end}"


def _line_before(text: str, opening: int, closing: int, last: int | None, written: str) -> str:
    """A line of its own before the line that the closing bracket begins, indented as the line of the last item."""
    line = _line_start(text, closing)
    indent = text[line:closing] + "  "
    if last is not None and (first := _line_start(text, last)) > opening:
        indent = text[first : first + len(text[first:last]) - len(text[first:last].lstrip(_BLANKS))]
    return f"{text[:line]}{indent}{written}{_line_end(text)}{text[line:]}"


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str) -> str:
    """As the file's lines end."""
    first = text.find("\n")
    return "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"
