"""The list of what an output consists of, and the rules that a finished tree must keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xpkg.sandbox.record import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a tree is not as recorded."""

    path: str
    problem: str


def scan(tree: Path, *, own: str, package: str, beneath: Mapping[str, str] = {}) -> Manifest:
    """List the tree that ``package`` installed into the prefix ``own`` (TOOLS or TARGET).

    Absolute links into ``own`` become relative ones on disk.  ``beneath`` maps the paths of the
    dependencies' files to their packages, to name whose file the build deleted or replaced.
    BuildError ``bad-output`` for what no output may hold.
    """
    raise NotImplementedError


def seal(tree: Path) -> None:
    """Make a tree read-only, with the fixed time stamp."""
    raise NotImplementedError


def compare(tree: Path, manifest: Manifest) -> tuple[Difference, ...]:
    """What of the tree is not as listed; every byte is read."""
    raise NotImplementedError
