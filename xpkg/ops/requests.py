"""What a user asks for: package names with constraints, for one pair of machines."""

from __future__ import annotations

from collections.abc import Sequence

from xpkg.core.text import did_you_mean
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.spelling import read_spelling
from xpkg.repo.machine_names import BUILD
from xpkg.repo.universe import UnknownPackage
from xpkg.repo.versions import Compare
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Exactly, Instance, Request, VersionSet


def parse_spelling(spelling: str) -> tuple[str, VersionSet | None]:
    """Read what the user wrote for one package; UsageError says what forms there are."""
    found = read_spelling(spelling)
    if found.operator is None:
        return found.name, None
    return found.name, Exactly(found.version) if found.operator == "=" else Compare(found.operator, found.version)


def install_atoms(home: Home, pair: Pair, spellings: Sequence[str]) -> tuple[Atom, ...]:
    """The atoms for ``xpkg install``: on the target, or on the build machine for what runs there.

    Raises UnknownPackage with the nearest names, or when no version fits, with the versions there are.
    """
    return tuple(_install_atom(home, pair, spelling) for spelling in spellings)


def _install_atom(home: Home, pair: Pair, spelling: str) -> Atom:
    name, wanted = parse_spelling(spelling)
    versions = home.universe.versions(name)
    fitting = [version for version in versions if wanted is None or wanted.allows(version)]
    if not fitting:
        raise UnknownPackage(
            f"no version of {name} is {wanted}",
            reference="unknown-version",
            context=(("versions", ", ".join(versions)),),
            hint=did_you_mean(str(wanted).removeprefix("= "), versions),
        )
    # What only ever runs on the build machine goes there, whatever the target.
    machines = RepoContext(home.universe, None if pair.target is None else home.target(pair.target)).machines_for(name)
    machine = pair.machine if pair.machine in machines else BUILD
    return Atom(name=name, machine=machine, versions=wanted)


def removal(pair: Pair, spellings: Sequence[str], installed: Sequence[Instance]) -> tuple[tuple[str, str], ...]:
    """The (name, machine) pairs for ``xpkg remove``; UnknownPackage for what is not installed."""
    found: list[tuple[str, str]] = []
    for spelling in spellings:
        name, wanted = parse_spelling(spelling)
        machines = [
            one.machine for one in installed if one.name == name and (wanted is None or wanted.allows(one.version))
        ]
        if not machines:
            raise UnknownPackage(
                f"{spelling} is not installed for {pair.machine}",
                reference="not-installed",
                hint=did_you_mean(name, [one.name for one in installed]),
            )
        found += [(name, machine) for machine in machines]
    return tuple(found)


def request_for(pair: Pair, installed: Sequence[Instance], roots: Sequence[Instance]) -> Request:
    """A request that asks for nothing new: what is there stays."""
    return Request(target=pair.target, installed=tuple(installed), roots=tuple(roots))
