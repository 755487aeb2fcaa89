"""What is wrong with a package for another machine is found, and told in words: real compilers, small wrong packages.

XPKG_TEST_ROOT names a state directory to use again; without it compilers are built anew.  A source that cannot be had
skips the tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.system.command_line import Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

TARGET = "linux-aarch64"
STATIC = "linux-x86_64-musl"
GENERATOR = '#include <stdio.h>\nint main(void) { puts("#define X 1"); return 0; }\n'
ANSWER = "int answer(void) { return 42; }\n"
COUNTER = "int n; int next(void) { return ++n; }\n"
DUNE = 'depends: ["ocaml" "dune"]\nbuild: ["dune" "build" "-p" name]'

Refusal = Callable[..., dict[str, Any]]


@pytest.fixture
def xpkg(state_root: Path, tmp_path: Path) -> Xpkg:
    return Xpkg(root=state_root, directory=tmp_path, switch="checks", target=TARGET)


@pytest.fixture
def refusal(xpkg: Xpkg, tmp_path: Path) -> Refusal:
    """What xpkg says of a package, by its recipe's fields and files, that cannot be built for the target."""

    def find(fields: str, files: dict[str, str], target: str = TARGET) -> dict[str, Any]:
        tree = tmp_path / "wrong"
        tree.mkdir()
        for name, text in {**files, "wrong.opam": f'opam-version: "2.0"\n{fields}\n'}.items():
            (tree / name).write_text(text, "utf-8")
        xpkg.create_switch("--target", TARGET)
        xpkg.ok("pin", "add", str(tree), "--switch", xpkg.switch)
        done = xpkg.run("install", "wrong", "--switch", xpkg.switch, "--target", target, "--yes", "--json")
        xpkg.run("pin", "remove", "wrong", "--switch", xpkg.switch)
        assert done.returncode == 31, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return find


@pytest.mark.parametrize(
    ("kind", "fields", "files"),
    [
        (
            "target-program-run",
            "build: [make]",
            {"Makefile": "table.h: gen\n\t./gen > $@\ngen: gen.c\n\t$(CC) -o $@ gen.c\n", "gen.c": GENERATOR},
        ),
        ("target-program-run", 'build: [["%{cc}%" "-o" "gen" "gen.c"] ["./gen"]]', {"gen.c": GENERATOR}),
        (
            "target-program-run",
            DUNE,
            {
                "dune-project": "(lang dune 3.0)\n",
                "dune": "(executable (name gen))\n"
                '(rule (deps gen.exe) (action (with-stdout-to t (system "./gen.exe"))))\n'
                "(install (package wrong) (section share) (files t))\n",
                "gen.ml": 'let () = print_string "x"\n',
            },
        ),
        (
            "machines-mixed",
            'build: [["%{tools}%/bin/cc" "-c" "y.c"] ["%{cc}%" "-shared" "-o" "x.so" "y.o"]]',
            {"y.c": ANSWER},
        ),
        ("host-path", 'build: [["%{cc}%" "-I/usr/include" "-c" "y.c"]]', {"y.c": ANSWER}),
        ("missing-header", 'build: [["%{cc}%" "-c" "z.c"]]', {"z.c": "#include <nosuch.h>\n"}),
        (
            "missing-library",
            DUNE.replace('"dune"]', '"dune" "csexp" {build}]'),
            {
                "dune-project": "(lang dune 3.0)\n",
                "dune": "(library (public_name wrong) (libraries csexp))\n",
                "wrong.ml": "let x = 1\n",
            },
        ),
        (
            "missing-library",
            'depends: ["ocaml" "ocamlfind" {build}]\nbuild: ["ocamlfind" "ocamlopt" "-package" "nosuch" "-c" "x.ml"]',
            {"x.ml": "let x = 1\n"},
        ),
        ("missing-program", 'build: ["frobnicate" "x"]', {}),
        ("empty-variable", "build: [make]", {"Makefile": "all:\n\tcd . && $(TIC) -x all\n"}),
        ("writes-elsewhere", 'install: ["sh" "-c" "echo > %{tools}%/bin/new"]', {}),
    ],
)
def test_failed_builds_are_explained(refusal: Refusal, kind: str, fields: str, files: dict[str, str]) -> None:
    error = refusal(fields, files)
    assert error["error"] == "build-failed"
    assert dict(error["context"])["kind"] == kind
    assert error["hint"]


@pytest.mark.parametrize(
    ("reference", "fields", "files"),
    [
        (
            "wrong-objects",
            'build: ["%{tools}%/bin/cc" "-c" "y.c"]\ninstall: ["sh" "-c" "mkdir -p %{lib}%/y; cp y.o %{lib}%/y"]',
            {"y.c": ANSWER},
        ),
        (
            "wrong-objects",
            'build: [["%{tools}%/bin/cc" "-c" "y.c"] ["%{ar}%" "rc" "liby.a" "y.o"]]\n'
            'install: ["sh" "-c" "mkdir -p %{lib}%; cp liby.a %{lib}%"]',
            {"y.c": ANSWER},
        ),
        (
            "foreign-path",
            'build: ["%{cc}%" "-shared" "-Wl,-rpath,%{tools}%/lib" "-o" "liby.so" "y.c"]\n'
            'install: ["sh" "-c" "mkdir -p %{lib}%; cp liby.so %{lib}%"]',
            {"y.c": ANSWER},
        ),
        (
            "foreign-path",
            'install: ["sh" "-c" "mkdir -p %{lib}%/pkgconfig; cp y.pc %{lib}%/pkgconfig"]',
            {"y.pc": "Name: y\nCflags: -I/usr/include/y\n"},
        ),
        (
            "foreign-path",
            'depends: ["ocaml" "ocamlfind" {build}]\n'
            'build: [["ocamlfind" "ocamlopt" "-c" "x.ml"]\n'
            '  ["ocamlfind" "ocamlopt" "-a" "-o" "x.cmxa" "-ccopt" "-L/usr/lib/y" "x.cmx"]]\n'
            'install: ["sh" "-c" "mkdir -p %{lib}%/x; cp x.cmxa %{lib}%/x"]',
            {"x.ml": "let x = 1\n"},
        ),
    ],
)
def test_what_is_not_the_targets_is_refused(
    refusal: Refusal, reference: str, fields: str, files: dict[str, str]
) -> None:
    assert refusal(fields, files)["error"] == reference


@pytest.mark.parametrize(
    ("said", "makefile"),
    [
        ("it makes a shared library", "all:\n\t$(CC) -shared -o libnext.so next.c\n"),
        (
            "it links the shared library libnext.so into a program",
            "all: libnext.so\n\t$(CC) -o main main.c -L. -lnext\n"
            "libnext.so: next.c\n\t$(CC) -fPIC -shared -o libnext.so next.c\n",
        ),
        (
            "it links the shared library libnext.so into a program",
            "all: libnext.so\n\t$(CC) -o main main.c libnext.so\n"
            "libnext.so: next.c\n\t$(CC) -fPIC -shared -o libnext.so next.c\n",
        ),
    ],
)
def test_a_shared_library_where_programs_are_static(refusal: Refusal, said: str, makefile: str) -> None:
    program = "int next(void);\nint main(void) { return next(); }\n"
    error = refusal("build: [make]", {"Makefile": makefile, "next.c": COUNTER, "main.c": program}, STATIC)
    assert dict(error["context"])["kind"] == "static-only"
    assert said in error["message"]
    assert f"of {STATIC} are static" in error["message"]


@pytest.mark.parametrize("target", [TARGET, STATIC])
def test_a_target_that_works(xpkg: Xpkg, target: str) -> None:
    steps = json.loads(xpkg.ok("target", "check", target, "--json"))["steps"]
    assert {one["state"] for one in steps} == {"ok"}
    assert len(steps) == 8
