"""Looking at some repositories only, with some variables of the build machine changed: ``--repos`` and ``--var``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.digests import of_value
from xpkg.core.errors import NotFoundError
from xpkg.core.text import did_you_mean, printable
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.universe import Universe

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.repo.repository import Repository
    from xpkg.repo.targets import Target


def restricted(home: Home, names: Sequence[str] | None, variables: Mapping[str, str]) -> Universe:
    """The universe of the repositories called ``names``, all for None, in their usual order of priority.

    ``variables`` replace or join the build machine's.  The shipped repository's cross rules hold in any case, its
    overlays only when it is named.  NotFoundError for a repository that does not exist, with the nearest names.
    """
    chosen = home.repositories if names is None else _chosen(home.repositories, names)
    rules = [one for one in home.repositories if one.shipped and one not in chosen]
    targets = _Changed(home.targets, variables) if variables else home.targets
    return Universe(chosen, targets, rules)


def _chosen(repositories: Sequence[Repository], names: Sequence[str]) -> tuple[Repository, ...]:
    known = [one.name for one in repositories]
    for name in names:
        if name not in known:
            raise NotFoundError(
                f"there is no repository named {printable(name)}",
                reference="unknown-repository",
                context=(("known repositories", ", ".join(known)),),
                hint=did_you_mean(name, known),
            )
    return tuple(one for one in repositories if one.name in names)


class _Changed(Mapping[str, "Target"]):
    """All targets, with other variables on the build machine; read when asked for, as those they stand for."""

    def __init__(self, targets: Mapping[str, Target], variables: Mapping[str, str]) -> None:
        self._targets, self._variables = targets, variables

    def __getitem__(self, name: str) -> Target:
        found = self._targets[name]
        if name != NATIVE:
            return found
        variables = {**found.variables, **self._variables}
        return replace(found, variables=variables, digest=of_value([found.digest.hex, variables]))

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)
