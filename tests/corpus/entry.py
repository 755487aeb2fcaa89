"""Entries of the corpus: one file ``entries/NAME.toml`` a package, and how each is proved to work.

    version = "5.6.1"              what is installed is NAME.VERSION
    kind = "library"               or "c", a C library; or "tool", a program
    ocaml = "4.14.1"               the compiler (default 5.4.1)
    link = ["lwt.unix"]            findlib packages (library) or pkg-config modules (c) of the program
    flags = ["-thread"]            more words for the compiler, before the program's file
    program = "lwt.ml"             in programs/; default NAME.ml, NAME.c, or NAME, a directory that dune builds
    with = ["ppx_sexp_conv"]       packages that the program needs besides
    command = ["NAME", "--help"]   a tool's program and its arguments
    runs-on = "build"              a tool that runs on the build machine (default: "target")
    input = "..."                  standard input of the program
    targets = ["linux-aarch64"]    default: DEFAULT_TARGETS; on a target that runs no programs they are only built
    [skip]                         targets where it is not tried, each with the reason
    linux-x86_64-musl = "..."
    [exception]                    what had to be written for cross-building although a recipe should not need it
    reason = "..."
    overlay = true                 it is overlays/NAME.opam of this directory; else it is in the recipe

A directory program holds ``dune-project``, ``dune`` and ``main.ml``; dune is asked for ``main.exe``.  All programs
print to standard output what must be the same on every machine.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DEFAULT_TARGETS = ("linux-aarch64", "linux-riscv64", "linux-x86_64-musl")
NEWEST = "5.4.1"
_KEYS = frozenset(
    (
        *("version", "kind", "ocaml", "link", "flags", "program", "with", "command", "runs-on", "input"),
        *("targets", "skip", "exception"),
    )
)
_KINDS = ("library", "c", "tool")


class EntryError(Exception):
    """An entry that says something that cannot be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionNote:
    """Why the package needs something written for targets; ``overlay`` when that is a file of the corpus."""

    reason: str
    overlay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One package of the corpus; ``skip`` gives reasons by target."""

    name: str
    version: str
    kind: str
    ocaml: str = NEWEST
    link: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    program: Path | None = None
    more: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    on_build: bool = False
    input: str = ""
    targets: tuple[str, ...] = DEFAULT_TARGETS
    skip: Mapping[str, str] = field(default_factory=dict)
    exception: ExceptionNote | None = None

    @property
    def label(self) -> str:
        return f"{self.name}.{self.version}"


def read_entries(directory: Path = HERE) -> tuple[Entry, ...]:
    """All entries, by name; EntryError for one that is wrong."""
    files = sorted((directory / "entries").glob("*.toml"), key=lambda path: path.stem)
    return tuple(read_entry(path, directory / "programs") for path in files)


def read_entry(path: Path, programs: Path) -> Entry:
    """One entry; EntryError with the file's name when it is wrong."""
    try:
        return _entry(path.stem, tomllib.loads(path.read_text("utf-8")), programs)
    except (tomllib.TOMLDecodeError, EntryError) as error:
        raise EntryError(f"{path.name}: {error}") from None


def _entry(name: str, table: Mapping[str, Any], programs: Path) -> Entry:
    if unknown := sorted(set(table) - _KEYS):
        raise EntryError(f"unknown keys {', '.join(unknown)}")
    if not isinstance(table.get("version"), str) or table.get("kind") not in _KINDS:
        raise EntryError(f"needs a version and a kind, one of {', '.join(_KINDS)}")
    if table.get("runs-on", "target") not in ("build", "target"):
        raise EntryError("runs-on is build or target")
    command = _words(table, "command")
    if bool(command) != (table["kind"] == "tool"):
        raise EntryError("a tool, and nothing else, has a command")
    return Entry(
        name=name,
        version=table["version"],
        kind=table["kind"],
        ocaml=table.get("ocaml", NEWEST),
        link=_words(table, "link"),
        flags=_words(table, "flags"),
        program=None if command else _program(name, table, programs),
        more=_words(table, "with"),
        command=command,
        on_build=table.get("runs-on") == "build",
        input=table.get("input", ""),
        targets=_words(table, "targets") or DEFAULT_TARGETS,
        skip=_skip(table),
        exception=_exception(table),
    )


def _words(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise EntryError(f"{key} is a list of strings")
    return tuple(value)


def _program(name: str, table: Mapping[str, Any], programs: Path) -> Path:
    names = [table["program"]] if "program" in table else [f"{name}.{'c' if table['kind'] == 'c' else 'ml'}", name]
    for one in names:
        if (programs / one).exists():
            return programs / one
    raise EntryError(f"there is no program {' or '.join(names)}")


def _skip(table: Mapping[str, Any]) -> Mapping[str, str]:
    skip = table.get("skip", {})
    if not isinstance(skip, dict) or not all(isinstance(reason, str) and reason for reason in skip.values()):
        raise EntryError("skip gives a reason for each target")
    return skip


def _exception(table: Mapping[str, Any]) -> ExceptionNote | None:
    note = table.get("exception")
    if note is None:
        return None
    if not isinstance(note, dict) or not note.get("reason"):
        raise EntryError("an exception has a reason")
    return ExceptionNote(reason=note["reason"], overlay=bool(note.get("overlay", False)))
