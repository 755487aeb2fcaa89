"""Failures that come of two machines: a program or library of one is used as if it were the other's."""

from __future__ import annotations

import re

from xpkg.sandbox.cross_target import program
from xpkg.sandbox.diagnosis import Failure, Finding, Recogniser, Sign, first_match, shown, where_needed
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.target_tests import PRELOADED

# Where a word begins: what follows is looked at from there only, so that a long line takes no long time.
_WORD = r"(?<![^\s'\"(:])"

# dash takes what the kernel does not run for a script; bash, make, env and OCaml name the kernel's error.
_STARTED = tuple(
    re.compile(pattern)
    for pattern in (
        _WORD + r"(?P<program>[^\s:]+): \d+: (?:\1: )?Syntax error: ",
        _WORD + r"(?P<program>[^\s:]+): (?:cannot execute binary file|cannot execute: )",
        r"execve\((?P<program>[^)\s]*)\): Exec format error",
        _WORD + r"(?P<program>[^\s:']+)'?: Exec format error",
        r"ENOEXEC(?:, \"[^\"]*\", \"(?P<program>[^\"]*)\")?",
        _WORD + r"(?P<program>[^\s:]+): \d+: (?:\S+: )?Exec format error",
    )
)
_TAKEN_FOR_SCRIPT = re.compile(_WORD + r"(?P<program>[^\s:]+): \d+: .*(?:not found|Permission denied)")
_INCOMPATIBLE = tuple(
    re.compile(pattern)
    for pattern in (
        r"error: (?P<file>[^\s(]+)(?:\([^)]*\))? is incompatible with (?P<output>\S+)",
        r"skipping incompatible (?P<file>\S+) when searching",
        _WORD + r"(?P<file>[^\s:(]+)(?:\([^)]*\))?: (?:error adding symbols: )?file (?:in wrong|format not)",
        _WORD + r"(?P<file>[^\s:]+): unknown file type",
        _WORD + r"(?P<file>[^\s:]+): (?:wrong ELF class|unknown architecture)",
        r"Error on dynamically loaded library: (?P<file>[^\s:]+):",
    )
)
_TEST_PROGRAM = re.compile(r"cannot run (?:test program while cross compiling|C compiled programs)")
_CHECKING = re.compile(r"checking (?:for |whether )?(?P<what>.+?)\.\.\.")


def started_here(failure: Failure, number: int) -> Finding | None:
    """A program of the target was started on the build machine."""
    line = failure.lines[number]
    found = first_match(_STARTED, line)
    if found is None and (found := _TAKEN_FOR_SCRIPT.search(line)) and failure.machine_of(found["program"]) != "target":
        return None
    if found is None or not failure.subject.cross:
        return None
    name = found["program"] or ""
    of = failure.machine_of(name) if name else None
    if of == "build" or (of is None and "Syntax error" in line and not _looks_like_binary(line)):
        return None
    what = shown(name) if name else "a program"
    likely = "" if of == "target" or "Syntax error" not in line else ", as it seems"
    return Finding(
        kind="target-program-run",
        cause=f"it runs {what}, a program of {failure.target_name}, on the build machine{likely}",
        hint=_instead(failure, name),
    )


def bytecode_stubs(failure: Failure, number: int) -> Finding | None:
    """Bytecode runs on any machine, but for the C code that it loads."""
    found = re.search(r"cannot load shared library (?P<name>\S+)", failure.lines[number])
    if found is None or not failure.subject.cross:
        return None
    return Finding(
        kind="target-program-run",
        cause=f"it runs bytecode whose C code {shown(found['name'])} is {failure.target_name}'s on the build machine",
        hint=_instead(failure, ""),
    )


def _looks_like_binary(line: str) -> bool:
    """Whether a shell complains of what no author would write: it met the bytes of a program early on."""
    return (
        re.search(r": ([1-9]|1[0-9]): .*Syntax error: (?:\"[()]\" unexpected|word unexpected|Unterminated)", line)
        is not None
    )


def _instead(failure: Failure, name: str) -> str:
    package = failure.owner(name)
    if package is not None:
        return where_needed(name, package, failure)
    if failure.step.phase == "test":
        return f"tests of the target run in its runner: xpkg test {failure.name} --target {failure.target_name}"
    if program(failure.step.argv) in ("dune", "jbuilder"):
        return (
            "dune runs the build machine's program where a rule starts it as %{exe:...}, and the target's where its "
            "path is written out; a patch in an overlay can change the rule"
        )
    return (
        "what runs while building has to be compiled for the build machine, with $CC_FOR_BUILD or the build machine's "
        "OCaml; where the recipe cannot, a patch in an overlay can" + _by_runner(failure)
    )


def _by_runner(failure: Failure) -> str:
    run = failure.subject.machine.run
    if run is None or PRELOADED in failure.subject.tools_seen:
        return ""
    return (
        f"; so can a dependency on {run.package} and {PRELOADED}, both with {{build & cross}}: then the target's "
        "runner starts it (docs/make.md)"
    )


def incompatible(failure: Failure, number: int) -> Finding | None:
    """Objects of the two machines were linked together."""
    line = failure.lines[number]
    found = first_match(_INCOMPATIBLE, line)
    if found is None or not failure.subject.cross:
        return None
    path = found["file"]
    package = failure.owner(path)
    if _for_build(failure, found.groupdict().get("output") or "") and failure.machine_of(path) != "build":
        return Finding(
            kind="machines-mixed",
            cause=f"it links {shown(path)}, an object of {failure.target_name}, into a program of the build machine",
            hint="the linker or compiler that was run is the build machine's: a recipe or makefile has to use %{cc}% "
            "or $CC, and ocamlfind's or the target's own OCaml commands, for what goes to the target",
        )
    of = f", of package {package}," if package else ""
    if path.startswith(TARGET):
        return Finding(
            kind="machines-mixed",
            cause=f"it links {shown(path)}{of} which is {failure.target_name}'s, into a program of the build machine",
            hint=f"{package or 'that library'} is needed on both machines: [both] in a cross.toml, or x-runs-on in its "
            "recipe",
        )
    place = " in the prefix of tools" if path.startswith(TOOLS) else ""
    return Finding(
        kind="machines-mixed",
        cause=f"it links {shown(path)}{place}{of} which is not {failure.target_name}'s, into a program of that machine"
        if package or place
        else f"it links {shown(path)}, which is not {failure.target_name}'s, into a program of that machine",
        hint=f"{package} is needed for the target as well: [both] in a cross.toml, or x-runs-on in its recipe"
        if package
        else "some command compiled it with the build machine's compiler: a recipe or makefile has to use %{cc}% or "
        "$CC, and %{ar}% or $AR, for what goes to the target",
    )


_PROCESSORS = {
    "EM_X86_64": "x86_64",
    "EM_AARCH64": "aarch64",
    "EM_RISCV": "riscv",
    "EM_ARM": "armelf",
    "EM_386": "i386",
    "EM_PPC64": "ppc",
}


def _for_build(failure: Failure, output: str) -> bool:
    """Whether the linker was making something of the build machine, by its name for the machine (an emulation)."""
    machines = (failure.subject.native.objects, failure.subject.machine.objects)
    build, target = (None if one is None else _PROCESSORS.get(one.machine) for one in machines)
    return build is not None and build != target and build in output


def test_program(failure: Failure, number: int) -> Finding | None:
    """configure wants to run what it compiled."""
    if _TEST_PROGRAM.search(failure.lines[number]) is None:
        return None
    before = (match for line in reversed(failure.lines[: number + 1]) if (match := _CHECKING.search(line)))
    asked = next(before, None)
    what = f" to learn about {shown(asked['what'])}" if asked else ""
    return Finding(
        kind="configure-runs-program",
        cause=f"configure runs a test program{what}, which cannot be done for another machine",
        hint="the answer can be given beforehand, in the variable that configure keeps it in (ac_cv_..., see "
        'config.log in the directory kept): build-env: [["ac_cv_..." = "yes"]] in an overlay',
    )


HOST_PATH = Sign(
    pattern=re.compile(r"error: host path poisoned: (?P<flag>.+)"),
    kind="host-path",
    cause="a flag leads to headers or libraries of this system, which are not those of {machine}: {flag}",
    hint="such flags come from a path written into a makefile, a *-config script of the system or a default of "
    "configure; where an option or a variable sets it, the recipe can, else a patch",
)
READ_ONLY = Sign(
    pattern=re.compile(r"(?P<path>/xpkg/(?:tools|target)/_+(?:/[^\s:'\"]*)?)['\"]?: Read-only file system"),
    kind="writes-elsewhere",
    cause="it writes to {path}, which is not the prefix it is installed into",
    hint="the recipe has to install into %{{prefix}}%, %{{lib}}%, ...: what it found is the prefix of the build "
    "machine's tools",
)

RECOGNISERS: tuple[Recogniser, ...] = (
    started_here,
    bytecode_stubs,
    incompatible,
    HOST_PATH.recognise,
    test_program,
    READ_ONLY.recognise,
)
