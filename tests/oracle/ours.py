"""The same commands asked of our solver, over the same files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.oracle.cudf import State
from xpkg.core.errors import NotFoundError
from xpkg.ops.asking import Ask
from xpkg.ops.pairs import Pair
from xpkg.ops.requests import asked, upgraded
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.repository import Repository
from xpkg.repo.targets import Layout, Target, Toolchain
from xpkg.repo.universe import Universe
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Instance, NoSolution, Preferences, Request, Solution
from xpkg.solver.protocol import Need
from xpkg.solver.solve import solve

MACHINE = Target(
    name=NATIVE,
    description="",
    triple="x86_64-linux-gnu",
    variables={"arch": "x86_64", "os": "linux", "os-family": "debian", "os-distribution": "debian", "os-version": "12"},
    toolchain=Toolchain(),
    layout=Layout(),
    objects=None,
    run=None,
)
_PAIR = Pair()
_OPAM = Preferences(criteria="opam")


class Ours:
    """A switch of one machine over one repository.

    ``invariant`` names a package it must have, ``variables`` are the machine's.
    """

    def __init__(self, repository: Path, invariant: str = "", variables: Mapping[str, str] | None = None) -> None:
        self._invariant = Need(name=invariant, machine=BUILD) if invariant else None
        machine = MACHINE if variables is None else replace(MACHINE, variables=dict(variables))
        self._universe = Universe([Repository(name="local", root=repository)], {NATIVE: machine})
        self._context = RepoContext(self._universe, None)

    def ask(self, command: Sequence[str], installed: State, roots: Iterable[str]) -> State | None:
        """The state after a command; None where there is no solution."""
        present = {name: Instance(name=name, version=version, machine=BUILD) for name, version in installed.items()}
        base = Request(
            installed=tuple(present.values()),
            roots=tuple(present[name] for name in roots),
            invariant=self._invariant,
        )
        try:
            solution = self._solution(base, command, present)
        except (NoSolution, NotFoundError):
            return None
        return {one.name: one.version for one in solution.instances}

    def _solution(self, base: Request, command: Sequence[str], present: dict[str, Instance]) -> Solution:
        return solve(self._request(base, command, present), self._context, _OPAM)

    def _request(self, base: Request, command: Sequence[str], present: dict[str, Instance]) -> Request:
        """As the command of ours does it, but what only we want is left out: that no root goes for an upgrade."""
        options = {word for word in command if word.startswith("-")}
        verb, *packages = (word for word in command if word not in options)
        ask = Ask(packages=tuple(packages), best_effort="--best-effort" in options)
        match verb:
            case "install":
                return asked(base, ask, self._universe, self._context, _PAIR)
            case "remove":
                wanted = asked(base, replace(ask, verb="remove"), self._universe, self._context, _PAIR)
                return replace(wanted, prune="-a" in options)
            case "upgrade" if packages:
                return replace(upgraded(base, self._context, _PAIR, packages, strict=True), formulas=())
            case "upgrade":
                return asked(base, replace(ask, verb="upgrade"), self._universe, self._context, _PAIR)
        # opam repairs what it finds, ours builds it again as it is.
        again = [f"{name}={present[name].version}" for name in packages]
        wanted = asked(base, replace(ask, packages=tuple(again)), self._universe, self._context, _PAIR)
        return replace(wanted, fixup=True)
