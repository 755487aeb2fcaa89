"""The index of a repository that is a directory of the user's, read in place and edited at any time.

Nothing is believed unseen, and nothing is looked at that is not asked for: a list of names is checked against the
times of ``packages``, a list of versions against those of the package's directory, a recipe against those of its file
(as git does with its index).  What changed is read anew, and the index is written again once much has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import StoreError
from xpkg.core.files import disk_errors, read_regular
from xpkg.core.locks import locked
from xpkg.repo.entries import NO_NEEDS, Entry
from xpkg.repo.index.content import Content, Version, collector_paused, open_content
from xpkg.repo.index.file import IndexDamaged
from xpkg.repo.index.stamps import PLAIN_STAMP, times_of, version_stamp

if TYPE_CHECKING:
    from xpkg.repo.directory import Directory
    from xpkg.repo.index.report import BuildReport

_PROVIDES = b"x-provides"
_LONGEST = 4_000_000  # bytes; what is longer is no recipe
_FEW = 100
"""In a directory of at most so many packages each is looked at to learn which provide other names."""
_MANY = 100
"""So many changed recipes met in one run make writing the index again worth it."""


def _holds_text(path: Path, text: bytes) -> bool:
    try:
        return text in read_regular(path, _LONGEST)
    except OSError:
        return False


class IndexedDirectory:
    """Answers for one repository that is a directory.

    ``index`` is where its index is kept, ``locks`` where lock files are; without them everything is read from the
    directory itself.  An index that is absent, damaged or another directory's is made.
    """

    def __init__(self, name: str, root: Path, index: Path | None = None, locks: Path | None = None) -> None:
        self.name = name
        self.root = root
        self._packages = root / "packages"
        self._index, self._locks = index, locks
        self._content: Content | None = None
        self._opened = False
        self._listed: bool | None = None
        self._unchanged: dict[str, bool] = {}
        self._held: set[str] = set()  # packages seen to be as indexed
        self._versions: dict[str, tuple[str, ...]] = {}
        self._entries: dict[tuple[str, str], Entry] = {}
        self._changed = 0
        self._mended = False

    @cached_property
    def _directory(self) -> Directory:
        """The directory itself, for what the index does not answer."""
        from xpkg.repo.directory import Directory

        return Directory(self.name, self.root)

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        return tuple(self._names() or sorted(self._directory.entries))

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, newest first; none when the package is not here."""
        found = self._versions.get(name)
        if found is None:
            rows = self._rows(name)
            if rows is None:
                from xpkg.repo.version_order import newest_first

                found = newest_first(self._directory.places(name))
            else:
                found = tuple([one.version for one in rows])
            self._versions[name] = found
        return found

    def place(self, name: str, version: str) -> tuple[Path, None]:
        """The directory of a version that ``versions`` lists; its opam file is there."""
        if self._rows(name) is None:
            return self._directory.places(name)[version], None
        nested = self._packages / name / f"{name}.{version}"
        return nested if nested.is_dir() else self._packages / f"{name}.{version}", None

    def entry(self, name: str, version: str) -> Entry:
        """What is kept of a version that ``versions`` lists."""
        found = self._entries.get((name, version))
        if found is None:
            found = self._entries[name, version] = self._indexed(name, version) or self._fresh(name, version)
        return found

    def _indexed(self, name: str, version: str) -> Entry | None:
        """From the index, when the recipe's file is as it was; else None."""
        content = self._opened_content()
        if content is None:
            return None
        try:
            row = content.version(name, version)
        except IndexDamaged:
            return None if self._repaired() is None else self._indexed(name, version)
        if row is None or not self._holds(name, row[1]):
            # One that can never be relied on would be as it is in an index made anew.
            self._changed += row is None or row[1].place is not None
            return None
        position, one = row
        if one.problem is not None:
            return Entry(name, version, self.name, problem=one.problem)

        def facts() -> tuple[object, ...]:
            with suppress(IndexDamaged):
                return content.facts(name)[position]
            return self._read(name, version)[2]

        return Entry(name, version, self.name, needs=one.needs or NO_NEEDS, facts=facts)

    def _holds(self, name: str, one: Version) -> bool:
        """Whether a recipe is as it was when it was indexed."""
        if one.place is None:
            return False
        package = f"{name}.{one.version}"
        if package in self._held:
            return True
        # Texts, not paths: a question about all packages asks this tens of thousands of times.
        with_files = len(one.place) > PLAIN_STAMP
        stamp = version_stamp(f"{self._packages}/{name}/{package}", with_files=with_files)
        stamp = stamp or version_stamp(f"{self._packages}/{package}", with_files=with_files)
        if stamp != one.place:
            return False
        self._held.add(package)
        return True

    def _fresh(self, name: str, version: str) -> Entry:
        """Read from its file now."""
        if self._changed == _MANY:
            self._changed += 1
            if self._made() is not None:
                return self._indexed(name, version) or self._fresh(name, version)
        problem, needs, facts = self._read(name, version)
        return Entry(name, version, self.name, problem=problem, needs=needs or NO_NEEDS, facts=lambda: facts)

    def _read(self, name: str, version: str) -> tuple[str | None, tuple[object, ...] | None, tuple[object, ...]]:
        from xpkg.repo.index.reading import RecipeIndexer, opam_bytes

        directory = self.place(name, version)[0]
        return RecipeIndexer(self.name).read(directory, name, version, opam_bytes(directory))

    def mentions(self, name: str) -> tuple[str, ...]:
        """The names in depends and depopts of any version of a package that is here."""
        content = self._opened_content()
        if content is not None and self._as_indexed(name):
            with suppress(IndexDamaged):
                return content.mentions()[name]
        from xpkg.repo.formulas import atoms

        entries = [self.entry(name, version) for version in self.versions(name)]
        formulas = [formula for one in entries for formula in (one.depends, one.depopts)]
        return tuple(sorted({atom.name for formula in formulas for atom in atoms(formula)}))

    def providers(self) -> Sequence[str]:
        """The packages of which a version may provide other names.

        In a large directory an edited recipe is believed to provide what it did until ``refresh``: what it provides
        now would be seen only by looking at all recipes.
        """
        content = self._opened_content()
        large = content is not None and len(content.names) > _FEW
        if content is not None and large and self._names() is not None:
            return content.providers()
        names = self.names()
        if content is None:
            return [name for name in names if self._says_provides(name)]
        changed = [name for name in names if not (name in content.names if large else self._as_indexed(name))]
        same = set(content.providers()).intersection(names).difference(changed)
        return sorted(same.union(filter(self._says_provides, changed)))

    def _says_provides(self, name: str) -> bool:
        """Whether an opam file of a package has the field, or seems to."""
        return any(_holds_text(self.place(name, version)[0] / "opam", _PROVIDES) for version in self.versions(name))

    def _as_indexed(self, name: str) -> bool:
        """Whether all versions of a package are as they were when they were indexed."""
        rows = self._rows(name)
        return rows is not None and all(self._holds(name, one) for one in rows)

    def _names(self) -> Mapping[str, object] | None:
        """The index's names when they still hold, else None."""
        content = self._opened_content()
        if content is None:
            return None
        if self._listed is None:
            self._listed = times_of(self._packages) == content.header["stamp"]
        return content.names if self._listed else None

    def _rows(self, name: str) -> tuple[Version, ...] | None:
        """The index's versions when their list still holds, else None."""
        names = self._names()
        if names is None or name not in names or self._content is None:
            return () if names is not None and name not in names else None
        if name not in self._unchanged:
            self._unchanged[name] = times_of(self._packages / name) == self._content.stamp(name)
        if not self._unchanged[name]:
            return None
        try:
            return self._content.versions(name)
        except IndexDamaged:
            return None if self._repaired() is None else self._rows(name)

    def _opened_content(self) -> Content | None:
        """The index, made when there is none; None when there can be none."""
        if not self._opened:
            self._opened = True
            if self._index is not None:
                self._content = open_content(self._index)
                if self._content is None or self._content.header.get("root") != str(self.root):
                    self._made()
        return self._content

    def _repaired(self) -> Content | None:
        """The index made from nothing, after damage was met in it; None where that happens again and again."""
        assert self._index is not None
        if self._mended:
            self._content = None
            return None
        self._mended = True
        with suppress(OSError):
            self._index.unlink(missing_ok=True)
        return self._made()

    def _made(self) -> Content | None:
        """The index brought up to date; a state directory that cannot be written in must not hinder reading."""
        self._content = None
        if self._packages.is_dir() and self._index is not None:
            with suppress(StoreError):
                self.refresh()
                self._content = open_content(self._index)
        self._listed = None
        self._unchanged.clear()
        self._held.clear()
        return self._content

    def refresh(self) -> BuildReport:
        """Bring the index up to date and write it; only what changed is read.  StoreError when it cannot be written."""
        from xpkg.repo.directory import Directory
        from xpkg.repo.index.refresh import Refresh

        assert self._index is not None
        assert self._locks is not None
        with disk_errors("make", self._index.parent):
            self._index.parent.mkdir(parents=True, exist_ok=True)
        with locked(self._locks, f"index-{self.name}"), collector_paused():
            previous = open_content(self._index)
            for before in (previous, None):
                # Damage met on the way means that nothing is taken over.
                with suppress(IndexDamaged):
                    return Refresh(Directory(self.name, self.root), before).write(self._index)
        raise AssertionError("without an index before there is no damage")
