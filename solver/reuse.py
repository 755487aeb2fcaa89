"""What is built already, as the engine sees it, and what would have to be built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from xpkg.core.values import value
from xpkg.solver.model import Instance
from xpkg.solver.protocol import needs_of

if TYPE_CHECKING:
    from xpkg.solver.clauses import Clauses
    from xpkg.solver.criteria import Weighted
    from xpkg.solver.exploration import Problem


@value(kw_only=True)
class Built:
    """A stored output: its ``key``, what it is a build of, and the keys of all outputs it was built with."""

    key: str
    instance: Instance
    dependencies: frozenset[str] = frozenset()


def to_build(problem: Problem, clauses: Clauses, built: Sequence[Built]) -> Weighted:
    """One for each chosen instance that no stored output can be taken for.

    An output can be taken when its instance is chosen, all outputs it was built with are taken too, and nothing is
    chosen that it would be built with now and was not then: then it is the one that a build would give.
    """
    from xpkg.solver.criteria import FREE

    outputs = _usable(problem, built)
    taken = {key: clauses.fresh() for key in sorted(outputs)}
    of_instance: dict[Instance, list[int]] = {}
    for key, variable in taken.items():
        output = outputs[key]
        of_instance.setdefault(output.instance, []).append(variable)
        clauses.rows.append(((-variable, clauses.variable[output.instance]), FREE))
        clauses.rows.extend(((-variable, taken[other]), FREE) for other in _nearest(output, outputs))
        clauses.rows.extend(((-variable, -clauses.variable[one]), FREE) for one in _new_to(output, outputs, problem))
    weighted: Weighted = []
    for instance in problem.candidates:
        variable = clauses.variable[instance]
        if instance in of_instance:
            variable = clauses.fresh()
            clauses.rows.append(((variable, -clauses.variable[instance], *of_instance[instance]), FREE))
        weighted.append((variable, 1))
    return weighted


def forbid_unneeded(problem: Problem, clauses: Clauses, unneeded: frozenset[Instance]) -> None:
    """Instances that nothing needs may be there only beside one that does.

    Else what is built would be taken with an optional dependency that was there then, and that would be pulled in.
    """
    from xpkg.solver.criteria import FREE

    names = {(one.name, one.machine) for one in unneeded}
    needing = [
        clauses.variable[candidate.instance]
        for candidate in problem.candidates.values()
        if candidate.instance not in unneeded
        and any(
            (need.name, need.machine) in names and any(map(need.accepts, unneeded))
            for need in needs_of(candidate.depends)
        )
    ]
    clauses.rows.extend(((-clauses.variable[one], *needing), FREE) for one in sorted(unneeded))


def _usable(problem: Problem, built: Iterable[Built]) -> dict[str, Built]:
    """By key, the outputs of candidates whose dependencies are outputs of candidates too, all the way down."""
    known = {one.key: one for one in built if one.instance in problem.candidates}
    while True:
        lacking = [key for key, one in known.items() if not known.keys() >= one.dependencies]
        if not lacking:
            return known
        for key in lacking:
            del known[key]


def _nearest(output: Built, outputs: Mapping[str, Built]) -> list[str]:
    """The dependencies that are not dependencies of others: taking these takes all."""
    farther = {key for other in output.dependencies for key in outputs[other].dependencies}
    return sorted(output.dependencies - farther)


def _new_to(output: Built, outputs: Mapping[str, Built], problem: Problem) -> Iterator[Instance]:
    """What would be a dependency now where it is chosen, and was not there when this was built.

    Other versions of its dependencies need not be told: they exclude those versions.
    """
    candidate = problem.candidates[output.instance]
    there = {(one.name, one.machine) for one in (outputs[key].instance for key in output.dependencies)}
    there.add((output.instance.name, output.instance.machine))
    for need in (*needs_of(candidate.depends), *candidate.optional):
        if not need.post and (need.name, need.machine) not in there:
            yield from problem.matches(need)
