"""Causes of failed builds.

The excerpts are of real builds of small packages for linux-aarch64, those of GNU ld, configure and CMake excepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from xpkg.repo.targets import Objects
from xpkg.sandbox.diagnosis import LINES, Failure, Finding, diagnose, relevant
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.steps import Step

MakeSubject = Callable[..., Subject]
NOTHING: Mapping[str, str] = {}


@pytest.fixture
def found(subject: MakeSubject) -> Callable[..., Finding | None]:
    def find(
        log: str,
        *argv: str,
        cross: bool = True,
        phase: str = "build",
        machines: Mapping[str, str] = NOTHING,
        tools: Mapping[str, str] = NOTHING,
        target: Mapping[str, str] = NOTHING,
        **seen: Mapping[str, str],
    ) -> Finding | None:
        return diagnose(
            Failure(
                step=Step(phase=phase, argv=argv or ("make",)),
                subject=subject(cross=cross, **seen),
                lines=log.splitlines(),
                tools=tools,
                target=target,
                machine_of=machines.get,
            )
        )

    return find


Find = Callable[..., Finding | None]


@pytest.mark.parametrize(
    ("kind", "cause", "log"),
    [
        (
            "target-program-run",
            "it runs ./gen, a program of toy, on the build machine",
            """\
./gen > table.h
/bin/sh: 1: ./gen: Exec format error
make: *** [Makefile:2: table.h] Error 126""",
        ),
        (
            "target-program-run",
            "it runs ./gen, a program of toy, on the build machine, as it seems",
            './gen: 6: Syntax error: ")" unexpected',
        ),
        (
            "target-program-run",
            "it runs ./gen, a program of toy, on the build machine",
            "bash: line 1: ./gen: cannot execute binary file: Exec format error",
        ),
        (
            "target-program-run",
            "it runs ./gen.exe, a program of toy, on the build machine",
            """\
File "dune", line 2, characters 0-74:
2 | (rule (deps gen.exe) (action (with-stdout-to u.txt (system "./gen.exe"))))
Context: default.toy
(cd _build/default.toy && /usr/bin/sh -c ./gen.exe) > _build/default.toy/u.txt
/usr/bin/sh: 1: ./gen.exe: Exec format error""",
        ),
        (
            "target-program-run",
            "it runs ./gen.exe, a program of toy, on the build machine",
            "Error: execve(./gen.exe): Exec format error",
        ),
        (
            "target-program-run",
            "it runs ./gen.exe, a program of toy, on the build machine",
            'Fatal error: exception Unix.Unix_error(Unix.ENOEXEC, "create_process", "./gen.exe")',
        ),
        (
            "target-program-run",
            "it runs ./x, a program of toy, on the build machine, as it seems",
            "./x: 1: Syntax error: Unterminated quoted string",
        ),
        (
            "missing-program",
            "the program nosuchtool is not there",
            """\
1 | (rule (with-stdout-to t.txt (run nosuchtool x)))
                                     ^^^^^^^^^^
Error: Program nosuchtool not found in the tree or in PATH
 (context: default)""",
        ),
        (
            "machines-mixed",
            "it links y.o, which is not toy's, into a program of that machine",
            """\
ld.lld: error: y.o is incompatible with aarch64linux
zig: error: linker command failed with exit code 1 (use -v to see invocation)""",
        ),
        (
            "machines-mixed",
            "it links ./liby.a, which is not toy's, into a program of that machine",
            "ld.lld: error: ./liby.a(y.o) is incompatible with aarch64linux",
        ),
        (
            "machines-mixed",
            "it links y.o, which is not toy's, into a program of that machine",
            "/usr/bin/aarch64-linux-gnu-ld: y.o: file in wrong format",
        ),
        (
            "older-ocaml",
            "its source is for an older OCaml: String.lowercase is gone since OCaml 5",
            """\
File "xml_lexer.mll", line 279, characters 25-41:
Error: Unbound value String.lowercase
make: *** [Makefile:102: xml_lexer.cmo] Error 2""",
        ),
        (
            "target-program-run",
            "it runs bytecode whose C code dllnums is toy's on the build machine",
            """\
ocamlrun -I ../src ./test.byt
Fatal error: cannot load shared library dllnums
Reason: ../src/dllnums.so: cannot open shared object file: No such file or directory
make[1]: *** [Makefile:20: test] Error 2""",
        ),
        (
            "warning-is-error",
            "its own flags make an error of a warning that this C compiler gives: -Wlong-long",
            "/xpkg/src/cJSON.c:607:21: error: 'long long' is an extension when C99 mode is not enabled "
            "[-Werror,-Wlong-long]",
        ),
        (
            "older-c",
            "its source calls open_temp_exec_file without a declaration, as C allowed before C99",
            "../src/tramp.c:262:22: error: call to undeclared function 'open_temp_exec_file'; ISO C99 and later do not "
            "support implicit function declarations [-Wimplicit-function-declaration]",
        ),
        (
            "older-cmake",
            "its CMake files are for a CMake older than 3.5",
            "  Compatibility with CMake < 3.5 has been removed from CMake.",
        ),
        (
            "host-path",
            "a flag leads to headers or libraries of this system, which are not those of toy: -I/usr/include",
            "aarch64-linux-gnu-cc: error: host path poisoned: -I/usr/include",
        ),
        (
            "configure-runs-program",
            "configure runs a test program to learn about working mmap, which cannot be done for another machine",
            """\
checking for stdlib.h... yes
checking for working mmap... configure: error: in `/xpkg/src':
configure: error: cannot run test program while cross compiling
See `config.log' for more details""",
        ),
        (
            "missing-header",
            "the header zlib.h is not there for toy",
            """\
z.c:1:10: fatal error: 'zlib.h' file not found
    1 | #include <zlib.h>
      |          ^~~~~~~~
1 error generated.""",
        ),
        ("missing-c-library", "the library z is not there for toy", "ld.lld: error: unable to find library -lz"),
        (
            "missing-c-library",
            "the C library that pkg-config calls zlib is not there for toy",
            """\
Package zlib was not found in the pkg-config search path.
Perhaps you should add the directory containing `zlib.pc'
to the PKG_CONFIG_PATH environment variable
Package 'zlib', required by 'virtual:world', not found""",
        ),
        (
            "missing-c-library",
            "the C library that CMake calls ZLIB is not there for toy",
            "  Could NOT find ZLIB (missing: ZLIB_LIBRARY ZLIB_INCLUDE_DIR)",
        ),
        ("missing-program", "the program frobnicate is not there", "sh: 1: frobnicate: not found"),
        (
            "missing-program",
            "the program frobnicate is not there",
            "bwrap: execvp frobnicate: No such file or directory",
        ),
        (
            "missing-program",
            "the program frobnicate is not there",
            """\
frobnicate --version
make: frobnicate: No such file or directory
make: *** [Makefile:2: all] Error 127""",
        ),
        (
            "missing-program",
            "the program strip is not there",
            """\
/usr/bin/install: cannot run 'strip': No such file or directory
/usr/bin/install: strip process terminated abnormally
make[1]: *** [Makefile:219: install.progs] Error 1""",
        ),
        (
            "empty-variable",
            "it runs -x as a program: what should name the program, as a rule a variable, is empty",
            """\
cd ../misc && -x -o terminfo terminfo.src
/bin/sh: 1: -x: not found
make: *** [Makefile:2: all] Error 127""",
        ),
        (
            "empty-variable",
            "it runs a program without a name: what should name the program, as a rule a variable, is empty",
            "/bin/sh: 1: : Permission denied",
        ),
        (
            "empty-variable",
            "it runs -x as a program: what should name the program, as a rule a variable, is empty",
            "./run_tic.sh: line 227: -x: command not found",
        ),
        (
            "empty-variable",
            "it runs a program without a name: what should name the program, as a rule a variable, is empty",
            "bwrap: execvp : No such file or directory",
        ),
        ("no-c++", "there is no C++ compiler for toy", "bwrap: execvp g++: No such file or directory"),
        (
            "no-network",
            "it uses the network, which no build has",
            "bash: line 1: example.org: Temporary failure in name resolution",
        ),
        (
            "writes-elsewhere",
            f"it writes to {TOOLS}/bin/new, which is not the prefix it is installed into",
            f"sh: 1: cannot create {TOOLS}/bin/new: Read-only file system",
        ),
    ],
)
def test_causes(found: Find, kind: str, cause: str, log: str) -> None:
    finding = found(log)
    assert finding is not None
    assert (finding.kind, finding.cause) == (kind, cause)
    assert finding.hint
    assert finding.seen in {" ".join(line.split()) for line in log.splitlines()}


def test_nothing_is_said_of_what_is_not_known(found: Find) -> None:
    for log in ("", "x.c:1:1: error: unknown type name 'foo'", "Error: Unbound module Foo", "make: *** [all] Error 1"):
        assert found(log) is None
    # A file without a name is no program.
    assert found("bash: line 1: : No such file or directory") is None


def test_the_last_known_line_decides(found: Find) -> None:
    finding = found("sh: 1: which: not found\nchecking more\nld.lld: error: unable to find library -lz\nError 1")
    assert finding is not None
    assert finding.kind == "missing-c-library"


@pytest.mark.parametrize("cross", [True, False])
def test_who_has_strip(found: Find, *, cross: bool) -> None:
    for line in ("sh: 1: strip: not found", "install: cannot run ‘strip’: No such file or directory"):
        finding = found(line, cross=cross)
        assert finding is not None
        assert finding.hint.startswith("elf-tools has it")
    elsewhere = found("sh: 1: /usr/bin/strip: not found", cross=cross)
    assert elsewhere is not None
    assert "by a path" in elsewhere.hint


def test_a_conf_packages_question_to_pkg_config(found: Find) -> None:
    finding = found("", "pkg-config", "ncurses")
    assert finding is not None
    assert finding.kind == "missing-c-library"
    assert finding.cause == "the C library that pkg-config calls ncurses is not there for toy"
    there = found("", "pkg-config", "--exists", "ncurses", tools={"lib/pkgconfig/ncurses.pc": "libncurses"})
    assert there is not None
    assert "libncurses has it, for the build machine only" in there.hint
    assert found("something else", "pkg-config", "ncurses") is None
    assert found("", "pkg-config", "--version") is None
    assert found("", "make", "ncurses") is None


def test_a_conf_package_is_replaced_and_not_mended(subject: MakeSubject) -> None:
    of = subject(cross=True)
    of = replace(of, recipe=replace(of.recipe, flags=frozenset({"conf"})))
    for argv, line in ((("pkg-config", "ncurses"), ""), (("cc", "test.c"), "fatal error: 'a.h' file not found")):
        finding = diagnose(Failure(step=Step(phase="build", argv=argv), subject=of, lines=[line], tools={}, target={}))
        assert finding is not None
        assert "by an overlay" in finding.hint


def test_what_configure_found_out_is_no_failure(found: Find) -> None:
    assert found("checking for getaddrinfo... no\nchecking for g++... no\n-- Looking for pthread.h - not found") is None


def test_the_build_machines_linker_with_the_targets_objects(subject: MakeSubject) -> None:
    of = subject(cross=True)
    riscv, intel = (Objects(format="elf64-little", machine=name) for name in ("EM_RISCV", "EM_X86_64"))
    of = replace(of, machine=replace(of.machine, objects=riscv), native=replace(of.native, objects=intel))
    line = "ld.lld: error: nat_stubs.o is incompatible with elf_x86_64"
    step = Step(phase="build", argv=("make",))
    finding = diagnose(Failure(step=step, subject=of, lines=[line], tools={}, target={}))
    assert finding is not None
    assert finding.cause == "it links nat_stubs.o, an object of toy, into a program of the build machine"


def test_the_machine_of_the_file_is_looked_at(found: Find) -> None:
    log = './gen: 6: Syntax error: ")" unexpected'
    sure = found(log, machines={"./gen": "target"})
    assert sure is not None
    assert sure.cause == "it runs ./gen, a program of toy, on the build machine"
    assert found(log, machines={"./gen": "build"}) is None
    assert found("./script: 300: Syntax error: newline unexpected") is None
    taken = found("./gen: 1: \x7fELF\x02: not found", machines={"./gen": "target"})
    assert taken is not None
    assert taken.kind == "target-program-run"
    assert "\\x7fELF" in taken.seen
    assert found("./gen: Exec format error", cross=False) is None


def test_what_to_do_follows_from_who_runs_it(found: Find) -> None:
    def hint(log: str, *argv: str, **more: object) -> str:
        finding = found(log, *argv, **more)
        assert finding is not None
        return finding.hint

    log = "sh: 1: ./t.exe: Exec format error"
    assert "xpkg test thing --target toy" in hint(log, phase="test")
    assert "%{exe:...}" in hint(log, "dune", "build")
    assert "CC_FOR_BUILD" in hint(log)
    owned = hint(f"{TARGET}/bin/menhir: Exec format error", target={"bin/menhir": "menhir"})
    assert '"thing:menhir" of a cross.toml' in owned


def test_a_dependency_on_the_wrong_machine(found: Find) -> None:
    log = "sh: 1: menhir: not found"
    by_file = found(log, target={"bin/menhir": "menhir"})
    by_name = found(log, seen={"menhir": "1"})
    both = found(log, seen={"menhir": "1"}, tools_seen={"menhir": "1"})
    assert by_file is not None
    assert by_name is not None
    assert both is not None
    assert by_file.kind == by_name.kind == "program-on-target"
    assert by_file.hint == by_name.hint
    assert "menhir is there for toy only" in by_file.hint
    assert both.kind == "missing-program"
    library = found("fatal error: 'zlib.h' file not found")
    here = found("ld.lld: error: unable to find library -lz", tools={"lib/libz.a": "libz"})
    assert library is not None
    assert here is not None
    assert "what the system has" in library.hint
    assert here.hint.startswith("libz has it, for the build machine only")
    mixed = found(f"ld.lld: error: {TOOLS}/lib/libz.a(x.o) is incompatible with x", tools={"lib/libz.a": "libz"})
    assert mixed is not None
    assert mixed.cause.startswith(
        f"it links {TOOLS}/lib/libz.a in the prefix of tools, of package libz, which is not toy's"
    )


DUNE = """\
File "dune", line 1, characters 55-60:
1 | (library (public_name thing) (name h4) (libraries csexp))
                                                           ^^^^^
Error: Library "csexp" not found.
-> required by library "thing" in _build/default{context}
-> required by _build/default{context}/META.thing
-> required by _build/install/default{context}/lib/thing/META
"""


def test_a_tool_that_is_looked_for_in_the_wrong_prefix(found: Find) -> None:
    log = f"bwrap: execvp {TARGET}/bin/pkg-config: No such file or directory"
    finding = found(log, tools={"bin/pkg-config": "pkgconf"})
    assert finding is not None
    assert finding.hint.startswith("pkgconf is on the build machine, as a tool")


def test_ocaml_libraries(found: Find) -> None:
    def told(log: str, **more: object) -> tuple[str, str]:
        finding = found(log, "dune", "build", **more)
        assert finding is not None
        assert finding.kind == "missing-library"
        return finding.cause, finding.hint

    on_target, here = DUNE.format(context=".toy"), DUNE.format(context="")
    cause, hint = told(on_target, tools_seen={"csexp": "1"})
    assert cause == "the OCaml library csexp is not there for toy"
    assert '"thing:csexp" of a cross.toml in [target], or [both]' in hint
    cause, hint = told(here, seen={"csexp": "1"})
    assert cause == "the OCaml library csexp is not there for the build machine"
    assert "in [build], or [both]" in hint
    assert "depends of thing" in told(on_target)[1]
    assert "did not install it" in told(on_target, seen={"csexp": "1"})[1]
    cause, hint = told("ocamlfind: Package `csexp.sub' not found", tools={"lib/csexp/META": "csexp"}, cross=True)
    assert cause == "the OCaml library csexp.sub is not there for toy"
    assert "[target]" in hint
    assert told("ocamlfind: Package `csexp' not found", cross=False)[0].endswith("is not there for the build machine")


def test_only_what_the_command_said_counts() -> None:
    log = "+ one\nold\n+ make 'a b'\nnew\n" + "x" * 900
    assert relevant(log, "make 'a b'") == ["new", "x" * 500]
    assert len(relevant("y\n" * 1000, "gone")) == LINES


def test_names_out_of_logs_are_safe_to_print(found: Find) -> None:
    finding = found("sh: 1: \x1b[31mfoo\u202e: not found")
    assert finding is not None
    for text in (finding.cause, finding.seen):
        assert re.search(r"[\x00-\x1f\u202e]", text) is None


def test_a_header_of_cxx_asks_for_the_compiler_that_has_it(found: Find) -> None:
    finding = found("./cudf.h:21:10: fatal error: 'cstdio' file not found")
    assert finding is not None
    assert (finding.kind, "conf-c++" in finding.hint) == ("no-c++", True)
    assert finding.cause == "the header cstdio of C++ is not there for toy"


def test_a_configure_that_is_not_there_has_to_be_made(found: Find) -> None:
    log = "/xpkg/etc/bin/configure-for-target: 15: exec: ./configure: not found"
    finding = found(log, "/xpkg/etc/bin/configure-for-target", "a", "b", "./configure")
    assert finding is not None
    assert (finding.kind, finding.cause) == ("missing-program", "the program ./configure is not there")
    assert "autoreconf -i" in finding.hint


def test_a_program_that_runs_while_building_lacks_its_library_on_the_build_machine(found: Find) -> None:
    """Of ocp-indent, which has its own program print the manual page."""
    log = """Error: Library "cmdliner" not found.
-> required by _build/default/src/indentMain.exe
-> required by %{bin:ocp-indent} at doc/dune:5
-> required by _build/default.toy/doc/ocp-indent.1
-> required by _build/install/default.toy/man/man1/ocp-indent.1"""
    finding = found(log, "dune", "build", seen={"cmdliner": "1"})
    assert finding is not None
    assert finding.cause == "the OCaml library cmdliner is not there for the build machine"
    assert '"thing:cmdliner"' in finding.hint
    assert "[build], or [both]" in finding.hint


def test_native_processors_are_those_of_the_builder(found: Find) -> None:
    finding = found("zig: fatal error: unsupported argument 'native' to option '-march='")
    assert finding is not None
    assert finding.kind == "processor-of-the-builder"
    assert "by -march=native" in finding.cause
