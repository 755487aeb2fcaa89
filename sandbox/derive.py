"""From a recipe to the steps of one instance: a pure function that can be shown.

design: "From recipe to build steps".  The same recipe serves every machine; what a target adds is
in `rules` (commands), `environment` (variables) and `toolfiles` (configuration of build tools).
"""

from __future__ import annotations

from xpkg.repo.filters import Environment
from xpkg.repo.recipes import commands
from xpkg.repo.targets import Target
from xpkg.sandbox import toolfiles
from xpkg.sandbox.environment import Subject, build_environment, variables
from xpkg.sandbox.layout import ETC, TARGET, TOOLS
from xpkg.sandbox.rules import CrossTarget, apply_rules, program
from xpkg.sandbox.steps import Step, Steps
from xpkg.sandbox.updates import apply_updates

_MESON_TOOLS = {"c": "cc", "ar": "ar", "ld": "ld", "ranlib": "ranlib"}


def derive(subject: Subject) -> Steps:
    """The steps that build the instance; raises what a wrong field of its recipe raises."""
    recipe = subject.recipe
    values = variables(subject)
    steps = [
        *_steps(subject, "build", commands(recipe.build, values)),
        *_steps(subject, "test", commands(recipe.run_test, values) if "with-test" in subject.extras else []),
        *_steps(subject, "install", commands(recipe.install, values)),
    ]
    names = [f"{recipe.name}.install"]
    if subject.cross:
        # dune names the file of a cross context after the context.
        names.insert(0, f"{recipe.name}-{subject.machine.name}.install")
    return Steps(
        environment=tuple(sorted(_environment(subject, values, steps).items())),
        generated=_generated(subject),
        commands=tuple(steps),
        install_files=tuple(names),
    )


def _steps(subject: Subject, phase: str, argvs: list[list[str]]) -> list[Step]:
    return [_step(subject, phase, tuple(argv)) for argv in argvs]


def _step(subject: Subject, phase: str, argv: tuple[str, ...]) -> Step:
    if not subject.cross:
        return Step(phase=phase, argv=argv)
    cross = CrossTarget(
        name=subject.machine.name,
        triple=subject.machine.triple,
        build_triple=subject.native.triple,
        meson_file=f"{ETC}/cross.meson",
    )
    changed, rules = apply_rules(argv, cross)
    return Step(phase=phase, argv=changed, rules=rules)


def _environment(subject: Subject, values: Environment, steps: list[Step]) -> dict[str, str]:
    environment = build_environment(subject)
    uses_dune = any(program(step.argv) in ("dune", "jbuilder") for step in steps)
    if subject.cross and not uses_dune:
        # ocamlfind alone picks the target's compilers by this; dune must not see it, for it
        # would take the target's tools for its build-machine context as well.
        environment["OCAMLFIND_TOOLCHAIN"] = subject.machine.name
    for one in subject.setting:
        apply_updates(environment, one.recipe.setenv, variables(one))
    apply_updates(environment, subject.recipe.build_env, values)
    return environment


def _generated(subject: Subject) -> tuple[tuple[str, str], ...]:
    native, machine = subject.native, subject.machine
    files = {"findlib.conf": toolfiles.findlib_conf(prefix=TOOLS, library=native.layout.lib)}
    if subject.cross:
        files[f"findlib.conf.d/{machine.name}.conf"] = toolfiles.findlib_toolchain_conf(
            name=machine.name, prefix=TARGET, library=machine.layout.lib, tools=TOOLS
        )
        files["cross.meson"] = _meson(subject)
        files["toolchain.cmake"] = toolfiles.cmake_toolchain_file(
            cc=subject.tool("cc"),
            ar=subject.tool("ar"),
            ranlib=subject.tool("ranlib"),
            system=_system(machine, "Generic").capitalize(),
            processor=str(machine.variables.get("arch", "unknown")),
            prefix=TARGET,
        )
    return tuple(sorted(files.items()))


def _meson(subject: Subject) -> str:
    tools = {name: subject.tool(tool) for name, tool in _MESON_TOOLS.items() if subject.tool(tool)}
    arch = str(subject.machine.variables.get("arch", "unknown"))
    return toolfiles.meson_cross_file(tools=tools, arch=arch, system=_system(subject.machine, "none"))


def _system(machine: Target, otherwise: str) -> str:
    return str(machine.variables.get("os", otherwise))
