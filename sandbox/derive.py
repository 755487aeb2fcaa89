"""From a recipe to the steps of one instance: a pure function that can be shown.

design: "From recipe to build steps".  The same recipe serves every machine; what a target adds is
in `rules` (commands), `environment` (variables) and `toolfiles` (configuration of build tools).
"""

from __future__ import annotations

from dataclasses import replace

from xpkg.repo.filters import Environment
from xpkg.repo.recipes import commands
from xpkg.sandbox import c_files, dune_workspace, target_commands, target_tests, toolfiles
from xpkg.sandbox.c_machines import c_machine
from xpkg.sandbox.cross_target import CrossTarget, program
from xpkg.sandbox.environment import Subject, build_environment, has_shared_objects, variables
from xpkg.sandbox.layout import ETC, TARGET, TOOLS
from xpkg.sandbox.rules import apply_rules
from xpkg.sandbox.rules_dune import context_variables, runner_environment, runner_script
from xpkg.sandbox.steps import Step, Steps
from xpkg.sandbox.target_commands import Commands
from xpkg.sandbox.updates import apply_updates

# Programs that start no compiler, and build systems of C that are told the target's by files and options.
_PLAIN = {"cat", "chmod", "cp", "echo", "find", "install", "ln", "mkdir", "mv", "patch", "rm", "sed", "test", "touch"}
_C_TOOLS = {"cc": "cc", "gcc": "cc", "ar": "ar", "ranlib": "ranlib", "ld": "ld"}
_C_BUILDS = {"cmake", "meson", "ninja", "configure-for-target"}


def derive(subject: Subject) -> Steps:
    """The steps that build the instance; raises what a wrong field of its recipe raises."""
    recipe = subject.recipe
    values = variables(subject)
    steps = [
        *_steps(subject, "build", commands(recipe.build, values)),
        *_steps(subject, "test", commands(recipe.run_test, values) if "with-test" in subject.extras else []),
        *_steps(subject, "install", commands(recipe.install, values)),
    ]
    if target_tests.is_test_build(subject):
        steps = target_tests.reached(subject, steps, derive(replace(subject, extras=frozenset())).commands)
    elif target_tests.runs_products(subject):
        steps = target_tests.reached(subject, steps, ())
    names = [f"{recipe.name}.install"]
    if subject.cross:
        # dune names the file of a cross context after the context.
        names.insert(0, f"{recipe.name}-{subject.machine.findlib_name}.install")
    return Steps(
        environment=tuple(sorted(_environment(subject, values, steps).items())),
        generated=_generated(subject, steps),
        commands=tuple(steps),
        install_files=tuple(names),
    )


def _steps(subject: Subject, phase: str, argvs: list[list[str]]) -> list[Step]:
    return [_step(subject, phase, tuple(argv)) for argv in argvs]


def _step(subject: Subject, phase: str, argv: tuple[str, ...]) -> Step:
    if not subject.cross:
        return Step(phase=phase, argv=argv)
    cross = CrossTarget(
        name=subject.machine.findlib_name,
        triple=subject.machine.triple,
        build_triple=subject.native.triple,
        meson_file=f"{ETC}/cross.meson",
        pic=c_machine(subject.machine).pic,
    )
    changed, rules = apply_rules(argv, cross)
    return Step(phase=phase, argv=changed, rules=rules)


def _environment(subject: Subject, values: Environment, steps: list[Step]) -> dict[str, str]:
    environment = build_environment(subject) | dune_workspace.environment(subject) | runner_environment(subject)
    environment |= c_files.environment(subject, configures=_asks_autoconf(subject, steps))
    if (told := _target_commands(subject, steps)) is not None:
        # Whoever runs ocamlfind, or a compiler by its plain name, gets the target's by these.
        environment["OCAMLFIND_TOOLCHAIN"] = subject.machine.findlib_name
        if told.path:
            environment["PATH"] = f"{told.path}:{environment['PATH']}"
        if "topkg" in subject.tools_seen:
            environment["TOPKG_CONF_TOOLCHAIN"] = subject.machine.findlib_name
    for one in subject.setting:
        apply_updates(environment, one.recipe.setenv, variables(one))
    apply_updates(environment, subject.recipe.build_env, values)
    environment |= target_tests.preloading(subject)
    return environment


def _makes_compiler(subject: Subject) -> bool:
    """A compiler package is what a findlib toolchain consists of, and cannot be built with it."""
    return "compiler" in subject.recipe.flags


def _target_commands(subject: Subject, steps: list[Step]) -> Commands | None:
    """What is put before PATH; None where nothing is needed.

    dune and topkg are told the toolchain's name, and must not see it in the environment too: they would take the
    target's tools for what they build to run here as well.
    """
    if not subject.cross or _makes_compiler(subject) or all(_picks_toolchain(step) for step in steps):
        return None
    machine = subject.machine
    plain = any(program(step.argv) == "make" for step in steps) and not any(
        program(step.argv) in _C_BUILDS for step in steps
    )
    return Commands(
        name=machine.findlib_name,
        ocaml=f"{TARGET}/{machine.toolchain.ocaml}",
        on_path=machine.toolchain.ocaml != "bin",
        lib=f"{TARGET}/{machine.layout.lib}",
        native=frozenset(subject.tools_seen),
        c_tools=_plain_c_tools(subject) if plain else {},
        shared=has_shared_objects(machine),
    )


def _plain_c_tools(subject: Subject) -> dict[str, str]:
    """The target's C tools by the names that makefiles call them by; those of C++ where there is a compiler for it."""
    tools = {name: path for name, tool in _C_TOOLS.items() if (path := subject.tool(tool))}
    return tools | {name: path for name in ("c++", "g++") if (path := c_files.cxx_with_library(subject))}


def _picks_toolchain(step: Step) -> bool:
    """Whether what the step runs tells the two machines' compilers apart itself, or runs none."""
    return program(step.argv) in ("dune", "jbuilder", *_PLAIN) or "--toolchain" in step.argv


def _generated(subject: Subject, steps: list[Step]) -> tuple[tuple[str, str], ...]:
    """Configuration files, each only where something is there that reads it: nothing else may change a build's key."""
    native, machine = subject.native, subject.machine
    files = {"findlib.conf": toolfiles.findlib_conf(prefix=TOOLS, library=native.layout.lib)}
    if subject.cross and not _makes_compiler(subject):
        files[f"findlib.conf.d/{machine.findlib_name}.conf"] = toolfiles.findlib_toolchain_conf(
            name=machine.findlib_name,
            prefix=TARGET,
            library=machine.layout.lib,
            commands=machine.toolchain.ocaml,
            tools=TOOLS,
        )
        if "dune" in subject.tools_seen:
            for name, text in context_variables(subject).items():
                files[name] += text
    runner = target_tests.runner_command(subject) if target_tests.is_test_build(subject) else ()
    files |= c_files.generated(subject, configures=_asks_autoconf(subject, steps), runner=runner)
    if (told := _target_commands(subject, steps)) is not None:
        files |= target_commands.scripts(told)
        if target_tests.is_test_build(subject):
            files |= target_tests.scripts()
    if _configures(steps):
        files["bin/configure-for-target"] = target_commands.configure_script()
    return tuple(sorted((files | dune_workspace.generated(subject) | runner_script(subject)).items()))


def _asks_autoconf(subject: Subject, steps: list[Step]) -> bool:
    """Whether configure scripts get answers from us; a compiler's own configure knows what it builds for."""
    return _configures(steps) and not _makes_compiler(subject)


def _configures(steps: list[Step]) -> bool:
    return any(step.argv[:1] == (target_commands.CONFIGURE,) for step in steps)
