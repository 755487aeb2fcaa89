"""Rules for dune: its own cross contexts, one for each findlib toolchain (dune manual, "Cross-Compilation").

``-x T`` makes two contexts: ``default`` for what runs while building, of which only what is needed is built, and
``default.T`` for the product.  What a rule of a project starts by itself is told the machine by the context's
environment, which dune takes from findlib's configuration.
"""

from __future__ import annotations

import shlex

from xpkg.sandbox.c_files import CXX_PACKAGE, OVERRIDE_VARIABLE, cxx_by_cc
from xpkg.sandbox.cross_target import Argv, CrossTarget, program
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import ETC, TARGET, TOOLS

# dune commands that build; the others (clean, subst, format) know no target, and what exec starts runs here.
_BUILDS = {"build", "install", "runtest", "test"}
_INSTALL_FILE = ".install"

_RUNNER = "run-product"


def dune(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``-x TARGET``."""
    if program(argv) not in ("dune", "jbuilder") or len(argv) < 2 or argv[1] not in _BUILDS:
        return None
    if "-x" in argv or any(argument.startswith("--workspace") for argument in argv):
        return None
    return (*argv[:2], "-x", cross.name, *argv[2:]), f"dune: -x {cross.name} builds in the target's context"


def dune_install_file(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``NAME.install`` as something to build: in a cross context dune names it after the context."""
    if program(argv) != "dune" or argv[1:2] != ("build",):
        return None
    end = f"-{cross.name}{_INSTALL_FILE}"
    changed = tuple(_of_target(argument, end) for argument in argv)
    return None if changed == argv else (changed, f"dune: what *{end} lists is the target's")


def _of_target(argument: str, end: str) -> str:
    """The target's name of an install file; what is no such file is left alone."""
    name = argument.removesuffix(_INSTALL_FILE)
    if name in ("", argument) or argument.endswith(end) or argument.startswith(("-", "@")):
        return argument
    return name + end


def dune_install(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``--create-install-files``: by itself dune installs into ``PREFIX/TARGET-sysroot``, whatever it is told."""
    del cross
    if program(argv) != "dune" or argv[1:2] != ("install",) or "--create-install-files" in argv:
        return None
    changed = (*argv[:2], "--create-install-files", *argv[2:])
    return changed, "dune: --create-install-files leaves it to xpkg where a target's files go"


def context_variables(subject: Subject) -> dict[str, str]:
    """What is added to findlib's configuration, by file name: variables of dune's two contexts.

    dune takes the variables with the predicate ``env`` for the environment of what it runs in a context.  Without
    them a rule of the context ``default`` that asks for CC or for a C library would get the target's.
    """
    native = {name: f"{TOOLS}/{path}" if path else "" for name, path in _c_tools(subject.native.toolchain).items()}
    target = {name: f"{TARGET}/{path}" if path else "" for name, path in _c_tools(subject.machine.toolchain).items()}
    native["PKG_CONFIG_LIBDIR"] = _pkg_config(TOOLS)
    target["PKG_CONFIG_LIBDIR"] = _pkg_config(TARGET)
    if CXX_PACKAGE in subject.seen:
        native[OVERRIDE_VARIABLE] = cxx_by_cc(subject.native.toolchain, subject.native.triple, TOOLS)
        target[OVERRIDE_VARIABLE] = cxx_by_cc(subject.machine.toolchain, subject.machine.triple, TARGET)
    toolchain = subject.machine.findlib_name
    target["OCAMLFIND_TOOLCHAIN"] = toolchain
    return {
        "findlib.conf": _lines(native, "env"),
        f"findlib.conf.d/{toolchain}.conf": _lines(target, f"env,{toolchain}"),
    }


def build_machine_files(subject: Subject) -> tuple[str, ...]:
    """Globs of files in a target's output that are the build machine's on purpose: the recipe's, and dune's drivers.

    With a rewriter dune installs a driver, which compilers start that do not know dune (findlib's variable ``ppx``).
    """
    drivers = (f"{subject.machine.layout.lib}/*/ppx.exe",) if "dune" in subject.tools_seen else ()
    return (*subject.recipe.x_build_machine_files, *drivers)


def runner_script(subject: Subject) -> dict[str, str]:
    """A script that runs a product, by generated file; empty where the target's runner is not among the tools.

    A package depends on the runner when its build has to run what it builds (dune's ``ctypes`` stanza does); dune
    wants the path of one program.
    """
    run = subject.machine.run
    if not subject.cross or run is None or not {run.package, "dune"}.issubset(subject.tools_seen):
        return {}
    *words, last = run.command
    if last != "{product}":
        return {}
    program, *arguments = (word.replace("{prefix}", TARGET) for word in words)
    words = [f"{TOOLS}/bin/{program}", *arguments]
    return {f"bin/{_RUNNER}": f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n'}


def runner_environment(subject: Subject) -> dict[str, str]:
    """Where dune is told of the script."""
    return {"DUNE_TARGET_RUNNER": f"{ETC}/bin/{_RUNNER}"} if runner_script(subject) else {}


def _c_tools(toolchain: object) -> dict[str, str | None]:
    return {tool.upper(): getattr(toolchain, tool) for tool in ("cc", "ar", "ranlib", "ld")}


def _pkg_config(prefix: str) -> str:
    return f"{prefix}/lib/pkgconfig:{prefix}/share/pkgconfig"


def _lines(variables: dict[str, str], predicates: str) -> str:
    return "".join(f'{name}({predicates})="{value}"\n' for name, value in variables.items())
