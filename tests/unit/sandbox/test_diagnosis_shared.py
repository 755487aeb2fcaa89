"""Causes of failed builds that make shared libraries where programs are static.

The excerpts are of real builds of a makefile for linux-x86_64-musl, that of GNU ld excepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from xpkg.sandbox.diagnosis import Failure, Finding, diagnose
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import TARGET
from xpkg.sandbox.steps import Step

NOTHING: Mapping[str, str] = {}
FIXED = "ld.lld: error: relocation R_X86_64_PC32 cannot be used against symbol 'n'; recompile with -fPIC"
MAKES = "it makes a shared library, and the programs of toy are static"
NO_LIBRARY = "ld.lld: error: unable to find library -ltally"
Find = Callable[..., Finding | None]


@pytest.fixture
def found(subject: Callable[..., Subject]) -> Find:
    def find(
        log: str, *, static: bool = True, machines: Mapping[str, str] = NOTHING, target: Mapping[str, str] = NOTHING
    ) -> Finding | None:
        of = subject(cross=True)
        if static:
            toolchain = replace(of.machine.toolchain, cflags=("-static",))
            of = replace(of, machine=replace(of.machine, toolchain=toolchain))
        step = Step(phase="build", argv=("make",))
        lines = log.splitlines()
        return diagnose(Failure(step=step, subject=of, lines=lines, tools={}, target=target, machine_of=machines.get))

    return find


@pytest.mark.parametrize(
    "line",
    [
        FIXED,
        "ld.lld: error: relocation R_X86_64_TPOFF32 against m cannot be used with -shared",
        "ld: t.o: relocation R_X86_64_32 against `.data' can not be used when making a shared object; recompile with "
        "-fPIC",
    ],
)
def test_one_of_code_that_is_only_for_programs(found: Find, line: str) -> None:
    log = f"toy-cc -shared -o libtally.so tally.c\n{line}\nmake: *** [Makefile:2: all] Error 1"
    finding = found(log)
    assert finding is not None
    assert (finding.kind, finding.cause, finding.seen) == ("static-only", MAKES, line)
    assert "has to be an archive" in finding.hint
    assert found(log, static=False) is None


def test_a_program_that_can_be_moved_wants_such_code_too(found: Find) -> None:
    assert found(f"toy-cc -static-pie -o main main.o\n{FIXED}") is None


def test_one_by_its_path(found: Find) -> None:
    def cause(log: str, **more: object) -> str:
        finding = found(log, **more)
        assert finding is not None
        assert finding.kind == "static-only"
        return finding.cause

    line = "ld.lld: error: attempted static link of dynamic object "
    into = "into a program, and those of toy are static"
    assert cause(line + "libtally.so") == f"it links the shared library libtally.so {into}"
    # Of the package's own flags.
    assert cause(line + "libtally.so", static=False) == "it links the shared library libtally.so into a static program"
    path = f"{TARGET}/lib/libz.so"
    owned = cause(line + path, target={"lib/libz.so": "libz"})
    assert owned == f"it links the shared library {path} of package libz {into}"


def test_one_by_its_name(found: Find) -> None:
    made = found(NO_LIBRARY, machines={"libtally.so": "target"})
    assert made is not None
    assert made.kind == "static-only"
    assert made.cause == "it links the shared library libtally.so into a program, and those of toy are static"
    assert made.hint.endswith("for thing")
    owned = found(NO_LIBRARY, target={"lib/libtally.so": "libtally"})
    assert owned is not None
    assert "libtally.so of package libtally into" in owned.cause
    assert owned.hint.endswith("for libtally")


def test_nothing_is_said_of_one_that_is_not_there_or_has_an_archive(found: Find) -> None:
    both = {"lib/libtally.so": "libtally", "lib/libtally.a": "libtally"}
    for finding in (
        found(NO_LIBRARY),
        found(NO_LIBRARY, target=both),
        found(f"ar rc libtally.a tally.o\n{NO_LIBRARY}", machines={"libtally.so": "target"}),
        found(NO_LIBRARY, static=False, machines={"libtally.so": "target"}),
    ):
        assert finding is not None
        assert finding.kind == "missing-c-library"
