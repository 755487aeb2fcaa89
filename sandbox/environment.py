"""The variables a recipe may use and the environment its commands run in, for one instance.

Sources: opam manual, "Variables"; reproducible-builds.org for SOURCE_DATE_EPOCH and
BUILD_PATH_PREFIX_MAP.  Everything is as seen inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from xpkg.repo.filters import Environment, Value
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target
from xpkg.repo.variables import machine_variables
from xpkg.sandbox.layout import ETC, HOME, SOURCE, SOURCE_DATE_EPOCH, TARGET, TEMPORARY, TOOLS
from xpkg.sandbox.steps import JOBS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An instance with all that its derivation depends on.

    ``seen`` maps the names of the instances it sees on its own machine to their versions,
    ``tools_seen`` those on the build machine; the same mapping for a build-machine instance.
    ``setting`` are those seen whose recipes set variables of the environment, in the order to apply them.
    ``extras`` are the variables ``with-test``, ``with-doc`` and ``with-dev-setup`` that are true for it.
    """

    recipe: Recipe
    machine: Target
    native: Target
    seen: Mapping[str, str]
    tools_seen: Mapping[str, str]
    setting: tuple[Subject, ...] = field(default=(), repr=False)
    extras: frozenset[str] = frozenset()

    @property
    def cross(self) -> bool:
        return self.machine.name != self.native.name

    @property
    def prefix(self) -> str:
        """The fixed prefix the instance installs into."""
        return TARGET if self.cross else TOOLS

    def tool(self, name: str) -> str:
        """The path of one of the machine's C tools (cc, ar, ranlib, ld); empty when it has none."""
        relative: str | None = getattr(self.machine.toolchain, name)
        return f"{self.prefix}/{relative}" if relative else ""


def directories(prefix: str, machine: Target) -> dict[str, str]:
    """opam's directory variables of one machine (opam manual, "Package variables")."""
    lib = f"{prefix}/{machine.layout.lib}"
    plain = ("bin", "sbin", "share", "etc", "doc", "man")
    return {
        "prefix": prefix,
        "lib": lib,
        "toplevel": f"{lib}/toplevel",
        "stublibs": f"{prefix}/{machine.layout.stublibs}",
        **{name: f"{prefix}/{name}" for name in plain},
    }


def global_variables(subject: Subject) -> dict[str, Value]:
    """The variables that belong to no package."""
    return {
        **machine_variables(subject.machine, subject.native, jobs=JOBS),
        **directories(subject.prefix, subject.machine),
        "root": "/xpkg",
        "switch": "xpkg",
        "user": "xpkg",
        "group": "xpkg",
        "build": SOURCE,
        "tools": TOOLS,
        "cc": subject.tool("cc"),
        "ar": subject.tool("ar"),
        "ranlib": subject.tool("ranlib"),
        "ld": subject.tool("ld"),
    }


def has_shared_objects(machine: Target) -> bool:
    """Whether there are plug-ins and stub libraries: not on static machines, nor where all objects are relocatable."""
    types = machine.objects.types if machine.objects is not None else ()
    static = "-static" in machine.toolchain.cflags or machine.variables.get("libc") == "musl"
    return not static and (not types or "DYN" in types)


def compiler_variables(machine: Target) -> dict[str, Value]:
    """What the package ocaml tells of its compiler (``ocaml.config`` in opam's public repository)."""
    return {
        "native": True,
        "native-tools": True,
        "native-dynlink": has_shared_objects(machine),
        "preinstalled": False,
    }


def variables(subject: Subject) -> Environment:
    """The function that gives a recipe's variables their values; None where undefined."""
    own = subject.recipe
    fixed = global_variables(subject) | dict.fromkeys(("dev", "pinned"), own.developed)
    fixed |= dict.fromkeys(subject.extras, True)

    def value(name: str) -> Value:
        package, separator, variable = name.rpartition(":")
        if not separator and name in fixed:
            return fixed[name]
        # What is no global variable is one of the package itself (OpamPackageVar.resolve).
        return _package_variable(subject, own.name if package in ("", "_") else package, variable)

    return value


def _package_variable(subject: Subject, package: str, variable: str) -> Value:
    """``package:variable``; the own machine's instance is meant before the build machine's."""
    own = subject.recipe
    version = own.version if package == own.name else subject.seen.get(package)
    prefix, machine = subject.prefix, subject.machine
    if version is None and package in subject.tools_seen:
        version, prefix, machine = subject.tools_seen[package], TOOLS, subject.native
    if variable == "name":
        return package
    if variable == "installed":
        return version is not None and package != own.name
    if variable == "pinned":
        return False
    if version is None:
        return None
    told: dict[str, Value] = {"version": version, "dev": False, "build": SOURCE if package == own.name else None}
    if package == "ocaml":
        told |= compiler_variables(machine)
    if variable in told:
        return told[variable]
    places = directories(prefix, machine)
    if variable in ("lib", "share", "etc", "doc"):
        return f"{places[variable]}/{package}"
    return places.get(variable)


def build_environment(subject: Subject) -> dict[str, str]:
    """The environment of every command."""
    own, machine = subject.prefix, subject.machine
    tools_lib = f"{TOOLS}/{subject.native.layout.lib}"
    environment = {
        "PATH": f"{TOOLS}/bin:/usr/bin",
        "HOME": HOME,
        "TMPDIR": TEMPORARY,
        "USER": "xpkg",
        "LOGNAME": "xpkg",
        "SHELL": "/bin/sh",
        "TERM": "dumb",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(SOURCE_DATE_EPOCH),
        "BUILD_PATH_PREFIX_MAP": f"/{subject.recipe.name}={SOURCE}",
        "MAKEFLAGS": "",
        "OPAM_PACKAGE_NAME": subject.recipe.name,
        "OPAM_PACKAGE_VERSION": subject.recipe.version,
        "OPAM_SWITCH_PREFIX": own,
        "OCAMLFIND_CONF": f"{ETC}/findlib.conf",
        "OCAMLPATH": "",
        "CAML_LD_LIBRARY_PATH": f"{TOOLS}/{subject.native.layout.stublibs}:{TOOLS}/lib/ocaml/stublibs",
        "OCAMLTOP_INCLUDE_PATH": f"{tools_lib}/toplevel",
        "PKG_CONFIG_PATH": "",
        "PKG_CONFIG_LIBDIR": f"{own}/lib/pkgconfig:{own}/share/pkgconfig",
        "XPKG_TARGET": machine.name if subject.cross else "",
        "XPKG_TOOLS": TOOLS,
    }
    return environment | _tool_variables(subject)


def _tool_variables(subject: Subject) -> dict[str, str]:
    environment: dict[str, str] = {}
    if subject.cross:
        # autoconf's names for the compiler of programs that run while building.
        native_cc = subject.native.toolchain.cc
        environment["CC_FOR_BUILD"] = environment["BUILD_CC"] = f"{TOOLS}/{native_cc}" if native_cc else ""
    for name in ("cc", "ar", "ranlib", "ld"):
        if path := subject.tool(name):
            environment[name.upper()] = path
    return environment
