"""opam's own behaviour tests, from the source package in the Debian archive: fetched, never kept in this repository."""

from __future__ import annotations

import os
from pathlib import Path

from xpkg.core.digests import Digest
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.repo.extract.archive import extract
from xpkg.repo.source_values import Source, Wanted
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.fetch import fetch_all
from xpkg.repo.sources.settings import FetchSettings

SOURCE = Source(
    urls=("apt:opam/opam_2.3.0.orig.tar.gz",),
    digests=(Digest("sha256", "86d2be868b2a210bc57aeb63890e13e4fc4ca80731d764856070c2b3cad79170"),),
)


def scripts(cache: Path) -> list[Path]:
    """The test scripts, by name; ``cache`` keeps what was fetched.  Raises XpkgError when the source cannot be had."""
    root = StateRoot(cache / "root")
    wanted = Wanted(label="opam 2.3.0", alternatives=(SOURCE,))
    settings = FetchSettings(environment=dict(os.environ))
    fetched = fetch_all([wanted], SourceCache(root), settings=settings)[wanted]
    unpacked = cache / SOURCE.digests[0].hex[:16]
    with locked(cache, "unpack"):
        if not unpacked.exists():  # it appears whole, or not at all
            extract(fetched.path, unpacked)
    found = sorted(unpacked.glob("tests/reftests/*.test"))
    assert found, "the source of opam has no tests"
    return found
