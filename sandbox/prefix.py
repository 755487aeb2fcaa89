"""A prefix: the merged files of several outputs, by hard links and rewritten copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xpkg.sandbox.sealed import Difference
from xpkg.sandbox.store import StoredOutput


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What composing did."""

    files: int
    copied: int
    rewritten: tuple[str, ...]


def compose(outputs: Sequence[StoredOutput], destination: Path, mapping: Mapping[str, str]) -> Composition:
    """Merge the outputs into ``destination`` (absent or empty).

    ``mapping`` gives for TOOLS and TARGET the real prefixes; an empty mapping leaves the files as they are.
    StoreError ``file-conflict`` before anything is written when two outputs own one path.
    """
    raise NotImplementedError


def verify(outputs: Sequence[StoredOutput], destination: Path, mapping: Mapping[str, str]) -> tuple[Difference, ...]:
    """What of a composed prefix is not as it was made; files that no output owns are listed too."""
    raise NotImplementedError
