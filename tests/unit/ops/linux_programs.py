"""The smallest programs of several machines: one segment of code, written by hand (System V ABI, "ELF Header")."""

from __future__ import annotations

import struct

# exit(42) as the Linux kernel takes it on each machine: the number of the call, its argument, the trap.
_CODE = {
    "aarch64": (183, "400580d2a80b80d2010000d4"),  # mov x0, #42; mov x8, #93; svc #0
    "riscv64": (243, "1305a0029308d00573000000"),  # li a0, 42; li a7, 93; ecall
    "x86_64": (62, "b83c000000bf2a0000000f05"),  # mov eax, 60; mov edi, 42; syscall
}


def program(machine: str) -> bytes:
    """A static 64-bit little-endian ELF program that ends with status 42."""
    number, code = _CODE[machine]
    text = bytes.fromhex(code)
    base, size = 0x400000, 64 + 56 + len(text)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, number, 1, base + 120, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return header + segment + text
