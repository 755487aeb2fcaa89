"""What an overlay says, and what of it a recipe remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Item, Section, String
from xpkg.repo.versions import VersionFormula


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedOverlay:
    """Of whom a recipe has a change, and why; ``path`` is the overlay's file, ``line`` where it begins there."""

    repository: str
    reason: str
    path: Path
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One section ``overlay "reason" { ... }`` of a repository's file for a package.

    ``file`` and ``section`` are where it stands.  ``repositories`` are those whose recipes it is for, all when
    empty.  ``unset`` names fields and sections to drop, ``remove`` what to take out of which list, ``set`` and
    ``add`` hold fields and sections as written.  ``files`` are brought into the recipe's ``files/``;
    ``own_patches`` are the patches it names, which must exist once it is applied.
    """

    package: str
    repository: str
    path: Path
    file: OpamFile
    section: Section
    reason: str
    versions: VersionFormula
    repositories: tuple[str, ...]
    unset: tuple[str, ...]
    remove: Mapping[str, tuple[str, ...]]
    set: tuple[Item, ...]
    add: tuple[Item, ...]
    files: tuple[tuple[str, Path], ...]
    own_patches: tuple[String, ...]

    @property
    def line(self) -> int:
        """Where the section begins, counted from 1."""
        return self.file.text.count("\n", 0, self.section.start) + 1

    def concerns(self, version: str, repository: str) -> bool:
        """Whether it changes that version of its package as that repository has it."""
        return self.versions.allows(version) and (not self.repositories or repository in self.repositories)

    def applied(self) -> AppliedOverlay:
        """What a recipe remembers of it."""
        return AppliedOverlay(repository=self.repository, reason=self.reason, path=self.path, line=self.line)
