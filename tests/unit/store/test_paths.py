"""The path check: what a target's package holds must not lead back to the build machine."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError
from xpkg.repo.targets import Layout, Objects, Target, Toolchain
from xpkg.sandbox.elf import Loading, MalformedObject, loading
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.manifest import scan
from xpkg.sandbox.paths import check
from xpkg.sandbox.paths_programs import bytecode_runtime, loading_problems

Tree = Callable[[Mapping[str, bytes | str | None]], Path]
HERE = "a directory of the machine it is on, outside the target's prefix"
THERE = "the prefix of the build machine's tools"

BOARD = Target(
    name="board",
    description="",
    triple="aarch64-linux-gnu",
    variables={"arch": "arm64", "os": "linux", "libc": "glibc"},
    toolchain=Toolchain(cc="cross/bin/board-cc", compiler="ocaml-board", ocaml="cross/bin"),
    layout=Layout(),
    objects=Objects(format="elf64-little", machine="EM_AARCH64"),
    run=None,
)


def problems(tree: Path, allowed: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    manifest = scan(tree, own=TARGET, package="p")
    try:
        check(tree, manifest, BOARD, allowed=allowed, package="p.1")
    except BuildError as error:
        caught = error
    else:
        return []
    assert caught.reference == "foreign-path"
    return list(caught.context)


def programs(tree: Path, *names: str) -> Path:
    for name in names:
        (tree / name).chmod(0o755)
    return tree


GOOD_PC = f"""\
prefix={TARGET}
libdir=${{prefix}}/lib
sysconfdir=/etc
Name: z
# not this: -I/usr/include
Cflags: -I${{includedir}} -I{TARGET}/include -DPATH="/usr/share/x"
Libs: -L${{libdir}} -lz -Wl,-rpath,{TARGET}/lib {TARGET}/lib/libz.a
"""


def test_what_is_below_the_prefix_passes(tree: Tree) -> None:
    files: dict[str, bytes | str | None] = {
        "lib/pkgconfig/z.pc": GOOD_PC.encode(),
        "lib/z/META": b'directory = "../y"\narchive(byte) = "z.cma"\nlinkopts = "-lz"\n',
        "lib/cmake/z/zConfig.cmake": f'set(z_DIR "{TARGET}/lib")\nif(X STREQUAL "/usr")\nendif()\n'.encode(),
        "lib/cmake/z/FindY.cmake": b"find_path(Y y.h PATHS /usr/include)\nfind_library(Y_LIBRARY y\n  /usr/lib)\n",
        "bin/z-config": b'case $f in -L/usr/lib) ;; esac\ntest "$f" != -I/usr/include && echo $f\n',
        "lib/libz.la": f"libdir='{TARGET}/lib'\ndependency_libs=' -L{TARGET}/lib -lm'\n".encode(),
        "lib/ocaml/Makefile.config": f"CC={TOOLS}/bin/cc -I{TOOLS}/lib\nBINDIR={TARGET}/bin\n".encode(),
        "bin/script": b"#!/bin/sh\nexec /usr/bin/env x\n",
        "cross/bin/ocamldep": f"#!{TOOLS}/bin/sh\n".encode(),
        "lib/z/z.cmxa": b"Caml1999Z035...-L" + f"{TARGET}/lib".encode() + b"\0-lz",
        "share/doc/notes": b"Compile it with -I/usr/include.",
    }
    assert problems(programs(tree(files), "bin/script", "cross/bin/ocamldep")) == []


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("lib/pkgconfig/z.pc", "Cflags: -I/usr/include -DX", f"-I/usr/include names {HERE}"),
        ("lib/pkgconfig/z.pc", "prefix=/usr/local", f"prefix=/usr/local names {HERE}"),
        ("lib/pkgconfig/z.pc", f"Libs: -L{TOOLS}/lib -lz", f"-L{TOOLS}/lib names {THERE}"),
        ("lib/pkgconfig/z.pc", "Libs: /usr/lib/libz.so.1", f"/usr/lib/libz.so.1 names {HERE}"),
        ("lib/pkgconfig/z.pc", "Libs: -L/xpkg/src/build -lz", "-L/xpkg/src/build names a directory of the build"),
        ("lib/z/META", 'linkopts = "-L/usr/lib -lz"', f"-L/usr/lib names {HERE}"),
        ("lib/z/META", 'directory = "/usr/lib/ocaml/z"', f"directory=/usr/lib/ocaml/z names {HERE}"),
        ("lib/cmake/z.cmake", 'set(z_INCLUDE_DIRS "/usr/include;x")', f"/usr/include names {HERE}"),
        ("lib/cmake/z.cmake", "set(z_LIBRARIES /usr/lib/x/libz.so)", f"/usr/lib/x/libz.so names {HERE}"),
        ("lib/z.cmake", f'INTERFACE_INCLUDE_DIRECTORIES "{TOOLS}/include"', f"{TOOLS}/include names {THERE}"),
        ("lib/libz.la", "libdir='/usr/local/lib'", f"libdir=/usr/local/lib names {HERE}"),
        ("lib/libz.la", "dependency_libs=' -L/opt/x -lm'", f"-L/opt/x names {HERE}"),
        ("bin/z-config", "echo -isystem /usr/include/z", f"-isystem/usr/include/z names {HERE}"),
        ("bin/z-config", "echo -L /home/me/lib", f"-L/home/me/lib names {HERE}"),
        ("lib/ocaml/Makefile.config", "NATIVECCLIBS=-L/usr/lib", f"-L/usr/lib names {HERE}"),
    ],
)  # fmt: skip
def test_flags_that_lead_elsewhere_are_told_with_their_line(tree: Tree, name: str, line: str, said: str) -> None:
    assert problems(tree({name: f"first\n\n{line}\nlast\n".encode()})) == [(f"{name}:3", said)]


def test_flags_that_ocaml_libraries_keep(tree: Tree) -> None:
    content = b"Caml1999Z035 \x84\x95\xa6-L/usr/lib/x86_64-linux-gnu\x90-L" + f"{TOOLS}/lib/z".encode() + b"\0end"
    assert problems(tree({"lib/z.cmxa": content, "lib/z.cma": b"-L/usr/lib/y", "lib/z.txt": content})) == [
        ("lib/z.cma", f"gives the linker -L/usr/lib/y, which names {HERE}"),
        ("lib/z.cmxa", f"gives the linker -L/usr/lib/x86_64-linux-gnu, which names {HERE}"),
        ("lib/z.cmxa", f"gives the linker -L{TOOLS}/lib/z, which names {THERE}"),
    ]


def marshalled(*texts: str) -> bytes:
    """A list of short texts as OCaml writes it."""
    return b"".join(b"\xa0" + bytes([0x20 + len(one)]) + one.encode() for one in texts) + b"@"


def test_other_flags_that_ocaml_libraries_keep(tree: Tree) -> None:
    kept = (
        "-Wl,-rpath=/usr/lib",
        "-R/usr/lib",
        "-L/xpkg/src/stubs",
        "-L/tmp/x",
        "/usr/lib/libz.a",
        "/usr/lib/libzstd.so",
    )
    own = ("-Wl,-rpath=../usr/lib", "share/usr/lib/libz.a", "-R$/usr", "/usr/lib/ocaml")
    assert problems(tree({"lib/z.cmxa": b"Caml1999Z035" + marshalled(*kept, *own)})) == [
        ("lib/z.cmxa", f"gives the linker -Wl,-rpath=/usr/lib, which names {HERE}"),
        ("lib/z.cmxa", f"gives the linker -R/usr/lib, which names {HERE}"),
        ("lib/z.cmxa", "gives the linker -L/xpkg/src/stubs, which names a directory of the build"),
        ("lib/z.cmxa", "gives the linker -L/tmp/x, which names a directory of the build"),
        ("lib/z.cmxa", f"gives the linker /usr/lib/libz.a, which names {HERE}"),
        ("lib/z.cmxa", f"gives the linker /usr/lib/libzstd.so, which names {HERE}"),
    ]


def test_texts_of_bytecode_are_no_flags(tree: Tree) -> None:
    code = b"Caml1999A035" + struct.pack(">I", 30) + b"-I/usr/include"
    assert problems(tree({"lib/z.cma": code + marshalled("-lz")})) == []
    assert problems(tree({"lib/z.cma": code + marshalled("-L/opt/z")})) == [
        ("lib/z.cma", f"gives the linker -L/opt/z, which names {HERE}")
    ]


def test_linker_scripts(tree: Tree) -> None:
    files: dict[str, bytes | str | None] = {
        "lib/libz.so": b"/* GNU ld script, not of\n/usr/lib/x */\nINPUT(/usr/lib/libz.so.1 AS_NEEDED ( -lm ))\n",
        "lib/libm.a": b'SEARCH_DIR("/opt/m")\nGROUP ( libm-2.a -L/usr/lib/m )\n',
        "lib/libgood.so": f"GROUP ( libc.so.6 {TARGET}/lib/liba.a =/usr/lib/libb.so )\nSEARCH_DIR(.)\n".encode(),
        "lib/libarchive.a": b"!<arch>\n" + b"(/usr/lib/libz.so)".ljust(60),
    }
    assert problems(tree(files)) == [
        ("lib/libm.a:1", f"/opt/m names {HERE}"),
        ("lib/libm.a:2", f"-L/usr/lib/m names {HERE}"),
        ("lib/libz.so:3", f"/usr/lib/libz.so.1 names {HERE}"),
    ]


def bytecode(runtime: bytes | None, count: int | None = None) -> bytes:
    """A bytecode program: its code, the name of its interpreter, the table of sections, the magic."""
    sections = [(b"CODE", b"code")] + ([] if runtime is None else [(b"RNTM", runtime)]) + [(b"PRIM", b"prim\0")]
    table = b"".join(struct.pack(">4sI", name, len(content)) for name, content in sections)
    body = b"".join(content for _, content in sections)
    return body + table + struct.pack(">I", len(sections) if count is None else count) + b"Caml1999X035"


def test_what_is_started_on_the_target(tree: Tree) -> None:
    files: dict[str, bytes | str | None] = {
        "bin/byte": bytecode(f"{TOOLS}/bin/ocamlrun".encode()),
        "bin/good": bytecode(f"{TARGET}/bin/ocamlrun".encode()),
        "bin/odd": bytecode(None, count=1000),
        "bin/short": bytecode(None, count=5),
        "bin/shebang": f"#! {TOOLS}/bin/ocamlrun\n".encode() + bytecode(None),
        "bin/started": f'#!/bin/sh\nexec \'{TOOLS}/bin/ocamlrun\' "$0" "$@"\n'.encode() + bytecode(None),
        "bin/starts": f'#!/bin/sh\nexec \'{TARGET}/bin/ocamlrun\' "$0" "$@"\n'.encode() + bytecode(None),
        "bin/tool": f"#!{TOOLS}/bin/python3 -s\n".encode(),
        "lib/data": f"#!{TOOLS}/bin/python3\n".encode(),  # nobody can start it
    }
    runnable = [name for name in files if name.startswith("bin/")]
    assert problems(programs(tree(files), *runnable)) == [
        ("bin/byte", f"is bytecode for {TOOLS}/bin/ocamlrun, in {THERE}"),
        ("bin/odd", "is a bytecode program with a malformed table of sections"),
        ("bin/shebang", f"is a script for {TOOLS}/bin/ocamlrun, in {THERE}"),
        ("bin/short", "is a bytecode program with a malformed table of sections"),
        ("bin/started", f"is a script for {TOOLS}/bin/ocamlrun, in {THERE}"),
        ("bin/tool", f"is a script for {TOOLS}/bin/python3, in {THERE}"),
    ]


def test_the_recipe_says_what_is_for_the_build_machine(tree: Tree) -> None:
    found = programs(tree({"bin/tool": f"#!{TOOLS}/bin/x\n".encode()}), "bin/tool")
    assert problems(found, allowed=("bin/t*",)) == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Loading(interpreter="/lib/ld-linux-aarch64.so.1", needed=("libc.so.6",), search=("$ORIGIN/../lib",)), []),
        (Loading(search=(f"{TARGET}/lib:",)), []),
        (
            Loading(interpreter="/lib/ld-musl-aarch64.so.1"),
            ["is started by /lib/ld-musl-aarch64.so.1, which is not the dynamic linker of glibc (INTERP)"],
        ),
        (
            Loading(interpreter=f"{TARGET}/lib/ld-linux.so"),
            [f"is started by {TARGET}/lib/ld-linux.so, which is not where the target has its dynamic linker (INTERP)"],
        ),
        (
            Loading(search=("$ORIGIN:/usr/lib/x\x1b[31m",), needed=(f"{TOOLS}/lib/libz.so",)),
            [
                f"searches for libraries in /usr/lib/x\\x1b[31m, {HERE} (RUNPATH)",
                f"needs the library {TOOLS}/lib/libz.so, in {THERE} (NEEDED)",
            ],
        ),
    ],
)
def test_what_the_dynamic_linker_is_asked(asked: Loading, said: list[str]) -> None:
    assert list(loading_problems(asked, BOARD)) == said


MUSL = replace(BOARD, variables={"arch": "x86_64", "os": "linux", "libc": "musl"})
STATIC = replace(MUSL, toolchain=Toolchain(cflags=("-static",)))
OF_GLIBC = "needs the library libc.so.6 of glibc, and the target has musl (NEEDED)"


@pytest.mark.parametrize(
    ("machine", "asked", "said"),
    [
        (MUSL, Loading(interpreter="/lib/ld-musl-x86_64.so.1", needed=("libc.so", "libz.so.1")), []),
        (MUSL, Loading(needed=("libz.so.1", "libc.so.6"), versions=("GLIBC_2.2.5",)), [OF_GLIBC]),
        (
            MUSL,
            Loading(needed=("ld-linux-x86-64.so.2",)),
            ["needs the library ld-linux-x86-64.so.2 of glibc, and the target has musl (NEEDED)"],
        ),
        (
            MUSL,
            Loading(versions=("GCC_3.0", "GLIBC_2.14")),
            ["needs symbols of glibc (GLIBC_2.14), and the target has musl (VERNEED)"],
        ),
        (
            BOARD,
            Loading(needed=("libc.musl-aarch64.so.1",)),
            ["needs the library libc.musl-aarch64.so.1 of musl, and the target has glibc (NEEDED)"],
        ),
        (
            BOARD,
            Loading(needed=("libc.so",)),
            ["needs the library libc.so of musl, and the target has glibc (NEEDED)"],
        ),
        (BOARD, Loading(needed=("libc.so.6", "ld-linux-aarch64.so.1"), versions=("GLIBC_2.17",)), []),
        (STATIC, Loading(), []),  # static-pie
        (STATIC, Loading(needed=("libc.so.6",)), [OF_GLIBC]),
        (
            STATIC,
            Loading(interpreter="/lib/ld-musl-x86_64.so.1"),
            [
                "is linked with /lib/ld-musl-x86_64.so.1, and programs of the target hold all that they need (-static)",
            ],
        ),
        (
            STATIC,
            Loading(needed=("libz.so.1",)),
            ["is linked with libz.so.1, and programs of the target hold all that they need (-static)"],
        ),
    ],
)
def test_another_machine_may_differ_by_its_libc_alone(machine: Target, asked: Loading, said: list[str]) -> None:
    assert list(loading_problems(asked, machine)) == said


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
@pytest.mark.parametrize("flag", ["--enable-new-dtags", "--disable-new-dtags"])
def test_programs_of_a_real_linker(tmp_path: Path, flag: str) -> None:
    (tmp_path / "x.c").write_text("int main(void) { return 0; }\n")
    command = ["gcc", "x.c", "-o", "x", f"-Wl,{flag},-rpath,/usr/lib:$ORIGIN", "-Wl,--no-as-needed", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    found = loading((tmp_path / "x").read_bytes())
    assert found.interpreter is not None
    assert found.interpreter.startswith("/lib")
    assert found.search == ("/usr/lib:$ORIGIN",)
    assert {"libm.so.6", "libc.so.6"} <= set(found.needed)
    assert any(version.startswith("GLIBC_2.") for version in found.versions)
    data = bytearray((tmp_path / "x").read_bytes())
    struct.pack_into("<Q", data, 32, len(data) - 8)  # e_phoff
    with pytest.raises(MalformedObject, match="program header table"):
        loading(bytes(data))


def test_the_interpreter_of_bytecode() -> None:
    assert bytecode_runtime(bytecode(b"/usr/bin/ocamlrun\0")) == "/usr/bin/ocamlrun"
    assert bytecode_runtime(bytecode(None)) is None
    assert bytecode_runtime(b"Caml1999X035") is None
