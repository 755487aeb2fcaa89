"""ELF files: the header, and what a program or shared object asks of the dynamic linker.

Sources: System V ABI, "ELF Header", "Program Header", "Dynamic Section"; Linux Standard Base, "Symbol Versioning";
machine numbers from pyelftools.  The bytes
come from strangers: every offset and count is checked against their length before it is used.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from xpkg.core.values import value

MAGIC = b"\x7fELF"
_HEADER_SIZES = {1: 52, 2: 64}
_TYPES = {0: "NONE", 1: "REL", 2: "EXEC", 3: "DYN", 4: "CORE"}
_CLASSES = {1: "elf32", 2: "elf64"}
_ORDERS = {1: "little", 2: "big"}
_PROGRAM = {1: 32, 2: 56}
_SECTION = {1: 40, 2: 64}
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 15, 29
_DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
# Machines that OCaml compiles for: pyelftools takes longer to import than a small package's objects to be checked.
_FREQUENT = {
    "EM_386": 3,
    "EM_PPC64": 21,
    "EM_S390": 22,
    "EM_ARM": 40,
    "EM_X86_64": 62,
    "EM_AARCH64": 183,
    "EM_RISCV": 243,
}
_MOST_ENTRIES = 1 << 16
_MOST_VERSIONS = 1 << 10
_LONGEST = 4096
"""Bytes of a path (PATH_MAX)."""

Bytes = bytes | memoryview


class MalformedObject(ValueError):
    """The bytes begin as an object file and are none."""


@value(kw_only=True)
class ElfHeader:
    """The fields that say for which machine an object is: e_machine, e_flags and EI_OSABI as they stand."""

    format: str
    machine: int
    type: str
    flags: int = 0
    osabi: int = 0


@value(kw_only=True)
class Loading:
    """What the dynamic linker is told: its own path, libraries by name or path, directories, versions of symbols."""

    interpreter: str | None = None
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


def read_header(data: Bytes) -> ElfHeader:
    """The header of an ELF file, of which 64 bytes will do; MalformedObject."""
    head = bytes(data[:64])
    if head[:4] != MAGIC:
        raise MalformedObject("is not an ELF file")
    if len(head) < 20 or head[4] not in _CLASSES or head[5] not in _ORDERS or head[6] != 1:
        raise MalformedObject("has a malformed ELF header")
    if len(head) < _HEADER_SIZES[head[4]]:
        raise MalformedObject("has a cut off ELF header")
    order = _order(head)
    kind, machine = struct.unpack_from(f"{order}HH", head, 16)
    (flags,) = struct.unpack_from(f"{order}I", head, 36 if head[4] == 1 else 48)
    return ElfHeader(
        format=f"{_CLASSES[head[4]]}-{_ORDERS[head[5]]}",
        machine=machine,
        type=_TYPES.get(kind, f"type {kind:#x}"),
        flags=flags,
        osabi=head[7],
    )


def machine_number(name: str) -> int | None:
    """The ELF machine of that name in <elf.h>; None when there is none."""
    found = _FREQUENT.get(name)
    return _machines().get(name) if found is None else found


def machine_name(number: int) -> str:
    """The name of an ELF machine, or its number."""
    return next((name for name, known in _machines().items() if known == number), f"machine {number}")


def _machines() -> dict[str, int]:
    from elftools.elf.enums import ENUM_E_MACHINE

    return {name: number for name, number in ENUM_E_MACHINE.items() if isinstance(number, int)}


def loading(data: Bytes) -> Loading:
    """What a program or shared object, given whole, asks of the dynamic linker; MalformedObject.

    A header whose content is elsewhere (a file of debugging information alone) asks for nothing.
    """
    read_header(data)
    segments = list(_segments(data))
    interpreter = None
    for kind, offset, _, size in segments:
        if kind == _PT_INTERP and size:
            interpreter = _text(data, offset, min(size, _LONGEST))
    for kind, offset, _, size in segments:
        if kind == _PT_DYNAMIC and size:
            return _dynamic(data, interpreter, segments, offset, size)
    return Loading(interpreter=interpreter)


def sections(data: Bytes, wanted: int) -> Iterator[tuple[int, int]]:
    """Place and size of the sections of type ``wanted`` (sh_type) of a file given whole; MalformedObject."""
    read_header(data)
    order, wide = _order(data), data[4] == 2
    (at,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", data, 40 if wide else 32)
    size, count = struct.unpack_from(f"{order}HH", data, 58 if wide else 46)
    if not at or not count:
        return
    if size < _SECTION[data[4]] or at + size * count > len(data):
        raise MalformedObject("has a section table that is cut off")
    for place in range(at, at + size * count, size):
        (kind,) = struct.unpack_from(f"{order}I", data, place + 4)
        if kind != wanted:
            continue
        offset, length = struct.unpack_from(f"{order}{'QQ' if wide else 'II'}", data, place + (24 if wide else 16))
        if offset + length > len(data):
            raise MalformedObject("has a section that is cut off")
        yield offset, length


Segment = tuple[int, int, int, int]
"""Type, offset in the file, virtual address, size in the file."""


def _order(data: Bytes) -> str:
    return "<" if data[5] == 1 else ">"


def _segments(data: Bytes) -> Iterator[Segment]:
    order, wide = _order(data), data[4] == 2
    (at,) = struct.unpack_from(f"{order}{'Q' if wide else 'I'}", data, 32 if wide else 28)
    size, count = struct.unpack_from(f"{order}HH", data, 54 if wide else 42)
    if not at or not count:
        return
    if size < _PROGRAM[data[4]] or at + size * count > len(data):
        raise MalformedObject("has a program header table that is cut off")
    for place in range(at, at + size * count, size):
        (kind,) = struct.unpack_from(f"{order}I", data, place)
        form, skip = (f"{order}QQQQ", 8) if wide else (f"{order}IIII", 4)
        offset, address, _, length = struct.unpack_from(form, data, place + skip)
        if kind in (_PT_INTERP, _PT_DYNAMIC) and offset + length > len(data):
            raise MalformedObject("has a segment that is cut off")
        yield kind, offset, address, length


def _dynamic(data: Bytes, interpreter: str | None, segments: list[Segment], at: int, size: int) -> Loading:
    """The entries of the dynamic section, which end at DT_NULL."""
    form = _order(data) + ("QQ" if data[4] == 2 else "II")
    step = struct.calcsize(form)
    entries: list[tuple[int, int]] = []
    for place in range(at, at + min(size, _MOST_ENTRIES * step) - step + 1, step):
        tag, value = struct.unpack_from(form, data, place)
        if tag == _DT_NULL:
            break
        entries.append((tag, value))
    first = dict(reversed(entries))
    start = _place_of(first.get(_DT_STRTAB), segments)
    wanted = _place_of(first.get(_DT_VERNEED), segments)
    versions: tuple[str, ...] = ()
    if start is not None and wanted is not None:
        names = _versions(data, wanted, first.get(_DT_VERNEEDNUM, 0))
        versions = tuple(_text(data, start + name, _LONGEST) for name in dict.fromkeys(names))

    def texts(*tags: int) -> tuple[str, ...]:
        offsets = [value for tag, value in entries if tag in tags]
        if offsets and start is None:
            raise MalformedObject("has a dynamic section without its strings")
        return tuple(_text(data, (start or 0) + offset, _LONGEST) for offset in dict.fromkeys(offsets))

    return Loading(
        interpreter=interpreter,
        needed=texts(_DT_NEEDED),
        search=texts(_DT_RPATH, _DT_RUNPATH),
        versions=versions,
    )


def _versions(data: Bytes, at: int, count: int) -> Iterator[int]:
    """Where in the table of texts the names of versions are, library by library: each says how far the next is."""
    order, left = _order(data), _MOST_VERSIONS
    for _ in range(min(count, _MOST_VERSIONS)):
        if at + 16 > len(data):
            raise MalformedObject("has versions of symbols that are cut off")
        _, symbols, _, there, following = struct.unpack_from(f"{order}HHIII", data, at)
        place = at + there
        for _ in range(min(symbols, left)):
            if place + 16 > len(data):
                raise MalformedObject("has versions of symbols that are cut off")
            name, further = struct.unpack_from(f"{order}8xII", data, place)
            left -= 1
            yield name
            place += further
        at += following


def _place_of(address: int | None, segments: list[Segment]) -> int | None:
    """Where in the file the bytes at a virtual address are."""
    if address is None:
        return None
    for kind, offset, start, size in segments:
        if kind == _PT_LOAD and start <= address < start + size:
            return offset + address - start
    return None


def _text(data: Bytes, at: int, most: int) -> str:
    """The text at a place of the file, up to its NUL character."""
    text, end, _ = bytes(data[at : at + most]).partition(b"\0")
    if at >= len(data) or (not end and len(text) == _LONGEST):
        raise MalformedObject("has a text without an end in its dynamic section")
    return text.decode("utf-8", "replace")
