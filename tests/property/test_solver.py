"""The solver against brute force: every state of a small universe is tried, and judged by rules written anew."""

from __future__ import annotations

import graphlib
import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Literal, TypeVar

from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from tests.unit.solver.toy import TARGET, Row, Table, atom, formula, instance, need
from xpkg.core.errors import NotFoundError
from xpkg.repo.machine_names import BUILD
from xpkg.solver.clauses import (
    Asked,
    AskedFormula,
    Conflicts,
    Group,
    Held,
    Invariant,
    Needs,
    OneOfClass,
    OneVersion,
    Pinned,
    Removed,
    encode,
)
from xpkg.solver.conflict import minimal_conflict
from xpkg.solver.exploration import explore
from xpkg.solver.model import Instance, NoSolution, Preferences, Request
from xpkg.solver.protocol import AllOf, Formula, Need, needs_of
from xpkg.solver.relaxation import Relaxation, RelaxationKind
from xpkg.solver.solve import solve

NAMES = ("a", "b", "c")
State = frozenset[Instance]
T = TypeVar("T")

# A failing case is made smaller, but not varied further: one takes a tenth of a second.
slow = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)

constraints = st.sampled_from(["", "", "", " = 1", " = 2", " >= 2", " < 3", " != 2"])
needs = st.builds(
    lambda name, where, post, constraint: f"{name}{where}{post}{constraint}",
    st.sampled_from(NAMES),
    st.sampled_from(["", "", "@build"]),
    st.sampled_from(["", "", "", "!"]),
    constraints,
)
plain_needs = st.builds(lambda name, constraint: name + constraint, st.sampled_from(NAMES), constraints)
conjuncts = st.lists(needs, min_size=1, max_size=2).map("|".join)
rows = st.builds(
    lambda depends, optional, conflicts, conflict_class, avoided, only: Row(
        depends=",".join(depends),
        optional=",".join(optional),
        conflicts=",".join(conflicts),
        conflict_class=conflict_class,
        avoided=avoided,
        only=only,
    ),
    st.lists(conjuncts, max_size=2),
    st.lists(plain_needs, max_size=1),
    st.lists(plain_needs, max_size=1),
    st.sampled_from(["", "", "", "k"]),
    st.sampled_from([None, None, None, "avoid-version"]),
    st.sampled_from([None, None, None, BUILD, TARGET]),
)
tables = st.fixed_dictionaries({f"{name} {version}": rows for name in NAMES for version in (1, 2, 3)})


@st.composite
def requests(draw: st.DrawFn) -> tuple[dict[str, Row], Request]:
    table = draw(tables)
    installed: list[Instance] = []
    for name, machine in itertools.product(NAMES, (BUILD, TARGET)):
        version = draw(st.sampled_from([None, None, None, "1", "2"]))
        if version is not None and table[f"{name} {version}"].only in (None, machine):
            installed.append(Instance(name=name, version=version, machine=machine))
    asked = tuple(map(atom, draw(st.lists(plain_needs, min_size=1, max_size=2))))
    request = Request(
        target=TARGET,
        install=() if draw(st.sampled_from([False, False, False, True])) else asked,
        remove=draw(st.sampled_from([(), (), (), (("a", TARGET),)])),
        installed=tuple(installed),
        roots=tuple(one for one in installed if draw(st.booleans())),
        upgrade=draw(st.booleans()),
        upgrade_names=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"b"})])),
        fixup=draw(st.sampled_from([False, False, True])),
        best_effort=draw(st.sampled_from([False, False, False, True])),
        prune=draw(st.sampled_from([False, False, False, True])),
        formulas=draw(st.sampled_from([(), (), (formula(draw(conjuncts), TARGET),)])),
        invariant=draw(st.sampled_from([None, None, formula(draw(conjuncts), TARGET)])),
        pins=draw(st.sampled_from([(), (), (), (("b", "2"),)])),
        held=draw(st.sampled_from([(), (), tuple(installed[:1])])),
    )
    return table, request


def usable(table: dict[str, Row], name: str, machine: str) -> list[str]:
    return [version for version in ("3", "2", "1") if table[f"{name} {version}"].only in (None, machine)]


def states(table: dict[str, Row]) -> Iterable[State]:
    """Every set with at most one version of a name."""
    choices = []
    for name in NAMES:
        of: list[State] = [frozenset()]
        for version, machines in itertools.product(("1", "2", "3"), ((BUILD,), (TARGET,), (BUILD, TARGET))):
            if all(version in usable(table, name, machine) for machine in machines):
                of.append(frozenset(Instance(name=name, version=version, machine=one) for one in machines))
        choices.append(of)
    for picked in itertools.product(*choices):
        yield frozenset().union(*picked)


def met(wanted: Formula, state: State) -> bool:
    if isinstance(wanted, Need):
        return any(wanted.accepts(one) for one in state)
    return (all if isinstance(wanted, AllOf) else any)(met(part, state) for part in wanted.parts)


def listed(text: str, machine: str) -> list[Need]:
    return [need(one, machine) for one in text.replace("|", ",").split(",") if one]


def missed(request: Request, state: State) -> int:
    return sum(
        not any(one.name == a.name and one.machine == a.machine and a.allows(one.version) for one in state)
        for a in request.install
    )


def valid(table: dict[str, Row], request: Request, state: State) -> bool:
    if missed(request, state) and not request.best_effort:
        return False
    stated = [*request.formulas, *([request.invariant] if request.invariant is not None else [])]
    if not all(met(wanted, state) for wanted in stated):
        return False
    if any((one.name, one.machine) in request.remove for one in state):
        return False
    staying = beside_pins(table, request)
    if any(name == one.name and version != one.version for name, version in request.pins for one in state - staying):
        return False
    if any(one not in state and (one.name, one.machine) not in request.remove for one in request.held):
        return False
    return fits(table, state)


def beside_pins(table: dict[str, Row], request: Request) -> State:
    """What is installed of a name whose pinned version cannot be had somewhere where the name is: it may stay."""
    found: set[Instance] = set()
    for name, version in request.pins:
        there = [one for one in request.installed if one.name == name]
        if any(version not in usable(table, name, one.machine) for one in there):
            found.update(there)
    return frozenset(found)


def fits(table: dict[str, Row], state: State) -> bool:
    """Whether recipes and order allow a state, whatever is asked for."""
    waits: dict[Instance, list[Instance]] = {}
    classes: dict[tuple[str, str], set[str]] = {}
    for one in state:
        row = table[f"{one.name} {one.version}"]
        if not met(formula(row.depends, one.machine), state):
            return False
        if any(wanted.accepts(other) for wanted in listed(row.conflicts, one.machine) for other in state - {one}
               if other.name != one.name):  # fmt: skip
            return False
        for conflict_class in row.conflict_class.split():
            classes.setdefault((conflict_class, one.machine), set()).add(one.name)
        orders = [wanted for wanted in listed(row.depends, one.machine) if not wanted.post]
        orders += listed(row.optional, one.machine)
        waits[one] = [other for other in state if other != one and any(wanted.accepts(other) for wanted in orders)]
    if any(len(names) > 1 for names in classes.values()):
        return False
    try:
        graphlib.TopologicalSorter(waits).prepare()
    except graphlib.CycleError:
        return False
    return True


def cost(table: dict[str, Row], request: Request, state: State, criteria: str = "default") -> tuple[int, ...]:
    first = (missed(request, state),) if request.best_effort else ()
    return first + state_cost(table, request, state, criteria)


def state_cost(table: dict[str, Row], request: Request, state: State, criteria: str) -> tuple[int, ...]:
    before = {(one.name, one.machine): one for one in request.installed}
    after = {(one.name, one.machine): one for one in state}
    new = [one for one in state if one not in request.installed]

    def flagged(one: Instance) -> bool:
        return table[f"{one.name} {one.version}"].avoided is not None

    def lag(one: Instance) -> int:
        versions = usable(table, one.name, one.machine)
        if any(name == one.name for name, _ in request.pins):
            return 0  # only one can be had
        present = before.get((one.name, one.machine))
        if present is not None and flagged(present):
            return versions.index(one.version)
        order = [v for v in versions if table[f"{one.name} {v}"].avoided] + [
            v for v in versions if not table[f"{one.name} {v}"].avoided
        ]
        return order.index(one.version)

    counted = needed(table, request) if request.prune else before.keys()
    removed = sum(key not in after and key not in request.remove for key in counted)
    avoided = sum(
        flagged(one) and not ((one.name, one.machine) in before and flagged(before[(one.name, one.machine)]))
        for one in new
    )
    if request.upgrade:  # goes before fixup where a request has both
        return (removed, avoided, sum(map(lag, state)), sum(key not in before for key in after))
    if request.fixup:
        changed = sum(key not in before for key in after) + sum(one not in state for one in request.installed)
        return (changed, avoided, sum(map(lag, state)))
    unmet = [a for a in request.install if not any(map(a.accepts, request.installed))]
    wanted = request.install if criteria == "opam" and unmet else unmet
    asked = set() if request.best_effort else {(a.name, a.machine) for a in wanted}
    asked |= {key for key in before if key[0] in request.upgrade_names}
    return (
        removed,
        avoided,
        sum(lag(one) for one in state if (one.name, one.machine) in asked),
        sum(map(lag, new)),
        len(new) + removed,
    )


def needed(table: dict[str, Row], request: Request) -> set[tuple[str, str]]:
    """What of the present state the roots that stay need, and what the invariant names."""
    found = {one for one in (*request.roots, *request.held) if (one.name, one.machine) not in request.remove}
    if request.invariant is not None:
        found |= {one for one in request.installed if any(n.accepts(one) for n in needs_of(request.invariant))}
    while True:
        wanted = [
            n
            for one in found
            for text in (table[f"{one.name} {one.version}"].depends, table[f"{one.name} {one.version}"].optional)
            for n in listed(text, one.machine)
        ]
        more = {one for one in request.installed if any(n.accepts(one) for n in wanted)} - found
        if not more:
            return {(one.name, one.machine) for one in found}
        found |= more


def order_is_right(nodes: Sequence[Instance], waits: dict[Instance, tuple[Instance, ...]]) -> bool:
    place = {one: index for index, one in enumerate(nodes)}
    return all(place[other] < place[one] for one, others in waits.items() for other in others)


@settings(slow, max_examples=200)
@given(requests(), st.sampled_from(["default", "opam"]))
def test_as_good_as_the_best_of_all_states(
    case: tuple[dict[str, Row], Request], criteria: Literal["default", "opam"]
) -> None:
    table, request = case
    good = [state for state in states(table) if valid(table, request, state)]
    best = min((cost(table, request, state, criteria) for state in good), default=None)
    try:
        solution = solve(request, Table(table), Preferences(criteria=criteria))
    except NoSolution:
        event("no solution")
        assert best is None
        return
    event("solution")
    state = frozenset(solution.instances)
    assert valid(table, request, state)
    assert best == solution.cost[: len(best or ())]
    if not request.prune:  # else what is left is less than what was optimised
        assert cost(table, request, state, criteria) == best
    assert order_is_right(solution.instances, {node.instance: node.requires for node in solution.nodes})


def holds(table: dict[str, Row], group: Group, state: State) -> bool:
    """Whether a state respects one statement of a problem."""
    match group:
        case Asked(wanted):
            return any(wanted.accepts(one) for one in state)
        case AskedFormula(wanted) | Invariant(wanted):
            return met(wanted, state)
        case Removed(name, machine):
            return not any((one.name, one.machine) == (name, machine) for one in state)
        case Pinned(name, version):
            return all(one.version == version for one in state if one.name == name)
        case Held(one):
            return one in state
        case Needs(instances, wanted):
            return state.isdisjoint(instances) or met(wanted, state)
        case Conflicts(instances, need):
            return state.isdisjoint(instances) or not any(need.accepts(one) for one in state)
        case OneOfClass(conflict_class, machine):
            there = [one for one in state if one.machine == machine]
            return (
                len({one.name for one in there if table[f"{one.name} {one.version}"].conflict_class == conflict_class})
                < 2
            )
        case OneVersion(name):
            return len({one.version for one in state if one.name == name}) < 2
    raise AssertionError(group)


@settings(slow, max_examples=60)
@given(requests())
def test_nothing_can_be_left_out_of_a_conflict(case: tuple[dict[str, Row], Request]) -> None:
    """Over all sets of instances, however many versions of a name: that only one may be there is a statement too."""
    table, request = case
    two = {row: of for row, of in table.items() if not row.endswith("3")}
    assume(all(one.version != "3" for one in request.installed))
    try:
        problem = explore(request, Table(two))
    except NotFoundError:
        return
    clauses = encode(problem)
    core = [clauses.groups[number] for number in minimal_conflict(clauses)]
    event("a conflict" if core else "none")
    # Each statement as the sets in which it holds, as bits: a conflict is minimal when only all together exclude all.
    sets = [frozenset(some) for some in powerset(clauses.variable)]
    where = [sum(1 << place for place, state in enumerate(sets) if holds(two, group, state)) for group in core]
    everywhere = (1 << len(sets)) - 1
    if core:
        assert not reduce(and_, where)
        for left_out in range(len(where)):
            assert reduce(and_, where[:left_out] + where[left_out + 1 :], everywhere)


def relaxed(request: Request, one: Relaxation) -> list[Request]:
    """The requests that a relaxation may mean."""
    match one.kind:
        case RelaxationKind.PIN:
            names = one.subject.split(", ")
            dropped = replace(request, pins=tuple(pin for pin in request.pins if pin[0] not in names))
            both = " and the hold on " in one.text
            return [replace(dropped, held=tuple(held for held in request.held if not both or held.name not in names))]
        case RelaxationKind.HOLD:
            return [replace(request, held=tuple(held for held in request.held if held.name != one.subject))]
        case RelaxationKind.INVARIANT:
            names = one.subject.split(", ")  # those of pins and holds too, where these are in the way together
            pins = tuple(pin for pin in request.pins if "the pin of" not in one.text or pin[0] not in names)
            held = tuple(held for held in request.held if "the hold on" not in one.text or held.name not in names)
            return [replace(request, invariant=None, pins=pins, held=held)]
        case RelaxationKind.VERSION:
            name, _, version = one.subject.partition(".")
            others = tuple(a for a in request.install if a.name != name)
            instead = [
                replace(request, install=(*others, atom(f"{name} = {version}", machine))) for machine in (BUILD, TARGET)
            ]
            return [*instead, *(replace(one, formulas=()) for one in instead)]
        case RelaxationKind.REQUEST:
            return [
                replace(request, install=tuple(a for a in request.install if a.name not in one.subject.split(", "))),
                replace(request, remove=tuple(key for key in request.remove if key[0] != one.subject)),
                replace(request, formulas=()),
            ]
    return []


@settings(slow, max_examples=80)
@given(requests())
def test_what_is_told_to_help_does(case: tuple[dict[str, Row], Request]) -> None:
    table, request = case
    try:
        solve(request, Table(table))
    except NotFoundError:
        return
    except NoSolution as failure:
        for one in failure.relaxations:
            event(one.kind.value)
            others = relaxed(request, one)
            assert not others or any(valid(table, other, state) for other in others for state in states(table)), one


def powerset(instances: Iterable[Instance]) -> Iterable[tuple[Instance, ...]]:
    every = list(instances)
    return itertools.chain.from_iterable(itertools.combinations(every, size) for size in range(len(every) + 1))


@settings(slow, max_examples=40)
@given(requests(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(case: tuple[dict[str, Row], Request], dice: random.Random) -> None:
    table, request = case

    def mixed(items: tuple[T, ...]) -> tuple[T, ...]:
        return tuple(dice.sample(items, len(items)))

    turned = replace(
        request, install=mixed(request.install), installed=mixed(request.installed), roots=mixed(request.roots)
    )
    assert answer(turned, Table(dict(mixed(tuple(table.items()))))) == answer(request, Table(table))


def answer(request: Request, table: Table) -> tuple[Instance, ...] | None:
    try:
        return solve(request, table).instances
    except NoSolution:
        return None


def test_the_table_is_read_as_meant() -> None:
    assert instance("a 1@build").machine == BUILD
    assert need("a@build! >= 2", TARGET).post
