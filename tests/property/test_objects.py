"""Hostile objects: whatever bytes an output holds, the checks tell a problem or none, and never fail."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from xpkg.core.errors import BuildError
from xpkg.repo.targets import Layout, Objects, Target, Toolchain
from xpkg.sandbox import objects, paths
from xpkg.sandbox.record import Entry

_PROGRAM = Path(sys.executable).resolve().read_bytes()[:4096]


def _target(format_: str, machine: str, triple: str) -> Target:
    return Target(
        name="t",
        description="",
        triple=triple,
        variables={"arch": "a", "os": "linux", "libc": "glibc"},
        toolchain=Toolchain(),
        layout=Layout(),
        objects=Objects(format=format_, machine=machine),
        run=None,
    )


_TARGETS = [
    _target("elf64-little", "EM_RISCV", "riscv64-linux-gnu"),
    _target("elf32-little", "EM_ARM", "arm-linux-gnueabihf"),
    _target("elf64-little", "EM_X86_64", "x86_64-linux-gnu"),
    _target("pe64-little", "IMAGE_FILE_MACHINE_AMD64", "x86_64-w64-mingw32"),
]
_numbers = st.sampled_from([0, 1, 2, 7, 8, 28, 40, 56, 64, 0x7F, 0xFFFF, 0x70000003, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF])


@st.composite
def _elf(draw: st.DrawFn) -> bytes:
    """A header with real magic and odd tables, followed by odd tables."""
    wide, order = draw(st.booleans()), draw(st.sampled_from("<>"))
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + b"\0" * 9
    kind, machine = draw(st.sampled_from([1, 2, 3])), draw(st.sampled_from([40, 62, 243]))
    size = "Q" if wide else "I"
    mask = (1 << (64 if wide else 32)) - 1
    places = [draw(_numbers | st.integers(0, 300)) & mask for _ in range(3)]
    halves = [draw(_numbers | st.integers(0, 70)) & 0xFFFF for _ in range(6)]
    header = struct.pack(f"{order}HHI3{size}I6H", kind, machine, 1, *places, 0x5000000, *halves)
    words = draw(st.lists(_numbers | st.integers(0, 300), max_size=40))
    return ident + header + b"".join(struct.pack(order + size, word & mask) for word in words)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A real program cut off somewhere, with some bytes changed."""
    data = bytearray(_PROGRAM[: draw(st.integers(4, len(_PROGRAM)))])
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


def _ar(magic: bytes, parts: list[tuple[bytes, bytes, bytes]]) -> bytes:
    headers = (name[:16].ljust(16) + b" " * 32 + size[:10].ljust(10) + b"`\n" + body for name, size, body in parts)
    return magic + b"".join(headers)


_archive = st.builds(
    _ar,
    st.sampled_from([b"!<arch>\n", b"!<thin>\n"]),
    st.lists(
        st.tuples(
            st.sampled_from([b"a.o/", b"/", b"//", b"/0", b"/99999999", b"#1/4", b"#1/x", b"\xff", b"../x/"]),
            st.sampled_from([b"0", b"4", b"64", b"9999999999", b"-1", b"x", b"\xb2"]),
            st.binary(max_size=70) | _elf(),
        ),
        max_size=4,
    ),
)
_bytecode = st.builds(
    lambda body, count: body + struct.pack(">I", count) + b"Caml1999X035",
    st.binary(max_size=80) | st.just(b"RNTM\xff\xff\xff\xff"),
    st.integers(0, 70) | st.just(0xFFFFFFFF),
)
_image = st.builds(
    lambda at, rest: b"MZ".ljust(60, b"\0") + struct.pack("<I", at) + rest,
    st.integers(0, 90) | st.just(0xFFFFFFFF),
    st.binary(max_size=40) | st.just(b"PE\0\0") | st.just(b"PE\0\0".ljust(28, b"\x0b")),
)
_text = st.lists(
    st.sampled_from(["-I", "-L", "/usr/lib", " ", "=", "prefix", '"', "/", ".so", "#", "\n", "\x1b", "\0", "é"]),
    max_size=60,
).map(lambda words: "".join(words).encode())


@settings(max_examples=300, deadline=None)
@given(
    data=_elf() | _mutated() | _archive | _bytecode | _image | _text | st.binary(max_size=200),
    name=st.sampled_from(["a.o", "bin/a", "a.obj", "a.exe", "a.so", "a.pc", "META", "a.cmxa", "a.cmake", "x-config"]),
    target=st.sampled_from(_TARGETS),
)
def test_no_bytes_make_the_checks_fail(data: bytes, name: str, target: Target) -> None:
    assert target.objects is not None
    with TemporaryDirectory() as place:
        tree = Path(place)
        (tree / "bin").mkdir()
        (tree / name).write_bytes(data)
        manifest = (Entry(path=name, kind="file", mode=0o755, size=len(data)),)
        told: tuple[tuple[str, str], ...] = ()
        try:
            objects.check(tree, manifest, objects.Rules.of(target.objects, target), package="p")
        except BuildError as error:
            told = error.context
        try:
            paths.check(tree, manifest, target, package="p")
        except BuildError as error:
            told = (*told, *error.context)
        assert all(text for pair in told for text in pair)
