"""Looking at some repositories only, with some variables of the build machine changed: ``--repos`` and ``--var``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

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
    overlays only when it is named.  A machine's C tools that none of them has are taken to be there.  NotFoundError for
    a repository that does not exist, with the nearest names.
    """
    chosen = home.repositories if names is None else _chosen(home.repositories, names)
    rules = [one for one in home.repositories if one.shipped and one not in chosen]
    targets = home.targets if names is None and not variables else _Changed(home.targets, variables, chosen)
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
    """All targets, with the C tools that there are and other variables on the build machine; read when asked for."""

    def __init__(
        self, targets: Mapping[str, Target], variables: Mapping[str, str], repositories: Sequence[Repository]
    ) -> None:
        self._targets, self._variables, self._repositories = targets, variables, repositories

    def __getitem__(self, name: str) -> Target:
        found = self._targets[name]
        tools = tuple(one for one in found.toolchain.packages if self._has(one))
        if tools != found.toolchain.packages:
            found = replace(found, toolchain=replace(found.toolchain, packages=tools))
        if name != NATIVE or not self._variables:
            return found
        variables = {**found.variables, **self._variables}
        return replace(found, variables=variables)

    def _has(self, package: str) -> bool:
        return any(one.versions(package) for one in self._repositories)

    def __contains__(self, name: object) -> bool:
        return name in self._targets

    def __iter__(self) -> Iterator[str]:
        return iter(self._targets)

    def __len__(self) -> int:
        return len(self._targets)
