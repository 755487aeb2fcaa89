"""The build systems that a project's directory can have, found by their files and in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xpkg.core.errors import InputFileError, NotFoundError, UsageError
from xpkg.core.files import NotRegular, read_regular
from xpkg.core.text import printable
from xpkg.repo.opamfile.file import decode

System = Literal["dune", "meson", "cmake", "autoconf", "make"]

_MARKS: dict[System, tuple[str, ...]] = {
    "dune": ("dune-project",),
    "meson": ("meson.build",),
    "cmake": ("CMakeLists.txt",),
    "autoconf": ("configure", "configure.ac", "configure.in"),
    "make": ("GNUmakefile", "makefile", "Makefile"),
}
SYSTEMS: tuple[System, ...] = tuple(_MARKS)
OPAM_FILES = ("NAME.opam", "opam", "opam/NAME.opam")
OUTPUT = "_xpkg"
"""The directory in a project where ``xpkg build`` puts what it made."""
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The build system that a directory is taken to have, the file it is known by, and others that it has too."""

    system: System
    file: str
    others: tuple[System, ...] = ()


def system_named(name: str) -> System | None:
    """The build system of that name."""
    return next((one for one in SYSTEMS if one == name), None)


def recognise(directory: Path, wanted: System | None = None) -> Recognised:
    """The build system of a directory: the one ``wanted``, else the first there is.

    NotFoundError ``no-project`` when there is none, UsageError when it has not the one wanted.  A Makefile beside
    another build system is made by that, or drives it, and is not told.
    """
    found = {system: file for system in SYSTEMS if (file := _mark(directory, system)) is not None}
    if wanted is not None and wanted not in found:
        raise UsageError(
            f"{printable(str(directory))} has no build system {wanted}",
            reference="no-build-system",
            context=(("looked for", ", ".join(_MARKS[wanted])), ("there is", ", ".join(found) or "none")),
        )
    if not found:
        raise _nothing(directory)
    system: System = next(iter(found)) if wanted is None else wanted
    others = tuple(one for one in found if one not in (system, "make"))
    return Recognised(system=system, file=found[system], others=others)


def _mark(directory: Path, system: System) -> str | None:
    return next((name for name in _MARKS[system] if (directory / name).is_file()), None)


def _nothing(directory: Path) -> NotFoundError:
    looked_for: Sequence[str] = (*OPAM_FILES, *(name for names in _MARKS.values() for name in names))
    hint = "xpkg init writes a recipe once there is something to build"
    if OUTPUT in directory.parts:
        project = Path(*directory.parts[: directory.parts.index(OUTPUT)])
        hint = f"this is what 'xpkg build' made of {printable(str(project))}: name that directory"
    else:
        above = next((one for one in directory.parents if _is_project(one)), None)
        if above is not None:
            hint = f"there is one above: {printable(str(above))}"
    return NotFoundError(
        f"there is no project in {printable(str(directory))}",
        reference="no-project",
        context=(("looked for", ", ".join(looked_for)),),
        hint=hint,
    )


def _is_project(directory: Path) -> bool:
    return any(_mark(directory, system) is not None for system in SYSTEMS if system != "make") or any(
        one.is_file() for one in directory.glob("*.opam")
    )


def read_text(directory: Path, name: str) -> str | None:
    """The text of a build file, None when there is none; InputFileError for one that cannot be a text."""
    path = directory / name
    try:
        data = read_regular(path, _MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, NotRegular):
        return None
    except OSError as error:
        raise InputFileError(
            f"a build file cannot be read: {error.strerror}", context=(("file", printable(str(path))),)
        ) from error
    if len(data) > _MOST_BYTES:
        raise InputFileError(
            f"a build file is larger than the {_MOST_BYTES >> 20} MiB allowed",
            context=(("file", printable(str(path))),),
        )
    return decode(data)
