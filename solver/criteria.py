"""What makes one solution better than another: opam's criteria, in opam's order.

opam 2.6.1, "External solvers": ``-removed, -count[avoid-version,changed], -count[version-lag,request],
-count[version-lag,changed], -count[missing-depexts,changed], -changed``; for upgrades ``-removed,
-count[avoid-version,changed], -count[version-lag,solution], -count[missing-depexts,changed], -new``; to repair,
``-changed, -count[avoid-version,true], -count[version-lag,false], -count[missing-depexts,true]``. Best effort puts
``+count[opam-query,solution]`` before any of these.

Deviations: system packages are not looked at while solving, so ``missing-depexts`` is left out. ``changed``
counts a name on each machine. A last criterion, the sum of the ranks of what is new in the order of names, decides
between solutions that opam holds equal.
"""

from __future__ import annotations

from xpkg.solver.clauses import Clauses
from xpkg.solver.exploration import Key, Problem
from xpkg.solver.model import Instance
from xpkg.solver.ordering import edges_of
from xpkg.solver.protocol import needs_of

Weighted = list[tuple[int, int]]
"""(literal, weight): the sum of the weights of the literals that hold is to be small."""


def criteria(problem: Problem, clauses: Clauses) -> list[Weighted]:
    """The criteria, the most important first. May add variables that stand for "nothing of this name is left"."""
    missed = [_missed(problem, clauses)] if problem.request.best_effort else []
    *state, ranks = _state_criteria(problem, clauses)
    providers = [(clauses.variable[one.instance], one.provider_rank) for one in problem.candidates.values()]
    preferred = [weighted for weighted in providers if weighted[1]]
    return [*missed, *state, *([preferred] if preferred else []), ranks]


def _missed(problem: Problem, clauses: Clauses) -> Weighted:
    """One for each name asked for that is not there as asked."""
    weighted: Weighted = []
    for atom in problem.request.install:
        absent = clauses.fresh()
        clauses.rows.append(((absent, *(clauses.variable[one] for one in problem.matches(atom))), FREE))
        weighted.append((absent, 1))
    return weighted


def _state_criteria(problem: Problem, clauses: Clauses) -> list[Weighted]:
    request = problem.request
    installed = {(one.name, one.machine): one for one in request.installed}
    new = [one for one in problem.candidates if installed.get((one.name, one.machine)) != one]
    removed = _removed(problem, clauses, installed)
    variable = clauses.variable
    if request.upgrade:
        return [
            removed,
            [(variable[one], 1) for one in new if _penalised(problem, one, installed)],
            _lags(problem, clauses, list(problem.candidates)),
            [(variable[one], 1) for one in new if (one.name, one.machine) not in installed],
            _ranks(clauses, new),
        ]
    if request.fixup:
        added = [(variable[one], 1) for one in new if (one.name, one.machine) not in installed]
        return [
            added + _changed(problem, clauses),
            [(variable[one], 1) for one in new if _penalised(problem, one, installed)],
            _lags(problem, clauses, list(problem.candidates)),
            _ranks(clauses, new),
        ]
    asked = _asked(problem, installed)
    return [
        removed,
        [(variable[one], 1) for one in new if _penalised(problem, one, installed)],
        _lags(problem, clauses, [one for one in problem.candidates if (one.name, one.machine) in asked]),
        _lags(problem, clauses, new),
        [*((variable[one], 1) for one in new), *removed],
        _ranks(clauses, new),
    ]


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
    edges = edges_of([problem.candidates[one] for one in request.installed if one in problem.candidates])
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


def _asked(problem: Problem, installed: dict[Key, Instance]) -> set[Key]:
    """The names asked for, unless all are there already in versions that will do; none where best effort counts."""
    request = problem.request
    asked = {key for key in installed if key[0] in request.upgrade_names}
    met = all(any(key in installed and atom.accepts(installed[key]) for key in atom.keys) for atom in request.install)
    if not met and not request.best_effort:
        asked.update(key for atom in request.install for key in atom.keys)
    return asked


def _lags(problem: Problem, clauses: Clauses, instances: list[Instance]) -> Weighted:
    return [(clauses.variable[one], problem.lag[one]) for one in instances if problem.lag[one]]


def _ranks(clauses: Clauses, new: list[Instance]) -> Weighted:
    return [(clauses.variable[one], rank) for rank, one in enumerate(sorted(new), start=1)]
