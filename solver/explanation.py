"""Why there is no solution: a minimal set of statements that contradict each other, told from the request on.

Minimal means that without any one of them there would be a solution. Rejections are not statements of their own: they
are told where somebody needs what was rejected.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from xpkg.solver.clauses import (
    Asked,
    AskedFormula,
    Clauses,
    Group,
    Held,
    Invariant,
    Needs,
    NoCycle,
    Pinned,
    Removed,
)
from xpkg.solver.condensing import statements_of
from xpkg.solver.conflict import minimal_conflict, topic
from xpkg.solver.exploration import Key, Problem
from xpkg.solver.model import Atom, NoSolution
from xpkg.solver.protocol import Context, Need
from xpkg.solver.relaxation import impossible_besides, relaxations, standing
from xpkg.solver.telling import Statement, Teller, named
from xpkg.solver.version_ranges import shortly_listed

_MOST_ALIKE = 3
_STATED = (Asked, AskedFormula, Invariant, Pinned, Held, Removed)


def explain(problem: Problem, clauses: Clauses, context: Context) -> NoSolution:
    """The error that tells a minimal conflict of ``clauses``, which must have no solution."""
    core = minimal_conflict(clauses)
    groups = [clauses.groups[number] for number in core]
    statements = _from_the_request_on(statements_of(problem, clauses, core))
    found = relaxations(problem, clauses, core)
    besides = () if found else impossible_besides(problem, clauses, core)
    return NoSolution(
        _headline(groups),
        chain=tuple(_sentences(Teller(problem, context, statements), statements)),
        relaxations=found,
        besides=tuple(f"{_asked(atom)} cannot be installed either" for atom in besides),
    )


def _sentences(teller: Teller, statements: Sequence[Statement]) -> Iterator[str]:
    """One sentence for one statement, or several of one package.

    Of a package that says something else in each version, the first few speak for all.
    """
    told: dict[Hashable, int] = {}
    waiting = list(statements)
    while waiting:
        statement = waiting.pop(0)
        if isinstance(statement.group, Invariant) and isinstance(statement.group.formula, Need):
            sentence, along = teller.with_consequences(statement, waiting)
            waiting = [one for one in waiting if one not in along]
            yield sentence
            continue
        about = topic(statement.group)
        told[about] = told.get(about, 0) + 1
        if told[about] <= _MOST_ALIKE:
            yield from teller.tell(statement)
        elif not waiting or topic(waiting[0].group) != about:
            name = statement.instances[0].name
            yield from teller.rest()
            yield f"what other versions of {name} need ({told[about] - _MOST_ALIKE} more) cannot be had either"
    yield from teller.rest()


def _asked(atom: Atom) -> str:
    return f"{atom.name} {atom.versions}" if atom.versions else atom.name


def _headline(groups: Sequence[Group]) -> str:
    asked = [group.atom for group in groups if isinstance(group, Asked)]
    removed = [group for group in groups if isinstance(group, Removed)]
    names = shortly_listed([_asked(atom) for atom in asked])
    if any(isinstance(group, NoCycle) for group in groups):
        return f"{names or 'what the switch must have'} cannot be installed: packages wait for each other"
    if asked and removed:
        return f"{names} cannot be installed without {shortly_listed([one.name for one in removed])}"
    if not asked:
        return _headline_without_names(groups)
    if len(asked) > 1:
        return f"{names} cannot be installed together"
    return f"{names} cannot be installed"


def _headline_without_names(groups: Sequence[Group]) -> str:
    """For a conflict in which nothing that was asked for by name takes part."""
    stated = [standing(group)[1] for group in groups if isinstance(group, Pinned | Held | Invariant)]
    with_those = f" with {shortly_listed(stated)}" if stated else ""
    if any(isinstance(group, AskedFormula) for group in groups):
        return f"what is asked for cannot be had{with_those}"
    removed = [group.name for group in groups if isinstance(group, Removed)]
    if removed:
        return f"{shortly_listed(removed)} cannot be removed{with_those}"
    if all(isinstance(group, Invariant) for group in groups if isinstance(group, _STATED)):
        return "what the switch must have cannot be had"
    return f"{shortly_listed(stated)} exclude each other" if len(stated) > 1 else f"{stated[0]} cannot be kept"


def _from_the_request_on(statements: Sequence[Statement]) -> list[Statement]:
    """Requests first, then each need after one that leads to it, then what sets them against each other."""
    told = [one for one in statements if isinstance(one.group, _STATED)]
    reached = [key for one in told for key in named(one)]
    groups = [one.group for one in statements]
    cycles = [{(one.name, one.machine) for one in group.cycle} for group in groups if isinstance(group, NoCycle)]
    waiting = [one for one in statements if isinstance(one.group, Needs) and not _inside(one, cycles)]
    for key in reached:  # grows while it is walked
        for one in waiting:
            if one not in told and named(one)[0] == key:
                told.append(one)
                reached += named(one)[1:]
    told += [one for one in waiting if one not in told]
    return told + [one for one in statements if not isinstance(one.group, (*_STATED, Needs))]


def _inside(statement: Statement, cycles: Sequence[set[Key]]) -> bool:
    """Whether the sentence about a cycle says already that these need each other."""
    return any(cycle.issuperset(named(statement)) for cycle in cycles)
