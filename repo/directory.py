"""A directory in opam's layout: which packages and versions it has, and where."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.names import name_problem, split_package, version_problem


class Directory:
    """``packages/<name>/<name>.<version>/opam`` (or ``packages/<name>.<version>/opam``) below ``root``.

    Listed when asked for and only once.  An entry that is no package of opam's layout is left out; ``wrong`` has those
    met so far, each with the name it is filed under, no version, and what is wrong.  InputFileError when there is no
    directory ``packages``.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self.packages = root / "packages"
        self.wrong: list[tuple[str, str, str]] = []
        self._paths: dict[str, dict[str, str]] = {}

    @cached_property
    def entries(self) -> dict[str, list[str]]:
        """Package names, each with the versions filed flat (without a directory of the name)."""
        entries: dict[str, list[str]] = {}
        if not self.packages.is_dir():
            raise self.error("there is no directory packages: not a repository in opam's layout", self.root)
        with disk_errors("read the repository", self.packages), os.scandir(self.packages) as scanned:
            names = sorted(entry.name for entry in scanned if entry.name[0] not in "._" and _is_directory(entry))
        for entry in names:
            flat = split_package(entry)
            if flat is not None:
                entries.setdefault(flat[0], []).append(flat[1])
            elif (problem := name_problem(entry)) is not None:
                self._leave_out(entry, f"packages/{entry}", problem)
            else:
                entries.setdefault(entry, [])
        return entries

    def places(self, name: str) -> dict[str, Path]:
        """The directory of each version of a package; empty when the package is not here."""
        return {version: Path(path) for version, path in self.paths(name).items()}

    def paths(self, name: str) -> dict[str, str]:
        """The same as texts: a repository has 20,000 of them."""
        paths = self._paths.get(name)
        if paths is None:
            paths = self._paths[name] = self._find(name) if name in self.entries else {}
        return paths

    def _find(self, name: str) -> dict[str, str]:
        paths = {version: f"{self.packages}/{name}.{version}" for version in self.entries[name]}
        directory = f"{self.packages}/{name}"
        try:
            with os.scandir(directory) as scanned:
                found = sorted(entry.name for entry in scanned if entry.name[0] != "." and _is_directory(entry))
        except (FileNotFoundError, NotADirectoryError):
            return paths
        except OSError:
            with disk_errors("read the repository", Path(directory)):
                raise
        start = f"{name}."
        for entry in found:
            version = entry.removeprefix(start)
            problem = version_problem(version) if version != entry else f"expected a directory {name}.<version>"
            if problem is None:
                paths[version] = f"{directory}/{entry}"
            else:
                self._leave_out(name, f"packages/{name}/{entry}", problem)
        return paths

    def _leave_out(self, name: str, path: str, problem: str) -> None:
        self.wrong.append((printable(name, "")[:80], "", f"{printable(path, '')[:200]}: {problem}"))

    def error(self, problem: str, path: Path) -> InputFileError:
        """What to raise to refuse the repository for what is at ``path``."""
        return InputFileError(
            f"repository {self.name}: {printable(problem)}",
            reference="bad-repository",
            context=(("path", printable(str(path))),),
        )


def _is_directory(entry: os.DirEntry[str]) -> bool:
    """Also a link to one; a link that leads nowhere, or in a circle, is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False
