"""Recipes examined: files, package directories, whole repositories, packages of the configured repositories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import InputFileError, NotFoundError, UsageError
from xpkg.core.text import printable
from xpkg.ops.home import Home
from xpkg.ops.shards import Tell, map_in_shards
from xpkg.ops.spelling import read_spelling
from xpkg.repo.directory import Directory
from xpkg.repo.lint.findings import Finding, Severity
from xpkg.repo.lint.reading import lint_path

_FEW = 300
"""So many files are examined before another process has started."""
_BATCH = 50
"""Files between two words about progress."""
_LOCK = ".#"
"""What an editor's lock on a file begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpamPath:
    """An opam file to examine; ``data`` is its content where that is not on the disk as a file of its own."""

    path: Path
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many files were examined, and what was found, by file and place."""

    files: int
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are so bad."""
        return sum(one.severity is severity for one in self.findings)


def lint(
    files: Sequence[OpamPath],
    codes: frozenset[str],
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Look for ``codes`` in all files, many of them on ``jobs`` processors; ``progress`` is told (done, total)."""
    done = 0

    def tell(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, len(files))

    def work(items: Sequence[OpamPath], tell: Tell) -> list[tuple[Finding, ...]]:
        found = []
        for number, one in enumerate(items, 1):
            found.append(lint_path(one.path, codes, one.data))
            if number % _BATCH == 0 or number == len(items):
                tell((number - 1) % _BATCH + 1)
        return found

    found = map_in_shards(work, files, jobs if len(files) > _FEW else 1, tell)
    return Report(files=len(files), findings=tuple(one for every in found for one in every))


def files_meant(home: Home, words: Sequence[str], *, recursive: bool = False) -> tuple[OpamPath, ...]:
    """The opam files that words of the command line mean, without repeats.

    A word with a slash, or that names what is there, is a path; else it is a package.  UsageError for a directory
    without opam files, NotFoundError for what is neither.
    """
    found = {one.path: one for word in words for one in _meant(home, word, recursive)}
    return tuple(found.values())


def _meant(home: Home, word: str, recursive: bool) -> Iterator[OpamPath]:
    path = Path(word)
    if path.is_dir():
        yield from (OpamPath(path=one) for one in (_below(path) if recursive else _in_directory(path)))
    elif path.exists():
        yield OpamPath(path=path)
    elif "/" in word or word.endswith(".opam"):
        raise NotFoundError(f"there is no file {printable(word)}", reference="no-file")
    else:
        yield _of_package(home, word)


def _in_directory(path: Path) -> list[Path]:
    """The file of a package, those of a repository, or those at the top of a source tree."""
    if (path / "opam").is_file():
        return [path / "opam"]
    if (path / "packages").is_dir():
        directory = Directory(path.name, path)
        return [place / "opam" for name in sorted(directory.entries) for place in directory.places(name).values()]
    found = sorted(one for one in path.glob("*.opam") if not one.name.startswith(_LOCK))
    if not found:
        raise UsageError(
            f"there is no opam file in {printable(str(path))}",
            reference="no-opam-file",
            hint="--recursive looks below it",
        )
    return found


def _below(path: Path) -> Iterator[Path]:
    """Every file ``opam`` and ``*.opam`` below a directory, sorted; then what cannot be listed, for a finding of it.

    Overlays are no recipes.
    """
    closed: list[OSError] = []
    for top, directories, names in os.walk(path, onerror=closed.append):
        aside = {"_overlays", "overlays"} if "packages" in directories else {"_overlays"}
        directories[:] = sorted(set(directories) - aside)
        opam = (name for name in sorted(names) if name == "opam" or name.endswith(".opam"))
        yield from (Path(top, name) for name in opam if not name.startswith(_LOCK))
    yield from (Path(error.filename) for error in closed)


def _of_package(home: Home, word: str) -> OpamPath:
    """The newest version meant, in the repository that counts for it."""
    wanted = read_spelling(word)
    version = wanted.versions(home.universe)[0]
    entry = home.universe.entry(wanted.name, version)
    holder = next(one for one in home.universe.repositories if one.name == entry.repository)
    directory, data = holder.place(wanted.name, version)
    if data is None and not (directory / "opam").is_file():
        raise InputFileError("a package has no opam file", context=(("path", printable(str(directory / "opam"))),))
    return OpamPath(path=directory / "opam", data=data)
