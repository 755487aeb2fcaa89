"""What names of installed packages mean: on which pairs of machines they are, and what to say where on none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.text import did_you_mean
from xpkg.ops.requests import all_unknown, parse_spelling
from xpkg.repo.universe import UnknownPackage
from xpkg.solver.model import VersionSet

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.pairs import Pair
    from xpkg.ops.situation import Situation
    from xpkg.repo.universe import Universe
    from xpkg.solver.model import Instance


def pairs_having(situation: Situation, pairs: Sequence[Pair], ask: Ask) -> tuple[Pair, ...]:
    """Those pairs that have any of what is asked for; UnknownPackage for what none of them has."""
    there = {pair: situation.here(pair).instances for pair in pairs}
    every = [one for instances in there.values() for one in instances]
    unknown = [
        _not_installed(situation.universe, pairs, spelling, every)
        for spelling in ask.packages
        if not _is_there(ask, spelling, every)
    ]
    if unknown:
        raise all_unknown(unknown, "packages named are not installed")
    return tuple(pair for pair in pairs if any(_is_there(ask, spelling, there[pair]) for spelling in ask.packages))


def of_pair(situation: Situation, pair: Pair, ask: Ask) -> Ask:
    """What is asked for of one pair: of what is to be installed already, only what it has."""
    if ask.verb == "install" or not ask.packages:
        return ask
    there = situation.here(pair).instances
    return replace(ask, packages=tuple(one for one in ask.packages if _is_there(ask, one, there)))


def provided_by(universe: Universe, name: str, there: Iterable[tuple[str, str]]) -> str | None:
    """A hint when something of what is there (name, version) provides a name; else None."""
    providers = {(one.name, one.version) for one in universe.providers(name)}
    found = [f"{package} {version}" for package, version in dict.fromkeys(there) if (package, version) in providers]
    return f"{' and '.join(found)} provides {name}: name that package instead" if found else None


def _is_there(ask: Ask, spelling: str, instances: Iterable[Instance]) -> bool:
    name, wanted = parse_spelling(spelling)
    # Of an upgrade the version is that which there should be.
    versions: VersionSet | None = None if ask.verb == "upgrade" else wanted
    return any(one.name == name and (versions is None or versions.allows(one.version)) for one in instances)


def _not_installed(
    universe: Universe, pairs: Sequence[Pair], spelling: str, there: Sequence[Instance]
) -> UnknownPackage:
    name, _ = parse_spelling(spelling)
    hint = provided_by(universe, name, [(one.name, one.version) for one in there])
    return UnknownPackage(
        f"{spelling} is not installed for {' or '.join(pair.machine for pair in pairs)}",
        reference="not-installed",
        hint=hint or did_you_mean(name, [one.name for one in there]),
    )
