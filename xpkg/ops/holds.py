"""Holds: installed instances that every request leaves exactly as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xpkg.core.errors import ExitCode, XpkgError
from xpkg.ops.present import present
from xpkg.solver.model import Instance

if TYPE_CHECKING:
    from xpkg.ops.pairs import Pair
    from xpkg.sandbox.switches import Generation


class HeldPackage(XpkgError):
    """What is to be removed is held."""

    reference = "held-package"
    exit_code = ExitCode.ABORTED


def held_of(generation: Generation | None, pair: Pair) -> tuple[Instance, ...]:
    """The instances of a pair of machines that are held."""
    if generation is None or not generation.held:
        return ()
    held = {name for name, tree in generation.held if tree in pair.trees}
    places = {(name, tree) for name, tree in generation.held}
    return tuple(
        one
        for one in present(generation, pair).instances
        if one.name in held and (one.name, pair.tree(one.machine)) in places
    )


def check_removal(held: Iterable[Instance], gone: Iterable[tuple[str, str]]) -> None:
    """HeldPackage when something that is to be removed by name (name, machine) is held."""
    wanted = frozenset(gone)
    names = list(dict.fromkeys(one.name for one in held if (one.name, one.machine) in wanted))
    if names:
        raise HeldPackage(
            f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} held",
            hint=f"xpkg unhold {' '.join(names)} releases {'it' if len(names) == 1 else 'them'}",
        )
