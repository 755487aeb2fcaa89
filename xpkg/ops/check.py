"""Which versions of the repositories can be installed at all, and which sets of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.solver.model import Atom


class CheckProgress(Protocol):
    """Told how far a check is, always from the thread that asked for it."""

    def __call__(self, done: int, total: int) -> None: ...


def installable_versions(
    home: Home, pair: Pair, wanted: Sequence[tuple[str, str]] | None, progress: CheckProgress | None = None
) -> dict[tuple[str, str], bool]:
    """For each (name, version) of ``wanted``, or of all repositories, whether it can be installed on its own."""
    raise NotImplementedError


def coinstallable_with(
    home: Home, pair: Pair, atoms: Sequence[Atom], progress: CheckProgress | None = None
) -> set[str]:
    """The names of which some version can be installed together with all of ``atoms``."""
    raise NotImplementedError
