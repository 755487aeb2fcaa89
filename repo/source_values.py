"""What a recipe says about a source: some bytes, by hash, and where they may be found.

Pure values; `xpkg.repo.sources` fetches them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xpkg.core.digests import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One set of bytes: its digests are its identity, its URLs are hints tried in order.

    Every digest of ``digests`` must hold (opam manual, "checksum").  A ``git+...`` source has no
    digest: the full commit after ``#`` in its URL is its identity.
    """

    urls: tuple[str, ...]
    digests: tuple[Digest, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Something to fetch: ``label`` names it to the user, any one of ``alternatives`` will do, tried in order.

    ``allow_unhashed`` is the user's word for this one thing: a source without a hash, or with md5
    alone, is taken as it comes and the hash found is returned.
    """

    label: str
    alternatives: tuple[Source, ...]
    allow_unhashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A source that is here: ``path`` is the cache's own file (or a git checkout's archive), never to be changed.

    ``digest`` is the sha256 of the file, ``source`` the alternative that gave it, ``url`` the
    address it came from, or None when the cache had it.
    """

    path: Path
    digest: Digest
    source: Source
    url: str | None = None
