"""What the pins of a switch mean for plans; `xpkg.ops.pinning` makes and changes them."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from xpkg.ops.home import Home
    from xpkg.repo.pinned import PinnedPackage
    from xpkg.repo.source_values import Source
    from xpkg.repo.universe import Universe
    from xpkg.sandbox.switches import Generation, Pin


def pins_of(generation: Generation | None) -> tuple[tuple[str, str], ...]:
    """The names that are pinned, each with the only version that may be chosen."""
    return () if generation is None else tuple((pin.name, pin.version) for pin in generation.pins)


def addresses_of(generation: Generation | None) -> tuple[tuple[str, str], ...]:
    """The names that are pinned to sources, each with the address."""
    pins = () if generation is None else generation.pins
    return tuple((pin.name, printable(pin.address)) for pin in pins if pin.address)


def developed_of(generation: Generation | None) -> frozenset[str]:
    """The names whose sources are somebody's working tree or a branch: opam's ``dev`` is true for them."""
    return frozenset() if generation is None else frozenset(pin.name for pin in generation.pins if pin.address)


def universe_of(
    home: Home, generation: Generation | None, base: Universe | None = None, *, alone: bool = True
) -> Universe:
    """``base`` (all repositories unless given) as the switch sees it: a name pinned to a source is only that.

    Not ``alone``, its other versions are there too: for requests, which say themselves that these may not be chosen, so
    that a refusal tells of the pin and not of versions that do not exist.  What is in directories counts as it is when
    first looked at; so each plan takes a universe of its own.
    """
    universe = home.universe if base is None else base
    pins = () if generation is None else tuple(pin for pin in generation.pins if pin.address)
    if not pins:
        return universe
    from xpkg.repo.pinned import PinnedRepository

    snapshot = cache(partial(_snapshot, home))  # several packages may have one directory
    packages = {pin.name: _package(home, pin, snapshot) for pin in pins}
    priority = 1 + max((repository.priority for repository in universe.repositories), default=0)
    return universe.below(PinnedRepository(packages, priority, alone=alone))


def _package(home: Home, pin: Pin, snapshot: Callable[[str], Source]) -> PinnedPackage:
    from xpkg.repo.pinned import PinnedPackage

    return PinnedPackage(
        name=pin.name,
        version=pin.version,
        directory=home.root.pins / pin.recipe if pin.recipe else Path(pin.address),
        kept=bool(pin.recipe),
        source=partial(_commit, pin) if pin.commit else partial(snapshot, pin.address),
        own_contexts=partial(_has_own_contexts, pin),
    )


def _has_own_contexts(pin: Pin) -> bool:
    """Of a directory; what a commit has is not looked at."""
    from xpkg.repo.dune_workspace import has_own_contexts

    return not pin.commit and has_own_contexts(Path(pin.address))


def _commit(pin: Pin) -> Source:
    return commit_source(pin.address, pin.commit)


def commit_source(address: str, commit: str) -> Source:
    """A commit of a git repository as a source; what stands after ``#`` in the address does not count."""
    from xpkg.repo.source_values import Source

    return Source(urls=(f"{address.partition('#')[0]}#{commit}",))


def _snapshot(home: Home, directory: str) -> Source:
    from xpkg.repo.sources.settings import FetchSettings
    from xpkg.repo.sources.tree_snapshot import snapshot_of

    return snapshot_of(Path(directory), FetchSettings(environment=home.environment))
