"""The names that a target's ``[objects]`` may use: formats, machines and calling conventions.

Formats are ELF's class and byte order or PE's word size; machines are named as <elf.h> and the PE
specification name them; calling conventions as compilers' ``-mabi`` does, ``eabi`` and ``eabihf`` on ARM.
"""

from __future__ import annotations

ELF_FORMATS = ("elf32-little", "elf32-big", "elf64-little", "elf64-big")
PE_FORMATS = ("pe32-little", "pe64-little")
FORMATS = (*ELF_FORMATS, *PE_FORMATS)

TYPES = ("REL", "EXEC", "DYN")
"""Relocatable objects, programs, and shared objects (of PE: DLLs).  A position-independent ELF program is ``DYN``."""

PE_MACHINES = {
    "IMAGE_FILE_MACHINE_I386": 0x14C,
    "IMAGE_FILE_MACHINE_ARMNT": 0x1C4,
    "IMAGE_FILE_MACHINE_AMD64": 0x8664,
    "IMAGE_FILE_MACHINE_ARM64": 0xAA64,
}
"""Numbers of the PE specification, "Machine Types"."""

_RISCV = tuple(f"{size}{float_}" for size in ("ilp32", "lp64") for float_ in ("", "f", "d", "q", "e"))
_ABIS = {
    "EM_RISCV": _RISCV,
    "EM_ARM": ("eabi", "eabihf"),
    "EM_MIPS": ("o32", "n32", "n64"),
    "EM_PPC64": ("elfv1", "elfv2"),
    "EM_LOONGARCH": tuple(f"{size}{float_}" for size in ("ilp32", "lp64") for float_ in ("s", "f", "d")),
}


def abis_of(machine: str) -> tuple[str, ...]:
    """The calling conventions that objects of a machine tell apart; empty where objects do not record one."""
    return _ABIS.get(machine, ())


def machine_problem(format_: str, machine: str) -> str | None:
    """Why ``machine`` cannot be named with that format, or None.  ELF's numbers are checked by who reads objects."""
    if format_ in PE_FORMATS:
        return None if machine in PE_MACHINES else f"expected a machine of PE: {', '.join(PE_MACHINES)}"
    return None if machine.startswith("EM_") else "expected a machine as <elf.h> names it: EM_X86_64"
