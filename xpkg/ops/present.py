"""What a pair of machines holds in a generation of a switch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xpkg.core.values import value
from xpkg.ops.pairs import Pair
from xpkg.solver.model import Instance

if TYPE_CHECKING:
    from xpkg.sandbox.switches import Generation, Installed


@value(kw_only=True)
class Present:
    """What a pair of a switch holds now.

    ``extras`` says for what else a root was asked for: names with those of opam's ``with-`` variables that are true.
    """

    installed: tuple[Installed, ...]
    instances: tuple[Instance, ...]
    roots: tuple[Instance, ...]
    extras: Mapping[str, frozenset[str]]
    moved: bool = False

    @property
    def keys(self) -> frozenset[tuple[Instance, str]]:
        return frozenset((_instance(one), one.key) for one in self.installed)


def present(generation: Generation, pair: Pair) -> Present:
    """The pair's part of a generation."""
    installed = tuple(one for one in generation.installed if one.tree in pair.trees)
    asked = {(root.name, root.tree) for root in generation.roots}
    return Present(
        installed=installed,
        instances=tuple(_instance(one) for one in installed),
        roots=tuple(_instance(one) for one in installed if (one.name, one.tree) in asked),
        extras={
            root.name: frozenset(root.extras) for root in generation.roots if root.extras and root.tree in pair.trees
        },
    )


def _instance(one: Installed) -> Instance:
    return Instance(name=one.name, version=one.version, machine=one.machine)
