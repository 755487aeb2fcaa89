"""Our copies of remote repositories: made beside the present one, checked, and put in its place by one rename.

A copy is never changed after it was published, but for the note of where it came from.  The one before stays until
the next update, for those who still read it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError, SyncError
from xpkg.core.files import disk_errors, publish_directory, remove_tree, replace_link, sync_tree, temporary_beside
from xpkg.core.paths import StateRoot
from xpkg.repo.remote.origin import Broken, Origin, read_origin, write_origin
from xpkg.repo.repository import check_format

if TYPE_CHECKING:
    from xpkg.repo.index.report import BuildReport
    from xpkg.repo.remote.fetch import Arrival
    from xpkg.repo.remote.snapshot import Snapshot

_TEMPORARY = r"\.tmp-[0-9a-f]{16}-"
_MANY_LOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What an update did to a repository: numbers of versions before and now, and of those that differ."""

    before: int = 0
    versions: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def lost_many(self) -> bool:
        """Whether so many versions went that somebody should look: more than a tenth, or 50."""
        return self.removed >= _MANY_LOST or (self.removed > 0 and 10 * self.removed > self.before)

    @property
    def lost_most(self) -> bool:
        """Whether more than half went: a mistake or an attack more often than a wish."""
        return 2 * self.removed > self.before


NO_CHANGES = Changes()


@dataclass(slots=True)
class Copies:
    """The copies of one repository; whoever changes them holds its lock."""

    root: StateRoot
    name: str

    @property
    def link(self) -> Path:
        return self.root.repositories / self.name

    def present(self) -> Path | None:
        """The copy in use; None when nothing was fetched yet."""
        return self.link.parent / os.readlink(self.link) if self.link.is_symlink() else None

    def origin(self) -> Origin | None:
        """Where the copy in use came from; None when there is none or it cannot be told."""
        present = self.present()
        return None if present is None else read_origin(present)

    @contextmanager
    def new(self, arrived: Arrival, *, allow_shrink: bool) -> Iterator[tuple[Origin, Changes]]:
        """Make the copy of what arrived and use it from now on; back to the one before if the block fails.

        InputFileError when it is no repository, SyncError when it lost most of its versions.
        """
        assert arrived.snapshot is not None
        check_layout(arrived)
        before = self.present()
        final = self._free_name(arrived.origin)
        with disk_errors("make a copy of a repository", final):
            final.parent.mkdir(parents=True, exist_ok=True)
        staged = temporary_beside(final)
        try:
            with disk_errors("make a copy of a repository", final):
                staged.mkdir()
                origin, changes = self._build(arrived.origin, arrived.snapshot, before, staged)
                if changes.lost_most and not allow_shrink:
                    raise _shrunk(self.name, changes)
                write_origin(staged, origin)
                sync_tree(staged)
            publish_directory(staged, final)
            replace_link(self.link, final.name)
            yield origin, changes
        except BaseException:
            self._back_to(before, (staged, final))
            raise
        self._clear(keep=(final, before))

    def _build(self, origin: Origin, snapshot: Snapshot, before: Path | None, staged: Path) -> tuple[Origin, Changes]:
        from xpkg.repo.index.build import build_copy

        known = None if before is None else read_origin(before)
        report = build_copy(snapshot.files, before, staged)
        broken = broken_of(report)
        changes = changes_of(report, 0 if known is None else known.versions)
        return replace(origin, versions=report.versions, broken=broken, left_out=snapshot.left_out), changes

    def _free_name(self, origin: Origin) -> Path:
        """A name for a copy of this state; an older copy of the same state may still be read."""
        name = f"{self.name}@{origin.revision[:16]}"
        names = [name, *(f"{name}.{number}" for number in range(2, 100))]
        return next(path for path in map(self.link.with_name, names) if not os.path.lexists(path))

    def _back_to(self, before: Path | None, made: tuple[Path, ...]) -> None:
        with disk_errors("delete", self.link):
            if self.link.is_symlink() and self.link.parent / os.readlink(self.link) in made:
                if before is None:
                    self.link.unlink()
                else:
                    replace_link(self.link, before.name)
            for path in made:
                remove_tree(path)

    def clear_unfinished(self) -> None:
        """Delete what a process that was killed left half made."""
        self._clear(keep=None)

    def _clear(self, keep: tuple[Path | None, ...] | None) -> None:
        """Delete unfinished copies, and all finished ones but those to keep."""
        unfinished = re.compile(rf"{_TEMPORARY}{re.escape(self.name)}(@.*)?")
        with disk_errors("delete a copy of a repository", self.link):
            if not self.link.parent.is_dir():
                return
            for path in self.link.parent.iterdir():
                old = keep is not None and path.name.startswith(f"{self.name}@") and path not in keep
                if old or unfinished.fullmatch(path.name):
                    remove_tree(path)

    def remove_fetched(self) -> None:
        """Delete the copies, and the git objects they were made from."""
        with disk_errors("delete", self.link):
            self.link.unlink(missing_ok=True)
            self._clear(keep=())
            remove_tree(self.root.git / self.name)

    def remove(self) -> None:
        """Delete everything that we keep for the repository."""
        self.remove_fetched()
        with disk_errors("delete", self.link):
            self.link.with_name(f"{self.name}.index").unlink(missing_ok=True)


def broken_of(report: BuildReport) -> tuple[Broken, ...]:
    """The versions that cannot be used."""
    return tuple(Broken(name=name, version=version, problem=text) for name, version, text in report.problems)


def changes_of(report: BuildReport, before: int) -> Changes:
    """The numbers of a report; ``before`` versions there were."""
    return Changes(
        before=before,
        versions=report.versions,
        added=len(report.added),
        changed=len(report.changed),
        # Where the index before was damaged, the numbers must do.
        removed=max(len(report.removed), before - report.versions),
    )


def check_layout(arrived: Arrival) -> None:
    """InputFileError unless it has opam's layout: recipes, or at least the file that marks a repository, and that of a
    format we read.
    """
    assert arrived.snapshot is not None
    marks = [one for one in arrived.snapshot.files if one.path == "repo"]
    if not marks and not any(one.path.startswith("packages/") for one in arrived.snapshot.files):
        raise not_a_repository(arrived.origin.address)
    for mark in marks:
        check_format(mark.read(), mark.path)


def not_a_repository(address: str) -> InputFileError:
    """The error of an address that has no repository."""
    from xpkg.repo.sources.attempt import shown

    return InputFileError(
        f"{shown(address)} is not an opam repository: it has no directory packages",
        reference="not-a-repository",
        hint="give the directory (or URL) that holds 'packages' and 'repo'",
    )


def _shrunk(name: str, changes: Changes) -> SyncError:
    return SyncError(
        f"the repository {name} lost {changes.removed} of its {changes.before} versions; the copy we have stays",
        reference="repository-shrank",
        context=(("versions now", str(changes.versions)),),
        hint=f"if that is meant: xpkg update {name} --allow-shrink",
    )
