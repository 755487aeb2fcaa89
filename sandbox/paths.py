"""The path check: nothing that a package installs for a target leads back to the build machine.

design: "After install every object file is checked against the target ..., no path into the user's home".  That no file
names the build's directory on this machine is checked elsewhere (`manifest.leaks`): here it is about paths that mean
something else, or nothing, on the target, and about flags that would make others' builds look outside the prefix.
"""

from __future__ import annotations

import fnmatch
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

from xpkg.core.errors import BuildError
from xpkg.repo.targets import Target
from xpkg.sandbox import elf, paths_programs, paths_text
from xpkg.sandbox.elf import MalformedObject
from xpkg.sandbox.record import Entry, Manifest

_SHOWN = 10
# Where programs of the target are.  Compilers keep scripts for the build machine in directories of their own.
_PROGRAMS = ("bin/", "sbin/")
_HEAD = 1024
"""Bytes that tell what a file is, and what starts it."""


def check(tree: Path, manifest: Manifest, machine: Target, *, allowed: Iterable[str] = (), package: str) -> None:
    """BuildError ``foreign-path`` naming each file of a target's package, with the line where it is text.

    ``allowed`` are globs of files that belong to the build machine on purpose, as are the target's own commands.
    """
    globs = (*allowed, *_commands(machine))
    problems = [
        (place, problem)
        for entry in manifest
        if entry.kind == "file" and entry.size and not any(fnmatch.fnmatchcase(entry.path, glob) for glob in globs)
        for place, problem in _problems(tree, entry, machine)
    ]
    if problems:
        more = len(problems) - _SHOWN
        raise BuildError(
            f"{package} installed a file that leads to the build machine: {problems[0][0]}: {problems[0][1]}",
            reference="foreign-path",
            context=(*problems[:_SHOWN], *((("and", f"{more} more"),) if more > 0 else ())),
            hint="what users of the target's prefix follow must be below that prefix; where the file is for the build "
            "machine on purpose, the recipe lists it in x-build-machine-files",
        )


def _commands(machine: Target) -> tuple[str, ...]:
    """Globs of the target's commands that run on the build machine: its compilers."""
    toolchain = machine.toolchain
    tools = tuple(one for one in (toolchain.cc, toolchain.ar, toolchain.ranlib, toolchain.ld) if one)
    return (*tools, f"{toolchain.ocaml}/*") if toolchain.compiler else tools


def _problems(tree: Path, entry: Entry, machine: Target) -> Iterator[tuple[str, str]]:
    name = entry.path.rpartition("/")[2]
    find = paths_text.looked_at(name)
    path = tree / entry.path
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        if find is not None and b"\0" not in head:
            text = (head + stream.read(paths_text.LARGEST)).decode("utf-8", "replace")
            yield from ((f"{entry.path}:{line}", problem) for line, problem in find(text))
        if name.endswith((".cma", ".cmxa")):
            stream.seek(0)
            yield from ((entry.path, problem) for problem in paths_text.in_ocaml_library(stream.read()))
        if head[:4] == elf.MAGIC or (entry.mode & 0o111 and entry.path.startswith(_PROGRAMS)):
            with mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as data:
                yield from ((entry.path, problem) for problem in _started(head, data, machine))


def _started(head: bytes, data: memoryview, machine: Target) -> Iterator[str]:
    """Problems of what may be started or loaded."""
    try:
        if head[:4] == elf.MAGIC:
            if elf.read_header(head).type in ("EXEC", "DYN"):
                yield from paths_programs.loading_problems(elf.loading(data), machine)
            return
        problem = paths_programs.script_problem(head) if head[:2] == b"#!" else None
        problem = problem or paths_programs.runtime_problem(data)
    except MalformedObject as error:
        problem = str(error)
    if problem is not None:
        yield problem
