"""The object check: every object file of an output, archives member by member, is for the target."""

from __future__ import annotations

import fnmatch
import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from xpkg.core.errors import BuildError, InputFileError
from xpkg.core.text import printable
from xpkg.core.values import value
from xpkg.repo.object_formats import FORMATS, PE_FORMATS, PE_MACHINES, TYPES
from xpkg.repo.targets import Objects, Target
from xpkg.sandbox import abi, archives, elf
from xpkg.sandbox import portable_executable as pe
from xpkg.sandbox.elf import Bytes, MalformedObject
from xpkg.sandbox.record import Entry, Manifest

_SHOWN = 10
# By their names these are object code, whatever their bytes say.
_OBJECT_NAMES = (".o", ".obj", ".cmxs", ".ko", ".so")
_COMMANDS = (b"/*", b"INPUT", b"GROUP", b"OUTPUT_FORMAT", b"SEARCH_DIR")
_IMAGE_NAMES = (".exe", ".dll", ".sys")
_MACH_O = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce")
_FOREIGN = (
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\xde\xc0\x17\x0b", "LLVM bitcode"),
    *((magic, "a Mach-O object") for magic in (*_MACH_O, b"\xca\xfe\xba\xbe")),
    (b"\0asm", "WebAssembly"),
    (b"MZ", "a Windows program"),
    (b"d\x86", "a COFF object"),
    (b"L\x01", "a COFF object"),
)


@value(kw_only=True)
class Rules:
    """What objects must be; ``types`` empty means any, ``abi`` None that it is not known, ``system`` is opam's os."""

    format: str
    machine: int
    types: tuple[str, ...]
    abi: str | None = None
    system: str | None = None

    @classmethod
    def of(cls, objects: Objects, target: Target | None = None) -> Rules:
        """The target file's ``[objects]``; InputFileError ``bad-target`` for what ELF and PE do not know."""
        if objects.format not in FORMATS:
            raise _bad_target(f"unknown object format {objects.format!r} (known: {', '.join(FORMATS)})")
        portable = objects.format in PE_FORMATS
        number = PE_MACHINES.get(objects.machine) if portable else elf.machine_number(objects.machine)
        if number is None:
            raise _bad_target(f"unknown {'PE' if portable else 'ELF'} machine {objects.machine!r}")
        unknown = set(objects.types) - set(TYPES)
        if unknown:
            raise _bad_target(f"unknown object type {min(unknown)!r} (known: {', '.join(TYPES)})")
        return cls(
            format=objects.format,
            machine=number,
            types=objects.types,
            abi=objects.abi if target is None else abi.expected_abi(target),
            system=None if target is None else target.variables.get("os"),
        )

    @property
    def portable(self) -> bool:
        """Whether objects are COFF and programs PE."""
        return self.format in PE_FORMATS

    def __str__(self) -> str:
        kinds = f" {' or '.join(self.types)}" if self.types else ""
        name = pe.machine_name(self.machine) if self.portable else elf.machine_name(self.machine)
        return f"{self.format} {name}{'' if self.abi is None else f' {self.abi}'}{kinds}"

    def problem_elf(self, header: elf.ElfHeader, data: Bytes | None) -> str | None:
        """Why an ELF object is not for the target; ``data`` is the whole of it, where that is to be had."""
        convention = abi.abi_of(header)
        if convention is None and data is not None and abi.wants_attributes(header):
            convention = abi.arm_abi(data)
        fits = (header.format, header.machine) == (self.format, self.machine) and self._takes(header.type)
        known = None in (convention, self.abi)
        if not fits or not (known or convention == self.abi):
            said = "" if convention is None else f" {convention}"
            return f"is {header.format} {elf.machine_name(header.machine)}{said} {header.type}, wanted {self}"
        system = None if self.system is None else abi.foreign_system(header.osabi, self.system)
        return None if system is None else f"is marked for {system} (EI_OSABI {header.osabi}), wanted {self}"

    def problem_pe(self, header: pe.PeHeader) -> str | None:
        """Why a PE image or COFF object is not for the target."""
        if (header.format, header.machine) == (self.format, self.machine) and self._takes(header.type):
            return None
        return f"is {header.format} {pe.machine_name(header.machine)} {header.type}, wanted {self}"

    def _takes(self, kind: str) -> bool:
        return not self.types or kind in self.types


def check(tree: Path, manifest: Manifest, rules: Rules, *, allowed: Iterable[str] = (), package: str) -> None:
    """BuildError ``wrong-objects`` naming each file (and member) that is not for the target.

    ``allowed`` are globs of files that are build-machine objects on purpose; ``*`` matches ``/`` too.
    """
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


def _problems(tree: Path, entry: Entry, rules: Rules) -> Iterator[str]:
    path = tree / entry.path
    if entry.size < 4:
        if entry.path.endswith(".a"):
            yield "is no archive"
        elif entry.path.endswith(_OBJECT_NAMES):
            yield "is not an object file" if rules.portable else "is not an ELF file"
        return
    with path.open("rb") as stream:
        head = stream.read(64)
        is_archive = head[:8] in (archives.MAGIC, archives.THIN)
        if not is_archive and head[:4] != elf.MAGIC and head[:2] != b"MZ":
            if entry.path.endswith(".a") and not _linker_script(head, entry.path):
                kind = next((kind for magic, kind in _FOREIGN if head.startswith(magic)), "no archive")
                yield f"is {kind}, wanted an archive of {rules}"
            else:
                yield from _one(head, entry.path, rules)
            return
        with mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as data:
            yield from (_archive if is_archive else _whole)(tree, entry.path, data, rules)


def _whole(tree: Path, path: str, data: memoryview, rules: Rules) -> Iterator[str]:
    del tree
    yield from _one(data, path, rules)


def _one(data: Bytes, name: str, rules: Rules, *, whole: bool = True) -> Iterator[str]:
    """The problem of one file or member.  What is neither ELF nor a Windows program needs its first bytes only."""
    head = bytes(data[:64])
    try:
        if head[:4] == elf.MAGIC:
            problem = rules.problem_elf(elf.read_header(head), data if whole else None)
        elif head[:2] == b"MZ" and (pe.is_image(data) or (rules.portable and name.endswith(_IMAGE_NAMES))):
            problem = (
                rules.problem_pe(pe.read_image(data)) if rules.portable else f"is a Windows program, wanted {rules}"
            )
        elif head[:4] in _MACH_O:
            problem = f"is a Mach-O object, wanted {rules}"
        elif name.endswith(_OBJECT_NAMES) and not _linker_script(head, name):
            problem = _by_name(head, name, rules)
        else:
            problem = None
    except MalformedObject as error:
        problem = str(error)
    if problem is not None:
        yield problem


def _by_name(head: bytes, name: str, rules: Rules) -> str | None:
    """The problem of what is an object by its name, and has the magic number of none that a target may have."""
    if rules.portable and name.endswith((".o", ".obj")):
        return rules.problem_pe(pe.read_object(head))
    kind = next((kind for magic, kind in _FOREIGN if head.startswith(magic)), None)
    return f"is {kind or ('no PE file' if rules.portable else 'no ELF file')}, wanted {rules}"


def _linker_script(head: bytes, name: str) -> bool:
    """Whether a library is text for the linker (GNU ld manual, "Implicit Linker Scripts")."""
    return name.endswith((".so", ".a")) and head.lstrip().startswith(_COMMANDS)


def _archive(tree: Path, path: str, data: memoryview, rules: Rules) -> Iterator[str]:
    try:
        for member in archives.members(data):
            if member.external:
                yield from (_of_member(member, problem) for problem in _external(tree, path, member.name, rules))
            else:
                with data[member.offset : member.offset + member.size] as part:
                    yield from (_of_member(member, problem) for problem in _one(part, member.name, rules))
    except archives.MalformedArchive as error:
        yield f"is a malformed archive: {error}"


def _of_member(member: archives.Member, problem: str) -> str:
    return f"(member {printable(member.name, keep='')}) {problem}"


def _external(tree: Path, path: str, name: str, rules: Rules) -> Iterator[str]:
    """A thin archive names files beside it, which must be installed as well, and are then looked at themselves."""
    inside = os.path.normpath(PurePosixPath(path).parent / name)
    if name.startswith("/") or inside.startswith(".."):
        yield "is outside the package; a thin archive does not hold its members"
        return
    try:
        with open(os.open(tree / inside, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
            yield from _one(stream.read(64), name, rules, whole=False)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        yield "is not installed; a thin archive does not hold its members"


def _bad_target(message: str) -> InputFileError:
    return InputFileError(message, reference="bad-target", hint="the [objects] section of the target's file")
