"""The statements of a conflict as sentences, with what cannot be had and why.

A sentence speaks of the versions that the sentences before it leave possible.  Machines are named where there are two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from xpkg.repo.machine_names import BUILD
from xpkg.solver.clauses import (
    Asked,
    AskedFormula,
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
from xpkg.solver.exploration import Key, Problem
from xpkg.solver.model import Atom, Instance, on_machine
from xpkg.solver.protocol import AllOf, AnyOf, Context, Formula, Need, needs_of
from xpkg.solver.standing import BUILT_WITH
from xpkg.solver.version_ranges import condensed, listed

ASKED = " was asked for"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one sentence says: one group, or several alike of one package, of which ``group`` is the first.

    Of several alike only this is claimed: that each version needs one of what any of them accepts.
    """

    group: Group
    alike: tuple[Needs, ...] = ()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The instances that a statement about needs or conflicts speaks of."""
        if self.alike:
            return tuple(dict.fromkeys(one for group in self.alike for one in group.instances))
        return self.group.instances if isinstance(self.group, Needs | Conflicts) else ()

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(one.formula for one in self.alike or (self.group,) if isinstance(one, Needs))


class Teller:
    """Turns statements into sentences, in the order in which they are to be read."""

    def __init__(self, problem: Problem, context: Context, statements: Sequence[Statement] = ()) -> None:
        self._problem = problem
        self._context = context
        self._two_machines = problem.request.target is not None
        self._home = problem.request.target or BUILD  # goes without saying
        self._possible: dict[Key, frozenset[str]] = {}  # of what must be there in any case
        self._pinned: dict[str, str] = {}
        self._kept: list[Statement] = []
        self._mentioned = {key[0] for one in statements for key in named(one)}

    def tell(self, statement: Statement) -> Iterator[str]:
        """Sentences that can be told now; ``rest`` gives what is kept back to be joined with what follows."""
        joined = self._joins(statement)
        if not joined:
            yield from self.rest()
        if joined or self._may_join(statement):
            self._kept.append(statement)
        else:
            yield self._told(statement)
            self._learn(statement)

    def with_consequences(self, statement: Statement, others: Sequence[Statement]) -> tuple[str, list[Statement]]:
        """A statement of one version with what that needs, and what that needs ..., and those of ``others`` so told."""
        told, used = self._told(statement), list[Statement]()
        self._learn(statement)
        key = named(statement)[0]
        while (found := self._consequence(key, [one for one in others if one not in used])) is not None:
            needed, need = found
            told += f", which needs {self._wanted(need, key[1], False)}{self._origin(needed.instances)}"
            self._learn(needed)
            used.append(needed)
            key = need.name, need.machine
        return told, used

    def _consequence(self, key: Key, others: Sequence[Statement]) -> tuple[Statement, Need] | None:
        """What is said of the only version left of a package, where that is one plain need."""
        left = self._possible.get(key, frozenset())
        found = [one for one in others if isinstance(one.group, Needs) and named(one)[0] == key]
        if len(left) != 1 or len(found) != 1 or not self._may_join(found[0]):
            return None
        (formula,) = found[0].formulas
        covered = left <= {one.version for one in found[0].instances}
        return (found[0], formula) if covered and isinstance(formula, Need) else None

    def rest(self) -> Iterator[str]:
        """What was kept back, as one sentence."""
        kept, self._kept = self._kept, []
        if kept:
            yield self._together(kept)
        for one in kept:
            self._learn(one)

    def _may_join(self, statement: Statement) -> bool:
        """Whether it may share a sentence: needs of the same versions, and names of which one version can be there."""
        group = statement.group
        if isinstance(group, Needs):
            return not statement.alike and not self._shortages(group.formula) and not self._half(group.formula)
        return isinstance(group, OneVersion)

    def _joins(self, statement: Statement) -> bool:
        if not self._kept or not self._may_join(statement):
            return False
        first = self._kept[0]
        if isinstance(first.group, Needs) and isinstance(statement.group, Needs):
            return self._left(first.instances) == self._left(statement.instances)
        return isinstance(first.group, OneVersion) and isinstance(statement.group, OneVersion)

    def _together(self, kept: Sequence[Statement]) -> str:
        if isinstance(kept[0].group, OneVersion):
            return self._one_version([one.group.name for one in kept if isinstance(one.group, OneVersion)])
        return self._needs(kept)

    def _told(self, statement: Statement) -> str:
        match statement.group:
            case Needs():
                return self._alike(statement) if statement.alike else self._needs([statement])
            case Conflicts(_, need):
                those = self._left(statement.instances)
                return f"{self._these(those)} {_verb(those, 'conflict')} with {need}{self._origin(those)}"
            case OneOfClass(name, machine, names, True):
                meant = [one for one in names if one in self._mentioned]
                some = listed(meant if len(meant) > 1 else names, "or")
                return f"only one provider of {name} can be there{self._where(machine)}: {some}"
            case OneOfClass(conflict_class, machine, names):
                meant = [name for name in names if name in self._mentioned]
                some = listed(meant if len(meant) > 1 else names, "and")
                return f"only one of {some} can be there{self._where(machine)} (conflict class {conflict_class})"
            case OneVersion(name):
                return self._one_version([name])
            case NoCycle(cycle):
                return f"{cycle[0]} needs {', which needs '.join(map(str, (*cycle[1:], cycle[0])))}: a cycle"
            case stated:
                return self._stated(stated)

    def _stated(self, group: Asked | AskedFormula | Invariant | Pinned | Held | Removed) -> str:
        match group:
            case Asked(atom):
                need = Need(name=atom.name, machine=atom.machine, versions=atom.versions)
                return f"{need}{self._where(atom.machine)}{ASKED}{self._shortages(self._meeting(atom))}"
            case AskedFormula(formula):
                return f"{self.formula(formula, self._home)}{ASKED}{self._shortages(formula)}"
            case Invariant(formula):
                return f"the switch must have {self.formula(formula, self._home)}{self._shortages(formula)}"
            case Pinned(name, version):
                return f"{name} is pinned to {version}{self._source(name)}{self._missing(name, version)}"
            case Held(instance):
                return f"{self._instance(instance)} is held as it is"
            case Removed(name, machine):
                return f"{name} was asked to be removed{self._where(machine)}"

    def _meeting(self, atom: Atom) -> Formula:
        """What meets what is asked for: the package, unless there is only what provides it."""
        real = not atom.providers or self._context.versions(atom.name)
        atoms = (atom, *atom.providers) if real else atom.providers
        return AnyOf(tuple(Need(name=one.name, machine=one.machine, versions=one.versions) for one in atoms))

    def _where(self, machine: str) -> str:
        return f" {on_machine(machine)}" if self._two_machines else ""

    def _instance(self, instance: Instance) -> str:
        return str(instance) if self._two_machines else f"{instance.name} {instance.version}"

    def _source(self, name: str) -> str:
        address = dict(self._problem.request.pinned_to).get(name)
        return f" ({address})" if address else ""

    def _missing(self, name: str, version: str) -> str:
        """Why a pinned version cannot be had, or nothing to say when it can."""
        machines = self._problem.request.machines
        if any(Instance(name=name, version=version, machine=one) in self._problem.candidates for one in machines):
            return ""
        for machine in machines:
            for one in self._problem.rejected.get((name, machine), ()):
                if one.instance.version == version:
                    return f", but that cannot be had: {one.reason}"
        return f", but there is only {self._versions(name, self._context.versions(name))}"

    def _one_version(self, names: Sequence[str]) -> str:
        everywhere = ", the same on every machine" if self._two_machines else ""
        if len(names) > 1:
            return f"only one version each of {listed(names, 'and')} can be there{everywhere}"
        name = names[0]
        demands = {key: left for key, left in self._possible.items() if key[0] == name}
        common = frozenset.intersection(*demands.values()) if demands else frozenset({""})
        both = ", and it must be the same on both machines" if len(demands) > 1 else ""
        if not common:
            return f"no version of {name} meets all of this{both}"
        return f"only one version of {name} can be there{everywhere}"

    def _needs(self, statements: Sequence[Statement]) -> str:
        """Needs of the same versions."""
        instances = self._left(statements[0].instances)
        formulas = [formula for one in statements for formula in one.formulas]
        wanted = listed([self._wanted(formula, instances[0].machine, len(formulas) > 1) for formula in formulas], "and")
        shortage = self._shortages(formulas[0]) or self._half(formulas[0])
        if {need.reason for formula in formulas for need in needs_of(formula)} == {BUILT_WITH}:
            return f"{self._these(instances)} was built with {wanted}{shortage}"
        verb = _verb(instances, "need")
        return f"{self._these(instances)} {verb} {wanted}{self._origin(instances)}{shortage}"

    def _wanted(self, formula: Formula, machine: str, several: bool) -> str:
        implicit = next((f", {need.implicit}" for need in needs_of(formula) if need.implicit), "")
        text = self.formula(formula, machine)
        return f"({text})" if several and isinstance(formula, AnyOf) else text + implicit

    def _alike(self, statement: Statement) -> str:
        """Versions with a constraint each: what all of them together accept, and the newest one's own constraint."""
        instances = self._left(statement.instances)
        machine = instances[0].machine
        accepted: dict[Key, set[str]] = {}
        for group in statement.alike:
            if not set(instances).isdisjoint(group.instances):
                for need in needs_of(group.formula):
                    versions = {one.version for one in self._problem.matches(need)}
                    accepted.setdefault((need.name, need.machine), set()).update(versions)
        parts = [
            f"{name} {self._versions(name, versions)}" + ("" if where == machine else f" {on_machine(where)}")
            for (name, where), versions in accepted.items()
            if versions
        ]
        newest = next(group for group in statement.alike if instances[0] in group.instances)
        example = f"{instances[0].version}: {self.formula(newest.formula, machine)}{self._origin(instances, '')}"
        these = f"{self._these(instances)} {_verb(instances, 'need')}"
        if not parts:
            return f"{these} what cannot be had ({example}{self._shortages(newest.formula)})"
        return f"{these} {listed(parts, 'or')}, each its own ({example})"

    def _origin(self, instances: Sequence[Instance], form: str = "()") -> str:
        origins = dict.fromkeys(self._problem.candidates[one].origin for one in instances)
        known = [one for one in origins if one]
        if not known:
            return ""
        says = f"says {listed(known, 'and')}"
        return f" ({says})" if form else f", {says}"

    def _left(self, instances: tuple[Instance, ...]) -> tuple[Instance, ...]:
        """Those that the sentences so far leave possible, else all."""
        name = instances[0].name
        left = self._possible.get((name, instances[0].machine))
        pinned = self._pinned.get(name)
        return (
            tuple(
                one
                for one in instances
                if (left is None or one.version in left) and (pinned is None or one.version == pinned)
            )
            or instances
        )

    def _learn(self, statement: Statement) -> None:
        """Keep what a sentence leaves possible of what must be there in any case."""
        group = statement.group
        match group:
            case Asked(atom) if not atom.providers:
                self._restrict((atom.name, atom.machine), {one.version for one in self._problem.matches(atom)})
            case AskedFormula(Need() as need) | Invariant(Need() as need):
                self._restrict((need.name, need.machine), {one.version for one in self._problem.matches(need)})
            case Pinned(name, version):
                self._pinned[name] = version
            case Held(instance):
                self._restrict((instance.name, instance.machine), {instance.version})
            case Needs(instances, _):
                left = self._possible.get((instances[0].name, instances[0].machine))
                if left is not None and left <= {one.version for one in statement.instances}:
                    self._learn_needs(statement, left)

    def _learn_needs(self, statement: Statement, left: Collection[str]) -> None:
        of_left = [
            one.formula
            for one in statement.alike or (statement.group,)
            if isinstance(one, Needs) and any(each.version in left for each in one.instances)
        ]
        needs = [formula for formula in of_left if isinstance(formula, Need)]
        keys = {(need.name, need.machine) for need in needs}
        if len(needs) == len(of_left) and len(keys) == 1:
            self._restrict(keys.pop(), {one.version for need in needs for one in self._problem.matches(need)})

    def _restrict(self, key: Key, versions: Collection[str]) -> None:
        before = self._possible.get(key)
        self._possible[key] = frozenset(versions) if before is None else before & frozenset(versions)

    def _shortages(self, formula: Formula) -> str:
        """Why nothing meets a formula, or nothing to say when something may."""
        shortages = [self.shortage(need) for need in needs_of(formula)]
        return "".join(dict.fromkeys(shortages)) if all(shortages) else ""

    def _half(self, formula: Formula) -> str:
        """Which of the alternatives do not count."""
        if not isinstance(formula, AnyOf):
            return ""
        lacking = dict.fromkeys(need.name for need in needs_of(formula) if not self._problem.matches(need))
        return f" (of {listed([*lacking], 'and')} nothing that fits can be had)" if lacking else ""

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

    def _these(self, instances: Sequence[Instance]) -> str:
        first = instances[0]
        where = " (build machine)" if first.machine == BUILD and self._two_machines else ""
        return f"{first.name} {self._versions(first.name, [one.version for one in instances])}{where}"

    def _versions(self, name: str, versions: Collection[str]) -> str:
        return condensed(versions, self._context.versions(name))

    def shortage(self, need: Need) -> str:
        """Why nothing meets a need, or nothing to say when something does."""
        if self._problem.matches(need):
            return ""
        versions = self._context.versions(need.name)
        if not versions:
            near = self._context.nearest(need.name)
            return f", but no package is called {need.name}" + (f" (there is {listed(near, 'and')})" if near else "")
        rejected = [
            one
            for one in self._problem.rejected.get((need.name, need.machine), ())
            if need.versions is None or need.versions.allows(one.instance.version)
        ]
        if not rejected:
            return f", but of {need.name} there is only {self._versions(need.name, versions)}"
        those = self._versions(need.name, [one.instance.version for one in rejected])
        newest = rejected[0]
        alike = all(one.reason == newest.reason for one in rejected)
        why = f": {newest.reason}" if alike else f" ({newest.instance.version}: {newest.reason})"
        return f", but {need.name} {those} cannot be had{why}"


def named(statement: Statement) -> list[Key]:
    """The packages that a statement names: of a need, first the one that has it."""
    match statement.group:
        case Asked(atom):
            return list(atom.keys)
        case AskedFormula(formula) | Invariant(formula):
            return [(need.name, need.machine) for need in needs_of(formula)]
        case Held(instance):
            return [(instance.name, instance.machine)]
        case Needs(instances, _):
            needed = [(need.name, need.machine) for formula in statement.formulas for need in needs_of(formula)]
            return [(instances[0].name, instances[0].machine), *needed]
    return []


def _verb(instances: Sequence[Instance], verb: str) -> str:
    return f"{verb}s" if len(instances) == 1 else verb
