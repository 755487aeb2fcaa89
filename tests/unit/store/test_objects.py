from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError, InputFileError
from xpkg.repo.targets import Layout, Objects, Target, Toolchain
from xpkg.sandbox.abi import expected_abi
from xpkg.sandbox.archives import MAGIC, THIN, MalformedArchive, Member, members
from xpkg.sandbox.layout import TARGET
from xpkg.sandbox.manifest import scan
from xpkg.sandbox.objects import Rules, check

Tree = Callable[[Mapping[str, bytes | str | None]], Path]
KERNEL = Objects(format="elf64-little", machine="EM_X86_64", types=("REL",))
WANTED = "wanted elf64-little EM_X86_64 REL"


def elf(machine: int = 62, bits: int = 2, order: int = 1, kind: int = 1) -> bytes:
    """The header of an object: x86-64, 64 bits, little-endian, relocatable unless said otherwise."""
    fields = struct.pack("<HH" if order == 1 else ">HH", kind, machine)
    return (b"\x7fELF" + bytes([bits, order, 1]) + b"\0" * 9 + fields).ljust(64, b"\0") + b"body"


def member(name: bytes, content: bytes, size: int | None = None) -> bytes:
    length = len(content) if size is None else size
    header = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"644".ljust(8)
    return header + str(length).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)


def problems(tree: Path, objects: Objects | Rules = KERNEL, allowed: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    manifest = scan(tree, own=TARGET, package="lwt")
    rules = Rules.of(objects) if isinstance(objects, Objects) else objects
    try:
        check(tree, manifest, rules, allowed=allowed, package="lwt.5.7.0")
    except BuildError as caught:
        error = caught
    else:
        return []
    assert error.reference == "wrong-objects"
    assert str(error).startswith("lwt.5.7.0 installed an object that is not for the target: ")
    return list(error.context)


def test_objects_of_the_target_pass(tree: Tree) -> None:
    archive = MAGIC + member(b"/", b"\0" * 4) + member(b"a.o/", elf()) + member(b"README/", b"odd")
    found = tree({"a.o": elf(), "liba.a": archive, "a.cma": b"Caml1999A035", "libgcc_s.so": b"/* GNU ld script */"})
    assert problems(found) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (elf(machine=183), "is elf64-little EM_AARCH64 REL"),
        (elf(machine=3, bits=1), "is elf32-little EM_386 REL"),
        (elf(machine=62, bits=1), "is elf32-little EM_X86_64 x32 REL"),
        (elf(order=2), "is elf64-big EM_X86_64 REL"),
        (elf(kind=3), "is elf64-little EM_X86_64 DYN"),
        (elf(kind=2), "is elf64-little EM_X86_64 EXEC"),
        (elf(machine=64321), "is elf64-little machine 64321 REL"),
    ],
)
def test_every_field_counts(tree: Tree, content: bytes, said: str) -> None:
    assert problems(tree({"lib/x": content})) == [("lib/x", f"{said}, {WANTED}")]


def test_any_type_unless_the_target_says(tree: Tree) -> None:
    any_type = Objects(format="elf64-little", machine="EM_X86_64")
    assert problems(tree({"bin/a": elf(kind=2), "lib/b.so": elf(kind=3)}), any_type) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x7fELF", "has a malformed ELF header"),
        (b"\x7fELF\x05\x01\x01" + b"\0" * 60, "has a malformed ELF header"),
        (b"\x7fELF\x02\x01\x01" + b"\0" * 20, "has a cut off ELF header"),
        (b"!<arch>\n" + b"junk", "is a malformed archive: no member header at byte 8"),
        (b"!<arch>\n" + member(b"a.o/", elf(), size=500), "is a malformed archive: the member at byte 8 is cut off"),
        (b"!<arch>\n" + member(b"/99", elf()), "is a malformed archive: the member at byte 68 has no name in the"
         " table of names"),
        (b"!<arch>\n" + member(b"a.o/", b"").replace(b"0         `", b"minus     `"),
         "is a malformed archive: the size at byte 8 is not a number"),
    ],
)  # fmt: skip
def test_malformed_objects_and_archives(tree: Tree, content: bytes, said: str) -> None:
    assert problems(tree({"lib/x": content})) == [("lib/x", said)]


def test_files_that_are_objects_by_name_only(tree: Tree) -> None:
    found = tree(
        {"a.o": b"BC\xc0\xde....", "b.o": b"", "c.cmxs": b"\xcf\xfa\xed\xfe....", "d.ko": b"text....", "e.so": b"MZ.."}
    )
    assert problems(found) == [
        ("a.o", f"is LLVM bitcode, {WANTED}"),
        ("b.o", "is not an ELF file"),
        ("c.cmxs", f"is a Mach-O object, {WANTED}"),
        ("d.ko", f"is no ELF file, {WANTED}"),
        ("e.so", f"is a Windows program, {WANTED}"),
    ]


def test_libraries_are_archives_or_linker_scripts(tree: Tree) -> None:
    script = b"/* GNU ld script */\nGROUP ( libm-2.a )\n"
    files = {"libm.a": script, "libn.a": b"GROUP(n.a)", "empty.a": MAGIC, "o.a": elf(), "text.a": b"plain text"}
    files |= {"nothing.a": b"", "fat.a": b"\xca\xfe\xba\xbe" + b"\0" * 60}
    assert problems(tree(files)) == [
        ("fat.a", f"is a Mach-O object, wanted an archive of {WANTED.removeprefix('wanted ')}"),
        ("nothing.a", "is no archive"),
        ("text.a", f"is no archive, wanted an archive of {WANTED.removeprefix('wanted ')}"),
    ]


def test_members_are_named_whatever_form_the_archive_has(tree: Tree) -> None:
    host, ours = elf(machine=183), elf()
    names = b"a_member_with_a_long_name.o/\nanother_member_with_one.o/\n"
    gnu = MAGIC + member(b"/", b"\0" * 3) + member(b"//", names) + member(b"/0", ours) + member(b"/29", host)
    bsd = MAGIC + member(b"__.SYMDEF", b"\0" * 4) + member(b"#1/20", b"long_bsd_name.o\0\0\0\0\0" + host)
    found = tree({"gnu.a": gnu, "bsd.a": bsd, "short.a": MAGIC + member(b"x.o/", host) + member(b"y.o/", host)})
    said = f"is elf64-little EM_AARCH64 REL, {WANTED}"
    assert problems(found) == [
        ("bsd.a", f"(member long_bsd_name.o) {said}"),
        ("gnu.a", f"(member another_member_with_one.o) {said}"),
        ("short.a", f"(member x.o) {said}"),
        ("short.a", f"(member y.o) {said}"),
    ]


def test_names_of_members_are_no_longer_than_paths(tree: Tree) -> None:
    """Members that share one long name made the look at an archive as long as the square of its size."""
    for length, said in ((4000, []), (5000, ["no name in the table of names"])):
        archive = MAGIC + member(b"//", b"x" * length + b"/\n") + member(b"/0", elf())
        assert [text[-29:] for _, text in problems(tree({"a.a": archive}))] == said
    long = MAGIC + member(b"#1/5000", b"x" * 5000 + elf())
    assert [text[-30:] for _, text in problems(tree({"a.a": long}))] == ["a name of more than 4096 bytes"]


def test_thin_archives(tree: Tree) -> None:
    names = b"in/good.o/\nin/host.o/\nin/none.o/\n../../out.o/\n/abs.o/\nin/a\0.o/\n"
    thin = THIN + member(b"//", names)
    for offset in (0, 11, 22, 33, 46, 54):
        thin += member(b"/%d" % offset, b"", size=68)
    found = tree({"lib/t.a": thin, "lib/in/good.o": elf(), "lib/in/host.o": elf(machine=183)})
    said = f"is elf64-little EM_AARCH64 REL, {WANTED}"
    outside = "is outside the package; a thin archive does not hold its members"
    assert problems(found) == [
        ("lib/in/host.o", said),
        ("lib/t.a", f"(member in/host.o) {said}"),
        ("lib/t.a", "(member in/none.o) is not installed; a thin archive does not hold its members"),
        ("lib/t.a", f"(member ../../out.o) {outside}"),
        ("lib/t.a", f"(member /abs.o) {outside}"),
        ("lib/t.a", "(member in/a\\x00.o) is not installed; a thin archive does not hold its members"),
    ]


def test_build_machine_objects_only_where_the_recipe_says(tree: Tree) -> None:
    found = tree({"bin/ocamlopt": elf(kind=2), "lib/ocaml/x/y.cmxs": elf(kind=3), "lib/z.cmxs": elf(kind=3)})
    assert [path for path, _ in problems(found, allowed=("bin/*", "lib/ocaml/*.cmxs"))] == ["lib/z.cmxs"]


def test_many_problems_are_counted(tree: Tree) -> None:
    assert problems(tree({f"{n:02}.o": elf(kind=3) for n in range(13)}))[-1] == ("and", "3 more")


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        (Objects(format="coff", machine="EM_X86_64"), "unknown object format 'coff'"),
        (Objects(format="elf64-little", machine="x86_64"), "unknown ELF machine 'x86_64'"),
        (Objects(format="elf64-little", machine="EM_X86_64", types=("OBJ",)), "unknown object type 'OBJ'"),
    ],
)
def test_target_files_that_ask_for_what_there_is_not(tree: Tree, objects: Objects, said: str) -> None:
    with pytest.raises(InputFileError, match=said):
        problems(tree({}), objects)


@pytest.mark.skipif(shutil.which("ar") is None, reason="needs binutils")
@pytest.mark.parametrize("flags", ["rc", "rcT", "rcS"])
def test_archives_of_the_real_ar(tmp_path: Path, flags: str) -> None:
    names = ["a.o", "a_rather_long_member_name.o", "odd.o"]
    for name in names:
        (tmp_path / name).write_bytes(elf() + name.encode())
    subprocess.run(["ar", flags, "x.a", *names], cwd=tmp_path, check=True)
    data = (tmp_path / "x.a").read_bytes()
    found = list(members(data))
    assert [one.name for one in found] == names
    for one in found:
        assert one.external is (flags == "rcT")
        if not one.external:
            assert data[one.offset : one.offset + one.size] == (tmp_path / one.name).read_bytes()


def test_an_empty_archive_and_none() -> None:
    assert list(members(MAGIC)) == []
    assert list(members(MAGIC + member(b"a/", b"12"))) == [Member("a", 68, 2, False)]
    assert list(members(MAGIC + member(b"/\xb2", b"12"))) == [Member("/\xb2", 68, 2, False)]  # no number
    with pytest.raises(MalformedArchive):
        list(members(b"not one"))


def flagged(machine: int, flags: int, bits: int = 2, kind: int = 1, osabi: int = 0) -> bytes:
    """An object with e_flags and EI_OSABI."""
    data = bytearray(elf(machine, bits, 1, kind))
    data[7] = osabi
    struct.pack_into("<I", data, 36 if bits == 1 else 48, flags)
    return bytes(data)


def target(machine: str, triple: str, *, cflags: tuple[str, ...] = (), abi: str | None = None) -> Target:
    return Target(
        name="board",
        description="",
        triple=triple,
        variables={"arch": "a", "os": "linux"},
        toolchain=Toolchain(cflags=cflags),
        layout=Layout(),
        objects=Objects(format="elf64-little", machine=machine, abi=abi),
        run=None,
    )


@pytest.mark.parametrize(
    ("machine", "triple", "cflags", "abi", "expected"),
    [
        ("EM_RISCV", "riscv64-linux-gnu", (), None, "lp64d"),
        ("EM_RISCV", "riscv64-unknown-none-elf", (), None, None),
        ("EM_RISCV", "riscv64-unknown-none-elf", ("-mabi=lp64",), None, "lp64"),
        ("EM_RISCV", "riscv64-linux-gnu", ("-mabi=lp64",), "lp64f", "lp64f"),
        ("EM_ARM", "arm-linux-gnueabihf", (), None, "eabihf"),
        ("EM_ARM", "arm-linux-gnueabi", (), None, "eabi"),
        ("EM_ARM", "arm-none-eabi", ("-mfloat-abi=hard",), None, "eabihf"),
        ("EM_ARM", "arm-linux-gnueabihf", ("-mfloat-abi=soft",), None, "eabi"),
        ("EM_MIPS", "mips64-linux-gnuabi64", (), None, "n64"),
        ("EM_MIPS", "mips-linux-gnu", ("-mabi=n32",), None, "n32"),
        ("EM_PPC64", "powerpc64le-linux-gnu", (), None, "elfv2"),
        ("EM_LOONGARCH", "loongarch64-linux-gnusf", (), None, "lp64s"),
        ("EM_X86_64", "x86_64-linux-gnu", (), None, None),
    ],
)
def test_the_calling_convention_follows_from_the_target(
    machine: str, triple: str, cflags: tuple[str, ...], abi: str | None, expected: str | None
) -> None:
    assert expected_abi(target(machine, triple, cflags=cflags, abi=abi)) == expected


@pytest.mark.parametrize(
    ("machine", "triple", "content", "said"),
    [
        ("EM_RISCV", "riscv64-linux-gnu", flagged(243, 0x5), None),
        ("EM_RISCV", "riscv64-linux-gnu", flagged(243, 0x1), "is elf64-little EM_RISCV lp64 REL"),
        ("EM_RISCV", "riscv64-linux-gnu", flagged(243, 0x3), "is elf64-little EM_RISCV lp64f REL"),
        ("EM_RISCV", "riscv64-linux-gnu", flagged(243, 0xD), "is elf64-little EM_RISCV lp64e REL"),
        ("EM_PPC64", "powerpc64le-linux-gnu", flagged(21, 1), "is elf64-little EM_PPC64 elfv1 REL"),
        ("EM_LOONGARCH", "loongarch64-linux-gnu", flagged(258, 0x41), "is elf64-little EM_LOONGARCH lp64s REL"),
        ("EM_X86_64", "x86_64-linux-gnu", flagged(62, 0, osabi=3), None),
        ("EM_X86_64", "x86_64-linux-gnu", flagged(62, 0, osabi=9), "is marked for FreeBSD (EI_OSABI 9)"),
    ],
)
def test_calling_conventions_and_systems(
    tree: Tree, machine: str, triple: str, content: bytes, said: str | None
) -> None:
    of = target(machine, triple)
    assert of.objects is not None
    rules = Rules.of(of.objects, of)
    expected = [] if said is None else [("lib/x.o", f"{said}, wanted {rules}")]
    assert problems(tree({"lib/x.o": content}), rules) == expected


ARM = Rules.of(Objects(format="elf32-little", machine="EM_ARM", abi="eabihf"))
HARD, SOFT = "wanted elf32-little EM_ARM eabihf", Rules.of(Objects(format="elf32-little", machine="EM_ARM", abi="eabi"))


def with_attributes(attributes: bytes) -> bytes:
    """An ARM object whose one section has build attributes."""
    inner = b"\x01" + struct.pack("<I", 5 + len(attributes)) + attributes
    vendor = struct.pack("<I", 4 + 6 + len(inner)) + b"aeabi\0" + inner
    table = b"A" + vendor
    header = bytearray(flagged(40, 0x5000000, bits=1)[:52])
    struct.pack_into("<I", header, 32, 52 + len(table))  # e_shoff
    struct.pack_into("<HHH", header, 46, 40, 1, 0)  # e_shentsize, e_shnum
    section = struct.pack("<IIIIIIIIII", 0, 0x70000003, 0, 0, 52, len(table), 0, 0, 1, 0)
    return bytes(header) + table + section


def test_arm_floats(tree: Tree) -> None:
    program = flagged(40, 0x5000200, bits=1, kind=2)
    hard = with_attributes(b"\x05cortex-a8\0\x06\x0a\x1c\x01")  # CPU_name, CPU_arch, ABI_VFP_args = 1
    silent = with_attributes(b"\x06\x0a")
    names = flagged(40, 0x5000200, bits=1, kind=3)  # zig's libraries to link with
    files = {
        "bin/a": program,
        "lib/c.so": names,
        "lib/joined.o": flagged(40, 0x5000200, bits=1),
        "lib/hard.o": hard,
        "lib/old.o": flagged(40, 0x4000000, bits=1),
        "lib/silent.o": silent,
    }
    found = tree(files)
    assert problems(found, ARM) == [
        ("bin/a", f"is elf32-little EM_ARM eabi EXEC, {HARD}"),
        ("lib/old.o", f"is elf32-little EM_ARM EABI version 4 REL, {HARD}"),
    ]
    assert [path for path, _ in problems(found, SOFT)] == ["lib/hard.o", "lib/old.o"]


def test_one_section_of_arm_attributes_counts(tree: Tree) -> None:
    """Thousands that all lead to the same place kept a processor busy for most of an hour."""
    first, second = with_attributes(b"\x1c\x00"), with_attributes(b"\x1c\x01")
    table = struct.pack("<IIIIIIIIII", 0, 0x70000003, 0, 0, 52, len(first) - 52 - 40, 0, 0, 1, 0)
    shifted = struct.pack("<IIIIIIIIII", 0, 0x70000003, 0, 0, len(first) - 40, len(second) - 92, 0, 0, 1, 0)
    data = bytearray(first[:-40] + second[52:-40] + table + shifted)
    struct.pack_into("<I", data, 32, len(data) - 80)  # e_shoff
    struct.pack_into("<HHH", data, 46, 40, 2, 0)  # e_shentsize, e_shnum
    assert problems(tree({"lib/a.o": bytes(data)}), SOFT) == []
    struct.pack_into("<I", data, len(data) - 80 + 16, len(first) - 40)  # the first leads to the second's content
    assert [path for path, _ in problems(tree({"lib/a.o": bytes(data)}), SOFT)] == ["lib/a.o"]


def coff(machine: int) -> bytes:
    return struct.pack("<HHIIIHH", machine, 1, 0, 60, 3, 0, 0).ljust(80, b"\0")


def image(machine: int, magic: int = 0x20B, flags: int = 0x22, cut: int = 200) -> bytes:
    header = b"PE\0\0" + struct.pack("<HHIIIHHH", machine, 1, 0, 0, 0, 240, flags, magic).ljust(60, b"\0")
    return (b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + header)[:cut]


def test_windows(tree: Tree) -> None:
    rules = Rules.of(Objects(format="pe64-little", machine="IMAGE_FILE_MACHINE_AMD64"))
    wanted = "wanted pe64-little IMAGE_FILE_MACHINE_AMD64"
    imported = struct.pack("<HHHH", 0, 0xFFFF, 0, 0x8664).ljust(20, b"\0")
    archive = MAGIC + member(b"a.o/", coff(0x8664)) + member(b"b.obj/", coff(0x14C)) + member(b"i.o/", imported)
    files = {
        "bin/good.exe": image(0x8664),
        "bin/good.dll": image(0x8664, flags=0x2022),
        "bin/host": elf(kind=2),
        "bin/small.exe": image(0x14C, magic=0x10B),
        "bin/cut.exe": image(0x8664, cut=80),
        "bin/dos.exe": b"MZ only by name",
        "lib/a.a": archive,
        "lib/good.o": coff(0x8664),
        "lib/other.o": coff(0xAA64),
        "lib/short.o": b"d\x86\0\0",
        "doc/MZ.txt": b"MZ is how programs begin",
    }
    assert problems(tree(files), rules) == [
        ("bin/cut.exe", "has a cut off PE header"),
        ("bin/dos.exe", "is no Windows program: it has no PE header"),
        ("bin/host", f"is elf64-little EM_X86_64 EXEC, {wanted}"),
        ("bin/small.exe", f"is pe32-little IMAGE_FILE_MACHINE_I386 EXEC, {wanted}"),
        ("lib/a.a", f"(member b.obj) is pe32-little IMAGE_FILE_MACHINE_I386 REL, {wanted}"),
        ("lib/other.o", f"is pe64-little IMAGE_FILE_MACHINE_ARM64 REL, {wanted}"),
        ("lib/short.o", "is cut off: a COFF header has 20 bytes"),
    ]


def test_programs_of_other_systems_whatever_they_are_called(tree: Tree) -> None:
    found = tree(
        {"bin/a": image(0x8664), "bin/b": b"\xcf\xfa\xed\xfe....", "doc/c": b"MZ in a text", "d": b"\0asm...."}
    )
    assert problems(found) == [
        ("bin/a", f"is a Windows program, {WANTED}"),
        ("bin/b", f"is a Mach-O object, {WANTED}"),
    ]
