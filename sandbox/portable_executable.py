"""PE images and COFF objects: for which machine they are.

Source: Microsoft, "PE Format": "COFF File Header", "Optional Header", "Import Header".  COFF objects have no magic
number, so a file is one by its name.
"""

from __future__ import annotations

import struct

from xpkg.core.values import value
from xpkg.repo.object_formats import PE_MACHINES
from xpkg.sandbox.elf import Bytes, MalformedObject

_NAMES = {number: name for name, number in PE_MACHINES.items()}
_FORMATS = {0x14C: "pe32-little", 0x1C4: "pe32-little", 0x8664: "pe64-little", 0xAA64: "pe64-little"}
_IMAGES = {0x10B: "pe32-little", 0x20B: "pe64-little"}
_IS_DLL = 0x2000


@value(kw_only=True)
class PeHeader:
    """The fields that say for which machine an image (EXEC, DYN) or an object (REL) is; the number as it stands."""

    format: str
    machine: int
    type: str


def is_image(data: Bytes) -> bool:
    """Whether the bytes of a file, given whole, begin as a program or DLL of Windows."""
    return bytes(data[:2]) == b"MZ" and _signature(data) is not None


def read_image(data: Bytes) -> PeHeader:
    """The header of a program or DLL given whole; MalformedObject."""
    at = _signature(data)
    if at is None:
        raise MalformedObject("is no Windows program: it has no PE header")
    head = bytes(data[at + 4 : at + 4 + 26])
    if len(head) < 26:
        raise MalformedObject("has a cut off PE header")
    machine, _, _, _, _, _, flags, magic = struct.unpack("<HHIIIHHH", head[:22])
    format_ = _IMAGES.get(magic)
    if format_ is None:
        raise MalformedObject(f"has a PE header of an unknown kind ({magic:#x})")
    return PeHeader(format=format_, machine=machine, type="DYN" if flags & _IS_DLL else "EXEC")


def read_object(data: Bytes) -> PeHeader:
    """The header of a COFF object, of which 20 bytes will do; MalformedObject."""
    head = bytes(data[:20])
    if len(head) < 20:
        raise MalformedObject("is cut off: a COFF header has 20 bytes")
    machine, count, _, table, symbols, optional, _ = struct.unpack("<HHIIIHH", head)
    if machine == 0 and count == 0xFFFF:  # an import, or an object of many sections
        (machine,) = struct.unpack_from("<H", head, 6)
    elif optional or (symbols and not table):
        raise MalformedObject("is no COFF object")
    return PeHeader(format=_FORMATS.get(machine, "coff"), machine=machine, type="REL")


def machine_name(number: int) -> str:
    """The name of a PE machine, or its number."""
    return _NAMES.get(number, f"machine {number:#x}")


def _signature(data: Bytes) -> int | None:
    """Where ``PE`` stands, by the old header's e_lfanew."""
    if len(data) < 64:
        return None
    (at,) = struct.unpack_from("<I", data, 60)
    return at if bytes(data[at : at + 4]) == b"PE\0\0" else None
