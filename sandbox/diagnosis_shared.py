"""Failures of shared libraries for want of what could load them: the target's programs are static."""

from __future__ import annotations

import re

from xpkg.sandbox.diagnosis import Failure, Finding, Recogniser, shown

NOT_FOUND = re.compile(r"(?:unable to find library|cannot find|library not found for) -l(?P<name>[^\s:]+)")
"""How linkers say that there is no library of a name."""

_DYNAMIC = re.compile(r"attempted static link of dynamic object (?P<file>\S+)")
# Of lld and GNU ld.  Position-independent programs need such code as well.
_FIXED_PLACE = re.compile(r"recompile with -fPIC|can ?not be used with -shared")
_PIE = re.compile(r"(?<!\S)-(?:static-)?pie(?!\S)")


def made(failure: Failure, number: int) -> Finding | None:
    """One is linked of code that only programs can have."""
    if not _static(failure) or _FIXED_PLACE.search(failure.lines[number]) is None:
        return None
    if any(_PIE.search(line) for line in (*failure.lines, " ".join(failure.step.argv))):
        return None
    return Finding(
        kind="static-only",
        cause=f"it makes a shared library, and the programs of {failure.target_name} are static",
        hint=_archive(failure.name),
    )


def linked(failure: Failure, number: int) -> Finding | None:
    """One is given to the linker by its path."""
    found = _DYNAMIC.search(failure.lines[number])
    if found is None:
        return None
    return _linked(failure, found["file"], failure.owner(found["file"]))


def linked_by_name(failure: Failure, number: int) -> Finding | None:
    """One is there where the linker, asked for a library of that name, takes archives alone."""
    found = NOT_FOUND.search(failure.lines[number])
    if found is None or not _static(failure):
        return None
    shared, archive = (f"lib{found['name']}.{ending}" for ending in ("so", "a"))
    if f"lib/{archive}" in failure.target or any(archive in line for line in failure.lines):
        return None
    package = failure.target.get(f"lib/{shared}")
    if package is None and failure.machine_of(shared) != "target":
        return None
    return _linked(failure, shared, package)


def _linked(failure: Failure, file: str, package: str | None) -> Finding:
    of = f" of package {package}" if package else ""
    why = f"a program, and those of {failure.target_name} are static" if _static(failure) else "a static program"
    return Finding(
        kind="static-only",
        cause=f"it links the shared library {shown(file)}{of} into {why}",
        hint=_archive(package or failure.name),
    )


def _static(failure: Failure) -> bool:
    return "-static" in failure.subject.machine.toolchain.cflags


def _archive(package: str) -> str:
    return (
        "the library has to be an archive for targets with such a C library: in the recipe, --disable-shared, "
        "-Ddefault_library=static, -DBUILD_SHARED_LIBS=OFF or what the makefile has for it; where it has nothing, a "
        f"patch in an overlay for {package}"
    )


RECOGNISERS: tuple[Recogniser, ...] = (made, linked, linked_by_name)
