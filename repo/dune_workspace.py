"""Whether a source's ``dune-workspace`` names contexts of its own (dune manual, "dune-workspace").

Such contexts are for dune run by hand: several compilers at once, switches of opam, toolchains.  A package is built for
one machine, which is laid down elsewhere, and what they name is not there.
"""

from __future__ import annotations

import re
from pathlib import Path

from xpkg.core.files import read_regular

NAME = "dune-workspace"

_CONTEXT = re.compile(r"\(\s*context\b")
_PLAIN = re.compile(r"\(\s*context\s+(?:default|\(\s*default\s*\))\s*\)")
_MOST_BYTES = 1 << 20


def has_own_contexts(directory: Path) -> bool:
    """Whether there is one with contexts other than the plain default one; one that cannot be read has none."""
    try:
        data = read_regular(directory / NAME, _MOST_BYTES)
    except OSError:
        return False
    bare = re.sub(r"(?m);.*$", "", data.decode("utf-8", "replace"))
    return len(_CONTEXT.findall(bare)) > len(_PLAIN.findall(bare))
