"""What the rules of cross-building work on: a command, and what is known of the two machines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from xpkg.core.values import value


@value(kw_only=True)
class CrossTarget:
    """What rules need to know of a pair of machines."""

    name: str
    triple: str
    build_triple: str
    meson_file: str  # path in the sandbox
    pic: bool = True  # whether its machine code may be position-independent


Argv = tuple[str, ...]
Rule = Callable[[Argv, CrossTarget], tuple[Argv, str] | None]


def program(argv: Argv) -> str:
    """The name of the program a command runs, without directories."""
    return PurePosixPath(argv[0]).name if argv else ""
