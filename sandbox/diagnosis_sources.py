"""Failures of sources that are for other compilers or build systems than today's: no matter of the two machines."""

from __future__ import annotations

import re

from xpkg.sandbox.diagnosis import Failure, Finding, Recogniser, shown

# Standard library of OCaml 5.0, "Changes": removed since deprecated.
_REMOVED = re.compile(
    r"Unbound (?:value|module|constructor|type constructor) (?P<name>"
    r"(?:String|Bytes|Char)\.(?:lowercase|uppercase|capitalize|uncapitalize|set|create|unsafe_set)|"
    r"Pervasives|Stream|Genlex|Thread\.kill|Printexc\.catch|Array\.create)\b"
)
_WARNING = re.compile(r"error: .*\[-Werror,(?P<name>-W[\w+=-]+)\]")
_IMPLICIT = re.compile(r"error: call to undeclared (?:library )?function '(?P<name>[^']+)'.*do not support implicit")
_OLD_CMAKE = re.compile(r"Compatibility with CMake < (?P<version>[0-9.]+) has been removed")


def older_ocaml(failure: Failure, number: int) -> Finding | None:
    """Source for an OCaml that still had what version 5 has not."""
    found = _REMOVED.search(failure.lines[number])
    if found is None:
        return None
    return Finding(
        kind="older-ocaml",
        cause=f"its source is for an older OCaml: {shown(found['name'])} is gone since OCaml 5",
        hint=f"another version of {failure.name}, or an older compiler: xpkg install {failure.name} 'ocaml<5'",
    )


def warning(failure: Failure, number: int) -> Finding | None:
    """A warning that the source's own flags make an error."""
    found = _WARNING.search(failure.lines[number])
    if found is None:
        return None
    return Finding(
        kind="warning-is-error",
        cause=f"its own flags make an error of a warning that this C compiler gives: {shown(found['name'])}",
        hint="an option of the project may turn -Werror off, else CFLAGS with -Wno-error in its recipe or an overlay",
    )


def implicit(failure: Failure, number: int) -> Finding | None:
    """C as it was before 1999."""
    found = _IMPLICIT.search(failure.lines[number])
    if found is None:
        return None
    return Finding(
        kind="older-c",
        cause=f"its source calls {shown(found['name'])} without a declaration, as C allowed before C99",
        hint="CFLAGS with -Wno-error=implicit-function-declaration in its recipe or an overlay",
    )


def older_cmake(failure: Failure, number: int) -> Finding | None:
    """A project for a CMake that was more lenient."""
    found = _OLD_CMAKE.search(failure.lines[number])
    if found is None:
        return None
    return Finding(
        kind="older-cmake",
        cause=f"its CMake files are for a CMake older than {found['version']}",
        hint=f"-DCMAKE_POLICY_VERSION_MINIMUM={found['version']} in its recipe or an overlay",
    )


RECOGNISERS: tuple[Recogniser, ...] = (older_ocaml, implicit, warning, older_cmake)
