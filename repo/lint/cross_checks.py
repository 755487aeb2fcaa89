"""xpkg's own checks of scripts: what hinders building for another machine, or in a closed sandbox.

Scripts of conf packages are left out: to ask the system is their purpose, and they run on the build machine.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from xpkg.repo.lint.findings import Found, error, warning
from xpkg.repo.lint.subject import Argument, Command, Subject
from xpkg.repo.lint.walk import mentions, strings
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import decode, parse
from xpkg.repo.opamfile.values import Field, Ident, List, Option, String

_PLACE = re.compile(
    r"(?:^|[\s=:;\"'(>|&]|(?<=[\s=\"']-[ILB])|(?<=^-[ILB]))"
    r"(/(?:usr|etc|opt|var|home|lib|lib64|root|bin|sbin|srv|Library|Applications)(?:/[^\s:;\"')|&]*)?)(?=$|[\s:;\"')|&])"
)
_INTERPRETERS = ("/bin/sh", "/bin/bash", "/usr/bin/env")  # the sandbox has these
_ESCAPE = re.compile(r"%\{[^{}\n]*+\}%((?:/[^\s:;\"'/]+)*)")
_HOME = re.compile(r"\$(?:HOME\b|\{HOME\b)|(?:^|[\s=:\"'])~/")
_ASKING = re.compile(r"(?:^|[\s`(;|&/])(uname|hostname|config\.guess|arch)(?=$|[\s`);|&])|(-dumpmachine)\b")
_NATIVE = re.compile(r"-m(?:arch|cpu|tune)=native\b")
_TRIPLE = re.compile(
    r"(?<![\w.-])(?:x86_64|amd64|i[3-6]86|aarch64|arm64|armv[5-8]\w*|riscv64\w*|powerpc64le|ppc64le|s390x)"
    r"-(?:[a-z0-9_]+-)?(?:linux|freebsd|netbsd|openbsd|darwin|apple|mingw32|mingw64|w64|windows|cygwin|elf)[\w-]*"
)
_C_COMPILERS = ("cc", "gcc", "g++", "c++", "clang", "clang++", "cpp", "as", "ld", "ar", "ranlib", "nm", "strip")
_OCAML_COMPILERS = ("ocamlc", "ocamlopt", "ocamlc.opt", "ocamlopt.opt", "ocamlmklib", "ocamlmktop", "ocamlcp")
_COMPILERS = frozenset((*_C_COMPILERS, *_OCAML_COMPILERS))
_ASSIGNED = re.compile(r"(?:CC|CXX|AR|LD|AS|RANLIB|OCAMLC|OCAMLOPT)=(\S+)\Z")
_OUTSIDERS = re.compile(
    r"(?:^|[\s;&|(])(curl|wget|sudo|opam|git\s+(?:clone|submodule|fetch|pull)|npm\s+(?:install|ci)|pip3?\s+install"
    r"|cargo\s+install)(?=$|\s)"
)
_PHASES = ("build", "install")
_MACHINE = ("arch", "os", "os-family", "os-distribution", "os-version")


def _scripts(subject: Subject) -> Iterator[Command]:
    if "conf" not in subject.flags:
        for phase in _PHASES:
            yield from subject.commands(phase)


def _words(subject: Subject) -> Iterator[tuple[Command, Argument, String]]:
    """Every string that a script is made of."""
    for command in _scripts(subject):
        for argument in command.arguments:
            if isinstance(argument.word, String):
                yield command, argument, argument.word


def _of_some_machines(command: Command, argument: Argument | None = None) -> bool:
    """Whether a filter lets the command, or its argument, stand on some machines only."""
    found = (command.condition, None if argument is None else argument.condition)
    return any(
        one.package is None and one.name in _MACHINE
        for condition in found
        if condition is not None
        for one in mentions(condition)
    )


def _program(command: Command) -> str:
    """The program that a command runs, without directories; empty when a variable names it."""
    first = command.arguments[0].word if command.arguments else None
    return first.value.rpartition("/")[2] if isinstance(first, String) else ""


def _line(command: Command) -> str:
    """The first words of a command as one line, to find ``git clone`` in a list of arguments."""
    words = [argument.word for argument in command.arguments[:2]]
    return " ".join(word.value if isinstance(word, String) else word.name for word in words)


@warning("X20", "scripts name no directories of the machine", "a build sees its prefixes only, and writes nowhere else")
def machine_path(subject: Subject) -> Iterator[Found]:
    for command, argument, word in _words(subject):
        # sed's expressions are full of slashes.
        if _program(command) == "sed" or _of_some_machines(command, argument):
            continue
        for match in _PLACE.finditer(word.value):
            if match[1] not in _INTERPRETERS:
                yield Found(word, f"{match[1][:80]} is outside every prefix", "use %{prefix}%, %{lib}%, ...")
                break


@warning("X21", "paths from %{...}% go no higher than there", "what is beside a prefix is not the package's")
def escaping_path(subject: Subject) -> Iterator[Found]:
    for _, _, word in _words(subject):
        for match in _ESCAPE.finditer(word.value):
            depth = 0
            for part in match[1].split("/")[1:]:
                depth += -1 if part == ".." else part != "."
                if depth < 0:
                    yield Found(word, f"{match[0][:80]} leaves the directory")
                    break


@warning("X22", "scripts do not use the home directory", "HOME is an empty directory in builds")
def home_directory(subject: Subject) -> Iterator[Found]:
    for _, _, word in _words(subject):
        if (match := _HOME.search(word.value)) is not None:
            yield Found(word, f"{match[0].strip()} is an empty directory in a build")


@error("X23", ".install files in files/ stay in the prefix", "xpkg refuses the others when it installs")
def install_file(subject: Subject) -> Iterator[Found]:
    for name, read in sorted(subject.files.items()):
        if name.endswith(".install"):
            try:
                file = parse(decode(read()), name)
            except OpamSyntaxError as problem:
                yield Found(None, f"files/{problem.message}")
                continue
            for item in file.items:
                if isinstance(item, Field):
                    yield from (Found(None, f"files/{name}: {text}") for text in _outside(item))


def _outside(field: Field) -> Iterator[str]:
    if field.name == "misc":
        yield "the section misc installs anywhere"
        return
    for item in field.value.items if isinstance(field.value, List) else (field.value,):
        if isinstance(item, Option):
            for text in (one for option in item.options for one in strings(option)):
                # No section is deeper than two directories (``lib/NAME``).
                if text.value.startswith("/") or posixpath.normpath(f"a/b/{text.value}").startswith(".."):
                    yield f"{field.name} names {text.value[:80]!r}, outside the prefix"


@warning("X30", "scripts do not ask which machine they run on", "that is the build machine, not the target")
def asked_machine(subject: Subject) -> Iterator[Found]:
    for command, argument, word in _words(subject):
        match = _ASKING.search(word.value)
        if match is not None and (argument is command.arguments[0] or match[0] != word.value or match[2]):
            found = match[1] or match[2]
            yield Found(word, f"{found} tells of the build machine", "use %{arch}%, %{os}% or xpkg's %{triple}%")


@warning("X31", "compilers are not called by name", "builds see no compiler of the system, and a target has its own")
def named_compiler(subject: Subject) -> Iterator[Found]:
    for command in _scripts(subject):
        first = command.arguments[0].word if command.arguments else None
        if _of_some_machines(command):
            continue
        if isinstance(first, String) and (program := _program(command)) in _COMPILERS:
            hint = "use xpkg's %{cc}%, %{ar}%, ..." if program in _C_COMPILERS else "ocamlfind picks the target's"
            yield Found(first, f"{first.value[:80]} is the build machine's", hint)
        for argument in command.arguments[1:]:
            match = _ASSIGNED.match(argument.word.value) if isinstance(argument.word, String) else None
            known = match is not None and match[1].rpartition("/")[2] in _COMPILERS
            if match is not None and known and not _of_some_machines(command, argument):
                yield Found(argument.word, f"{match[1][:80]} is the build machine's", "leave it to the environment")


@warning("X32", "code is not made for the processor at hand", "it may stop elsewhere, and stored builds are shared")
def native_code(subject: Subject) -> Iterator[Found]:
    for command, _, word in _words(subject):
        if _program(command) != "sed" and (match := _NATIVE.search(word.value)):
            yield Found(word, f"{match[0]} depends on the processor")


@warning("X33", "no triple stands without a condition", "it is right for one machine only")
def fixed_triple(subject: Subject) -> Iterator[Found]:
    for command, argument, word in _words(subject):
        if command.condition is None and argument.condition is None and (match := _TRIPLE.search(word.value)):
            yield Found(word, f"{match[0]} is one machine", "use xpkg's %{triple}% and %{build-triple}%")


@warning("X34", "nothing depends on a compiler of the system", "xpkg has none: compilers are packages")
def system_compiler(subject: Subject) -> Iterator[Found]:
    roots = [root for command in _scripts(subject) for root in _values(command)]
    told: set[str] = set()
    for root in (*roots, *subject.filters()):
        for one in mentions(root):
            if one.package is None and one.name.startswith("sys-ocaml-") and one.name not in told:
                told.add(one.name)
                yield Found(one.place, f"{one.name} is not defined")


def _values(command: Command) -> Iterator[String | Ident]:
    """The words of a command and the variables and texts of its filters."""
    yield from (argument.word for argument in command.arguments)
    for condition in (command.condition, *(argument.condition for argument in command.arguments)):
        if condition is not None:
            yield from (one.place for one in mentions(condition) if isinstance(one.place, String | Ident))


@warning("X35", "scripts need no network, no opam and no rights", "a build has none of them")
def outside_help(subject: Subject) -> Iterator[Found]:
    for command in _scripts(subject):
        texts = [argument.word for argument in command.arguments if isinstance(argument.word, String)]
        shell = texts[-1:] if _program(command) in ("sh", "bash") else []
        match = _OUTSIDERS.match(_line(command))
        if match is not None:
            yield Found(command.place, f"{match[1]} cannot work in a build", "name what it fetches in an extra-source")
        for text in shell:
            if (match := _OUTSIDERS.search(text.value)) is not None:
                yield Found(text, f"{match[1]} cannot work in a build", "name what it fetches in an extra-source")


CHECKS = (
    machine_path,
    escaping_path,
    home_directory,
    install_file,
    asked_machine,
    named_compiler,
    native_code,
    fixed_triple,
    system_compiler,
    outside_help,
)
