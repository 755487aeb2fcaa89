"""Where the parts of derived steps come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from xpkg.repo.recipes import Recipe
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.provenance import NATIVE_TOOLCHAIN, TOOLCHAIN, Origins, origins, parts
from xpkg.sandbox.steps import Step, Steps

MakeSubject = Callable[..., Subject]

DUNE = 'build: ["dune" "build" "-p" name "-j" jobs]'
PLAIN = 'build: [make "CC=%{cc}%"]\ninstall: [make "install"]'


def found(subject: Subject) -> tuple[Steps, Origins]:
    steps = derive(subject)
    return steps, origins(subject, steps)


def test_what_a_rule_adds_is_told_from_the_recipes_own_words(subject: MakeSubject) -> None:
    steps, of = found(subject(DUNE, cross=True))
    step, words = steps.commands[0], of.words[0]
    assert [word for word, rule in zip(step.argv, words, strict=True) if not rule] == [
        *("dune", "build", "-p", "thing", "-j"),
        step.argv[-1],
    ]
    (part,) = parts(step, words)
    assert (part.words, part.rule) == (("-x", "toy"), "dune")
    assert part.reason == "-x toy builds in the target's context"


def test_a_recipes_own_commands_are_unmarked(subject: MakeSubject) -> None:
    for cross in (False, True):
        steps, of = found(subject(PLAIN, cross=cross))
        assert not any(of.words[0]), cross
        assert not list(parts(steps.commands[0], of.words[0]))


def test_variables(subject: MakeSubject) -> None:
    _, here = found(subject(PLAIN))
    assert here.environment["CC"] == NATIVE_TOOLCHAIN
    assert here.environment["HOME"] == here.environment["PATH"] == "isolation"
    assert not any(here.is_for_target(name) for name in here.environment if name != "XPKG_TARGET")
    _, there = found(subject(PLAIN, cross=True, tools_seen={"cmake": "3.0"}))
    assert (there.environment["CC"], there.environment["CC_FOR_BUILD"]) == (TOOLCHAIN, NATIVE_TOOLCHAIN)
    assert there.environment["CMAKE_TOOLCHAIN_FILE"] == "cmake"
    assert there.generated["toolchain.cmake"] == "cmake"
    assert there.is_for_target("CC")
    assert there.is_for_target("OCAMLFIND_TOOLCHAIN")
    assert not there.is_for_target("HOME")


def test_what_recipes_set(subject: MakeSubject, recipe: Callable[..., Recipe]) -> None:
    updates = '[SET = "x"] [PATH += "/more"] [CC = "other"] [NOT = "x" {false}]'
    setter = replace(subject(), recipe=recipe(f"setenv: [{updates}]", name="setter"))
    _, of = found(replace(subject('build-env: [[SET =+ "y"] [OWN = "z"]]'), setting=(setter,)))
    assert of.environment["SET"] == "setenv of setter, the recipe's build-env"
    assert of.environment["OWN"] == "the recipe's build-env"
    assert of.environment["PATH"] == "isolation, setenv of setter"
    assert of.environment["CC"] == "setenv of setter"
    assert "NOT" not in of.environment


@pytest.mark.parametrize("cross", [False, True])
@pytest.mark.parametrize("tools", [{}, {"cmake": "3.0", "meson": "1.0", "topkg": "1.0", "ocamlfind": "1.9"}])
@pytest.mark.parametrize("fields", [DUNE, PLAIN, 'build: [["./configure"] [make]]'])
def test_every_part_has_a_rule_of_its_own(
    subject: MakeSubject, fields: str, tools: dict[str, str], cross: bool
) -> None:
    steps, of = found(subject(fields, cross=cross, tools_seen=tools))
    assert set(of.environment) == {name for name, _ in steps.environment}
    assert {name for name, rule in of.environment.items() if rule == "xpkg" and not name.startswith("XPKG_")} == set()
    assert "xpkg" not in of.generated.values()
    assert [len(words) for words in of.words] == [len(step.argv) for step in steps.commands]


def test_a_step_that_a_rule_adds_is_its_own(subject: MakeSubject) -> None:
    thing = subject('build: [["make"] ["make" "doc"]]', cross=True)
    steps = derive(thing)
    added = Step(phase="build", argv=("prepare", "it"), rules=("x: because",))
    longer = Steps(
        environment=steps.environment,
        generated=steps.generated,
        commands=(added, *steps.commands),
        install_files=steps.install_files,
    )
    assert origins(thing, longer).words == (("x", "x"), ("",), ("", ""))
