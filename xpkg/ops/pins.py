"""What the pins of a switch mean for plans; `xpkg.ops.pinning` makes and changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.repo.universe import Universe
    from xpkg.sandbox.switches import Generation


def pins_of(generation: Generation | None) -> tuple[tuple[str, str], ...]:
    """The names that are pinned, each with the only version that may be chosen."""
    return () if generation is None else tuple((pin.name, pin.version) for pin in generation.pins)


def developed_of(generation: Generation | None) -> frozenset[str]:
    """The names whose sources are somebody's working tree or a branch: opam's ``dev`` is true for them."""
    return frozenset() if generation is None else frozenset(pin.name for pin in generation.pins if pin.address)


def universe_of(home: Home, generation: Generation | None, base: Universe | None = None) -> Universe:
    """``base`` (all repositories unless given) as the switch sees it: a name pinned to a source is only that."""
    universe = home.universe if base is None else base
    if not developed_of(generation):
        return universe
    return universe
