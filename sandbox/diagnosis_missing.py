"""Failures for want of something: a library, a program, a header, a compiler, the network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from xpkg.sandbox.diagnosis import Failure, Finding, Recogniser, Sign, context_lines, first_match, shown, where_needed
from xpkg.sandbox.diagnosis_shared import NOT_FOUND
from xpkg.sandbox.layout import TARGET

_DUNE_LIBRARY = re.compile(r'Library "(?P<name>[^"]+)" not found')
_FINDLIB = re.compile(r"(?:ocamlfind: )?Package [`'\"](?P<name>[^'\"`]+)['\"`] not found")
_FINDLIB_NEEDED = re.compile(r"No such package: (?P<name>[^\s-]+)")
_CONTEXT = re.compile(r"_build/default(?:\.(?P<target>[A-Za-z0-9_]+))?(?=/|\s|$)")
_PROGRAMS = tuple(
    re.compile(pattern)
    for pattern in (
        r"bwrap: execvp (?P<name>\S+): No such file or directory",
        r"(?:^|: )[0-9]{1,6}: (?:exec: )?(?P<name>[^\s:]+): not found",
        r"(?:line \d+|sh|bash): (?P<name>[^\s:]+): (?:command )?not found",
        r"make(?:\[\d+\])?: (?P<name>[^\s:/]+): No such file or directory",
        r"env: .?(?P<name>[^\s:'‘’]+).?: No such file or directory",
        r"Program (?P<name>\S+) not found in the tree or in PATH",
        r"Program '(?P<name>[^']+)' not found",
        r"ocamlfind: (?P<name>[^\s:]+): command not found",
        r"install: cannot run [`'‘]?(?P<name>[^\s:'’]+)['’]?: No such file or directory",
    )
)
# The program of a command: an option, or nothing.
_UNNAMED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:(?:^|: )[0-9]{1,6}|line \d+|sh|bash): (?P<name>-[^\s:]*|): (?:(?:command )?not found|Permission denied)",
        r"bwrap: execvp (?P<name>-\S*|): No such file or directory",
    )
)
_HEADERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"fatal error: '(?P<name>[^']+)' file not found",
        r"fatal error: (?P<name>[^\s:]+): No such file or directory",
    )
)
# The standard headers of C++ have no ending, and no library of C has a header without one.
_CXX_HEADER = re.compile(r"[a-z_]+")
_PC = tuple(
    re.compile(pattern)
    for pattern in (
        r"Package '(?P<name>[^']+)'(?:, required by '[^']+',)? not found",
        r"Package (?P<name>\S+) was not found in the pkg-config search path",
        r"No package '(?P<name>[^']+)' found",
        r"Dependency \"(?P<name>[^\"]+)\" not found",
        r"Package requirements \((?P<name>[^\s)]+)[^)]*\) were not met",
    )
)
_CMAKE = tuple(
    re.compile(pattern)
    for pattern in (r"configuration file provided by \"(?P<name>[^\"]+)\"", r"Could NOT find (?P<name>\w+)")
)
_CXX = re.compile(
    r"No CMAKE_CXX_COMPILER could be found|Unknown compiler\(s\): \[\[['\"]c\+\+|no acceptable C\+\+ compiler|"
    r"C\+\+ compiler cannot create executables"
)
_CXX_NAMES = {"c++", "g++", "clang++", "gxx"}
_PKG_CONFIG = {"pkg-config", "pkgconf"}
_COMPILERS = {"cc", "gcc", "clang", "ld", "ar", "ranlib", "as", "objcopy"}
_ELF_TOOLS = {"nm", "strip"}


def ocaml_library(failure: Failure, number: int) -> Finding | None:
    """A library that findlib or dune do not find, on one of the two machines."""
    line = failure.lines[number]
    found = _DUNE_LIBRARY.search(line) or _FINDLIB.search(line) or _FINDLIB_NEEDED.search(line)
    if found is None:
        return None
    name = found["name"]
    package = name.partition(".")[0]
    subject = failure.subject
    on_target = subject.cross
    if subject.cross and _DUNE_LIBRARY.search(line):
        # What wanted it is told first; that may itself be wanted by something of the other context.
        contexts = (match for one in context_lines(failure, number) if (match := _CONTEXT.search(one)))
        wanting = next(contexts, None)
        on_target = wanting is None or wanting["target"] is not None
    machine = subject.machine.machine if on_target else "the build machine"
    cause = f"the OCaml library {shown(name)} is not there for {machine}"
    return Finding(kind="missing-library", cause=cause, hint=_library_hint(failure, package, on_target=on_target))


def _library_hint(failure: Failure, package: str, *, on_target: bool) -> str:
    subject = failure.subject
    # A package is seen by its own name, or installed the library's directory.
    there = _library_owner(subject.seen, failure.target, package) if subject.cross else None
    here = _library_owner(subject.tools_seen, failure.tools, package)
    wanted, other = (there, here) if on_target else (here, there)
    if wanted is not None and subject.cross:
        return (
            f"{wanted} is there and did not install it: it is perhaps a part that needs something that is missing too"
        )
    if other is not None and subject.cross:
        where, rule = (failure.target_name, "target") if on_target else ("the build machine", "build")
        return (
            f"{other} is there for the other machine only, and needed on {where}: the rule "
            f'"{failure.name}:{other}" of a cross.toml in [{rule}], or [both]; xpkg show {failure.name} --target '
            f"{failure.target_name} --edges tells what decided"
        )
    return f"no dependency installed it: the package that has it belongs into the depends of {failure.name}"


def _library_owner(seen: Mapping[str, str], files: Mapping[str, str], library: str) -> str | None:
    if library in seen:
        return library
    places = (f"lib/{library}/META", f"lib/ocaml/site-lib/{library}/META", f"lib/ocaml/{library}/META")
    return next((files[place] for place in places if place in files), None)


def empty_variable(failure: Failure, number: int) -> Finding | None:
    """No program has such a name: what should have given one gave nothing."""
    found = first_match(_UNNAMED, failure.lines[number])
    if found is None:
        return None
    what = f"{shown(found['name'])} as a program" if found["name"] else "a program without a name"
    return Finding(
        kind="empty-variable",
        cause=f"it runs {what}: what should name the program, as a rule a variable, is empty",
        hint="configure, or what else sets the variable, did not find the program: a package that has it belongs into "
        f"the depends of {failure.name}, with {{build}}; or the recipe gives the variable a value",
    )


def missing_program(failure: Failure, number: int) -> Finding | None:
    """A program that is not there, or for the target only."""
    found = first_match(_PROGRAMS, failure.lines[number])
    if found is None:
        return None
    name = found["name"]
    plain = name.rpartition("/")[2]
    if plain in _CXX_NAMES or plain.endswith(("-g++", "-c++")):
        return _no_cxx(failure)
    cause = f"the program {shown(name)} is not there"
    package = failure.target.get(f"bin/{plain}") if failure.subject.cross else None
    if package is None and failure.subject.cross and plain not in failure.subject.tools_seen:
        package = plain if plain in failure.subject.seen else None
    if package is not None:
        return Finding(
            kind="program-on-target",
            cause=f"{cause}: only {failure.target_name} has it, whose programs do not run here",
            hint=where_needed(name, package, failure),
        )
    return Finding(kind="missing-program", cause=cause, hint=_program_hint(failure, name, plain))


def _program_hint(failure: Failure, name: str, plain: str) -> str:
    if plain in _ELF_TOOLS and "/" not in name:
        return (
            f"elf-tools has it, for files of any machine: it belongs into the depends of {failure.name}, with "
            "{build}; or an option of configure or make leaves it out"
        )
    if plain in _COMPILERS and failure.subject.cross:
        return (
            f"by its plain name there is no C tool of {failure.target_name}: the recipe or the makefile has to use "
            "%{cc}% or $CC and the like"
        )
    here = failure.tools.get(f"bin/{plain}")
    if here is not None and name.startswith(TARGET):
        return (
            f"{here} is on the build machine, as a tool: the recipe finds it on PATH, or at %{{{here}:bin}}%, not in "
            "the target's prefix"
        )
    if plain == "configure":
        return (
            "the source has none, it is made of configure.ac: by a first command autoreconf -i, with conf-autoconf, "
            f"conf-automake and conf-libtool in the depends of {failure.name}; an archive with a finished one is better"
        )
    if "/" in name:
        return "the recipe or the source names it by a path that is not there in a build"
    return (
        f"a package that has it belongs into the depends of {failure.name}, with {{build}}; programs of the system "
        "come by conf packages"
    )


def _no_cxx(failure: Failure, what: str = "there is no C++ compiler") -> Finding:
    return Finding(
        kind="no-c++",
        cause=f"{what} for {failure.subject.machine.machine}",
        hint=f"a dependency on conf-c++ or conf-g++ in {failure.name} brings one, where the target's toolchain has it",
    )


def cxx(failure: Failure, number: int) -> Finding | None:
    """A configuration that found no C++ compiler."""
    return _no_cxx(failure) if _CXX.search(failure.lines[number]) else None


def missing_header(failure: Failure, number: int) -> Finding | None:
    """A header of C."""
    found = first_match(_HEADERS, failure.lines[number])
    if found is None:
        return None
    if _CXX_HEADER.fullmatch(found["name"]):
        return _no_cxx(failure, f"the header {shown(found['name'])} of C++ is not there")
    return Finding(
        kind="missing-header",
        cause=f"the header {shown(found['name'])} is not there for {failure.subject.machine.machine}",
        hint=_c_hint(failure, [f"include/{found['name']}"]),
    )


def missing_c_library(failure: Failure, number: int) -> Finding | None:
    """A library of C by its own name."""
    found = NOT_FOUND.search(failure.lines[number])
    if found is None:
        return None
    return Finding(
        kind="missing-c-library",
        cause=f"the library {shown(found['name'])} is not there for {failure.subject.machine.machine}",
        hint=_c_hint(failure, [f"lib/lib{found['name']}.{ending}" for ending in ("a", "so")]),
    )


def missing_pc(failure: Failure, number: int) -> Finding | None:
    """A C library by its pkg-config or CMake name."""
    line = failure.lines[number]
    for kind, found in (("pkg-config", first_match(_PC, line)), ("CMake", first_match(_CMAKE, line))):
        if found is not None:
            return _no_pc(failure, kind, found["name"])
    return None


def _no_pc(failure: Failure, kind: str, name: str) -> Finding:
    return Finding(
        kind="missing-c-library",
        cause=f"the C library that {kind} calls {shown(name)} is not there for {failure.subject.machine.machine}",
        hint=_c_hint(failure, [f"{directory}/pkgconfig/{name}.pc" for directory in ("lib", "share")]),
    )


def asked_in_silence(failure: Failure) -> Finding | None:
    """A question to pkg-config that is the whole command, as conf packages ask it: a no is its exit status alone."""
    program, *words = failure.step.argv
    names = [word for word in words if word[:1].isalnum()]
    if program.rpartition("/")[2] not in _PKG_CONFIG or len(names) != 1 or any(line.strip() for line in failure.lines):
        return None
    return _no_pc(failure, "pkg-config", names[0])


def _c_hint(failure: Failure, places: list[str]) -> str:
    here = next(iter(_owners(failure.tools, places)), None) if failure.subject.cross else None
    if here is not None:
        return (
            f"{here} has it, for the build machine only, and is needed for {failure.target_name}: the rule "
            f'"{failure.name}:{here}" of a cross.toml in [target] or [both]'
        )
    if "conf" in failure.subject.recipe.flags:
        return (
            f"{failure.name} only checks that the system has it, which builds do not see: a package that builds the "
            "library takes its place by an overlay of a repository, as shipped for conf-zlib (docs/c.md, Names)"
        )
    return (
        "what the system has is for the build machine and is not seen: a package that builds it for "
        f"{failure.subject.machine.machine} belongs into the depends of {failure.name}; xpkg search finds what there is"
    )


def _owners(files: Mapping[str, str], places: list[str]) -> Iterator[str]:
    return (files[place] for place in places if place in files)


NETWORK = Sign(
    pattern=re.compile(
        r"Could not resolve host|[Tt]emporary failure in name resolution|Name or service not known|"
        r"Network is unreachable|unable to resolve host|unable to access '(?:https?|git)://|"
        r"getaddrinfo\b.*(?:fail|error|EAI_)"
    ),
    kind="no-network",
    cause="it uses the network, which no build has",
    hint="what it fetches belongs into the recipe, as extra-source with its hash; submodules into the source",
)

RECOGNISERS: tuple[Recogniser, ...] = (
    ocaml_library,
    cxx,
    empty_variable,
    missing_program,
    missing_header,
    missing_c_library,
    missing_pc,
    NETWORK.recognise,
)
