"""The object check: every ELF file of an output, archives member by member, is for the target.

Source of the header's layout: System V ABI, "ELF Header"; machine numbers from pyelftools.
"""

from __future__ import annotations

import fnmatch
import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from xpkg.core.errors import BuildError, InputFileError
from xpkg.core.text import printable
from xpkg.repo.targets import Objects
from xpkg.sandbox import archives
from xpkg.sandbox.record import Entry, Manifest

_SHOWN = 10
_MAGIC = b"\x7fELF"
_HEADER_SIZES = {1: 52, 2: 64}
# By their names these are object code, whatever their bytes say.
_OBJECT_NAMES = (".o", ".obj", ".cmxs", ".ko", ".so")
_TYPES = {0: "NONE", 1: "REL", 2: "EXEC", 3: "DYN", 4: "CORE"}
_CLASSES = {1: "elf32", 2: "elf64"}
_ORDERS = {1: "little", 2: "big"}
_FOREIGN = (
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\xde\xc0\x17\x0b", "LLVM bitcode"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O object"),
    (b"\xce\xfa\xed\xfe", "a Mach-O object"),
    (b"\xca\xfe\xba\xbe", "a Mach-O object"),
    (b"\0asm", "WebAssembly"),
    (b"MZ", "a Windows program"),
    (b"d\x86", "a COFF object"),
    (b"L\x01", "a COFF object"),
)


class MalformedObject(ValueError):
    """The bytes begin as an object file and are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfHeader:
    """The fields that say for which machine an object is; ``machine`` is e_machine."""

    format: str
    machine: int
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What objects must be; ``types`` empty means any."""

    format: str
    machine: int
    types: tuple[str, ...]

    @classmethod
    def of(cls, objects: Objects) -> Rules:
        """The target file's ``[objects]``; InputFileError ``bad-target`` for what ELF does not know."""
        if objects.format not in {f"{size}-{order}" for size in _CLASSES.values() for order in _ORDERS.values()}:
            raise _bad_target(f"unknown object format {objects.format!r} (known: elf32-little, elf64-big, ...)")
        number = machine_numbers().get(objects.machine)
        if number is None:
            raise _bad_target(f"unknown ELF machine {objects.machine!r}")
        unknown = set(objects.types) - set(_TYPES.values())
        if unknown:
            raise _bad_target(f"unknown ELF type {min(unknown)!r} (known: {', '.join(_TYPES.values())})")
        return cls(format=objects.format, machine=number, types=objects.types)

    def __str__(self) -> str:
        kinds = f" {' or '.join(self.types)}" if self.types else ""
        return f"{self.format} {machine_name(self.machine)}{kinds}"

    def accept(self, header: ElfHeader) -> bool:
        """Whether an object of that header belongs to the target."""
        return (
            header.format == self.format
            and header.machine == self.machine
            and (not self.types or header.type in self.types)
        )


def check(tree: Path, manifest: Manifest, objects: Objects, *, allowed: Iterable[str] = (), package: str) -> None:
    """BuildError ``wrong-objects`` naming each file (and member) that is not for the target.

    ``allowed`` are globs of files that are build-machine objects on purpose; ``*`` matches ``/`` too.
    """
    rules = Rules.of(objects)
    globs = tuple(allowed)
    problems = [
        (entry.path, problem)
        for entry in manifest
        if entry.kind == "file" and not any(fnmatch.fnmatchcase(entry.path, glob) for glob in globs)
        for problem in _problems(tree, entry, rules)
    ]
    if problems:
        more = len(problems) - _SHOWN
        raise BuildError(
            f"{package} installed an object that is not for the target: {problems[0][0]} {problems[0][1]}",
            reference="wrong-objects",
            context=(*problems[:_SHOWN], *((("and", f"{more} more"),) if more > 0 else ())),
            hint=f"wanted: {rules}; for build-machine tools of a cross compiler, the recipe lists their paths in "
            "x-build-machine-files",
        )


def read_header(data: bytes | memoryview) -> ElfHeader:
    """The header of an ELF file; MalformedObject."""
    head = bytes(data[:64])
    if head[:4] != _MAGIC:
        raise MalformedObject("is not an ELF file")
    if len(head) < 20 or head[4] not in _CLASSES or head[5] not in _ORDERS or head[6] != 1:
        raise MalformedObject("has a malformed ELF header")
    if len(head) < _HEADER_SIZES[head[4]]:
        raise MalformedObject("has a cut off ELF header")
    kind, machine = struct.unpack("<HH" if head[5] == 1 else ">HH", head[16:20])
    return ElfHeader(
        format=f"{_CLASSES[head[4]]}-{_ORDERS[head[5]]}", machine=machine, type=_TYPES.get(kind, f"type {kind:#x}")
    )


def machine_numbers() -> dict[str, int]:
    """ELF machine numbers by their names in <elf.h>."""
    from elftools.elf.enums import ENUM_E_MACHINE

    return {name: number for name, number in ENUM_E_MACHINE.items() if isinstance(number, int)}


def machine_name(number: int) -> str:
    """The name of an ELF machine, or its number."""
    return next((name for name, known in machine_numbers().items() if known == number), f"machine {number}")


def _problems(tree: Path, entry: Entry, rules: Rules) -> Iterator[str]:
    path = tree / entry.path
    if entry.size < 4:
        if entry.path.endswith(_OBJECT_NAMES):
            yield "is not an ELF file"
        return
    with path.open("rb") as stream:
        head = stream.read(64)
        if head[:8] not in (archives.MAGIC, archives.THIN):
            yield from _one(head, entry.path, rules)
            return
        with mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as data:
            yield from _archive(tree, entry.path, data, rules)


def _one(head: bytes | memoryview, name: str, rules: Rules) -> Iterator[str]:
    """Problems of one file or member, given its first bytes."""
    head = bytes(head)
    if head[:4] == _MAGIC:
        try:
            header = read_header(head)
        except MalformedObject as error:
            yield str(error)
            return
        if not rules.accept(header):
            yield f"is {header.format} {machine_name(header.machine)} {header.type}, wanted {rules}"
    elif name.endswith(_OBJECT_NAMES) and not _linker_script(head, name):
        kind = next((kind for magic, kind in _FOREIGN if head.startswith(magic)), "no ELF file")
        yield f"is {kind}, wanted {rules}"


def _linker_script(head: bytes, name: str) -> bool:
    """Whether a ``.so`` is text for the linker (GNU ld manual, "Implicit Linker Scripts")."""
    return name.endswith(".so") and head.lstrip().startswith((b"/*", b"INPUT", b"GROUP", b"OUTPUT_FORMAT"))


def _archive(tree: Path, path: str, data: memoryview, rules: Rules) -> Iterator[str]:
    try:
        for member in archives.members(data):
            name = printable(member.name, keep="")
            if member.external:
                yield from (f"(member {name}) {problem}" for problem in _external(tree, path, member.name, rules))
            else:
                head = bytes(data[member.offset : member.offset + min(member.size, 64)])
                yield from (f"(member {name}) {problem}" for problem in _one(head, member.name, rules))
    except archives.MalformedArchive as error:
        yield f"is a malformed archive: {error}"


def _external(tree: Path, path: str, name: str, rules: Rules) -> Iterator[str]:
    """A thin archive names files beside it, which must be installed as well."""
    inside = os.path.normpath(PurePosixPath(path).parent / name)
    if name.startswith("/") or inside.startswith(".."):
        yield "is outside the package; a thin archive does not hold its members"
        return
    try:
        with open(os.open(tree / inside, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
            yield from _one(stream.read(64), name, rules)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        yield "is not installed; a thin archive does not hold its members"


def _bad_target(message: str) -> InputFileError:
    return InputFileError(message, reference="bad-target", hint="the [objects] section of the target's file")
