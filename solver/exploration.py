"""From a request to the finite problem it spans: every candidate that could take part."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xpkg.core.errors import NotFoundError
from xpkg.repo.version_order import Ranking, members, version_key
from xpkg.repo.versions import VersionFormula
from xpkg.solver.model import Atom, Instance, Request, VersionSet
from xpkg.solver.protocol import AllOf, Candidate, Context, Formula, Need, Rejection, needs_of
from xpkg.solver.standing import Standing

Key = tuple[str, str]
"""A name on a machine: at most one of its instances is in a solution."""


@dataclass(slots=True, kw_only=True)
class Problem:
    """The reachable part of a universe.

    ``usable`` and ``rejected`` hold, for every key, its instances newest first; ``lag`` counts for a usable one
    how many better versions there are (opam: among available versions; flagged ones rank as the newest; of a pinned
    name only one is available).
    ``gone`` are installed instances that no repository offers any more: they may stay, and need what they were built
    with, unless the request says otherwise. ``unseen`` are versions of a name that were not looked at (see
    ``narrowing``): the last usable instance of that name stands for all of them.
    """

    request: Request
    candidates: dict[Instance, Candidate] = field(default_factory=dict)
    usable: dict[Key, tuple[Instance, ...]] = field(default_factory=dict)
    rejected: dict[Key, tuple[Rejection, ...]] = field(default_factory=dict)
    lag: dict[Instance, int] = field(default_factory=dict)
    gone: list[Rejection] = field(default_factory=list)
    unseen: dict[Key, Ranking] = field(default_factory=dict)
    _rankings: dict[Key, Ranking] = field(default_factory=dict)

    def matches(self, need: Need | Atom) -> list[Instance]:
        """The usable instances that meet a need, or what is asked for."""
        found = self.usable.get((need.name, need.machine), ())
        matching = [found[place] for place in self.places(need)]
        if isinstance(need, Atom):
            for provider in need.providers:
                matching += self.matches(provider)
        return matching

    def places(self, need: Need | Atom, *, surely: bool = False) -> Sequence[int]:
        """Where the instances that meet a need stand among the usable ones of its name, rising; without providers.

        A stand-in does when any that it stands for does, and never where ``surely`` is asked for.
        """
        key, versions = (need.name, need.machine), need.versions
        ranking = self._rankings.get(key)
        unseen = self.unseen.get(key)
        if ranking is None:
            found = self.usable.get(key, ())
            ranking = self._rankings[key] = Ranking([one.version for one in (found if unseen is None else found[:-1])])
        places = allowed(ranking, versions)
        if unseen is not None and not surely and allowed(unseen, versions):
            return [*places, len(ranking.versions)]
        return places


def beside_pins(problem: Problem) -> dict[Instance, str]:
    """What is installed of names whose pinned version cannot be had where they are, and why that is so.

    It may stay: a pin says what is newly chosen, and a recipe that is broken just now must cost nobody what works.
    Not in a lock, where all must be to be had.
    """
    found: dict[Instance, str] = {}
    for name, version in () if problem.request.require_available else problem.request.pins:
        there = [one for one in problem.request.installed if one.name == name]
        for pinned in [replace(one, version=version) for one in there]:
            if pinned not in problem.candidates:
                rejected = problem.rejected.get((name, pinned.machine), ())
                why = next((one.reason for one in rejected if one.instance == pinned), "there is no such version")
                found |= dict.fromkeys(there, f"it is pinned to {version}, but that cannot be had: {why}")
    return found


def allowed(ranking: Ranking, versions: VersionSet | None) -> Sequence[int]:
    """Where the versions that a need allows stand."""
    if versions is None:
        return range(len(ranking.versions))
    if isinstance(versions, VersionFormula):
        return members(versions.among(ranking))
    return [place for place, version in enumerate(ranking.versions) if versions.allows(version)]


def ranked(usable: Sequence[Candidate], *, lenient: bool = False) -> list[Candidate]:
    """The candidates of a name, the best first: flagged ones before others unless ``lenient``, then the newest."""
    return sorted(usable, key=lambda candidate: lenient or candidate.avoided is None)  # opam, OpamSolver "version-lag"


def explore(request: Request, context: Context) -> Problem:
    """Everything reachable from what is asked for and what is installed.

    Optional needs and conflicts pull nothing in, so they are not followed. Raises ``NotFoundError`` for a name or
    version asked for that does not exist at all.
    """
    for atom in request.install:
        check_asked(atom, context)
    exploration = _Exploration(request, context)
    exploration.run()
    return exploration.problem


class _Exploration:
    """One walk from the request to everything that it reaches, breadth first."""

    def __init__(self, request: Request, context: Context) -> None:
        self.problem = Problem(request=request)
        self._context = context
        self._asked = {key for atom in request.install for key in atom.keys}
        self._queue: deque[Key] = deque()
        self._seen: set[int] = set()  # the identities of formulas followed; the problem keeps them alive
        self._installed: dict[Key, list[Instance]] = {}
        for one in request.installed:
            self._installed.setdefault((one.name, one.machine), []).append(one)
        self._standing = Standing(request)

    def run(self) -> None:
        request, usable = self.problem.request, self.problem.usable
        self._queue.extend(key for atom in request.install for key in atom.keys)
        self._queue.extend((one.name, one.machine) for one in (*request.installed, *request.held))
        for formula in (*request.formulas, *([request.invariant] if request.invariant is not None else [])):
            self._follow(formula)
        while self._queue:
            key = self._queue.popleft()
            if key not in usable:
                for candidate in self._add(key):
                    self._follow(candidate.depends)

    def _follow(self, formula: Formula) -> None:
        """Queue what a formula names. Versions of a package share most of their formulas, so most were followed."""
        for part in formula.parts if isinstance(formula, AllOf) else (formula,):
            if id(part) not in self._seen:
                self._seen.add(id(part))
                if isinstance(part, AllOf):
                    self._follow(part)
                else:
                    self._queue.extend((need.name, need.machine) for need in needs_of(part))

    def _add(self, key: Key) -> list[Candidate]:
        name, machine = key
        problem, usable, rejected = self.problem, list[Candidate](), list[Rejection]()
        installed = self._installed.get(key, [])
        versions: Sequence[str] = self._context.versions(name)
        unlisted = [one.version for one in installed if one.version not in versions]
        if unlisted:
            versions = sorted({*versions, *unlisted}, key=lambda version: (version_key(version), version), reverse=True)
        for version in versions:
            instance = Instance(name=name, version=version, machine=machine)
            if version in unlisted:
                answer: Candidate | Rejection = Rejection(instance=instance, reason="no repository has it any more")
            else:
                answer = self._context.candidate(instance, requested=key in self._asked)
            if isinstance(answer, Candidate):
                usable.append(self._standing.known(answer) if instance in installed else answer)
            elif instance in installed and not problem.request.require_available:
                problem.gone.append(answer)
                usable.append(self._standing.gone(instance))
            else:
                rejected.append(answer)
        problem.usable[key] = tuple([candidate.instance for candidate in usable])
        problem.rejected[key] = tuple(rejected)
        problem.candidates.update((candidate.instance, candidate) for candidate in usable)
        self._rank(usable, installed, unlisted)
        return usable

    def _rank(self, usable: list[Candidate], installed: list[Instance], unlisted: Sequence[str]) -> None:
        """How much each lags behind the best of its name."""
        request = self.problem.request
        # Where a flagged one is installed the flags no longer count (OpamSwitchState.avoid_version).
        lenient = any(candidate.avoided is not None and candidate.instance in installed for candidate in usable)
        best_first = ranked(usable, lenient=lenient)
        name = usable[0].instance.name if usable else ""
        if request.upgrade or name in request.upgrade_names:  # what is not there any more is behind all that is
            best_first.sort(key=lambda candidate: candidate.instance.version in unlisted)
        # Of a pinned name nothing better can be chosen, also where what is installed stays beside the pin.
        step = 0 if any(pin == name for pin, _ in request.pins) else 1
        self.problem.lag.update((candidate.instance, step * lag) for lag, candidate in enumerate(best_first))


def check_asked(atom: Atom, context: Context) -> None:
    """``NotFoundError`` for a name or version asked for that does not exist at all."""
    versions = context.versions(atom.name)
    if atom.providers:
        return
    if not versions:
        near = context.nearest(atom.name)
        raise NotFoundError(
            f"no package is called {atom.name}",
            reference="unknown-package",
            hint=f"did you mean {' or '.join(near)}?" if near else None,
        )
    if not any(atom.allows(version) for version in versions):
        raise NotFoundError(
            f"no version of {atom.name} is {atom.versions}",
            reference="unknown-version",
            context=(("there are", ", ".join(versions[:12]) + (", ..." if len(versions) > 12 else "")),),
            hint=f"ask for {atom.name} alone to let the newest that fits be taken",
        )
