"""What is wrong with the overlays of a universe, for those who keep a repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import did_you_mean
from xpkg.repo.names import name_problem
from xpkg.repo.overlays.values import Overlay
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayProblem:
    """One thing to put right; ``line`` is None when it is not about a place in the file."""

    repository: str
    path: Path
    line: int | None
    problem: str
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.path}{'' if self.line is None else f':{self.line}'}: {self.problem}"


def unmatched(universe: Universe, repository: Repository) -> Iterator[OverlayProblem]:
    """Overlays of a repository that cannot be read, change nothing or do harm, and files that none of them uses.

    Reads the recipes that its overlays are for, and no others.
    """
    for name, path in repository.overlays.items():
        try:
            overlays = universe.overlays(repository, name)
        except InputFileError as error:
            line = getattr(error, "line", None)
            told = getattr(error, "problem", error.message)
            yield OverlayProblem(repository=repository.name, path=path, line=line, problem=told, hint=error.hint)
            continue
        for overlay in overlays:
            yield from _without_effect(universe, overlay)
        yield from _harm(universe, repository, name, path)
    yield from _strays(universe, repository)


def _without_effect(universe: Universe, overlay: Overlay) -> Iterator[OverlayProblem]:
    """That an overlay is for no version there is."""
    holders = universe.repositories_of(overlay.package)
    hint = None
    if not holders:
        problem = f"there is no package named {overlay.package}"
        hint = did_you_mean(overlay.package, universe.names())
    else:
        present = universe.versions(overlay.package)
        if any(overlay in universe.overlays_of(overlay.package, version) for version in present):
            return
        if not any(map(overlay.versions.allows, present)):
            problem = f"no version of {overlay.package} is {overlay.versions}; there are {', '.join(present[:5])}"
        else:
            problem = f"no such version of {overlay.package} comes from a repository that this overlay may change"
    yield OverlayProblem(
        repository=overlay.repository, path=overlay.path, line=overlay.line, problem=f"no effect: {problem}", hint=hint
    )


def _harm(universe: Universe, repository: Repository, name: str, path: Path) -> Iterator[OverlayProblem]:
    """Recipes that are wrong with a repository's overlays applied."""
    for version in universe.versions(name) if universe.repositories_of(name) else ():
        applied = universe.overlays_of(name, version)
        problem = universe.entry(name, version).problem
        if problem is not None and any(one.repository == repository.name for one in applied):
            told = f"{name}.{version} cannot be used: {problem}"
            yield OverlayProblem(repository=repository.name, path=path, line=None, problem=told)


def _strays(universe: Universe, repository: Repository) -> Iterator[OverlayProblem]:
    """What lies among a repository's overlays and is used by none of them."""
    top = repository.overlay_directory
    if not top.is_dir():
        return
    with disk_errors("read the overlays", top), os.scandir(top) as scanned:
        entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in scanned)
    for entry, directory in entries:
        if entry.startswith("."):
            continue
        problem = None
        if not directory and not entry.endswith(".opam"):
            problem = "expected NAME.opam, and files in a directory NAME"
        elif not directory and name_problem(entry.removesuffix(".opam")):
            problem = f"{entry.removesuffix('.opam')!r} is no package name"
        elif directory and f"{entry}.opam" not in {other for other, _ in entries}:
            problem = f"there is no {entry}.opam beside it"
        elif directory and entry in repository.overlays:
            yield from _unused(universe, repository, entry)
        if problem is not None:
            yield OverlayProblem(repository=repository.name, path=top / entry, line=None, problem=problem)


def _unused(universe: Universe, repository: Repository, name: str) -> Iterator[OverlayProblem]:
    try:
        used = {path for overlay in universe.overlays(repository, name) for _, path in overlay.files}
    except InputFileError:
        return  # told already
    directory = repository.overlay_directory / name
    with disk_errors("read the files of an overlay", directory):
        present = sorted(Path(where, one) for where, _, files in os.walk(directory) for one in files)
    for path in present:
        if path not in used:
            problem = "no overlay uses this file: it is neither one of its patches nor listed in its files"
            yield OverlayProblem(repository=repository.name, path=path, line=None, problem=problem)
