"""Targets: the machines that products run on, each described by one ``targets/<name>.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from xpkg.core.digests import Digest, of_value
from xpkg.core.values import value
from xpkg.repo.machine_names import BUILD, NATIVE, TOOLS_SUFFIX
from xpkg.repo.names import name_problem, path_problem
from xpkg.repo.object_formats import FORMATS, TYPES, abis_of, machine_problem
from xpkg.repo.tables import Table, parse_table, read_table

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
_TRIPLE = re.compile(r"[A-Za-z0-9_.]+(?:-[A-Za-z0-9_.]+){1,3}")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*+")
# These paths stand in the scripts and the settings that are written for a target, as they are.
_PATH = re.compile(r"[A-Za-z0-9._+/-]++")
_REQUIRED_VARIABLES = ("arch", "os")


@value(kw_only=True)
class Toolchain:
    """The C tools and the compiler package.  Paths are relative to the machine's own prefix.

    ``ocaml`` is the directory of the compiler package's commands, which run on the build machine.
    """

    packages: tuple[str, ...] = ()
    compiler: str | None = None
    zig_target: str | None = None
    cc: str | None = None
    ar: str | None = None
    ranlib: str | None = None
    ld: str | None = None
    cflags: tuple[str, ...] = ()
    ocaml: str = "bin"


@value(kw_only=True)
class Layout:
    """Where libraries go, relative to the target's prefix."""

    lib: str = "lib"
    stublibs: str = "lib/stublibs"


@value(kw_only=True)
class Objects:
    """What every object file of the target must be.

    ``abi`` is the calling convention; where it is left out it follows from the triple and the compiler's flags.
    """

    format: str
    machine: str
    types: tuple[str, ...] = ()
    abi: str | None = None


@value(kw_only=True)
class Run:
    """How a product of the target is run: a program in a build-machine package's ``bin``, ``{product}`` replaced.

    ``argv0`` is the option, put right behind the program, by which a product is told its own name.
    """

    package: str
    command: tuple[str, ...]
    products: tuple[str, ...] = ()
    argv0: str | None = None


@value(kw_only=True)
class Target:
    """A machine.  ``variables`` are opam's global ones."""

    name: str
    description: str
    triple: str
    variables: Mapping[str, str]
    toolchain: Toolchain
    layout: Layout
    objects: Objects | None
    run: Run | None

    @property
    def digest(self) -> Digest:
        """Covers what can change a build: not the description, nor how products are run.

        What a file leaves out takes no part, so that a new key of the format changes no build.
        """
        parts = [_stated(part) for part in (self.toolchain, self.layout, self.objects)]
        return of_value([self.name, self.triple, dict(self.variables), *parts])

    @property
    def findlib_name(self) -> str:
        """The target's name where findlib and dune read it, as a toolchain: their names have no hyphens."""
        return self.name.replace("-", "_")

    @property
    def machine(self) -> str:
        """The name in instances and plans: ``build`` for the build machine."""
        return BUILD if self.name == NATIVE else self.name


def _stated(part: Toolchain | Layout | Objects | None) -> dict[str, object] | None:
    """The values of a table that are not those of an empty one."""
    if part is None:
        return None
    return {one.name: given for one in fields(part) if (given := getattr(part, one.name)) != one.default}


class Targets(Mapping[str, Target]):
    """All targets by name, sorted; of two files for one target the one in the earlier directory decides.

    A file is read when its target is asked for, so that a wrong one stops nobody else: InputFileError is for them.
    """

    def __init__(self, directories: Iterable[Path]) -> None:
        self._paths: dict[str, Path] = {}
        for directory in directories:
            for path in directory.glob("*.toml"):
                self._paths.setdefault(path.stem, path)
        self._read: dict[str, Target] = {}

    def __getitem__(self, name: str) -> Target:
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = read_target(self._paths[name])
        return found

    def path(self, name: str) -> Path:
        """The file that decides; KeyError."""
        return self._paths[name]

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths))

    def __len__(self) -> int:
        return len(self._paths)


def load_targets(directories: Iterable[Path]) -> Targets:
    """The targets of several directories, those of the first before those of the next."""
    return Targets(directories)


def read_target(path: Path) -> Target:
    """One file, strictly: InputFileError with file and key for anything unknown or of another type."""
    return _target(read_table(path))


def parse_target(data: bytes, path: Path) -> Target:
    """The content of a file that was read already; errors as of `read_target`."""
    return _target(parse_table(data, path))


def _target(table: Table) -> Target:
    path = table.path
    name = table.text("name")
    if name != path.stem:
        raise table.error("name", f"the name is {name[:80]!r}, but the file is called {path.name!r}")
    if name == BUILD or not _NAME.fullmatch(name):
        raise table.error("name", "a target's name has small letters, digits, '_' and '-', and is not 'build'")
    if name.endswith(TOOLS_SUFFIX):
        raise table.error(
            "name", f"a target's name does not end in {TOOLS_SUFFIX!r}: that is a target's prefix of tools"
        )
    triple = table.text("triple")
    if not _TRIPLE.fullmatch(triple):
        raise table.error("triple", "expected a GNU triple: cpu-vendor-system or cpu-system")
    description = table.optional("description") or ""
    variables = _variables(table)
    toolchain, layout = _toolchain(table), _layout(table)
    objects, run = _objects(table), _run(table)
    table.finish()
    return Target(
        name=name,
        description=description,
        triple=triple,
        variables=variables,
        toolchain=toolchain,
        layout=layout,
        objects=objects,
        run=run,
    )


def _variables(whole: Table) -> dict[str, str]:
    table = whole.table("variables")
    if table is None:
        raise whole.error("variables", "the table is missing")
    variables = {name: table.text(name) for name in _REQUIRED_VARIABLES}
    for name in table.left():
        if not _VARIABLE.fullmatch(name):
            raise table.error(name, "a variable's name has letters, digits, '_' and '-'")
        variables[name] = table.text(name)
    return variables


def _package(table: Table, key: str, name: str) -> str:
    """A package name, checked."""
    problem = name_problem(name)
    if problem is not None:
        raise table.error(key, f"{name[:80]!r} is no package name: {problem}")
    return name


def _path(table: Table, key: str) -> str | None:
    """A path relative to a prefix, or None."""
    path = table.optional(key)
    problem = None if path is None else path_problem(path)
    if problem is not None:
        raise table.error(key, f"expected a path relative to the prefix: {problem}")
    if path is not None and not _PATH.fullmatch(path):
        raise table.error(key, f"{path[:80]!r} has other characters than letters, digits and '._+/-'")
    return path


def _toolchain(whole: Table) -> Toolchain:
    table = whole.table("toolchain")
    if table is None:
        return Toolchain()
    compiler = table.optional("compiler")
    toolchain = Toolchain(
        packages=tuple(_package(table, "packages", name) for name in table.texts("packages")),
        compiler=None if compiler is None else _package(table, "compiler", compiler),
        zig_target=table.optional("zig-target"),
        cc=_path(table, "cc"),
        ar=_path(table, "ar"),
        ranlib=_path(table, "ranlib"),
        ld=_path(table, "ld"),
        cflags=table.texts("cflags"),
        ocaml=_path(table, "ocaml") or Toolchain().ocaml,
    )
    table.finish()
    return toolchain


def _layout(whole: Table) -> Layout:
    table = whole.table("layout")
    if table is None:
        return Layout()
    lib = _path(table, "lib") or Layout().lib
    layout = Layout(lib=lib, stublibs=_path(table, "stublibs") or f"{lib}/stublibs")
    table.finish()
    return layout


def _objects(whole: Table) -> Objects | None:
    table = whole.table("objects")
    if table is None:
        return None
    objects = Objects(
        format=table.text("format"),
        machine=table.text("machine"),
        types=table.texts("types"),
        abi=table.optional("abi"),
    )
    if objects.format not in FORMATS:
        raise table.error("format", f"unknown object format {objects.format!r}", hint=f"known: {', '.join(FORMATS)}")
    problem = machine_problem(objects.format, objects.machine)
    if problem is not None:
        raise table.error("machine", problem)
    for one in objects.types:
        if one not in TYPES:
            raise table.error("types", f"unknown object type {one!r}", hint=f"known: {', '.join(TYPES)}")
    abis = abis_of(objects.machine)
    if objects.abi is not None and objects.abi not in abis:
        known = f"known: {', '.join(abis)}" if abis else f"objects of {objects.machine} record none"
        raise table.error("abi", f"unknown calling convention {objects.abi!r}", hint=known)
    table.finish()
    return objects


def _run(whole: Table) -> Run | None:
    table = whole.table("run")
    if table is None:
        return None
    run = Run(
        package=_package(table, "package", table.text("package")),
        command=table.texts("command"),
        products=table.texts("products"),
        argv0=table.optional("argv0"),
    )
    if run.argv0 is not None and not run.argv0.startswith("-"):
        raise table.error("argv0", "expected an option, such as --argv0=")
    if not run.command or "/" in run.command[0] or run.command[0] in ("", ".", ".."):
        raise table.error("command", "expected a program of the package, by its plain name, and its arguments")
    for pattern in run.products:
        problem = _pattern_problem(pattern)
        if problem is not None:
            raise table.error("products", f"expected patterns of paths below the prefix: {problem}")
    table.finish()
    return run


def _pattern_problem(pattern: str) -> str | None:
    """Why no product can be looked for by ``pattern``, or None; beyond a path's rules those of `pathlib.Path.glob`."""
    parts = pattern.split("/")
    if "." in parts:
        return "'.' names no file"
    if any("**" in part and part != "**" for part in parts):
        return "'**' stands for whole directories alone"
    return path_problem(pattern)
