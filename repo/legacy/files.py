"""The files of a recipe of opam 1.x: ``opam``, ``descr`` and ``url``, as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors, read_regular
from xpkg.core.text import printable
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, SectionKey, decode, parse
from xpkg.repo.opamfile.layout import format_file
from xpkg.repo.opamfile.values import Item, Node, Value

_MOST = 1 << 20
"""Bytes of a side file."""


@dataclass(frozen=True, slots=True)
class UpgradedFile(OpamFile):
    """``items`` are of format 2.0; ``text`` is what they were made from: the opam file and its side files in a row.

    ``parts`` says where in ``text`` each file begins, so that an error shows the place in the file it is in.  An edit
    works on the printed form of the items, as there is no text of them.
    """

    parts: tuple[tuple[int, str], ...]

    def settled(self) -> OpamFile:
        """The same items with a text of their own: the recipe as opam would have rewritten it."""
        return parse(format_file(self), self.filename)

    def error(self, problem: str, place: Node | None = None, hint: str | None = None) -> OpamSyntaxError:
        offset = 0 if place is None else place.start
        number = max(number for number, (begin, _) in enumerate(self.parts) if begin <= offset)
        begin, filename = self.parts[number]
        end = self.parts[number + 1][0] - 1 if number + 1 < len(self.parts) else len(self.text)
        return OpamSyntaxError(problem, filename=filename, text=self.text[begin:end], offset=offset - begin, hint=hint)

    def replace(self, name: str, value: str | Value, within: SectionKey | None = None) -> OpamFile:
        return self.settled().replace(name, value, within)

    def without(self, name: str, within: SectionKey | None = None) -> OpamFile:
        return self.settled().without(name, within)

    def with_section(self, key: SectionKey, fields: Mapping[str, str | Value]) -> OpamFile:
        return self.settled().with_section(key, fields)

    def without_section(self, key: SectionKey) -> OpamFile:
        return self.settled().without_section(key)

    def with_element(self, name: str, value: str | Value, within: SectionKey | None = None) -> OpamFile:
        return self.settled().with_element(name, value, within)

    def without_elements(self, name: str, gone: Callable[[Value], bool], within: SectionKey | None = None) -> OpamFile:
        return self.settled().without_elements(name, gone, within)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideFiles:
    """The texts of ``descr`` and ``url``, None for one that is not there, and the names to show them by."""

    descr: str | None = None
    url: str | None = None
    directory: str = ""

    def name(self, which: str) -> str:
        """The name of a side file."""
        return f"{self.directory}/{which}" if self.directory else which


def read_side_files(directory: Path) -> SideFiles:
    """What lies beside an opam file; InputFileError for one that cannot be read or is too large."""
    return SideFiles(descr=_read(directory / "descr"), url=_read(directory / "url"), directory=str(directory))


def _read(path: Path) -> str | None:
    with disk_errors("read", path):
        try:
            data = read_regular(path, _MOST + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
    if len(data) > _MOST:
        raise InputFileError(
            f"{path.name} is larger than the {_MOST} bytes allowed", context=(("path", printable(str(path))),)
        )
    return decode(data)


def upgraded(file: OpamFile, items: tuple[Item, ...], sides: tuple[tuple[str, str], ...]) -> UpgradedFile:
    """``sides`` are the file names and texts of the side files, in the order in which they follow the opam file."""
    text, parts = file.text, [(0, file.filename)]
    for name, side in sides:
        parts.append((len(text) + 1, name))
        text = f"{text}\n{side}"
    return UpgradedFile(file.filename, text, items, tuple(parts))
