"""What every archive format is reduced to: a sequence of members with their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from xpkg.core.errors import InputFileError
from xpkg.core.text import printable

# 2 January 1980: deterministic, and the first day that a zip made later can hold in any time zone.
EXTRACTED_MTIME = 315_619_200


class ArchiveError(InputFileError):
    """An archive breaks a rule; nothing of it stays on disk.

    ``reference`` names the rule, the context the archive and the member.
    """

    reference = "archive-refused"


class Kind(Enum):
    """What a member becomes; devices, fifos and sockets have no kind because they are refused."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry as the archive states it.

    ``name`` and ``link`` are raw, unchecked names (undecodable bytes as surrogates); ``size`` is in
    bytes and only of files; modes other than the owner's execute bit are not even carried.
    """

    name: str
    kind: Kind
    size: int = 0
    executable: bool = False
    link: str = ""


# Members with a function that yields a file's bytes; it is valid until the next member is asked for.
Reader = Callable[[], Iterator[bytes]]
Entries = Iterator[tuple[Member, Reader]]


def no_bytes() -> Iterator[bytes]:
    """The content of what is not a file."""
    return iter(())


def refused(rule: str, message: str, member: str | None = None) -> ArchiveError:
    """The error of an archive that breaks ``rule``; `extract` adds the archive's name."""
    context = () if member is None else (("member", printable(member, keep="")),)
    return ArchiveError(message, reference=rule, context=context)
