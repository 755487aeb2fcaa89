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
            [(variable[one], 1) for one in problem.candidates if problem.candidates[one].avoided],
            _lags(problem, clauses, list(problem.candidates)),
            _ranks(clauses, new),
        ]
    asked = _asked_anew(problem, installed)
    return [
        removed,
        [(variable[one], 1) for one in new if _penalised(problem, one, installed)],
        _lags(problem, clauses, [one for one in problem.candidates if (one.name, one.machine) in asked]),
        _lags(problem, clauses, new),
        [*((variable[one], 1) for one in new), *removed],
        _ranks(clauses, new),
    ]


def _removed(problem: Problem, clauses: Clauses, installed: dict[Key, Instance]) -> Weighted:
    """One for each name that was there and is not any more; with ``prune`` only names once asked for count."""
    request = problem.request
    counted = request.roots if request.prune else request.installed
    weighted: Weighted = []
    for key in sorted({(one.name, one.machine) for one in counted} & set(installed)):
        if key in request.remove:
            continue
        gone = clauses.fresh()
        clauses.rows.append(((gone, *(clauses.variable[one] for one in problem.usable[key])), FREE))
        weighted.append((gone, 1))
    return weighted


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


def _asked_anew(problem: Problem, installed: dict[Key, Instance]) -> set[Key]:
    """Names asked for that are not there already in a version that will do."""
    request = problem.request
    asked: set[Key] = set()
    for atom in request.install:
        if not any(key in installed and atom.accepts(installed[key]) for key in atom.keys):
            asked.update(atom.keys)
    return asked | {key for key in installed if key[0] in request.upgrade_names}


def _lags(problem: Problem, clauses: Clauses, instances: list[Instance]) -> Weighted:
    return [(clauses.variable[one], problem.lag[one]) for one in instances if problem.lag[one]]


def _ranks(clauses: Clauses, new: list[Instance]) -> Weighted:
    return [(clauses.variable[one], rank) for rank, one in enumerate(sorted(new), start=1)]
