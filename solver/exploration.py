"""From a request to the finite problem it spans: every candidate that could take part."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from xpkg.core.errors import NotFoundError
from xpkg.repo.version_order import version_key
from xpkg.solver.model import Atom, Instance, Request
from xpkg.solver.protocol import Candidate, Context, Need, Rejection, needs_of

Key = tuple[str, str]
"""A name on a machine: at most one of its instances is in a solution."""


@dataclass(slots=True, kw_only=True)
class Problem:
    """The reachable part of a universe.

    ``usable`` and ``rejected`` hold, for every key, its instances newest first; ``lag`` counts for a usable one
    how many better versions there are (opam: among available versions; flagged ones rank as the newest; of a pinned
    name only one is available).
    ``gone`` are installed instances that no repository offers any more: they may stay, and need nothing, unless the
    request says otherwise.
    """

    request: Request
    candidates: dict[Instance, Candidate] = field(default_factory=dict)
    usable: dict[Key, tuple[Instance, ...]] = field(default_factory=dict)
    rejected: dict[Key, tuple[Rejection, ...]] = field(default_factory=dict)
    lag: dict[Instance, int] = field(default_factory=dict)
    gone: list[Rejection] = field(default_factory=list)

    def matches(self, need: Need | Atom) -> list[Instance]:
        """The usable instances that meet a need, or what is asked for."""
        found = self.usable.get((need.name, need.machine), ())
        versions = need.versions
        matching = [one for one in found if versions is None or versions.allows(one.version)]
        if isinstance(need, Atom):
            for provider in need.providers:
                matching += self.matches(provider)
        return matching


def explore(request: Request, context: Context) -> Problem:
    """Everything reachable from what is asked for and what is installed.

    Optional needs and conflicts pull nothing in, so they are not followed. Raises ``NotFoundError`` for a name or
    version asked for that does not exist at all.
    """
    problem = Problem(request=request)
    asked = {key for atom in request.install for key in atom.keys}
    for atom in request.install:
        _check_asked(atom, context)
    queue: deque[Key] = deque(key for atom in request.install for key in atom.keys)
    queue.extend((one.name, one.machine) for one in (*request.installed, *request.held))
    stated = [*request.formulas, *([request.invariant] if request.invariant is not None else [])]
    queue.extend((need.name, need.machine) for formula in stated for need in needs_of(formula))
    while queue:
        key = queue.popleft()
        if key in problem.usable:
            continue
        for candidate in _add(problem, key, context, requested=key in asked):
            for need in needs_of(candidate.depends):
                if (need.name, need.machine) not in problem.usable:
                    queue.append((need.name, need.machine))
    return problem


def _add(problem: Problem, key: Key, context: Context, *, requested: bool) -> list[Candidate]:
    name, machine = key
    usable: list[Candidate] = []
    rejected: list[Rejection] = []
    installed = [one for one in problem.request.installed if (one.name, one.machine) == key]
    versions = list(context.versions(name))
    unlisted = [one.version for one in installed if one.version not in versions]
    if unlisted:
        versions = sorted({*versions, *unlisted}, key=lambda version: (version_key(version), version), reverse=True)
    for version in versions:
        instance = Instance(name=name, version=version, machine=machine)
        if version in unlisted:
            answer: Candidate | Rejection = Rejection(instance=instance, reason="no repository has it any more")
        else:
            answer = context.candidate(instance, requested=requested)
        if isinstance(answer, Candidate):
            usable.append(answer)
        elif instance in installed and not problem.request.require_available:
            problem.gone.append(answer)
            usable.append(Candidate(instance=instance, origin="installed"))
        else:
            rejected.append(answer)
    problem.usable[key] = tuple(candidate.instance for candidate in usable)
    problem.rejected[key] = tuple(rejected)
    problem.candidates.update((candidate.instance, candidate) for candidate in usable)
    # Stable: flagged versions first, both kinds newest first (opam, OpamSolver "version-lag"); where a flagged one is
    # installed the flags no longer count (OpamSwitchState.avoid_version).
    lenient = any(candidate.avoided is not None and candidate.instance in installed for candidate in usable)
    ranked = sorted(usable, key=lambda candidate: lenient or candidate.avoided is None)
    pinned = [version for pin, version in problem.request.pins if pin == name]
    if pinned:
        ranked.sort(key=lambda candidate: candidate.instance.version not in pinned)
    problem.lag.update((candidate.instance, lag) for lag, candidate in enumerate(ranked))
    return usable


def _check_asked(atom: Atom, context: Context) -> None:
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
