"""The smallest change to a request that would give it a solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xpkg.solver.clauses import Asked, Clauses, Conflicts, Needs, Removed
from xpkg.solver.engine import Contradiction
from xpkg.solver.exploration import Problem
from xpkg.solver.protocol import Need


def hint_for(problem: Problem, clauses: Clauses, contradiction: Contradiction, core: Sequence[int]) -> str | None:
    """What to change: a version asked for, else one thing asked for, else one constraint of a recipe.

    ``core`` is the minimal conflict. A change is only named when all else that was asked for can then be had.
    """
    everything = list(range(len(clauses.groups)))

    def enough(group: int) -> bool:
        return contradiction.possible([other for other in everything if other != group])

    asked = [number for number in core if isinstance(clauses.groups[number], Asked)]
    for number in asked:
        versions = _other_versions(problem, clauses, contradiction, number)
        if versions:
            name = _asked(clauses, number).atom.name
            return f"{name} {versions[0]} could be installed instead: ask for it, or for {name} without a version"
    if len(asked) > 1:
        for number in reversed(asked):
            if enough(number):
                return f"without {_asked(clauses, number).atom.name} the rest could be installed"
    for number in core:
        group = clauses.groups[number]
        if isinstance(group, Removed) and enough(number):
            return f"keep {group.name}"
    return _recipe_hint(problem, clauses, core, enough)


def _asked(clauses: Clauses, number: int) -> Asked:
    group = clauses.groups[number]
    assert isinstance(group, Asked)
    return group


def _other_versions(problem: Problem, clauses: Clauses, contradiction: Contradiction, number: int) -> list[str]:
    """Versions of something asked for in a certain version that all the rest could live with, the newest first."""
    atom = _asked(clauses, number).atom
    if atom.versions is None:
        return []
    groups = [other for other in range(len(clauses.groups)) if other != number]
    return [
        one.version
        for one in problem.usable[(atom.name, atom.machine)]
        if not atom.allows(one.version) and contradiction.possible(groups, true=[clauses.variable[one]])
    ]


def _recipe_hint(problem: Problem, clauses: Clauses, core: Sequence[int], enough: Callable[[int], bool]) -> str | None:
    for number in reversed(core):
        group = clauses.groups[number]
        if isinstance(group, Needs) and len(group.instances) == 1 and isinstance(group.formula, Need):
            need = group.formula
            if need.versions is not None and problem.usable.get((need.name, need.machine)) and enough(number):
                return f"it could be installed if {group.instances[0]} accepted another version of {need.name}"
        if isinstance(group, Conflicts) and enough(number):
            return f"it could be installed if {group.instances[0].name} did not conflict with {group.need}"
    return None
