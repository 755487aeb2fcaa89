"""The copy of a fetched repository: all opam files in one pack, and an index that says where each is.

    <copy>/recipes.pack      records "PATH<tab>IDENTITY<tab>SIZE<newline>", then the bytes and a newline; the last
                             record of a path counts, and one of size "-" says that the path is gone
    <copy>/recipes.index     made from the pack; ``place`` is offset, size and CRC-32 of the bytes
    <copy>/...               what else a repository may hold: repo, cross.toml, targets, overlays, files beside recipes

A copy never changes once it has its name; a damaged index is made again from the pack.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from xpkg.core.errors import StoreError, SyncError
from xpkg.repo.entries import NO_NEEDS, Entry
from xpkg.repo.index.content import Content, open_content
from xpkg.repo.index.file import IndexDamaged

PACK, INDEX = "recipes.pack", "recipes.index"
_RECORD = re.compile(rb"([^\t\n]+)\t([0-9a-f]*)\t([0-9]+|-)\n")
_LONGEST_RECORD = 5000


class PackedCopy:
    """Answers for one repository from our copy of it.  SyncError when the copy is damaged or gone."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self._packages = root / "packages"
        self._content: Content | None = None

    def names(self) -> tuple[str, ...]:
        """All package names, sorted."""
        return tuple(self._opened().names)

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a package, newest first; none when the package is not here."""
        content = self._opened()
        if name not in content.names:
            return ()
        try:
            return tuple([one.version for one in content.versions(name)])
        except IndexDamaged:
            return tuple([one.version for one in self._mended().versions(name)])

    def entry(self, name: str, version: str) -> Entry:
        """What is kept of a version that ``versions`` lists."""
        self.versions(name)  # repairs the index
        content = self._opened()
        found = content.version(name, version)
        assert found is not None
        position, one = found
        if one.problem is not None:
            return Entry(name, version, self.name, problem=one.problem)

        def facts() -> tuple[object, ...]:
            try:
                return content.facts(name)[position]
            except IndexDamaged:
                return self._mended().facts(name)[position]

        return Entry(name, version, self.name, needs=one.needs or NO_NEEDS, facts=facts)

    def place(self, name: str, version: str) -> tuple[Path, bytes | None]:
        """The directory of a recipe, where only the files beside it are, and its opam file."""
        self.versions(name)
        found = self._opened().version(name, version)
        assert found is not None
        nested, flat = self._packages / name / f"{name}.{version}", self._packages / f"{name}.{version}"
        return flat if flat.is_dir() else nested, self._bytes(found[1].place)

    def mentions(self, name: str) -> tuple[str, ...]:
        """The names in depends and depopts of any version of a package that is here."""
        try:
            return self._opened().mentions()[name]
        except IndexDamaged:
            return self._mended().mentions()[name]

    def providers(self) -> Sequence[str]:
        """The packages of which a version provides other names."""
        return self._opened().providers()

    def _opened(self) -> Content:
        if self._content is None:
            self._content = open_content(self.root / INDEX) or self._mended()
        return self._content

    def _mended(self) -> Content:
        """The index made again from the pack, and all of it read once: a disk may not keep what is written."""
        from xpkg.repo.index.build import index_pack

        with suppress(OSError):
            (self.root / INDEX).unlink(missing_ok=True)
        try:
            index_pack(self.name, self.root)
        except StoreError as error:
            raise SyncError(
                f"the index of repository {self.name} is damaged and cannot be written anew: {error.message}",
                context=error.context,
                hint=error.hint,
            ) from error
        try:
            content = Content(self.root / INDEX)
            for name in content.names:
                content.blocks(name)
        except IndexDamaged as error:
            raise damaged(self.name, self.root) from error
        self._content = content
        return content

    def _bytes(self, place: Any) -> bytes:
        offset, size, checksum = place
        try:
            with (self.root / PACK).open("rb", buffering=0) as pack:
                pack.seek(offset)
                data = pack.read(size)
        except OSError as error:
            raise damaged(self.name, self.root) from error
        if len(data) != size or zlib.crc32(data) != checksum:
            raise damaged(self.name, self.root)
        return data


def damaged(name: str, root: Path) -> SyncError:
    """What to raise when the copy of a repository is not as it was fetched."""
    return SyncError(
        f"the copy of repository {name} is damaged",
        reference="damaged-copy",
        context=(("path", str(root)),),
        hint=f"fetch it again: xpkg update {name} --again",
    )


def identity_holds(identity: bytes, data: bytes) -> bool:
    """Whether ``data`` is what an identity names: ``s`` and a sha256, or ``g`` and the name of a git object."""
    import hashlib

    kind, name = identity[:1], identity[1:]
    if kind == b"s":
        return hashlib.sha256(data).digest() == name
    if kind == b"g":
        algorithm = "sha1" if len(name) == 20 else "sha256"
        return hashlib.new(algorithm, b"blob %d\0" % len(data) + data).digest() == name
    return False


def read_pack(name: str, root: Path) -> Mapping[str, tuple[bytes, tuple[int, int, int]]]:
    """The identity and place of every opam file in a pack, by path.  SyncError when any byte is not as fetched."""
    found: dict[str, tuple[bytes, tuple[int, int, int]]] = {}
    try:
        with (root / PACK).open("rb") as pack:
            while line := pack.readline(_LONGEST_RECORD):
                record = _RECORD.fullmatch(line)
                if record is None:
                    raise damaged(name, root)
                path = os.fsdecode(record[1])
                if record[3] == b"-":
                    found.pop(path, None)
                    continue
                offset, size = pack.tell(), int(record[3])
                data, identity = pack.read(size + 1)[:-1], bytes.fromhex(record[2].decode())
                if len(data) != size or not identity_holds(identity, data):
                    raise damaged(name, root)
                found[path] = identity, (offset, size, zlib.crc32(data))
    except (OSError, ValueError) as error:
        raise damaged(name, root) from error
    return found
