"""What the store knows about one build output: an envelope in JSON, read back strictly.

``{"format": 1, "sha256": "<of the record's bytes>", "record": {...}}``: one damaged byte is found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from xpkg.core.errors import StoreError
from xpkg.core.text import printable
from xpkg.sandbox.layout import DIRECTORY_MODE

FORMAT = 1
"""Raised when the meaning of a field changes; records of other formats are not read."""

Kind = Literal["file", "directory", "link"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file, directory or symbolic link of an output.

    ``path`` is relative with ``/``, never empty; parents come before their children.
    ``tools`` and ``target`` are the byte offsets at which the fixed prefixes stand (for a link,
    offset 0 of its destination).  ``text`` says that a reference may change its length.
    """

    path: str
    kind: Kind
    mode: int = DIRECTORY_MODE
    size: int = 0
    sha256: str = ""
    link: str = ""
    tools: tuple[int, ...] = ()
    target: tuple[int, ...] = ()
    text: bool = False

    @property
    def references(self) -> tuple[str, ...]:
        """The names of the fixed prefixes that the entry holds."""
        return (("tools",) if self.tools else ()) + (("target",) if self.target else ())


Manifest = tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputRecord:
    """One build output: what it is, what it was made from, what it consists of.

    ``dependencies`` are the keys of the outputs it was built with, ``requires`` of those the
    ones that it needs directly, ``inputs`` the hashed build record (opaque here), ``timings``
    seconds by step.
    """

    name: str
    version: str
    machine: str
    key: str
    isolation: str
    dependencies: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    manifest: Manifest = ()

    def __str__(self) -> str:
        return f"{self.name}.{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Of a record what the output was made from; see `OutputRecord`."""

    key: str
    dependencies: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


_Part = TypeVar("_Part", OutputRecord, Origin)


def encode(record: OutputRecord) -> bytes:
    """The record's bytes, the same for the same record."""
    import msgspec

    body = msgspec.json.encode(record, order="deterministic")
    digest = hashlib.sha256(body).hexdigest()
    return b'{"format":%d,"sha256":"%s","record":%s}\n' % (FORMAT, digest.encode(), body)


def decode(data: bytes, where: str) -> OutputRecord:
    """Read a record back; StoreError ``record-damaged`` or ``record-format`` naming ``where``."""
    record = _decoded(data, where, OutputRecord)
    problem = _manifest_problem(record.manifest)
    if problem is not None:
        raise damaged(where, problem)
    return record


def decode_origin(data: bytes, where: str) -> Origin:
    """Read a part of a record, in a small part of the time; errors as of `decode`."""
    return _decoded(data, where, Origin)


def _decoded(data: bytes, where: str, kind: type[_Part]) -> _Part:
    import msgspec

    try:
        envelope = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        version = msgspec.json.decode(envelope["format"], type=int)
        if version != FORMAT:
            raise _format_error(version, where)
        body = bytes(envelope["record"])
        digest = msgspec.json.decode(envelope["sha256"], type=str)
        if hashlib.sha256(body).hexdigest() != digest:
            raise damaged(where, "its content is not what its hash says")
        return msgspec.json.decode(body, type=kind)
    except KeyError as error:
        raise damaged(where, f"it has no {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged(where, str(error)) from error


def _manifest_problem(manifest: Manifest) -> str | None:
    """Why these entries cannot be one tree; a record may come from elsewhere, and its paths are written to.

    Every entry is directly in a directory that came before it, so none leads out of the tree or through a link.
    """
    seen, directories = set[str](), {""}
    for entry in manifest:
        path = entry.path
        parent, _, name = path.rpartition("/")
        if path in seen:
            return f"{printable(path)} is there twice"
        if parent not in directories or path.startswith("/") or name in ("", ".", "..") or "\0" in name:
            return f"{printable(path)!r} is no path inside its tree"
        seen.add(path)
        if entry.kind == "directory":
            directories.add(path)
    return None


def damaged(where: str, why: str) -> StoreError:
    """The error for a record that cannot be what was written."""
    return StoreError(
        f"a record of the store is damaged: {why}",
        reference="record-damaged",
        context=(("file", where),),
        hint="remove that output's directory; it will be built again",
    )


def _format_error(version: int, where: str) -> StoreError:
    return StoreError(
        f"a record of the store has format {version}, this xpkg reads format {FORMAT}",
        reference="record-format",
        context=(("file", where),),
        hint="another version of xpkg wrote it; use that version, or another state directory",
    )
