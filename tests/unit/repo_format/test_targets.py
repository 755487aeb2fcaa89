"""Targets: the whole schema, what the digest covers, and refusal with file and key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.machine_names import BUILD
from xpkg.repo.targets import Layout, Objects, Run, Target, Toolchain, load_targets, read_target
from xpkg.repo.variables import machine_variables

FULL = """
name = "board"
description = "A board"
triple = "riscv64-unknown-none-elf"
[variables]
arch = "riscv64"
os = "none"
os-version = "1"
[toolchain]
packages = ["zig-cc", "lld"]
compiler = "ocaml-board"
zig-target = "riscv64-freestanding-none"
cc = "bin/board-cc"
ar = "bin/board-ar"
ranlib = "bin/board-ranlib"
ld = "bin/board-ld"
cflags = ["-O2", "-g0"]
[layout]
lib = "lib/ocaml/site-lib"
[objects]
format = "elf64-little"
machine = "EM_RISCV"
types = ["REL"]
[run]
package = "qemu"
command = ["qemu", "{product}"]
products = ["*.elf"]
"""
SMALL = 'name = "board"\ntriple = "a-b"\n[variables]\narch = "a"\nos = "b"\n'


def write(tmp_path: Path, text: str, name: str = "board") -> Path:
    path = tmp_path / f"{name}.toml"
    path.write_text(text)
    return path


def test_every_key(tmp_path: Path) -> None:
    target = read_target(write(tmp_path, FULL))
    assert (target.name, target.machine, target.description) == ("board", "board", "A board")
    assert target.variables == {"arch": "riscv64", "os": "none", "os-version": "1"}
    assert target.toolchain == Toolchain(
        packages=("zig-cc", "lld"),
        compiler="ocaml-board",
        zig_target="riscv64-freestanding-none",
        cc="bin/board-cc",
        ar="bin/board-ar",
        ranlib="bin/board-ranlib",
        ld="bin/board-ld",
        cflags=("-O2", "-g0"),
    )
    assert target.layout == Layout(lib="lib/ocaml/site-lib", stublibs="lib/ocaml/site-lib/stublibs")
    assert target.objects == Objects(format="elf64-little", machine="EM_RISCV", types=("REL",))
    assert target.run == Run(package="qemu", command=("qemu", "{product}"), products=("*.elf",))


def test_defaults(tmp_path: Path) -> None:
    target = read_target(write(tmp_path, SMALL))
    assert (target.toolchain, target.layout, target.objects, target.run) == (Toolchain(), Layout(), None, None)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("A board", "Another board", True),
        ("*.elf", "*.bin", True),
        ("# nothing", "# a comment", True),
        ('"-O2", "-g0"', '"-g0", "-O2"', False),
        ("riscv64-unknown", "riscv64-other", False),
        ("EM_RISCV", "EM_ARM", False),
        ('types = ["REL"]', 'types = ["REL"]\nabi = "lp64d"', False),
        ('os = "none"', 'os = "linux"', False),
        ('lib = "lib/ocaml/site-lib"', 'lib = "lib"', False),
    ],
)
def test_the_digest_covers_what_matters_for_builds(tmp_path: Path, old: str, new: str, same: bool) -> None:
    text = FULL + "# nothing\n"
    assert old in text
    before, after = (read_target(write(tmp_path, one)).digest for one in (text, text.replace(old, new)))
    assert (before == after) is same


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "board"', 'name = "other"', r"name: the name is 'other', but the file is called 'board\.toml'"),
        ("description", "descripton", "descripton: unknown key"),
        ('cc = "bin/board-cc"', 'cxx = "bin/board-cc"', r"toolchain\.cxx: unknown key"),
        ("[run]", "[runs]", "runs: unknown key"),
        ('triple = "riscv64-unknown-none-elf"', "", "triple: the key is missing"),
        ("riscv64-unknown-none-elf", "riscv64", "triple: expected a GNU triple"),
        ('arch = "riscv64"', "", r"variables\.arch: the key is missing"),
        ('arch = "riscv64"', "arch = 64", r"variables\.arch: expected a text, found a number"),
        ('os-version = "1"', '"os version" = "1"', r"variables\.os version: a variable's name"),
        ('"bin/board-cc"', '"/usr/bin/cc"', r"toolchain\.cc: expected a path relative to the prefix"),
        ('"bin/board-cc"', '"../cc"', r"toolchain\.cc: .*leaves the directory"),
        ('"bin/board-cc"', '"bin/cc $(id)"', r"toolchain\.cc: 'bin/cc \$\(id\)' has other characters than letters"),
        ('lib = "lib/ocaml/site-lib"', 'lib = "site lib"', r"layout\.lib: 'site lib' has other characters"),
        ('"ocaml-board"', '"-x"', r"toolchain\.compiler: '-x' is no package name"),
        ('["zig-cc", "lld"]', '"zig-cc"', r"toolchain\.packages: expected an array of texts"),
        ('["-O2", "-g0"]', "[1]", r"toolchain\.cflags: expected an array of texts"),
        ("elf64-little", "macho", r"objects\.format: unknown object format 'macho'"),
        ("EM_RISCV", "riscv", r"objects\.machine: expected"),
        ('"*.elf"', '"/etc/*"', r"run\.products: .*leaves the directory"),
        ('"*.elf"', '"bin/../../*"', r"run\.products: .*leaves the directory"),
        ('"*.elf"', '""', r"run\.products: expected patterns"),
        ('"*.elf"', '"./"', r"run\.products: .*names no file"),
        ('"*.elf"', '"bin/a**"', r"run\.products: .*whole directories"),
        ('["REL"]', '["OBJ"]', r"objects\.types: unknown object type"),
        ('types = ["REL"]', 'abi = "eabihf"', r"objects\.abi: unknown calling convention 'eabihf'"),
        ('types = ["REL"]', "abi = 64", r"objects\.abi: expected a text"),
        ("elf64-little", "pe64-little", r"objects\.machine: expected a machine of PE"),
        ('["qemu", "{product}"]', "[]", r"run\.command: expected a program"),
        ('["qemu", "{product}"]', '["qemu", "{product}"]\nargv0 = "name"', r"run\.argv0: expected an option"),
        ('["qemu", "{product}"]', '["/bin/sh"]', r"run\.command: expected a program of the package"),
        ('["qemu", "{product}"]', '["../../sh"]', r"run\.command: expected a program of the package"),
        ("[variables]", "[variables", r"board\.toml: .*line"),
    ],
)
def test_wrong_targets_are_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in FULL
    with pytest.raises(InputFileError, match=problem) as caught:
        read_target(write(tmp_path, FULL.replace(old, new)))
    assert caught.value.context[0] == ("file", str(tmp_path / "board.toml"))


@pytest.mark.parametrize("data", [b"\xff", b"[" * 200_000, b"# " + b"x" * (1 << 20)])
def test_files_that_are_not_toml(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "board.toml"
    path.write_bytes(data)
    with pytest.raises(InputFileError):
        read_target(path)


@pytest.mark.parametrize("name", ["build", "Board", "-x", "native-tools", "x-tools", "-tools"])
def test_names_that_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputFileError, match="a target's name"):
        read_target(write(tmp_path, SMALL.replace("board", name), name))


def load(tmp_path: Path) -> Mapping[str, Target]:
    for directory, name, triple in (("one", "board", "a-one"), ("two", "board", "a-two"), ("two", "native", "n-two")):
        (tmp_path / directory).mkdir(exist_ok=True)
        write(tmp_path / directory, SMALL.replace("a-b", triple).replace("board", name), name)
    return load_targets((tmp_path / "one", tmp_path / "absent", tmp_path / "two"))


def test_the_earlier_directory_decides(tmp_path: Path) -> None:
    targets = load(tmp_path)
    assert list(targets) == ["board", "native"]
    assert targets["board"].triple == "a-one"
    assert targets["native"].machine == BUILD


def test_variables_of_a_machine(tmp_path: Path) -> None:
    targets = load(tmp_path)
    on_target = machine_variables(targets["board"], targets["native"])
    on_build = machine_variables(targets["native"], targets["native"])
    assert (on_target["target"], on_target["cross"], on_target["build-triple"]) == ("board", True, "n-two")
    assert (on_build["target"], on_build["cross"], on_build["triple"]) == ("", False, "n-two")
    assert on_target["arch"] == "a"
    assert on_target.get("os-distribution") is None


def test_a_wrong_file_stops_only_those_who_ask_for_its_target(tmp_path: Path) -> None:
    for directory in ("one", "two"):
        (tmp_path / directory).mkdir()
    write(tmp_path / "one", 'colour = "red"\n' + SMALL)
    write(tmp_path / "two", SMALL)
    write(tmp_path / "two", SMALL.replace('"board"', '"native"'), "native")
    targets = load_targets((tmp_path / "one", tmp_path / "two"))
    assert (list(targets), len(targets), "board" in targets, "other" in targets) == (
        ["board", "native"],
        2,
        True,
        False,
    )
    assert targets["native"].triple == "a-b"
    assert targets.get("other") is None
    for _ in range(2):  # nor does the good one behind it stand in for the wrong one
        with pytest.raises(InputFileError, match="colour: unknown key") as caught:
            targets.get("board")
        assert caught.value.context == (("file", str(tmp_path / "one" / "board.toml")), ("key", "colour"))
