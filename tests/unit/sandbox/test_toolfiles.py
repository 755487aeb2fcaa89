"""Configuration of build tools, read back by what reads it."""

from __future__ import annotations

import configparser

from xpkg.sandbox import toolfiles


def test_findlib() -> None:
    text = toolfiles.findlib_conf(prefix="/p", library="lib")
    assert text.splitlines() == [
        'path="/p/lib:/p/lib/ocaml"',
        'destdir="/p/lib"',
        'stdlib="/p/lib/ocaml"',
        'ldconf="ignore"',
        'ocamlc="/p/bin/ocamlc"',
        'ocamlopt="/p/bin/ocamlopt"',
        'ocamldep="/p/bin/ocamldep"',
        'ocamlmklib="/p/bin/ocamlmklib"',
    ]


def test_a_findlib_toolchain_names_it_on_every_line() -> None:
    text = toolfiles.findlib_toolchain_conf(
        name="toy", prefix="/p", library="lib/ocaml/site-lib", commands="bin", tools="/t"
    )
    # Scripts in OCaml run on the build machine.
    assert 'ocaml(toy)="/t/bin/ocaml"' in text
    assert all("(toy)=" in line for line in text.splitlines())
    assert 'destdir(toy)="/p/lib/ocaml/site-lib"' in text


def test_meson() -> None:
    tools = {"c": "/p/bin/it's", "ar": "/p/bin/ar"}
    parser = configparser.ConfigParser()
    parser.read_string(toolfiles.meson_cross_file(tools=tools, arch="riscv64", system="toy"))
    assert parser["binaries"]["c"] == r"'/p/bin/it\'s'"
    assert parser["binaries"]["ar"] == "'/p/bin/ar'"
    assert dict(parser["host_machine"]) == {
        "system": "'toy'",
        "cpu_family": "'riscv64'",
        "cpu": "'riscv64'",
        "endian": "'little'",
    }


def test_cmake() -> None:
    text = toolfiles.cmake_toolchain_file(
        cc="/p/bin/cc", ar="/p/bin/ar", ranlib="/p/bin/ranlib", system="Toy", processor="riscv64", prefix="/t"
    )
    lines = text.splitlines()
    assert "set(CMAKE_C_COMPILER /p/bin/cc)" in lines
    assert "set(CMAKE_FIND_ROOT_PATH /t)" in lines
    assert "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)" in lines
    assert "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)" in lines
