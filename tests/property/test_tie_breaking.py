"""The answer does not depend on the way to it: not on how variables are numbered, not on clingo's choices."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.property.test_solver import requests, slow, valid
from tests.unit.solver.toy import TARGET, Row, Table, atom, formula, instance
from xpkg.core.errors import NotFoundError
from xpkg.repo.version_order import version_key
from xpkg.solver.clauses import Clauses, encode, forbid_cycle
from xpkg.solver.criteria import Weighted, criteria
from xpkg.solver.engine import Optimum, Search
from xpkg.solver.exploration import Key, Problem, explore
from xpkg.solver.model import Instance, NoSolution, Preferences, Request
from xpkg.solver.ordering import edges_of, shortest_cycle
from xpkg.solver.protocol import needs_of
from xpkg.solver.solve import solve
from xpkg.solver.tie_breaking import best_acyclic, order_of

CLONE = Path(__file__).parents[2]
WAYS = (
    (),
    ("--seed=7", "--rand-freq=1"),
    ("--seed=3", "--rand-freq=0.5", "--sign-def=rnd"),
    ("--heuristic=Berkmin", "--sign-def=pos", "--opt-heuristic=sign"),
    ("--configuration=trendy", "--restart-on-model"),
)


FIVE = "abcde"
alternatives = st.lists(st.sampled_from(FIVE), min_size=2, max_size=3, unique=True).map("|".join)
of_choices = st.fixed_dictionaries(
    {f"{name} 1": st.lists(alternatives, max_size=2).map(lambda of: Row(depends=",".join(of))) for name in FIVE}
)


def asking(asked: list[str], plain: bool) -> Request:
    names = (atom(asked[0][0]),) if plain else ()
    return Request(target=TARGET, install=names, formulas=tuple(formula(one, TARGET) for one in asked))


choices = st.tuples(of_choices, st.builds(asking, st.lists(alternatives, min_size=1, max_size=2), st.booleans()))


def renumbered(clauses: Clauses, wanted: list[Weighted], order: random.Random) -> tuple[Clauses, list[Weighted]]:
    """The same with other numbers for the variables, everything in another order."""
    numbers = list(range(1, clauses.count + 1))
    order.shuffle(numbers)

    def moved(literal: int) -> int:
        return numbers[literal - 1] if literal > 0 else -numbers[-literal - 1]

    result = Clauses(count=clauses.count, groups=list(clauses.groups))
    result.rows = [(tuple(map(moved, literals)), group) for literals, group in clauses.rows]
    result.exclusive = [(tuple(map(moved, variables)), group) for variables, group in clauses.exclusive]
    variables = list(clauses.variable.items())
    order.shuffle(result.rows)
    order.shuffle(result.exclusive)
    order.shuffle(variables)
    result.variable = {instance: moved(number) for instance, number in variables}
    return result, [[(moved(literal), weight) for literal, weight in weighted] for weighted in wanted]


def found(problem: Problem, clauses: Clauses, wanted: list[Weighted], way: tuple[str, ...]) -> frozenset[Instance]:
    def forbid(best: Optimum) -> bool:
        cycle = shortest_cycle(edges_of([problem.candidates[one] for one in clauses.chosen(best.true)]))
        if cycle:
            forbid_cycle(clauses, cycle)
        return bool(cycle)

    search = Search(clauses, wanted, 60, way)
    best = best_acyclic(search, clauses.variable.values(), lambda: order_of(problem, clauses), forbid)
    return frozenset() if best is None else frozenset(clauses.chosen(best.true))


@settings(slow, max_examples=60)
@given(st.one_of(requests(), choices), st.sampled_from(["default", "opam"]), st.randoms(use_true_random=False))
def test_whatever_the_numbers_and_the_way(
    case: tuple[dict[str, Row], Request], kind: str, order: random.Random
) -> None:
    table, request = case
    try:
        problem = explore(request, Table(table))
    except NotFoundError:
        return
    preferences = Preferences(criteria="opam" if kind == "opam" else "default")
    clauses = encode(problem)
    wanted = [weighted for _, weighted in criteria(problem, clauses, preferences)]
    answers = {found(problem, *renumbered(clauses, wanted, order), way) for way in WAYS}
    assert len(answers) == 1


def by_name(problem: Problem) -> list[Key]:
    """The names in the order in which they decide, worked out anew."""
    request = problem.request
    stated = [*request.formulas, *([] if request.invariant is None else [request.invariant])]
    start = [(atom.name, atom.machine) for atom in request.install]
    start += [(one.name, one.machine) for one in (*request.installed, *request.held)]
    start += [(need.name, need.machine) for formula in stated for need in needs_of(formula)]
    order = sorted(set(start))
    for key in order:  # grows meanwhile
        for one in newest_first(problem, key):
            more = [(need.name, need.machine) for need in needs_of(problem.candidates[one].depends)]
            order += [other for other in dict.fromkeys(more) if other not in order]
    return order


def newest_first(problem: Problem, key: Key) -> list[Instance]:
    newest = sorted(problem.usable.get(key, ()), key=lambda one: version_key(one.version), reverse=True)
    plain = [one for one in newest if problem.candidates[one].avoided is None]
    return [*plain, *(one for one in newest if one not in plain)]


STATES = [
    frozenset(instance(f"{name} 1") for name in names)
    for size in range(len(FIVE) + 1)
    for names in itertools.combinations(FIVE, size)
]


@settings(slow, max_examples=100)
@given(choices)
def test_of_equally_good_states_the_first_by_the_rule(case: tuple[dict[str, Row], Request]) -> None:
    """All states of the table that cost as much are tried, and the rule is applied to them."""
    table, request = case
    try:
        problem = explore(request, Table(table))
        solution = solve(request, Table(table))
    except (NoSolution, NotFoundError):
        return
    options = [newest_first(problem, key) for key in by_name(problem)]

    def rank(state: frozenset[Instance]) -> list[int]:
        return [next((at for at, one in enumerate(of) if one in state), len(of)) for of in options]

    equal = [
        state
        for state in STATES
        if state <= set(problem.candidates) and valid(table, request, state) and value(problem, state) == solution.cost
    ]
    event("one state" if len(equal) == 1 else "several")
    assert min(equal, key=rank) == frozenset(solution.instances)


def value(problem: Problem, state: frozenset[Instance]) -> tuple[int, ...]:
    """What the criteria say of a state: the least sums with these instances and no others."""
    clauses = encode(problem)
    wanted = [weighted for _, weighted in criteria(problem, clauses)]
    fixed = [number if one in state else -number for one, number in clauses.variable.items()]
    clauses.rows += [((literal,), 0) for literal in fixed]
    best = Search(clauses, wanted, 60).best()
    return () if best is None else best.cost


TIES = """
from tests.unit.solver.toy import Row, Table, atom, TARGET
from xpkg.solver.model import Request
from xpkg.solver.solve import solve
table = {f"{one} 1": Row(depends="|".join(f"{one}{end}" for end in "zyxw")) for one in "abcde"}
table |= {f"{one}{end} 1": Row() for one in "abcde" for end in "zyxw"}
print(*solve(Request(target=TARGET, install=tuple(map(atom, "edcba"))), Table(table)).instances)
"""


def test_whatever_the_seed_of_hashes() -> None:
    answers = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(CLONE)}
        run = subprocess.run(
            [sys.executable, "-c", TIES], env=environment, cwd=CLONE, capture_output=True, text=True, check=True
        )
        answers.add(run.stdout)
    assert answers == {"az 1 a 1 bz 1 b 1 cz 1 c 1 dz 1 d 1 ez 1 e 1\n"}
