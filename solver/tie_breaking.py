"""Which of several states that are equally good by every criterion is the answer: always the same one.

Names are taken in the order in which the request leads to them (what it asks for and what is installed by name, then
what their candidates need, the newest first, in the order recipes write it). For the first name the newest version is
preferred that any of the equally good states has, flagged ones after all others, and having none of it comes last; of
the states that agree in that, the next name decides, and so on. Where a recipe says ``a | b`` and nothing else speaks
for one of them, ``a`` is taken. So the answer depends on the request and the recipes alone: not on the engine's
version, its threads, or the order in which candidates come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from xpkg.repo.version_order import version_key
from xpkg.solver.clauses import Clauses
from xpkg.solver.engine import Optimum, Search
from xpkg.solver.exploration import Key, Problem
from xpkg.solver.model import Instance, SolverGaveUp
from xpkg.solver.protocol import Formula, needs_of

_MOST_CYCLES = 500

Order = Callable[[], Iterable[Sequence[int]]]
"""Gives for every name, the first to decide first, the variables of its instances, the preferred first."""


def best_acyclic(
    search: Search, variables: Iterable[int], order: Order, forbid: Callable[[Optimum], bool]
) -> Optimum | None:
    """The answer: of the best states that ``forbid`` lets pass, the preferred; None when there is none.

    ``forbid`` adds clauses that exclude a state and says whether it did. Whatever it is shown on the way, the states
    it would exclude are excluded in the end, so the answer does not depend on the way.

    Raises ``SolverGaveUp`` when the time was up before any state was found, or for want of an end of cycles.
    """
    variables = list(variables)
    for _ in range(_MOST_CYCLES):
        best = search.best()
        if best is None:
            return None
        if best.proven:
            best = preferred(search, best, variables, order)
        if not forbid(best):
            return best
        search.take_over()
    raise SolverGaveUp(f"more than {_MOST_CYCLES} dependency cycles stand in the way", hint="name the versions wanted")


def preferred(search: Search, best: Optimum, variables: Iterable[int], order: Order) -> Optimum:
    """Of all states as good as ``best``, the answer; ``variables`` are those of all instances.

    Nearly always there is only one, which takes one look to know. Not ``proven`` when the time was up before.
    """
    free = _free(search, best, variables)
    if free:
        best = _decided(search, best, [options for options in order() if not free.isdisjoint(options)])
    if search.out_of_time:
        return Optimum(true=best.true, cost=best.cost, proven=False)
    return best


def _free(search: Search, best: Optimum, variables: Iterable[int]) -> set[int]:
    """The variables that do not hold in all of the states as good as ``best``, or do not lack in all."""
    fixed = set(variables)
    free: set[int] = set()
    while fixed:
        literals = [-one if one in best.true else one for one in sorted(fixed)]
        other = search.as_good(best.cost, other=literals)
        if other is None:
            break
        found = (best.true ^ other.true) & fixed
        fixed -= found
        free |= found
    return free


def _decided(search: Search, best: Optimum, names: Iterable[Sequence[int]]) -> Optimum:
    """The state that the names decide for, in their order."""
    decided: list[int] = []
    for options in names:
        for one in options:
            if one not in best.true:
                found = search.as_good(best.cost, true=[*decided, one])
                if found is None:
                    continue
                best = found
            decided.append(one)
            break
        else:
            decided.extend(-one for one in options)
    return best


def order_of(problem: Problem, clauses: Clauses) -> list[list[int]]:
    """The order of the names of one problem, each with its instances."""
    request = problem.request
    stated = (*request.formulas, *([request.invariant] if request.invariant is not None else []))
    start = {key for atom in request.install for key in atom.keys}
    start.update((one.name, one.machine) for one in (*request.installed, *request.held))
    start.update((need.name, need.machine) for formula in stated for need in needs_of(formula))
    queue: deque[Key] = deque(sorted(start))
    followed: set[int] = set()  # the identities of formulas: versions of a package share most of theirs
    order: dict[Key, list[int]] = {}
    while queue:
        key = queue.popleft()
        if key in order:
            continue
        instances = _newest_first(problem, key)
        order[key] = [clauses.variable[one] for one in instances]
        for one in instances:
            formula: Formula = problem.candidates[one].depends
            if id(formula) not in followed:
                followed.add(id(formula))
                queue.extend((need.name, need.machine) for need in needs_of(formula))
    return list(order.values())


def _newest_first(problem: Problem, key: Key) -> list[Instance]:
    instances = sorted(
        problem.usable.get(key, ()), key=lambda one: (version_key(one.version), one.version), reverse=True
    )
    return sorted(instances, key=lambda one: problem.candidates[one].avoided is not None)
