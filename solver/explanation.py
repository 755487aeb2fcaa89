"""Why there is no solution: a minimal set of statements that contradict each other, told from the request on.

Minimal means that without any one of them there would be a solution (found by deletion). Rejections are not
statements of their own: they are told where somebody needs what was rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from xpkg.repo.machine_names import BUILD
from xpkg.solver.clauses import (
    Asked,
    AskedFormula,
    Clauses,
    Conflicts,
    Group,
    Held,
    Invariant,
    Needs,
    NoCycle,
    OneOfClass,
    OneVersion,
    Pinned,
    Removed,
)
from xpkg.solver.engine import Contradiction
from xpkg.solver.exploration import Problem
from xpkg.solver.hints import hint_for
from xpkg.solver.model import Atom, Instance, NoSolution, on_machine
from xpkg.solver.protocol import AllOf, AnyOf, Context, Formula, Need, needs_of

_MOST_VERSIONS = 4
_MOST_ALIKE = 3
_STATED = (Asked, AskedFormula, Invariant, Pinned, Held, Removed)


def explain(problem: Problem, clauses: Clauses, context: Context) -> NoSolution:
    """The error that tells a minimal conflict of ``clauses``, which must have no solution."""
    contradiction = Contradiction(clauses)
    core = contradiction.minimal(range(len(clauses.groups)))
    groups = [clauses.groups[number] for number in core]
    return NoSolution(
        _headline(groups),
        chain=tuple(_sentences(Teller(problem, context, groups), _from_the_request_on(groups))),
        hint=hint_for(problem, clauses, contradiction, core),
    )


def _sentences(teller: Teller, groups: Sequence[Group]) -> Iterator[str]:
    """One sentence each; of a package that says something else in each version, the newest few speak for all."""
    told: Counter[tuple[str, str]] = Counter()
    for group in groups:
        if isinstance(group, Needs):
            told[_key(group)] += 1
            if told[_key(group)] > _MOST_ALIKE:
                continue
        yield teller.sentence(group)
    for (name, _), count in told.items():
        if count > _MOST_ALIKE:
            yield f"what other versions of {name} need ({count - _MOST_ALIKE} more) cannot be had either"


def _key(group: Needs) -> tuple[str, str]:
    return group.instances[0].name, group.instances[0].machine


def _headline(groups: Sequence[Group]) -> str:
    asked = [group.atom for group in groups if isinstance(group, Asked)]
    removed = [group for group in groups if isinstance(group, Removed)]
    names = _listed([f"{atom.name} {atom.versions}" if atom.versions else atom.name for atom in asked], "and")
    if any(isinstance(group, NoCycle) for group in groups):
        return f"{names} cannot be installed: packages wait for each other"
    if asked and removed:
        return f"{names} cannot be installed without {_listed([one.name for one in removed], 'and')}"
    if not asked:
        return (
            "what is asked for cannot be had" if _formulas(groups, AskedFormula) else "the switch cannot be as it must"
        )
    if len(asked) > 1:
        return f"{names} cannot be installed together"
    return f"{names} cannot be installed"


def _formulas(groups: Sequence[Group], kind: type[AskedFormula | Invariant]) -> list[Formula]:
    return [
        group.formula for group in groups if isinstance(group, AskedFormula | Invariant) and isinstance(group, kind)
    ]


def _from_the_request_on(groups: Sequence[Group]) -> list[Group]:
    """Requests first, then each need after one that leads to it, then what sets them against each other."""
    told: list[Group] = [group for group in groups if isinstance(group, _STATED)]
    reached = [(group.atom.name, group.atom.machine) for group in groups if isinstance(group, Asked)]
    stated = [*_formulas(groups, AskedFormula), *_formulas(groups, Invariant)]
    reached += [(need.name, need.machine) for formula in stated for need in needs_of(formula)]
    cycles = [{(one.name, one.machine) for one in group.cycle} for group in groups if isinstance(group, NoCycle)]
    waiting = [group for group in groups if isinstance(group, Needs) and not _inside(group, cycles)]
    for key in reached:  # grows while it is walked
        for group in waiting:
            if group not in told and _key(group) == key:
                told.append(group)
                reached += [(need.name, need.machine) for need in needs_of(group.formula)]
    told += [group for group in waiting if group not in told]
    return told + [group for group in groups if not isinstance(group, (*_STATED, Needs))]


def _inside(group: Needs, cycles: Sequence[set[tuple[str, str]]]) -> bool:
    """Whether the sentence about a cycle says already that these need each other."""
    keys = {(one.name, one.machine) for one in group.instances}
    keys |= {(need.name, need.machine) for need in needs_of(group.formula)}
    return any(keys <= cycle for cycle in cycles)


class Teller:
    """Turns statements into sentences, with what is rejected and why."""

    def __init__(self, problem: Problem, context: Context, groups: Sequence[Group]) -> None:
        self._problem = problem
        self._context = context
        self._wanted: list[Atom | Need] = [group.atom for group in groups if isinstance(group, Asked)]
        self._wanted += [one.formula for one in groups if isinstance(one, Needs) and isinstance(one.formula, Need)]

    def sentence(self, group: Group) -> str:  # noqa: C901 - one case a kind of statement
        match group:
            case Asked(atom):
                need = Need(name=atom.name, machine=atom.machine, versions=atom.versions)
                return f"{atom} was asked for{self.shortage(need)}"
            case AskedFormula(formula):
                return f"{self.formula(formula, self._own(formula))} was asked for{self._shortages(formula)}"
            case Invariant(formula):
                return f"the switch must have {self.formula(formula, self._own(formula))}{self._shortages(formula)}"
            case Pinned(name, version):
                return f"{name} is pinned to {version}{self._missing(name, version)}"
            case Held(instance):
                return f"{instance} is held as it is"
            case Removed(name, machine):
                return f"{name} was asked to be removed, as it is {on_machine(machine)}"
            case Needs(instances, formula):
                return self._needs(instances, formula)
            case Conflicts(instances, need):
                those = self._in_question(instances)
                return f"{self._these(those)} {_verb(those, 'conflict')} with {need}"
            case OneOfClass(conflict_class, machine, names):
                return f"only one of {_listed(names, 'and')} can be {on_machine(machine)} ({conflict_class})"
            case OneVersion(name):
                return f"only one version of {name} can be there, the same on every machine"
            case NoCycle(cycle):
                return f"{cycle[0]} needs {', which needs '.join(map(str, (*cycle[1:], cycle[0])))}: a cycle"

    def _missing(self, name: str, version: str) -> str:
        """Why a pinned version cannot be had, or nothing to say when it can."""
        machines = self._problem.request.machines
        if any(Instance(name=name, version=version, machine=one) in self._problem.candidates for one in machines):
            return ""
        for machine in machines:
            for one in self._problem.rejected.get((name, machine), ()):
                if one.instance.version == version:
                    return f", but that cannot be had: {one.reason}"
        return f", but there is only {_versions(self._context.versions(name))}"

    def _own(self, formula: Formula) -> str:
        """The machine of what a formula names first: it goes without saying."""
        return next((need.machine for need in needs_of(formula)), BUILD)

    def _shortages(self, formula: Formula) -> str:
        """Why nothing meets a formula, or nothing to say when something may."""
        shortages = [self.shortage(need) for need in needs_of(formula)]
        return "".join(shortages) if all(shortages) else ""

    def _needs(self, instances: tuple[Instance, ...], formula: Formula) -> str:
        instances = self._in_question(instances)
        origins = dict.fromkeys(self._problem.candidates[one].origin for one in instances)
        origin = f" (says {_listed([one for one in origins if one], 'and')})" if any(origins) else ""
        needs = needs_of(formula)
        wanted = self.formula(formula, instances[0].machine)
        implicit = next((f", {need.implicit}" for need in needs if need.implicit), "")
        shortage = self._shortages(formula)
        return f"{self._these(instances)} {_verb(instances, 'need')} {wanted}{implicit}{origin}{shortage}"

    def _in_question(self, instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
        """Those that the rest of the conflict leaves possible, else all."""
        first = instances[0]
        wanted = [one for one in self._wanted if (one.name, one.machine) == (first.name, first.machine)]
        left = tuple(
            one
            for one in instances
            if all(want.versions is None or want.versions.allows(one.version) for want in wanted)
        )
        return left or instances

    def formula(self, formula: Formula, machine: str) -> str:
        """The formula; a machine is named where it is not the one the need comes from."""
        if isinstance(formula, Need):
            where = "" if formula.machine == machine else f" {on_machine(formula.machine)}"
            return f"{formula}{where}"
        parts = [
            f"({self.formula(part, machine)})" if isinstance(part, AllOf | AnyOf) else self.formula(part, machine)
            for part in formula.parts
        ]
        return (" and " if isinstance(formula, AllOf) else " or ").join(parts) or "what its filters leave nothing of"

    def _these(self, instances: tuple[Instance, ...]) -> str:
        versions = _versions([one.version for one in instances])
        where = " (build machine)" if instances[0].machine == BUILD and self._problem.request.target else ""
        return f"{instances[0].name} {versions}{where}"

    def shortage(self, need: Need) -> str:
        """Why nothing meets a need, or nothing to say when something does."""
        if self._problem.matches(need):
            return ""
        versions = self._context.versions(need.name)
        if not versions:
            near = self._context.nearest(need.name)
            return f", but no package is called {need.name}" + (f" (there is {_listed(near, 'and')})" if near else "")
        rejected: dict[str, list[str]] = {}
        for one in self._problem.rejected.get((need.name, need.machine), ()):
            if need.versions is None or need.versions.allows(one.instance.version):
                rejected.setdefault(one.reason, []).append(one.instance.version)
        if not rejected:
            return f", but of {need.name} there is only {_versions(versions)}"
        return "".join(f", but {need.name} {_versions(of)} cannot be had: {reason}" for reason, of in rejected.items())


def _verb(instances: Sequence[Instance], verb: str) -> str:
    return f"{verb}s" if len(instances) == 1 else verb


def _versions(versions: Sequence[str]) -> str:
    if len(versions) <= _MOST_VERSIONS:
        return _listed(versions, "and")
    return f"{', '.join(versions[: _MOST_VERSIONS - 1])} and {len(versions) - _MOST_VERSIONS + 1} other versions"


def _listed(words: Sequence[str], last: str) -> str:
    return " ".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"
