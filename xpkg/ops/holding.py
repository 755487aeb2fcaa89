"""Holding and releasing installed packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.core.text import did_you_mean, printable
from xpkg.ops.holds import HeldPackage

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.sandbox.switches import Generation, Installed, Switch

Places = set[tuple[str, str]]
"""Names and the trees they are held in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The instances that were held or released; ``already`` were so before."""

    changed: tuple[Installed, ...]
    already: tuple[Installed, ...]


def hold(home: Home, switch: Switch, names: Sequence[str], pair: Pair | None = None) -> Holding:
    """Hold what is installed of these names, only on one pair of machines if given.

    NotFoundError ``not-installed`` for a name that is not, HeldPackage for one that is pinned to another version; and
    then nothing changed.
    """

    def held(now: Generation, before: Places, chosen: Sequence[Installed]) -> Places:
        for one in chosen:
            for pin in now.pins:
                if pin.name == one.name and pin.version != one.version:
                    raise HeldPackage(
                        f"{one.name} is pinned to {pin.version}, so {one.version} cannot be held",
                        reference="pinned-package",
                        hint=f"xpkg pin remove {one.name} forgets the pin",
                    )
        return before | {(one.name, one.tree) for one in chosen}

    return _change(home, switch, names, pair, held)


def release(home: Home, switch: Switch, names: Sequence[str], pair: Pair | None = None) -> Holding:
    """Let what is installed of these names change again; errors as for `hold`."""

    def released(now: Generation, before: Places, chosen: Sequence[Installed]) -> Places:
        del now
        return before - {(one.name, one.tree) for one in chosen}

    return _change(home, switch, names, pair, released)


def held_instances(generation: Generation, pair: Pair | None = None) -> tuple[Installed, ...]:
    """What is held, sorted."""
    held = set(generation.held)
    return tuple(
        one for one in generation.installed if (one.name, one.tree) in held and (pair is None or one.tree in pair.trees)
    )


def _change(
    home: Home,
    switch: Switch,
    names: Sequence[str],
    pair: Pair | None,
    change: Callable[[Generation, Places, Sequence[Installed]], Places],
) -> Holding:
    with switch.lock():
        now = switch.current()
        chosen = _installed(home, now, names, pair)
        before = set(now.held)
        after = change(now, before, chosen)
        if after != before:
            switch.amend(home.store, held=after)
    changed = before ^ after
    return Holding(
        changed=tuple(one for one in chosen if (one.name, one.tree) in changed),
        already=tuple(one for one in chosen if (one.name, one.tree) not in changed),
    )


def _installed(home: Home, generation: Generation, names: Sequence[str], pair: Pair | None) -> list[Installed]:
    there = [one for one in generation.installed if pair is None or one.tree in pair.trees]
    known = {one.name for one in there}
    for name in names:
        if name not in known:
            where = "" if pair is None else f" for {pair.machine}"
            raise NotFoundError(
                f"{printable(name)} is not installed{where}",
                reference="not-installed",
                hint=_provided(home, name, there) or did_you_mean(name, known) or "xpkg list shows what is",
            )
    return [one for one in there if one.name in names]


def _provided(home: Home, name: str, there: Sequence[Installed]) -> str | None:
    from xpkg.ops.naming import provided_by

    return provided_by(home.universe, name, [(one.name, one.version) for one in there])
