"""Recipes of projects that have none: their build system's ordinary commands, with what the build files say.

Such a recipe says nothing of targets; it is derived for them as any other is.  What could not be read is assumed, and
each assumption is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.core.text import printable
from xpkg.ops.project_dune import DunePackage, DuneProject, NotDune, read_dune_project
from xpkg.ops.project_systems import Recognised, System, read_text
from xpkg.ops.project_text import (
    Facts,
    autoconf_facts,
    cmake_facts,
    configure_facts,
    makefile_facts,
    makefile_has,
    meson_facts,
)
from xpkg.repo.names import MAX_LENGTH, name_problem, version_problem
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.strings import print_string

FALLBACK = "project"

_BUILD_DIRECTORY = "_xpkg-build"
_COMMANDS: dict[System, str] = {
    "dune": """build: [
  ["dune" "build" "-p" name "-j" jobs "@install" "@runtest" {with-test}]
]
""",
    "meson": f"""build: [
  [
    "meson"
    "setup"
    "{_BUILD_DIRECTORY}"
    "--prefix=%{{prefix}}%"
    "--libdir=lib"
    "--buildtype=release"
    "--wrap-mode=nodownload"
    "-Dc_link_args=-Wl,-rpath,$ORIGIN/../lib"
    "-Dcpp_link_args=-Wl,-rpath,$ORIGIN/../lib"
  ]
  ["meson" "compile" "-C" "{_BUILD_DIRECTORY}" "-j" jobs]
]
run-test: ["meson" "test" "-C" "{_BUILD_DIRECTORY}"]
install: ["meson" "install" "-C" "{_BUILD_DIRECTORY}" "--no-rebuild"]
""",
    "cmake": f"""build: [
  [
    "cmake"
    "-S"
    "."
    "-B"
    "{_BUILD_DIRECTORY}"
    "-G"
    "Ninja"
    "-DCMAKE_INSTALL_PREFIX=%{{prefix}}%"
    "-DCMAKE_INSTALL_LIBDIR=lib"
    "-DCMAKE_BUILD_TYPE=Release"
    "-DCMAKE_INSTALL_RPATH=$ORIGIN/../lib"
  ]
  ["cmake" "--build" "{_BUILD_DIRECTORY}" "-j" jobs]
]
run-test: ["ctest" "--test-dir" "{_BUILD_DIRECTORY}"]
install: ["cmake" "--install" "{_BUILD_DIRECTORY}"]
""",
    "autoconf": """build: [
  ["./configure" "--prefix=%{prefix}%" "--libdir=%{prefix}%/lib"]
  [make "-j%{jobs}%"]
]
run-test: [make "check"]
install: [make "install"]
""",
    "make": """build: [make "-j%{jobs}%" "PREFIX=%{prefix}%" "prefix=%{prefix}%"]
install: [make "install" "PREFIX=%{prefix}%" "prefix=%{prefix}%"]
""",
}
_TOOLS: dict[System, tuple[str, ...]] = {
    "dune": (),
    "meson": ('"meson" {build}', '"ninja" {build}'),
    "cmake": ('"cmake" {build}', '"ninja" {build}'),
    "autoconf": (),
    "make": (),
}
_PKG_CONFIG = '"conf-pkg-config" {build}'
_CXX = '"conf-g++"'
_CXX_SUFFIXES = frozenset({".cc", ".cpp", ".cxx", ".C"})


class BuildFileError(OpamSyntaxError):
    """A build file cannot be read; the place is shown as in an opam file."""

    reference = "bad-build-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedRecipe:
    """One package of a project: ``text`` is its opam file, ``version`` None when nothing says one."""

    name: str
    version: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """The packages of a project, and what was assumed of them, as sentences."""

    system: System
    file: str
    recipes: tuple[DerivedRecipe, ...]
    assumed: tuple[str, ...] = ()


def derive_recipes(directory: Path, found: Recognised) -> Derivation:
    """The recipes; InputFileError for a build file that says no project, or that is not finished."""
    assumed = [f"the project is built by {found.system}, for it has {found.file}"]
    if found.others:
        assumed.append(f"it could be built by {' or '.join(found.others)} too: --build-system chooses")
    many = found.system == "dune"
    recipes = _dune(directory, found.file, assumed) if many else (_single(directory, found, assumed),)
    return Derivation(system=found.system, file=found.file, recipes=recipes, assumed=tuple(assumed))


def _single(directory: Path, found: Recognised, assumed: list[str]) -> DerivedRecipe:
    facts = _facts(directory, found, assumed)
    name = _name(facts.name, directory, found.file, assumed)
    version = _version(facts.version, found.file, assumed)
    depends = [*_TOOLS[found.system], *((_PKG_CONFIG,) if facts.needs else ())]
    if facts.cxx or (facts.cxx is None and _has_cxx(directory)):
        depends.append(_CXX)
        assumed.append("it needs a C++ compiler and its library")
    if facts.needs:
        needs = printable(", ".join(facts.needs), keep="")
        assumed.append(f"it looks for {needs}: which packages have that, a recipe has to say (xpkg init writes one)")
    text = _text(found.system, f"Project {name}, built by {found.system}", version, depends)
    if facts.test_rule is not None:
        text += f'run-test: [make "{facts.test_rule}"]\n'
    return DerivedRecipe(name=name, version=version, text=text)


def _facts(directory: Path, found: Recognised, assumed: list[str]) -> Facts:
    text = read_text(directory, found.file) or ""
    if found.system == "meson":
        facts = meson_facts(text)
        if facts.name is None:
            raise _no_call(directory, found.file, "project('NAME', ...)")
        return facts
    if found.system == "cmake":
        return cmake_facts(text)
    if found.system == "autoconf":
        return _autoconf(directory, found.file, text)
    absent = [rule for rule in ("install",) if not makefile_has(text, rule)]
    assumed.append("'make' builds it and 'make install PREFIX=... prefix=...' installs it")
    assumed += [f"{found.file} has no rule '{rule}' written out; perhaps it includes one" for rule in absent]
    facts = makefile_facts(text)
    if facts.test_rule is None:
        assumed.append(f"it has no tests: {found.file} has no rule 'test' or 'check' written out")
    return facts


def _has_cxx(directory: Path) -> bool:
    """Whether there are C++ files where a small project has them; nothing is searched below."""
    places = (directory, *(directory / name for name in ("src", "lib", "source", "app", "tests", "test")))
    files = (path for place in places if place.is_dir() for path in place.iterdir())
    return any(path.suffix in _CXX_SUFFIXES and path.is_file() for path in files)


def _autoconf(directory: Path, file: str, text: str) -> Facts:
    if file != "configure":
        raise InputFileError(
            f"{printable(str(directory))} has {file} but no configure",
            reference="no-configure",
            hint="autoreconf -i makes it; or choose another build system with --build-system",
        )
    for source in ("configure.ac", "configure.in"):
        written = read_text(directory, source)
        if written is not None:
            made, said = configure_facts(text), autoconf_facts(written)
            return replace(said, name=said.name or made.name, version=said.version or made.version)
    return configure_facts(text)


def _no_call(directory: Path, file: str, call: str) -> InputFileError:
    return InputFileError(
        f"{file} has no {call}",
        reference="bad-build-file",
        context=(("file", printable(str(directory / file))),),
        hint="this may be a part of a project: name the project's own directory",
    )


def _dune(directory: Path, file: str, assumed: list[str]) -> tuple[DerivedRecipe, ...]:
    text = read_text(directory, file) or ""
    try:
        project = read_dune_project(text)
    except NotDune as error:
        raise BuildFileError(error.problem, filename=str(directory / file), text=text, offset=error.offset) from error
    if not project.packages:
        raise NotFoundError(
            f"{file} declares no package, and nothing else does",
            reference="no-package",
            context=(("file", printable(str(directory / file))),),
            hint="dune installs what belongs to a package: add (package (name NAME)) to it",
        )
    version = _version(project.version, file, assumed)
    return tuple(_dune_package(project, one, version, assumed) for one in project.packages)


def _dune_package(project: DuneProject, package: DunePackage, version: str | None, assumed: list[str]) -> DerivedRecipe:
    _check(package.name, "package")
    depends = list(package.depends)
    named = {re.match(r'"([^"]*)"', one).group(1) for one in depends if one}  # type: ignore[union-attr]
    if "dune" not in named:
        depends.insert(0, f'"dune" {{>= "{project.lang}"}}')
    if "ocaml" not in named:
        depends.insert(0, '"ocaml"')
        if package.depends:
            assumed.append(f"{package.name} also needs ocaml, which its (depends ...) leave out")
    if not package.depends:
        assumed.append(f"{package.name} needs dune and ocaml and nothing else, for it has no (depends ...)")
    synopsis = package.synopsis or f"Package {package.name}, built by dune"
    others = {"depopts": package.depopts, "conflicts": package.conflicts}
    return DerivedRecipe(name=package.name, version=version, text=_text("dune", synopsis, version, depends, others))


def _check(name: str, what: str) -> None:
    problem = name_problem(name)
    if problem is not None:
        raise InputFileError(
            f"{printable(name, keep='')[:200]!r} cannot be the name of a {what}: {problem}", reference="bad-build-file"
        )


def _name(stated: str | None, directory: Path, file: str, assumed: list[str]) -> str:
    wanted = stated if stated is not None else directory.name
    name = re.sub(r"[^A-Za-z0-9_+-]+", "-", wanted).strip("-+")[:MAX_LENGTH]
    if name_problem(name) is not None:
        name = FALLBACK
    if stated is None:
        assumed.append(f"its name is {name}, after the directory: {file} says none")
    elif name != stated:
        assumed.append(f"its name is {name}: {printable(stated, keep='')[:200]!r} cannot be a package's")
    return name


def _version(stated: str | None, file: str, assumed: list[str]) -> str | None:
    if stated is None:
        assumed.append(f"{file} says no version")
        return None
    if version_problem(stated) is None:
        return stated
    assumed.append(f"it has no version: {printable(stated, keep='')[:200]!r} cannot be a package's")
    return None


def _text(
    system: System,
    synopsis: str,
    version: str | None,
    depends: Sequence[str],
    others: Mapping[str, Sequence[str]] | None = None,
) -> str:
    stated = f"version: {print_string(version)}\n" if version else ""
    fields = {"depends": depends, **(others or {})}
    lists = "".join(_list(field, elements) for field, elements in fields.items() if elements)
    one_line = " ".join(printable(synopsis, keep="").split())
    return f'opam-version: "2.0"\n{stated}synopsis: {print_string(one_line)}\n{lists}{_COMMANDS[system]}'


def _list(field: str, elements: Sequence[str]) -> str:
    return f"{field}: [\n" + "".join(f"  {one}\n" for one in elements) + "]\n"
