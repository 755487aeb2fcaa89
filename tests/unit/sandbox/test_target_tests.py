"""Test builds for a target: who can run tests, what the builds see, which commands are changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from xpkg.core.errors import UsageError
from xpkg.repo.targets import Objects, Run, Target
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.target_tests import is_emulated, preloading, runner_of

MakeSubject = Callable[..., Subject]

X86 = Objects(format="elf64-little", machine="EM_X86_64")
RISCV = Objects(format="elf64-little", machine="EM_RISCV")
RUN = Run(package="linux-runner", command=("linux-run", "--prefix={prefix}", "riscv64", "{product}"))
TESTS = frozenset({"with-test"})
BUILD = 'build: [["./configure"] ["make"] ["./check"] {with-test} [make "check"] {with-test}]\nrun-test: ["./last"]'


def for_tests(subject: Subject, objects: Objects = RISCV, run: Run | None = RUN) -> Subject:
    native = replace(subject.native, objects=X86)
    return replace(subject, native=native, machine=replace(subject.machine, objects=objects, run=run), extras=TESTS)


@pytest.mark.parametrize(
    ("objects", "run", "why"),
    [
        (RISCV, None, "it says no way to run its products"),
        (replace(RISCV, types=("REL",)), RUN, "a test is a program, and there are none: its objects are REL only"),
        (RISCV, replace(RUN, command=("run", *"abcdefghijklmnop", "{product}")), "more than 16 words"),
        (RISCV, replace(RUN, command=("run", "two words", "{product}")), "or one with a blank"),
        (RISCV, Run(package="flash", command=("flash", "{product}", "-q")), "its runner flash does not take a program"),
    ],
)
def test_a_target_that_runs_no_tests_says_why(toy: Target, objects: Objects, run: Run | None, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        runner_of(replace(toy, objects=objects, run=run))
    assert refused.value.reference == "no-test-runner"
    assert why in refused.value.message


def test_programs_are_emulated_where_the_machine_differs(native: Target, toy: Target) -> None:
    assert is_emulated(replace(toy, objects=RISCV), replace(native, objects=X86))
    assert not is_emulated(replace(toy, objects=replace(X86, types=("DYN",))), replace(native, objects=X86))


def test_what_starts_tests_starts_the_runner(subject: MakeSubject) -> None:
    assert preloading(for_tests(subject(cross=True))) == {
        "LD_PRELOAD": f"{TOOLS}/lib/run-as-target/run-as-target.so",
        "RUN_AS_TARGET": f"{TOOLS}/bin/linux-run --prefix={TARGET} riscv64",
        "RUN_AS_TARGET_OBJECTS": "64 little 243",
    }


def test_a_runner_that_has_an_option_for_the_programs_name_is_told_it(subject: MakeSubject) -> None:
    made = preloading(for_tests(subject(cross=True), run=replace(RUN, argv0="--argv0=")))
    assert made["RUN_AS_TARGET_ARGV0"] == "--argv0="


def test_other_builds_know_nothing_of_it(subject: MakeSubject) -> None:
    for one in (
        replace(for_tests(subject(BUILD, cross=True)), extras=frozenset()),
        for_tests(subject(BUILD, cross=True), objects=X86),
        replace(subject(BUILD), extras=TESTS),
    ):
        steps = derive(one)
        assert not {"LD_PRELOAD", "RUN_AS_TARGET"}.intersection(dict(steps.environment))
        assert not any(step.argv[0] == "env" for step in steps.commands)


def test_a_test_that_a_command_names_is_started_by_a_program_that_is_preloaded(subject: MakeSubject) -> None:
    steps = derive(for_tests(subject(BUILD, cross=True)))
    argvs = [step.argv for step in steps.commands]
    assert argvs[0][0] != "env"
    assert argvs[1:] == [("make",), ("env", "./check"), ("make", "check"), ("env", "./last")]


def test_meson_is_told_the_runner(subject: MakeSubject) -> None:
    one = subject("", cross=True, tools_seen={"meson": "1.0"})
    assert "exe_wrapper = [" not in dict(derive(one).generated)["cross.meson"]
    wrapper = f"exe_wrapper = ['{TOOLS}/bin/linux-run', '--prefix={TARGET}', 'riscv64']"
    assert wrapper in dict(derive(for_tests(one)).generated)["cross.meson"]


def test_a_build_that_asks_for_the_runner_may_run_what_it_compiles(subject: MakeSubject) -> None:
    """Such as a makefile that has the new program print its manual page."""
    one = replace(for_tests(subject('build: [["make"] ["./thing" "-doc"]]', cross=True)), extras=frozenset())
    asks = replace(one, tools_seen={"linux-runner": "1", "run-as-target": "1"})
    environment = dict(derive(asks).environment)
    assert environment["RUN_AS_TARGET"] == f"{TOOLS}/bin/linux-run --prefix={TARGET} riscv64"
    assert [step.argv for step in derive(asks).commands] == [("make",), ("env", "./thing", "-doc")]
    for seen in ({}, {"linux-runner": "1"}, {"run-as-target": "1"}):
        assert "LD_PRELOAD" not in dict(derive(replace(one, tools_seen=seen)).environment)
    nowhere = replace(asks, machine=replace(asks.machine, run=None))
    assert "LD_PRELOAD" not in dict(derive(nowhere).environment)
