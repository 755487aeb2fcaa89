"""What is built already, as the engine sees it."""

from __future__ import annotations

from dataclasses import dataclass

from xpkg.solver.model import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A stored output: its ``key``, what it is a build of, and the keys of all outputs it was built with."""

    key: str
    instance: Instance
    dependencies: frozenset[str] = frozenset()
