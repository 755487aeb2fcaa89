"""Calling conventions: which one an object was made for, and which one a target has.

Sources: the processor supplements of the System V ABI, "File Header" (RISC-V ELF psABI, ELF for the Arm Architecture,
MIPS, 64-bit ELF V2 for Power, LoongArch ELF psABI) and "Addenda to the ABI for the Arm Architecture" for build
attributes; EI_OSABI from the generic ABI.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from xpkg.repo.targets import Target
from xpkg.sandbox.elf import Bytes, ElfHeader, MalformedObject, sections

_MIPS, _PPC64, _ARM, _X86_64, _RISCV, _LOONGARCH = 8, 21, 40, 62, 243, 258
_SHT_ARM_ATTRIBUTES = 0x70000003
_TAG_VFP_ARGUMENTS = 28
_NUL_TERMINATED = {4, 5, 65, 67}  # CPU_raw_name, CPU_name, also_compatible_with, conformance
_LARGEST_ATTRIBUTES = 1 << 16

# GNU's is set for indirect functions on any system, ARM's says nothing of the system.
_SYSTEMS = {
    1: ("HP-UX", "hpux"),
    2: ("NetBSD", "netbsd"),
    6: ("Solaris", "solaris"),
    7: ("AIX", "aix"),
    8: ("IRIX", "irix"),
    9: ("FreeBSD", "freebsd"),
    12: ("OpenBSD", "openbsd"),
}


def abi_of(header: ElfHeader) -> str | None:
    """The calling convention that e_flags record; None where they record none."""
    reader = _READERS.get(header.machine)
    found = None if reader is None else reader(header.flags, header.format.startswith("elf64"))
    # Soft floats are also what lld writes when no object says otherwise: into objects joined of assembly (OCaml's) and
    # libraries of names alone. A program has start-up code, which says.
    return None if found == "eabi" and header.type != "EXEC" else found


def _riscv(flags: int, wide: bool) -> str:
    size = "lp64" if wide else "ilp32"
    return size + ("e" if flags & 8 else ("", "f", "d", "q")[flags >> 1 & 3])


def _arm(flags: int, wide: bool) -> str | None:
    del wide
    version = flags >> 24
    if version != 5:
        return f"EABI version {version}" if version else "ABI before the EABI"
    # Only programs and shared objects say which; see arm_abi for the others.
    return "eabihf" if flags & 0x400 else "eabi" if flags & 0x200 else None


def _mips(flags: int, wide: bool) -> str | None:
    if wide:
        return "n64"
    return "n32" if flags & 0x20 else {0x1000: "o32", 0x2000: "o64", 0x3000: "eabi32"}.get(flags & 0xF000)


def _ppc64(flags: int, wide: bool) -> str | None:
    del wide
    return {1: "elfv1", 2: "elfv2"}.get(flags & 3)


def _loongarch(flags: int, wide: bool) -> str | None:
    kind = {1: "s", 2: "f", 3: "d"}.get(flags & 7)
    return None if kind is None else ("lp64" if wide else "ilp32") + kind


def _x86_64(flags: int, wide: bool) -> str | None:
    del flags
    return None if wide else "x32"


_READERS: dict[int, Callable[[int, bool], str | None]] = {
    _RISCV: _riscv,
    _ARM: _arm,
    _MIPS: _mips,
    _PPC64: _ppc64,
    _LOONGARCH: _loongarch,
    _X86_64: _x86_64,
}


def wants_attributes(header: ElfHeader) -> bool:
    """Whether the calling convention of a relocatable object is in its build attributes, if anywhere."""
    return header.machine == _ARM and header.type == "REL"


def arm_abi(data: Bytes) -> str | None:
    """``eabihf`` for an ARM object, given whole, that passes floats in VFP registers; None when it does not say.

    Soft floats are the default that nobody writes down, so what is missing may be either.  An object has one section
    of attributes; another one counts for nothing.  MalformedObject.
    """
    at, size = next(sections(data, _SHT_ARM_ATTRIBUTES), (0, 0))
    if not 0 < size <= _LARGEST_ATTRIBUTES:
        return None
    return "eabihf" if _vfp_arguments(bytes(data[at : at + size]), bytes(data[5:6])) == 1 else None


def _vfp_arguments(table: bytes, order: bytes) -> int | None:
    """The value of Tag_ABI_VFP_args: ``A`` [length "aeabi" NUL [tag length attributes]...]..."""
    form = "<I" if order == b"\x01" else ">I"
    try:
        (length,) = struct.unpack_from(form, table, 1)
        name, _, rest = table[5 : 1 + length].partition(b"\0")
        if table[:1] != b"A" or name != b"aeabi" or rest[:1] != b"\x01":
            return None
        (length,) = struct.unpack_from(form, rest, 1)
        return _attribute(rest[5:length], _TAG_VFP_ARGUMENTS)
    except (struct.error, IndexError) as error:
        raise MalformedObject("has malformed build attributes") from error


def _attribute(values: bytes, wanted: int) -> int | None:
    at = 0
    while at < len(values):
        tag, at = _uleb(values, at)
        if tag in _NUL_TERMINATED or (tag > 32 and tag % 2):
            at = _after_text(values, at)
            continue
        value, at = _uleb(values, at)
        if tag == wanted:
            return value
        if tag == 32:  # compatibility: a number and a text
            at = _after_text(values, at)
    return None


def _after_text(values: bytes, at: int) -> int:
    end = values.find(b"\0", at)
    return len(values) if end < 0 else end + 1


def _uleb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number of at most five bytes, and the place after it."""
    value = 0
    for shift in range(0, 35, 7):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise IndexError("a number without an end")


def foreign_system(osabi: int, system: str | None) -> str | None:
    """The operating system that an object is marked for (EI_OSABI), when it is not ``system``, opam's ``os``."""
    name, theirs = _SYSTEMS.get(osabi, (None, None))
    return name if name is not None and theirs != system else None


def expected_abi(target: Target) -> str | None:
    """The calling convention of a target: as its file says, else as its compiler flags and its triple imply."""
    objects = target.objects
    if objects is None or objects.format.startswith("pe"):
        return None
    if objects.abi is not None:
        return objects.abi
    chosen = {flag.partition("=")[0]: flag.partition("=")[2] for flag in target.toolchain.cflags if "=" in flag}
    processor, _, rest = target.triple.partition("-")
    match objects.machine:
        case "EM_ARM":
            floats = chosen.get("-mfloat-abi")
            hard = floats == "hard" if floats else rest.endswith("hf")
            return "eabihf" if hard else "eabi" if "eabi" in rest or floats else None
        case "EM_RISCV":
            return chosen.get("-mabi") or (
                {"riscv64": "lp64d", "riscv32": "ilp32d"}.get(processor) if _hosted(rest) else None
            )
        case "EM_PPC64":
            return chosen.get("-mabi") or ("elfv2" if processor == "powerpc64le" else None)
        case "EM_MIPS":
            return _mips_abi(chosen.get("-mabi"), rest)
        case "EM_LOONGARCH":
            soft = "lp64s" if rest.endswith("sf") else "lp64f" if rest.endswith("f32") else "lp64d"
            return chosen.get("-mabi") or (soft if _hosted(rest) else None)
    return None


def _hosted(rest: str) -> bool:
    """Whether a triple's system has one calling convention that everybody uses."""
    return "linux" in rest or "bsd" in rest


def _mips_abi(chosen: str | None, rest: str) -> str | None:
    if chosen is not None:
        return {"32": "o32", "64": "n64"}.get(chosen, chosen)
    return "n64" if rest.endswith("abi64") else "n32" if rest.endswith("abin32") else "o32" if "linux" in rest else None
