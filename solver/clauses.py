"""A problem as clauses over numbered variables, each belonging to a group that can be told in words.

Literals are nonzero integers, a negative one negates. A group is what one sentence of an explanation says: "lwt 5.6.1
needs ocaml < 5.5" is one group, however many clauses it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xpkg.core.values import value
from xpkg.solver.exploration import Key, Problem, beside_pins
from xpkg.solver.model import Atom, Instance
from xpkg.solver.protocol import AllOf, Formula, Need


@value
class Asked:
    """The request contains this atom."""

    atom: Atom


@value
class AskedFormula:
    """The request contains this formula."""

    formula: Formula


@value
class Invariant:
    """What must hold in this switch whatever is asked for."""

    formula: Formula


@value
class Pinned:
    """Of this name no other version may be chosen, on any machine; see ``beside_pins`` for what may stay."""

    name: str
    version: str


@value
class Held:
    """This installed instance must stay exactly as it is."""

    instance: Instance


@value
class Removed:
    """The request says that this name must be gone from this machine."""

    name: str
    machine: str


@value
class Needs:
    """Instances of one name on one machine whose recipes state the same need."""

    instances: tuple[Instance, ...]
    formula: Formula


@value
class Conflicts:
    """Instances of one name on one machine whose recipes state the same conflict."""

    instances: tuple[Instance, ...]
    need: Need


@value
class OneOfClass:
    """These names exclude each other on one machine: they are of one class, or provide the same name."""

    conflict_class: str
    machine: str
    names: tuple[str, ...]
    provided: bool = False


@value
class OneVersion:
    """A name has one version over the two machines of a target."""

    name: str


@value
class NoCycle:
    """These instances would wait for each other."""

    cycle: tuple[Instance, ...]


Group = (
    Asked | AskedFormula | Invariant | Pinned | Held | Removed | Needs | Conflicts | OneOfClass | OneVersion | NoCycle
)


@dataclass(slots=True)
class Clauses:
    """``rows`` are disjunctions, ``exclusive`` are sets of which at most one holds; both carry a group's number.

    ``standing`` has for the variable of an instance, where that can stay as it was built, the one that says it does.
    """

    count: int = 0
    groups: list[Group] = field(default_factory=list)
    rows: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    exclusive: list[tuple[tuple[int, ...], int]] = field(default_factory=list)
    variable: dict[Instance, int] = field(default_factory=dict)
    standing: dict[int, int] = field(default_factory=dict)
    _variables: dict[Key, range] = field(default_factory=dict)

    def number(self, key: Key, instances: Sequence[Instance]) -> None:
        """Give each usable instance of a name its variable."""
        self._variables[key] = range(self.count + 1, self.count + 1 + len(instances))
        self.count += len(instances)
        self.variable.update(zip(instances, self._variables[key], strict=True))

    def of(self, key: Key) -> range:
        """The variables of a name's usable instances, in their order."""
        return self._variables.get(key, range(0))

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def group(self, group: Group) -> int:
        self.groups.append(group)
        return len(self.groups) - 1

    def require(self, literals: Iterable[int], group: int) -> None:
        self.rows.append((tuple(literals), group))

    def chosen(self, true: Iterable[int]) -> list[Instance]:
        holding = set(true)
        return [instance for instance, number in self.variable.items() if number in holding]


def encode(problem: Problem) -> Clauses:
    """The clauses of a problem, the same for the same problem: everything is visited in a fixed order."""
    clauses = Clauses()
    for key in sorted(problem.usable):
        clauses.number(key, problem.usable[key])
    _encode_request(clauses, problem)
    for key in _breadth_first(problem):
        _encode_needs(clauses, problem, key)
        _encode_conflicts(clauses, problem, key)
    _encode_classes(clauses, problem)
    _encode_one_version(clauses, problem)
    return clauses


def forbid_cycle(clauses: Clauses, cycle: tuple[Instance, ...]) -> None:
    """These instances may not all be in a solution."""
    clauses.require([-clauses.variable[one] for one in cycle], clauses.group(NoCycle(cycle)))


def _breadth_first(problem: Problem) -> list[Key]:
    # Exploration went breadth first from the request, so near groups come before far ones; explanations rely on it.
    return list(problem.usable)


def _encode_request(clauses: Clauses, problem: Problem) -> None:
    request = problem.request
    for atom in () if request.best_effort else request.install:
        group = clauses.group(Asked(atom))
        clauses.require([clauses.variable[one] for one in problem.matches(atom)], group)
    for formula in request.formulas:
        for conjunct in _conjuncts(formula):
            group = clauses.group(AskedFormula(conjunct))
            clauses.require(_disjunction(clauses, problem, conjunct, group), group)
    for conjunct in _conjuncts(request.invariant) if request.invariant is not None else ():
        group = clauses.group(Invariant(conjunct))
        clauses.require(_disjunction(clauses, problem, conjunct, group), group)
    for name, machine in request.remove:
        group = clauses.group(Removed(name, machine))
        for one in problem.usable.get((name, machine), ()):
            clauses.require([-clauses.variable[one]], group)
    _encode_pins(clauses, problem)
    for instance in request.held:
        if (instance.name, instance.machine) not in request.remove:
            held = [clauses.variable[instance]] if instance in clauses.variable else []
            clauses.require(held, clauses.group(Held(instance)))


def _encode_pins(clauses: Clauses, problem: Problem) -> None:
    staying = beside_pins(problem)
    for name, version in problem.request.pins:
        others = [
            one
            for machine in problem.request.machines
            for one in problem.usable.get((name, machine), ())
            if one.version != version and one not in staying
        ]
        if others:
            group = clauses.group(Pinned(name, version))
            for one in others:
                clauses.require([-clauses.variable[one]], group)


def _conjuncts(formula: Formula) -> list[Formula]:
    if isinstance(formula, AllOf):
        return [conjunct for part in formula.parts for conjunct in _conjuncts(part)]
    return [formula]


def _shown(formula: Formula) -> str:
    """What makes two formulas the same: their text and the machines they speak of."""
    if isinstance(formula, Need):
        return f"{formula}@{formula.machine}"
    return f"{type(formula).__name__}({','.join(_shown(part) for part in formula.parts)})"


def _encode_needs(clauses: Clauses, problem: Problem, key: Key) -> None:
    # Where the instances that need the same stand, by the need's text; by identity, for versions share formulas.
    same: dict[str, tuple[Formula, list[int]]] = {}
    known: dict[int, list[int]] = {}
    parted: dict[int, list[Formula]] = {}
    usable, variables = problem.usable[key], clauses.of(key)
    _encode_standing(clauses, problem, usable)
    for place, instance in enumerate(usable):
        depends = problem.candidates[instance].depends
        conjuncts = parted.get(id(depends))
        if conjuncts is None:
            conjuncts = parted[id(depends)] = _conjuncts(depends)
        for conjunct in conjuncts:
            places = known.get(id(conjunct))
            if places is None:
                places = known[id(conjunct)] = same.setdefault(_shown(conjunct), (conjunct, []))[1]
            if not places or places[-1] != place:
                places.append(place)
    for conjunct, places in same.values():
        group = clauses.group(Needs(tuple([usable[place] for place in places]), conjunct))
        literals = _disjunction(clauses, problem, conjunct, group)
        _imply(clauses, [variables[place] for place in places], literals, group)


def _encode_standing(clauses: Clauses, problem: Problem, usable: Sequence[Instance]) -> None:
    """What was built with other things than its recipe asks for now needs those only while it stays as built."""
    for instance in usable:
        built_with = problem.candidates[instance].built_with
        if built_with is not None:
            standing = clauses.standing[clauses.variable[instance]] = clauses.fresh()
            for need in built_with:
                group = clauses.group(Needs((instance,), need))
                clauses.require((-standing, *_literals(clauses, problem, need)), group)


def _imply(clauses: Clauses, each: Sequence[int], literals: list[int], group: int) -> None:
    """``each`` of these needs one of ``literals``; many needing many share a variable for "one of them holds"."""
    if len(each) > 2 and len(literals) > 2:
        literals = [_named(clauses, literals, group)]
    for variable in each:
        standing = clauses.standing.get(variable)
        clauses.require((-variable, *literals) if standing is None else (-variable, standing, *literals), group)


def _named(clauses: Clauses, literals: list[int], group: int) -> int:
    """A variable that only holds where one of ``literals`` does."""
    name = clauses.fresh()
    clauses.require((-name, *literals), group)
    return name


def _literals(clauses: Clauses, problem: Problem, need: Need, *, surely: bool = False) -> list[int]:
    """The variables of what meets a need; ``surely`` as for ``Problem.places``."""
    variables = clauses.of((need.name, need.machine))
    return [variables[place] for place in problem.places(need, surely=surely)]


def _disjunction(clauses: Clauses, problem: Problem, formula: Formula, group: int) -> list[int]:
    """Literals of which one must hold for ``formula`` to hold (a new variable stands for a nested conjunction)."""
    if isinstance(formula, Need):
        return _literals(clauses, problem, formula)
    if isinstance(formula, AllOf):
        if len(formula.parts) == 1:
            return _disjunction(clauses, problem, formula.parts[0], group)
        name = clauses.fresh()
        for part in formula.parts:
            clauses.require([-name, *_disjunction(clauses, problem, part, group)], group)
        return [name]
    return [literal for part in formula.parts for literal in _disjunction(clauses, problem, part, group)]


def _encode_conflicts(clauses: Clauses, problem: Problem, key: Key) -> None:
    same: dict[str, tuple[Need, list[Instance]]] = {}
    for instance in problem.usable[key]:
        for need in problem.candidates[instance].conflicts:
            if need.name != instance.name:  # opam drops a conflict with one's own name
                same.setdefault(_shown(need), (need, []))[1].append(instance)
    for need, instances in same.values():
        others = _literals(clauses, problem, need, surely=True)
        if others:
            group = clauses.group(Conflicts(tuple(instances), need))
            _exclude(clauses, [clauses.variable[instance] for instance in instances], others, group)


def _exclude(clauses: Clauses, some: Sequence[int], others: Sequence[int], group: int) -> None:
    """None of ``some`` holds together with any of ``others``; many and many share a variable for "some holds"."""
    if len(some) > 2 and len(others) > 2:
        some = (_present(clauses, some, group),)
    for variable in some:
        for other in others:
            clauses.require((-variable, -other), group)


def _encode_classes(clauses: Clauses, problem: Problem) -> None:
    members: dict[tuple[str, str, bool], dict[str, list[Instance]]] = {}
    for instance, candidate in problem.candidates.items():
        for name in candidate.conflict_classes:
            members.setdefault((name, instance.machine, False), {}).setdefault(instance.name, []).append(instance)
        for name in candidate.provides:
            members.setdefault((name, instance.machine, True), {}).setdefault(instance.name, []).append(instance)
    for (conflict_class, machine, provided), names in sorted(members.items()):
        if len(names) < 2:
            continue
        group = clauses.group(OneOfClass(conflict_class, machine, tuple(sorted(names)), provided))
        present = []
        for name in sorted(names):
            present.append(_present(clauses, [clauses.variable[instance] for instance in names[name]], group))
        clauses.exclusive.append((tuple(present), group))


def _encode_one_version(clauses: Clauses, problem: Problem) -> None:
    places: dict[str, list[Key]] = {}
    for key in sorted(problem.usable):
        places.setdefault(key[0], []).append(key)
    for name, keys in places.items():
        if len(keys) == 1:
            if len(clauses.of(keys[0])) > 1:
                clauses.exclusive.append((tuple(clauses.of(keys[0])), clauses.group(OneVersion(name))))
            continue
        versions: dict[str, list[int]] = {}
        for key in keys:
            for instance in problem.usable[key]:
                versions.setdefault(instance.version, []).append(clauses.variable[instance])
        if len(versions) > 1:
            group = clauses.group(OneVersion(name))
            present = [of[0] if len(of) == 1 else _present(clauses, of, group) for of in versions.values()]
            clauses.exclusive.append((tuple(present), group))


def _present(clauses: Clauses, variables: Sequence[int], group: int) -> int:
    """A variable that holds wherever one of ``variables`` does."""
    name = clauses.fresh()
    for variable in variables:
        clauses.require((-variable, name), group)
    return name
