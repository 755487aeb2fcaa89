"""Projects in their own directories, built for this machine and for linux-aarch64 and run on both.

XPKG_TEST_ROOT names a state directory to use again; without it compilers are built first.  A source that cannot be
fetched now skips the tests, with its name.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.system.command_line import Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

TARGET = "linux-aarch64"

C_FILES = {
    "tally.h": "int tally(int);\n",
    "tally.c": '#include "tally.h"\nint tally(int n) { return n * (n + 1) / 2; }\n',
    "main.c": '#include <stdio.h>\n#include "tally.h"\nint main(void) { printf("%d\\n", tally(10)); return 0; }\n',
}
DUNE = {
    "dune-project": """(lang dune 3.0)
(version 1.2)
(package (name squares) (depends (ocaml (>= 4.14)) dune))
(package (name squares-tool) (depends (squares (= :version))))
""",
    # Contexts that are not there: they must not hinder.
    "dune-workspace": "(lang dune 3.0)\n(context default)\n(context (opam (switch elsewhere)))\n",
    "gen/dune": "(executable (name gen))\n",
    "gen/gen.ml": 'let () = print_string "let all = [|"; for i = 0 to 9 do Printf.printf "%d;" (i * i) done; '
    'print_endline "|]"\n',
    "src/dune": """(library (name squares) (public_name squares) (foreign_stubs (language c) (names stubs)))
(rule (targets table.ml) (action (with-stdout-to %{targets} (run ../gen/gen.exe))))
""",
    "src/stubs.c": "#include <caml/mlvalues.h>\nvalue squares_bits(value u) { return Val_int(8 * sizeof u); }\n",
    "src/squares.ml": 'external bits : unit -> int = "squares_bits"\nlet all = Table.all\n',
    "bin/dune": "(executable (name main) (public_name squares) (package squares-tool) (libraries squares))\n",
    "bin/main.ml": 'let () = Printf.printf "%d %d\\n" (Squares.bits ()) Squares.all.(9)\n',
}
MESON = {
    "meson.build": """project('tally', 'c', version: '0.3.1')
lib = shared_library('tally', 'tally.c', install: true)
install_headers('tally.h')
executable('tally', 'main.c', link_with: lib, install: true)
""",
    **C_FILES,
}
CMAKE = {
    "CMakeLists.txt": """cmake_minimum_required(VERSION 3.16)
project(tally VERSION 2.1 LANGUAGES C)
include(GNUInstallDirs)
add_library(tally SHARED tally.c)
add_executable(tally-cli main.c)
set_target_properties(tally-cli PROPERTIES OUTPUT_NAME tally)
target_link_libraries(tally-cli PRIVATE tally)
install(TARGETS tally tally-cli)
""",
    **C_FILES,
}
# As autoconf's own: it refuses to run what it compiled when it is told another machine.
CONFIGURE = """#!/bin/sh
PACKAGE_TARNAME='tally'
PACKAGE_VERSION='3.0'
prefix=/usr/local host=
for word; do
  case $word in
    --prefix=*) prefix=${word#*=} ;;
    --host=*) host=${word#*=} ;;
    --build=* | --libdir=*) ;;
    *) echo "unknown option $word" >&2; exit 1 ;;
  esac
done
printf 'CC = %s\\nprefix = %s\\n' "${CC:-cc}" "$prefix" > config.mk
echo 'int main(void) { return 0; }' > conftest.c
${CC:-cc} conftest.c -o conftest || exit 1
test -n "$host" || ./conftest || exit 1
"""
AUTOCONF = {
    "configure": CONFIGURE,
    "Makefile": """include config.mk
tally: main.c tally.c
\t$(CC) -O2 -o $@ main.c tally.c
install: tally
\tmkdir -p $(prefix)/bin
\tcp tally $(prefix)/bin/tally
""",
    **C_FILES,
}


@dataclass(frozen=True, kw_only=True)
class Workshop(Xpkg):
    """The directory has projects in it."""

    def project(self, name: str, files: Mapping[str, str]) -> Path:
        place = self.directory / name
        for path, text in files.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text)
            (place / path).chmod(0o755 if path == "configure" else 0o644)
        return place


@pytest.fixture(scope="module")
def workshop(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(root=state_root, directory=tmp_path_factory.mktemp("projects"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("name", "files", "program", "says", "system"),
    [
        ("dune", DUNE, "squares", "64 81\n", "dune"),
        ("meson", MESON, "tally", "55\n", "meson"),
        ("cmake", CMAKE, "tally", "55\n", "cmake"),
        ("autoconf", AUTOCONF, "tally", "55\n", "autoconf"),
    ],
)
def test_a_project_without_recipes(
    workshop: Workshop, name: str, files: Mapping[str, str], program: str, says: str, system: str
) -> None:
    place = workshop.project(name, files)
    command = ("build", f"./{name}", "--target", f"{TARGET},native", "--json")
    answer = json.loads(workshop.ok(*command))
    assert answer["project"]["build_system"] == system
    prefixes = {one["machine"]: Path(one["prefix"]) for one in answer["products"]}
    assert prefixes == {TARGET: place / "_xpkg" / TARGET, "build": place / "_xpkg" / "build"}
    ours, theirs = prefixes["build"] / "bin" / program, prefixes[TARGET] / "bin" / program
    assert (machine_of(ours), machine_of(theirs)) == ("EM_X86_64", "EM_AARCH64")
    assert subprocess.run([ours], capture_output=True, text=True, check=True).stdout == says
    assert workshop.ok("run", "--target", TARGET, str(theirs)) == says
    # Every object of the prefix is the target's, and nothing of the toolchain is in it.
    assert {machine_of(path) for path in prefixes[TARGET].rglob("*") if is_elf(path)} == {"EM_AARCH64"}
    assert not any(path.name.startswith(("ocamlopt", "zig", "dune-project")) for path in prefixes["build"].rglob("*"))
    again = json.loads(workshop.ok(*command))
    assert (again["built"], [one["changed"] for one in again["products"]]) == (0, [False, False])


@pytest.mark.timeout(3600)
def test_install_and_edit(workshop: Workshop) -> None:
    """A project of two packages, installed for the target: an edit builds it again, no edit does nothing."""
    place = workshop.project("edited", {name: text for name, text in DUNE.items() if name != "dune-workspace"})
    xpkg = replace(workshop, switch="projects", target=TARGET)
    xpkg.create_switch()
    prefix = xpkg.install("./edited")
    assert workshop.ok("run", "--target", TARGET, str(prefix / "bin" / "squares")) == "64 81\n"
    command = ("install", "./edited", *xpkg.there, "--yes", "--json")
    assert json.loads(xpkg.ok(*command))["actions"] == []
    (place / "bin" / "main.ml").write_text('let () = print_endline "edited"\n')
    actions = json.loads(xpkg.ok(*command))["actions"]
    assert {(one["action"], one["name"]) for one in actions} == {("rebuild", "squares"), ("rebuild", "squares-tool")}
    assert workshop.ok("run", "--target", TARGET, str(prefix / "bin" / "squares")) == "edited\n"
    xpkg.ok("remove", "./edited", *xpkg.there, "--yes")
    assert json.loads(xpkg.ok("pin", "list", "--switch", "projects", "--json")) == []


def is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"


def machine_of(path: Path) -> str:
    with path.open("rb") as stream:
        return str(ELFFile(stream).header["e_machine"])
