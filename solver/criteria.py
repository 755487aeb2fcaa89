"""What makes one solution better than another: opam's criteria, in opam's order.

opam 2.6.1, "External solvers" and ``OpamBuiltinMccs``: ``-removed, -count[avoid-version,changed],
-count[version-lag,request], -count[version-lag,changed], -count[missing-depexts,changed], -changed``; to upgrade all,
``-removed, -count[avoid-version,changed], -count[version-lag,solution], -count[missing-depexts,changed], -new``; to
repair, ``-changed, -count[avoid-version:,true], -count[version-lag:,false], -count[missing-depexts:,true]``, where
mccs takes ``true`` for ``changed`` and ``false`` for ``solution``. Best effort puts ``+count[opam-query:,false]``
before any of these.

A name on a machine counts here as a name does for opam: what is on both machines of a pair counts on each. The
default adds what opam leaves open: to upgrade, the number of changes, and with a target that of changes on the target.
And it wants the newest only of what is not there yet, where opam wants it of every name as soon as one is not there.
What decides between the states that are still equal is told in ``tie_breaking``; docs/solver.md has all of it.
"""

from __future__ import annotations

from xpkg.repo.machine_names import BUILD
from xpkg.solver.clauses import Clauses
from xpkg.solver.exploration import Key, Problem
from xpkg.solver.model import Atom, Instance, Preferences
from xpkg.solver.ordering import standing_edges
from xpkg.solver.protocol import needs_of

Weighted = list[tuple[int, int]]
"""(literal, weight): the sum of the weights of the literals that hold is to be small."""

Criterion = tuple[str, Weighted]
"""What is to be small, with its name."""

LAG = "version-lag"
"""How the names of the criteria begin that say how new versions are."""

_USUAL = Preferences()


def criteria(problem: Problem, clauses: Clauses, preferences: Preferences = _USUAL) -> list[Criterion]:
    """The criteria, the most important first. May add variables that stand for "nothing of this name is left".

    Those that cannot tell any two states apart for want of data are left out: ``to build`` without stored outputs,
    ``missing-depexts`` where no system package is known to be missing, ``providers`` without any.
    """
    missed = [("missed", _missed(problem, clauses))] if problem.request.best_effort else []
    counts = _Counts(problem, clauses, as_opam=preferences.criteria == "opam")
    wanted = [*missed, *counts.opam(_to_build(problem, clauses, preferences))]
    if preferences.criteria == "default":
        wanted += counts.by_machine()
    if problem.request.prune:  # else what no root needs could stay or go
        wanted.append(("left", [(clauses.variable[one], 1) for one in problem.candidates]))
    providers = [(clauses.variable[one.instance], one.provider_rank) for one in problem.candidates.values()]
    return wanted + _unless_empty("providers", [weighted for weighted in providers if weighted[1]])


def _unless_empty(name: str, weighted: Weighted) -> list[Criterion]:
    return [(name, weighted)] if weighted else []


def _to_build(problem: Problem, clauses: Clauses, preferences: Preferences) -> list[Criterion]:
    if not preferences.built:
        return []
    from xpkg.solver.reuse import to_build

    return [("to build", to_build(problem, clauses, preferences.built))]


class _Counts:
    """What the criteria count in one problem."""

    def __init__(self, problem: Problem, clauses: Clauses, *, as_opam: bool) -> None:
        self._problem, self._clauses, self._as_opam = problem, clauses, as_opam
        self._request = problem.request
        self._installed = {(one.name, one.machine): one for one in problem.request.installed}
        self._new = [one for one in problem.candidates if self._installed.get((one.name, one.machine)) != one]

    def opam(self, to_build: list[Criterion]) -> list[Criterion]:
        """opam's criteria for the kind of request it is, with ``to_build`` between what must be and what is newest."""
        problem, clauses, request = self._problem, self._clauses, self._request
        avoided = [one for one in self._new if _penalised(problem, one, self._installed)]
        last_resorts = ("avoid-version changed", self._ones(avoided))
        depexts = self._missing_depexts()
        if request.fixup and not request.upgrade:
            every = (f"{LAG} solution", _lags(problem, clauses, list(problem.candidates)))
            changed = self._ones(self._brought) + _changed(problem, clauses)
            return [("changed", changed), last_resorts, *to_build, every, *depexts]
        self._removed = _removed(problem, clauses, self._installed)
        first = [("removed", self._removed), *self._as_built(), last_resorts, *to_build]
        if request.upgrade:
            every = (f"{LAG} solution", _lags(problem, clauses, list(problem.candidates)))
            return [*first, every, *depexts, ("new", self._ones(self._brought))]
        keys = _asked(problem, self._installed, as_opam=self._as_opam)
        asked = [one for one in problem.candidates if (one.name, one.machine) in keys]
        moved = self._moved()
        return [
            *([] if request.upgrade_names else moved),
            *first,
            (f"{LAG} request", _lags(problem, clauses, asked)),
            *(moved if request.upgrade_names else []),
            (f"{LAG} changed", _lags(problem, clauses, self._new)),
            *depexts,
            ("changed", self._ones(self._new) + self._removed),
        ]

    def by_machine(self) -> list[Criterion]:
        """What the default adds to opam's criteria."""
        added: list[Criterion] = []
        if self._request.upgrade:
            added.append(("changed", self._ones(self._new)))
        if self._request.target is not None:
            added.append(("changed on the target", self._ones([one for one in self._new if one.machine != BUILD])))
        return added

    def _as_built(self) -> list[Criterion]:
        """Of what is to be upgraded, what can only stay as it was built, with another recipe."""
        clauses, request = self._clauses, self._request
        standing = [
            (clauses.standing[variable], 1)
            for one, variable in clauses.variable.items()
            if variable in clauses.standing and (request.upgrade or one.name in request.upgrade_names)
        ]
        return _unless_empty("as built", standing)

    def _moved(self) -> list[Criterion]:
        """One for each name that is there, and not in a version that is preferred."""
        preferred = self._request.prefer
        names = {name for name, _ in preferred}.difference(self._request.upgrade_names)
        others = [one for one in self._problem.candidates if (one.name, one.version) not in preferred]
        return _unless_empty("moved", self._ones([one for one in others if one.name in names]))

    @property
    def _brought(self) -> list[Instance]:
        """Instances of names that are not there in any version."""
        return [one for one in self._new if (one.name, one.machine) not in self._installed]

    def _ones(self, instances: list[Instance]) -> Weighted:
        return [(self._clauses.variable[one], 1) for one in instances]

    def _missing_depexts(self) -> list[Criterion]:
        """As opam, one for each package that lacks any, however many."""
        lacking = [one for one in self._new if self._problem.candidates[one].missing_depexts]
        return _unless_empty("missing-depexts changed", self._ones(lacking))


def _missed(problem: Problem, clauses: Clauses) -> Weighted:
    """One for each name asked for that is not there as asked."""
    weighted: Weighted = []
    for atom in problem.request.install:
        absent = clauses.fresh()
        clauses.rows.append(((absent, *(clauses.variable[one] for one in problem.matches(atom))), FREE))
        weighted.append((absent, 1))
    return weighted


def _removed(problem: Problem, clauses: Clauses, installed: dict[Key, Instance]) -> Weighted:
    """One for each name that was there and is not any more; with ``prune`` only what roots needed counts."""
    request = problem.request
    counted = _still_needed(problem) if request.prune else request.installed
    weighted: Weighted = []
    for key in sorted({(one.name, one.machine) for one in counted} & set(installed)):
        if key in request.remove:
            continue
        gone = clauses.fresh()
        clauses.rows.append(((gone, *(clauses.variable[one] for one in problem.usable[key])), FREE))
        weighted.append((gone, 1))
    return weighted


def _still_needed(problem: Problem) -> set[Instance]:
    """What the roots that are not to go, the invariant and what is held need now (``OpamClient.remove_t``).

    Of alternatives all that are there count.
    """
    request = problem.request
    invariant = [] if request.invariant is None else needs_of(request.invariant)
    edges = standing_edges([problem.candidates[one] for one in request.installed if one in problem.candidates])
    found: set[Instance] = set()
    kept = (*request.roots, *request.held)
    queue = [one for one in kept if (one.name, one.machine) not in request.remove]
    queue += [one for one in request.installed if any(need.accepts(one) for need in invariant)]
    while queue:
        one = queue.pop()
        if one not in found:
            found.add(one)
            queue += [edge.needed for edge in edges.get(one, ())]
    return found


def _changed(problem: Problem, clauses: Clauses) -> Weighted:
    """One for each installed instance that does not stay."""
    weighted: Weighted = []
    for one in sorted(problem.request.installed):
        away = clauses.fresh()
        stays = [clauses.variable[one]] if one in clauses.variable else []
        clauses.rows.append(((away, *stays), FREE))
        weighted.append((away, 1))
    return weighted


FREE = -1
"""The group of rows that only define a variable and can never contradict anything."""


def _penalised(problem: Problem, instance: Instance, installed: dict[Key, Instance]) -> bool:
    """Flagged avoid-version or deprecated, unless what is installed of that name is flagged too."""
    if problem.candidates[instance].avoided is None:
        return False
    present = installed.get((instance.name, instance.machine))
    known = None if present is None else problem.candidates.get(present)
    return known is None or known.avoided is None


def _asked(problem: Problem, installed: dict[Key, Instance], *, as_opam: bool) -> set[Key]:
    """The names of which the newest is wanted: those to be upgraded, and those asked for that are not there yet.

    For opam all that are asked for, unless all are there already; none where best effort counts.
    """
    request = problem.request
    asked = {key for key in installed if key[0] in request.upgrade_names}
    unmet = [atom for atom in request.install if not _is_met(atom, installed)]
    if unmet and not request.best_effort:
        asked.update(key for atom in (request.install if as_opam else unmet) for key in atom.keys)
    return asked


def _is_met(atom: Atom, installed: dict[Key, Instance]) -> bool:
    """Whether what is there in the way asked for will do."""
    return any(key in installed and atom.accepts(installed[key]) for key in atom.keys)


def _lags(problem: Problem, clauses: Clauses, instances: list[Instance]) -> Weighted:
    return [(clauses.variable[one], problem.lag[one]) for one in instances if problem.lag[one]]
