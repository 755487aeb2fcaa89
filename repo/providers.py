"""Which packages provide a name beside their own: the field ``x-provides`` over a whole universe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from xpkg.core.files import read_regular
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe

_FIELD = b"x-provides"


class Provider(NamedTuple):
    """A version of a package, and in which version it provides the name in question."""

    name: str
    version: str
    provided: str


def provided(universe: Universe, packages: Iterable[str]) -> Mapping[str, tuple[Provider, ...]]:
    """What each name is provided by; ``packages`` are those whose recipes may provide something, overlays left aside.

    A package provides only names that its repository answers for, and none that an exclusive repository has; else
    any repository could have its packages taken for those of another.  A wrong recipe provides nothing.
    """
    places = {repository.name: place for place, repository in enumerate(universe.repositories)}
    overlaid = (name for name in universe.overlaid if _overlay_may_say(universe, name))
    found: dict[str, list[tuple[int, Provider]]] = {}
    for package in sorted({*packages, *overlaid}):
        for version in universe.versions(package) if universe.repositories_of(package) else ():
            entry = universe.entry(package, version)
            place = places[entry.repository]
            for name, as_version in entry.x_provides:
                if _may(universe, universe.repositories[place], name):
                    found.setdefault(name, []).append((place, Provider(package, version, as_version)))
    return {name: _ordered(of) for name, of in sorted(found.items())}


def _may(universe: Universe, repository: Repository, name: str) -> bool:
    return repository.answers(name) and universe.owner(name) in (None, repository)


def _ordered(found: list[tuple[int, Provider]]) -> tuple[Provider, ...]:
    first: dict[str, int] = {}
    for place, one in found:
        first[one.name] = min(place, first.get(one.name, place))
    # Stable: the versions of a package stay newest first.
    return tuple(one for _, one in sorted(found, key=lambda item: (first[item[1].name], item[1].name)))


def _overlay_may_say(universe: Universe, package: str) -> bool:
    """Whether an overlay of a package says anything of the field, by its text: most do not, and are not parsed."""
    from xpkg.repo.opamfile.parser import MAX_SIZE

    for repository in universe.repositories:
        path = repository.overlays.get(package)
        if path is not None:
            try:
                if _FIELD in read_regular(path, 4 * MAX_SIZE):
                    return True
            except OSError:
                return True  # what is wrong with it is told where the recipe is asked for
    return False
