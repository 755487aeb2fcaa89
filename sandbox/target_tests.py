"""Test builds for a target: whatever starts a test has the target's runner start it.

Build systems start the tests themselves.  Meson has a setting for that; for all others a shared object is preloaded
into the programs of a test build (package ``run-as-target``), which starts the runner with every program of the target.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from xpkg.core.errors import UsageError
from xpkg.repo.targets import Objects, Run, Target
from xpkg.sandbox.elf import machine_number
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.steps import Step

PRELOADED = "run-as-target"
"""The package of the shared object, and the name of that."""

_PRODUCT = "{product}"
_MAX_WORDS = 16


def runner_of(target: Target) -> Run:
    """How tests are run on the target; UsageError ``no-test-runner`` says why they cannot be."""
    problem = _problem(target)
    if problem is not None or target.run is None:
        raise UsageError(
            f"the tests of packages cannot be run on {target.name}: {problem}",
            reference="no-test-runner",
            hint="xpkg test NAME without --target runs them on the build machine",
        )
    return target.run


def _problem(target: Target) -> str | None:
    if target.run is None:
        return "it says no way to run its products"
    types = () if target.objects is None else target.objects.types
    if types and not {"EXEC", "DYN"}.intersection(types):
        return f"a test is a program, and there are none: its objects are {' or '.join(types)} only"
    if target.run.command[-1:] != (_PRODUCT,):
        return f"its runner {target.run.package} does not take a program with arguments"
    # The preloaded object takes the words from one variable.
    if len(target.run.command) > _MAX_WORDS or any(word.split() != [word] for word in target.run.command):
        return f"its runner's command has more than {_MAX_WORDS} words, an empty one or one with a blank"
    return None


def is_emulated(target: Target, native: Target) -> bool:
    """Whether the kernel here cannot run the target's programs itself."""
    return _kind(target.objects) != _kind(native.objects)


def _kind(objects: Objects | None) -> tuple[str, str] | None:
    return None if objects is None else (objects.format, objects.machine)


def is_test_build(subject: Subject) -> bool:
    """Whether an instance on a target is built to have its tests run there."""
    return subject.cross and "with-test" in subject.extras


def runs_products(subject: Subject) -> bool:
    """Whether a build other than of tests may run what it compiles: its recipe asks for what that takes."""
    if not subject.cross or PRELOADED not in subject.tools_seen or is_test_build(subject):
        return False
    run = subject.machine.run
    return run is not None and run.package in subject.tools_seen and _problem(subject.machine) is None


def runner_command(subject: Subject) -> tuple[str, ...]:
    """What comes before a program and its arguments, by paths of the sandbox."""
    words = runner_of(subject.machine).command[:-1]
    program, *arguments = (word.replace("{prefix}", TARGET) for word in words)
    return (f"{TOOLS}/bin/{program}", *arguments)


def reached(subject: Subject, steps: list[Step], plain: Iterable[Step]) -> list[Step]:
    """The commands of a test build, those of ``plain`` as they are without tests.

    A program that a command names directly is started by the isolation, which nothing is preloaded into.
    """
    if not is_emulated(subject.machine, subject.native):
        return steps
    usual = {step.argv for step in plain}
    return [step if step.argv in usual or "/" not in step.argv[0] else _by_env(step) for step in steps]


def _by_env(step: Step) -> Step:
    rule = "tests: env starts it, so that the runner has a program of the target"
    return replace(step, argv=("env", *step.argv), rules=(*step.rules, rule))


def scripts() -> dict[str, str]:
    """More commands by plain names, by generated file: bytecode that a Makefile starts is the target's too."""
    return {"bin/ocamlrun": f'#!/bin/sh\nexec {TARGET}/bin/ocamlrun "$@"\n'}


def preloading(subject: Subject) -> Mapping[str, str]:
    """What a build that runs programs of the target has besides the variables of any; empty for others."""
    if not (is_test_build(subject) or runs_products(subject)) or not is_emulated(subject.machine, subject.native):
        return {}
    objects = subject.machine.objects
    if objects is None:
        return {}
    bits, _, order = objects.format.removeprefix("elf").partition("-")
    argv0 = runner_of(subject.machine).argv0
    return {
        "LD_PRELOAD": f"{TOOLS}/{subject.native.layout.lib}/{PRELOADED}/{PRELOADED}.so",
        "RUN_AS_TARGET": " ".join(runner_command(subject)),
        "RUN_AS_TARGET_OBJECTS": f"{bits} {order} {machine_number(objects.machine)}",
        **({"RUN_AS_TARGET_ARGV0": argv0} if argv0 else {}),
    }
