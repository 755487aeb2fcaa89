"""Making the copy of a fetched repository: its pack, its index and the files beside (layout: ``copy``)."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from xpkg.core.errors import SyncError
from xpkg.core.files import disk_errors
from xpkg.repo.index.content import Content, ContentBuilder, Version, collector_paused, fingerprint, open_content
from xpkg.repo.index.copy import INDEX, PACK, read_pack
from xpkg.repo.index.file import IndexDamaged
from xpkg.repo.index.reading import RecipeIndexer
from xpkg.repo.index.report import BuildReport, Tally
from xpkg.repo.names import name_problem, split_package, version_problem
from xpkg.repo.version_order import newest_first

_RECIPE = re.compile(r"packages/(?:([^/]+)/)?([^/]+)/opam")
_MOST_DEAD = 0.34
"""Share of a pack that may be bytes of recipes replaced or gone, before it is written anew."""

Place = tuple[int, int, int]
"""Offset, size and CRC-32 of an opam file in a pack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFile:
    """A file of a repository by its path there; the identity names its bytes (``copy.identity_holds``)."""

    path: str
    identity: bytes
    read: Callable[[], bytes]
    executable: bool = False


def build_copy(files: Iterable[PackFile], previous: Path | None, destination: Path) -> BuildReport:
    """Fill the empty directory ``destination`` with a copy of ``files``; from ``previous``, the copy before, comes what
    did not change.

    SyncError when two files have one path.  Nothing is synced to the disk but the index: the caller does that.
    """
    recipes: dict[str, PackFile] = {}
    beside: dict[str, PackFile] = {}
    for file in files:
        kind = recipes if _RECIPE.fullmatch(file.path) else beside
        if file.path in recipes or file.path in beside:
            raise SyncError(f"the repository has two files {file.path[:200]!r}", reference="bad-repository")
        kind[file.path] = file
    with disk_errors("write the copy of a repository", destination), collector_paused():
        places = _write_pack(recipes, previous, destination / PACK)
        for path, file in beside.items():
            _write_beside(file, path, destination)
        packed = {path: (file.identity, places[path]) for path, file in recipes.items()}
        return _index("", destination, packed, {path: file.identity for path, file in beside.items()}, previous)


def index_pack(name: str, root: Path) -> None:
    """Make the index of a copy again from its pack.  SyncError when the pack is damaged."""
    recipes = {path: found for path, found in read_pack(name, root).items() if _RECIPE.fullmatch(path)}
    with disk_errors("write an index", root), collector_paused():
        files = [path for path in (root / "packages").rglob("*") if path.is_file()]
        beside = {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).digest() for path in files}
        _index(name, root, recipes, beside, None)


def _write_beside(file: PackFile, path: str, destination: Path) -> None:
    place = destination / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(file.read())
    place.chmod(0o755 if file.executable else 0o644)


def _write_pack(recipes: Mapping[str, PackFile], previous: Path | None, pack: Path) -> dict[str, Place]:
    """The new pack: the one before and what came after, or, where much of that one is of no use, written whole."""
    before: Mapping[str, tuple[bytes, Place]] = {}
    with suppress(SyncError):  # a damaged copy before is no reason not to make a good one
        before = {} if previous is None else read_pack("", previous)
    same = {
        path: before[path][1] for path, file in recipes.items() if path in before and before[path][0] == file.identity
    }
    new = [file for path, file in recipes.items() if path not in same]
    with pack.open("w+b") as stream:
        if previous is None or not same:
            return _append(stream, new)
        with (previous / PACK).open("rb") as old:
            live = sum(size + len(_header(recipes[path], size)) + 1 for path, (_, size, _) in same.items())
            if live < (1 - _MOST_DEAD) * os.fstat(old.fileno()).st_size:
                return _append(stream, [_kept(recipes[path], old, place) for path, place in same.items()] + new)
            shutil.copyfileobj(old, stream, 1 << 20)
        for path in before.keys() - recipes.keys():
            stream.write(os.fsencode(path) + b"\t\t-\n")
        return same | _append(stream, new)


def _kept(file: PackFile, old: BinaryIO, place: Place) -> PackFile:
    """A file whose bytes are in the pack before."""

    def read() -> bytes:
        old.seek(place[0])
        return old.read(place[1])

    return replace(file, read=read)


def _append(stream: BinaryIO, files: Iterable[PackFile]) -> dict[str, Place]:
    """Write records; where the bytes of each are."""
    places = {}
    offset = stream.seek(0, os.SEEK_END)
    for file in files:
        data = file.read()
        header = _header(file, len(data))
        stream.write(header + data + b"\n")
        places[file.path] = (offset + len(header), len(data), zlib.crc32(data))
        offset += len(header) + len(data) + 1
    return places


def _header(file: PackFile, size: int) -> bytes:
    return b"%b\t%b\t%d\n" % (os.fsencode(file.path), file.identity.hex().encode(), size)


@dataclass(frozen=True, slots=True)
class _Packed:
    """A version in the pack."""

    version: str
    directory: str
    identity: bytes
    place: Place


def _index(
    repository: str,
    root: Path,
    recipes: Mapping[str, tuple[bytes, Place]],
    beside: Mapping[str, bytes],
    previous: Path | None,
) -> BuildReport:
    """Index the recipes; ``beside`` are the identities of the other files, which a recipe may depend on too."""
    packages, wrong = _by_name(_with_files(recipes, beside))
    content = None if previous is None else open_content(previous / INDEX)
    for known in (content, None):
        # Damage met on the way means that nothing is taken over.
        with suppress(IndexDamaged), (root / PACK).open("rb") as pack:
            indexing = _Indexing(repository, root, known, pack)
            for name in sorted(packages):
                indexing.package(name, packages[name])
            return indexing.finish(root / INDEX, wrong)
    raise AssertionError("without an index before there is no damage")


def _with_files(
    recipes: Mapping[str, tuple[bytes, Place]], beside: Mapping[str, bytes]
) -> dict[str, tuple[bytes, Place]]:
    """The recipes; one with files beside has an identity that names these too."""
    found = dict(recipes)
    for path in sorted(beside):
        above = path.rpartition("/")[0]
        while above:
            opam = f"{above}/opam"
            if opam in found:
                identity, place = found[opam]
                named = b"\0".join([identity, os.fsencode(path), beside[path]])
                found[opam] = b"m" + hashlib.blake2b(named, digest_size=16).digest(), place
                break
            above = above.rpartition("/")[0]
    return found


def _by_name(
    recipes: Mapping[str, tuple[bytes, Place]],
) -> tuple[dict[str, dict[str, _Packed]], list[tuple[str, str, str]]]:
    """The versions of each package, and what is filed under no usable name."""
    packages: dict[str, dict[str, _Packed]] = {}
    wrong: list[tuple[str, str, str]] = []
    # A package filed flat is looked at first, so that the one filed below its name counts, as in a directory.
    for path in sorted(recipes, key=lambda path: (path.count("/"), path)):
        match = _RECIPE.fullmatch(path)
        assert match is not None
        parts = split_package(match[2])
        problem = "expected a directory <name>.<version>" if parts is None else None
        if parts is not None:
            problem = name_problem(parts[0]) or version_problem(parts[1])
            if match[1] is not None and match[1] != parts[0]:
                problem = f"expected a directory {match[1]}.<version>"
        if parts is None or problem is not None:
            wrong.append((match[1] or match[2], "", f"{path}: {problem}"))
            continue
        identity, place = recipes[path]
        found = _Packed(parts[1], path.rpartition("/")[0], identity, place)
        packages.setdefault(parts[0], {})[parts[1]] = found
    return packages, wrong


class _Indexing:
    """One pass over the packages of a pack."""

    def __init__(self, repository: str, root: Path, previous: Content | None, pack: BinaryIO) -> None:
        self._root = root
        self._builder = ContentBuilder(previous)
        self._tally = Tally(previous)
        self._indexer = RecipeIndexer(repository)
        self._pack = pack

    def package(self, name: str, packed: Mapping[str, _Packed]) -> None:
        """Take over what is as it was, read the rest."""
        found = [packed[version] for version in newest_first(packed)]
        told_by = fingerprint([(one.version, one.identity, one.place) for one in found])
        if self._tally.same(name, told_by):
            self._builder.keep(name)
            return
        known = self._tally.known(name)
        texts = self._tally.facts(name)
        versions, facts = [], []
        for one in found:
            before = known.get(one.version)
            if before is not None and before.identity == one.identity:
                made = before._replace(place=one.place)
                facts.append(texts[one.version])
                self._tally.kept(name, made)
            else:
                self._pack.seek(one.place[0])
                data = self._pack.read(one.place[1])
                problem, needs, said = self._indexer.read(self._root / one.directory, name, one.version, data)
                if problem is not None:  # the copy is given its own name later, and this goes into the next ones
                    problem = problem.replace(f"{self._root}/", "")
                made = Version(one.version, problem, one.identity, one.place, needs)
                facts.append(said)
                self._tally.read(name, made)
            versions.append(made)
        self._builder.put(name, versions, facts, fingerprint=told_by)

    def finish(self, path: Path, wrong: Sequence[tuple[str, str, str]]) -> BuildReport:
        """Write the index."""
        self._tally.rest_is_gone()
        self._builder.finish(path, {})
        return self._tally.report(wrong)
