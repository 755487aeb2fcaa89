"""The solver against brute force: every state of a small universe is tried, and judged by rules written anew."""

from __future__ import annotations

import graphlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tests.unit.solver.toy import TARGET, Row, Table, atom, formula, instance, need
from xpkg.core.errors import NotFoundError
from xpkg.repo.machine_names import BUILD
from xpkg.solver.clauses import encode
from xpkg.solver.contradiction import Contradiction
from xpkg.solver.exploration import explore
from xpkg.solver.model import Instance, NoSolution, Request
from xpkg.solver.protocol import AllOf, Formula, Need
from xpkg.solver.solve import solve

NAMES = ("a", "b", "c")
State = frozenset[Instance]

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
    request = Request(
        target=TARGET,
        install=tuple(map(atom, draw(st.lists(plain_needs, min_size=1, max_size=2)))),
        remove=draw(st.sampled_from([(), (), (), (("a", TARGET),)])),
        installed=tuple(installed),
        upgrade=draw(st.booleans()),
        fixup=draw(st.sampled_from([False, False, True])),
        best_effort=draw(st.sampled_from([False, False, False, True])),
        formulas=draw(st.sampled_from([(), (), (formula(draw(conjuncts), TARGET),)])),
        invariant=draw(st.sampled_from([None, None, formula(draw(conjuncts), TARGET)])),
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


def cost(table: dict[str, Row], request: Request, state: State) -> tuple[int, ...]:
    return ((missed(request, state),) if request.best_effort else ()) + state_cost(table, request, state)


def state_cost(table: dict[str, Row], request: Request, state: State) -> tuple[int, ...]:
    before = {(one.name, one.machine): one for one in request.installed}
    after = {(one.name, one.machine): one for one in state}
    new = [one for one in state if one not in request.installed]

    def flagged(one: Instance) -> bool:
        return table[f"{one.name} {one.version}"].avoided is not None

    def lag(one: Instance) -> int:
        versions = usable(table, one.name, one.machine)
        present = before.get((one.name, one.machine))
        if present is not None and flagged(present):
            return versions.index(one.version)
        order = [v for v in versions if table[f"{one.name} {v}"].avoided] + [
            v for v in versions if not table[f"{one.name} {v}"].avoided
        ]
        return order.index(one.version)

    removed = sum(key not in after and key not in request.remove for key in before)
    avoided = sum(
        flagged(one) and not ((one.name, one.machine) in before and flagged(before[(one.name, one.machine)]))
        for one in new
    )
    if request.upgrade:  # goes before fixup where a request has both
        return (removed, avoided, sum(map(lag, state)), sum(key not in before for key in after))
    if request.fixup:
        changed = sum(key not in before for key in after) + sum(one not in state for one in request.installed)
        return (changed, avoided, sum(map(lag, state)))
    met = all((a.name, a.machine) in before and a.allows(before[(a.name, a.machine)].version) for a in request.install)
    asked = set() if met or request.best_effort else {(a.name, a.machine) for a in request.install}
    return (
        removed,
        avoided,
        sum(lag(one) for one in state if (one.name, one.machine) in asked),
        sum(map(lag, new)),
        len(new) + removed,
    )


def order_is_right(nodes: Sequence[Instance], waits: dict[Instance, tuple[Instance, ...]]) -> bool:
    place = {one: index for index, one in enumerate(nodes)}
    return all(place[other] < place[one] for one, others in waits.items() for other in others)


@settings(slow, max_examples=200)
@given(requests())
def test_as_good_as_the_best_of_all_states(case: tuple[dict[str, Row], Request]) -> None:
    table, request = case
    best = min((cost(table, request, state) for state in states(table) if valid(table, request, state)), default=None)
    try:
        solution = solve(request, Table(table))
    except NoSolution:
        event("no solution")
        assert best is None
        return
    event("solution")
    assert valid(table, request, frozenset(solution.instances))
    assert solution.cost == best
    assert cost(table, request, frozenset(solution.instances)) == best
    assert order_is_right(solution.instances, {node.instance: node.requires for node in solution.nodes})


@settings(slow, max_examples=100)
@given(requests())
def test_nothing_can_be_left_out_of_a_conflict(case: tuple[dict[str, Row], Request]) -> None:
    table, request = case
    try:
        clauses = encode(explore(request, Table(table)))
    except NotFoundError:
        return
    contradiction = Contradiction(clauses)
    core = contradiction.minimal(range(len(clauses.groups)))
    if core:
        assert not contradiction.possible(core)
        for group in core:
            assert contradiction.possible([other for other in core if other != group])


@settings(slow, max_examples=30)
@given(requests())
def test_the_order_of_the_request_does_not_matter(case: tuple[dict[str, Row], Request]) -> None:
    table, request = case
    turned = replace(request, install=request.install[::-1], installed=request.installed[::-1])

    def answer(of: Request) -> frozenset[Instance] | None:
        try:
            return frozenset(solve(of, Table(table)).instances)
        except NoSolution:
            return None

    assert answer(request) == answer(turned)


def test_the_table_is_read_as_meant() -> None:
    assert instance("a 1@build").machine == BUILD
    assert need("a@build! >= 2", TARGET).post
