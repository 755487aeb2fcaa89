"""Unpack one archive: sniff its format, scan it whole, write it in a temporary place, publish it."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from xpkg.core.errors import InputFileError, WorkInterrupted
from xpkg.core.files import disk_errors, publish_directory, remove_tree, temporary_beside
from xpkg.repo.extract.deb_members import AR_MAGIC, data_archive
from xpkg.repo.extract.members import Entries, Member, refused
from xpkg.repo.extract.plan import Limits, Planned, plan
from xpkg.repo.extract.streams import compression_of, decompressed
from xpkg.repo.extract.tar_members import tar_members
from xpkg.repo.extract.tree_writer import TreeWriter

_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")


def extract(
    archive: Path,
    destination: Path,
    limits: Limits | None = None,
    *,
    strip: bool | None = None,
    cancel: threading.Event | None = None,
) -> None:
    """Unpack ``archive`` into the new directory ``destination``.

    The format comes from the first bytes, never from the name: tar, plain or compressed with gzip,
    bzip2, xz or zstd; zip (so wheels); .deb, of which the data archive.  A single top directory is
    stripped, as opam does, except of a .deb; ``strip`` says otherwise.  Files become 0644 or 0755,
    all times EXTRACTED_MTIME.  ``destination`` must not exist and is absent after any error:
    ArchiveError (the archive), StoreError (the disk), WorkInterrupted (``cancel`` was set).
    """
    bounds = limits or Limits()
    staged = temporary_beside(destination)
    with disk_errors("unpack", destination):
        if os.path.lexists(destination):
            raise FileExistsError(17, "the destination exists already", str(destination))
        try:
            with archive.open("rb") as file, named(archive):
                _unpack(file, staged, bounds, strip, cancel)
            publish_directory(staged, destination)
        except BaseException:
            remove_tree(staged)
            raise


def _unpack(file: BinaryIO, staged: Path, limits: Limits, strip: bool | None, cancel: threading.Event | None) -> None:
    """Two passes: the first reads everything and decides, the second writes."""
    size = os.fstat(file.fileno()).st_size
    members, rooted = _format(file, limits, size)
    planned = plan(
        _watched((member for member, _ in members()), cancel),
        limits,
        size,
        strip=not rooted if strip is None else strip,
        rooted=rooted,
    )
    staged.mkdir(mode=0o755)
    _write(members(), planned, staged, cancel)


def _watched(members: Iterator[Member], cancel: threading.Event | None) -> Iterator[Member]:
    for member in members:
        if cancel is not None and cancel.is_set():
            raise WorkInterrupted("stopped while unpacking")
        yield member


def _write(members: Entries, planned: list[Planned], staged: Path, cancel: threading.Event | None) -> None:
    with TreeWriter(staged, cancel) as writer:
        for (member, content), entry in zip(members, planned, strict=True):
            if member != entry.member:
                raise refused("archive-damaged", "the archive changed while it was read", member.name)
            writer.write(entry, content)
        writer.finish()


def _format(file: BinaryIO, limits: Limits, packed: int) -> tuple[Callable[[], Entries], bool]:
    """How to read the members from the start, any number of times, and whether it is a .deb."""
    head = file.read(512)
    bound = limits.unpacked(packed) + 2048 * limits.members  # headers and padding beside the data
    if head.startswith(_ZIP_MAGICS):
        from xpkg.repo.extract.zip_members import zip_members  # with zipfile: few sources need it

        return lambda: zip_members(_rewound(file)), False
    if head.startswith(AR_MAGIC):
        window = data_archive(file)
        return lambda: tar_members(decompressed(_rewound(window), bound)), True
    if compression_of(head) or head[257:262] == b"ustar" or _old_tar(head):
        return lambda: tar_members(decompressed(_rewound(file), bound)), False
    raise refused("archive-format", "this is no archive of a known format (tar, zip or .deb)")


def _old_tar(head: bytes) -> bool:
    """A tar of Version 7 has no magic, only a header checksum: octal at 148, spaces while summing."""
    digits = head[148:156].strip(b" \0")
    if len(head) < 512 or not digits or not set(digits) <= set(b"01234567"):
        return False
    return int(digits, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:])


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0, io.SEEK_SET)
    return file


class named:
    """Adds the archive's path to the errors of its members."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputFileError):
            error.context = (("archive", str(self._archive)), *error.context)
