"""Places of the build machine in what is started on the target: ELF programs, OCaml bytecode, scripts.

Sources: System V ABI, "Dynamic Linking"; ld.so(8); OCaml's ``bytecomp/bytesections.ml`` for bytecode executables.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from xpkg.core.text import printable
from xpkg.repo.targets import Target
from xpkg.sandbox.elf import Bytes, Loading, MalformedObject
from xpkg.sandbox.layout import SOURCE, TARGET, TEMPORARY, TOOLS

_BYTECODE = re.compile(rb"Caml1999X[0-9]{3}\Z")
_EXEC = re.compile(rb"^exec '?(/[^\s'\"$]+)", re.MULTILINE)
_TRAILER = 16  # number of sections, magic
_MOST_SECTIONS = 64
_LINKERS = {"glibc": ("ld-linux", "ld64.so", "ld.so"), "musl": ("ld-musl",)}
# By the libc that a target has: what only programs of the other one load.
_OTHERS = {
    "glibc": ("musl", re.compile(r"libc\.musl-|ld-musl|libc\.so\Z")),
    "musl": ("glibc", re.compile(r"libc\.so\.6\Z|ld-linux")),
}


def place_of(path: str) -> str | None:
    """What an absolute path of the build is; None for what belongs to the target's own prefix or is relative."""
    if not path.startswith("/") or _below(path, TARGET):
        return None
    if _below(path, TOOLS):
        return "the prefix of the build machine's tools"
    if _below(path, SOURCE) or _below(path, TEMPORARY) or path.startswith("/xpkg/"):
        return "a directory of the build"
    return "a directory of the machine it is on, outside the target's prefix"


def loading_problems(loading: Loading, machine: Target) -> Iterator[str]:
    """What is wrong with what a program or shared object asks of the dynamic linker."""
    told = False
    for problem in _loaded(loading, machine):
        told = True
        yield problem
    asked = (*((loading.interpreter,) if loading.interpreter else ()), *loading.needed)
    if asked and not told and "-static" in machine.toolchain.cflags:
        # A program that only can be put anywhere (static-pie) is such a shared object as well, and asks for nothing.
        yield f"is linked with {printable(asked[0])}, and programs of the target hold all that they need (-static)"


def _loaded(loading: Loading, machine: Target) -> Iterator[str]:
    if loading.interpreter is not None:
        yield from _interpreter(loading.interpreter, machine)
    for places in loading.search:
        for place in places.split(":"):
            if (what := place_of(place)) is not None:
                yield f"searches for libraries in {printable(place)}, {what} (RUNPATH)"
    for library in loading.needed:
        if (what := place_of(library)) is not None:
            yield f"needs the library {printable(library)}, in {what} (NEEDED)"
    yield from _other_libc(loading, machine.variables.get("libc", ""))


def _other_libc(loading: Loading, libc: str) -> Iterator[str]:
    """The build machine may differ from the target by nothing else."""
    if libc not in _OTHERS:
        return
    other, names = _OTHERS[libc]
    library = next((one for one in loading.needed if names.match(one.rpartition("/")[2])), None)
    version = next((one for one in loading.versions if one.startswith("GLIBC_")), None) if libc == "musl" else None
    if library is not None:
        yield f"needs the library {printable(library)} of {other}, and the target has {libc} (NEEDED)"
    elif version is not None:
        yield f"needs symbols of {other} ({printable(version)}), and the target has {libc} (VERNEED)"


def _interpreter(path: str, machine: Target) -> Iterator[str]:
    shown = printable(path)
    if _below(path, TOOLS) or _below(path, TARGET) or path.startswith(("/xpkg/", f"{TEMPORARY}/")):
        yield f"is started by {shown}, which is not where the target has its dynamic linker (INTERP)"
        return
    known = _LINKERS.get(machine.variables.get("libc", ""))
    if known is not None and not path.rpartition("/")[2].startswith(known):
        yield f"is started by {shown}, which is not the dynamic linker of {machine.variables['libc']} (INTERP)"


def script_problem(head: bytes) -> str | None:
    """What is wrong with what a script is started by, given its first bytes.

    A path too long for the first line is started by the shell instead: so begin OCaml's bytecode programs here.
    """
    words = head.partition(b"\n")[0][2:].split()
    started = _EXEC.search(head) if words[:1] == [b"/bin/sh"] else None
    path = started[1] if started is not None else words[0] if words else b""
    interpreter = path.decode("utf-8", "replace")
    if not _of_build(interpreter):
        return None
    return f"is a script for {printable(interpreter)}, in {place_of(interpreter)}"


def runtime_problem(data: Bytes) -> str | None:
    """What is wrong with the interpreter that an OCaml bytecode program, given whole, is made for.

    None also for what is no bytecode program.  MalformedObject.
    """
    runtime = bytecode_runtime(data)
    if runtime is None or not _of_build(runtime):
        return None
    return f"is bytecode for {printable(runtime)}, in {place_of(runtime)}"


def bytecode_runtime(data: Bytes) -> str | None:
    """The interpreter that a bytecode program names in its section RNTM; None when there is no such section."""
    end = len(data) - _TRAILER
    if end < 0 or not _BYTECODE.match(bytes(data[-12:])):
        return None
    (count,) = struct.unpack_from(">I", data, end)
    if count > _MOST_SECTIONS or end < 8 * count:
        raise MalformedObject("is a bytecode program with a malformed table of sections")
    sections = [struct.unpack_from(">4sI", data, end - 8 * (count - number)) for number in range(count)]
    at = end - 8 * count - sum(size for _, size in sections)
    if at < 0:
        raise MalformedObject("is a bytecode program with sections that are cut off")
    for name, size in sections:
        if name == b"RNTM":
            return bytes(data[at : at + min(size, 4096)]).rstrip(b"\0\n").decode("utf-8", "replace")
        at += size
    return None


def _of_build(path: str) -> bool:
    """Whether a program's path is one of the build machine, as nothing of the target's system is."""
    return any(_below(path, directory) for directory in (TOOLS, SOURCE, TEMPORARY))


def _below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory + "/")
