"""The check of a whole universe against brute force, in the toy universes of the solver's test."""

from __future__ import annotations

import itertools

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.property.test_solver import NAMES, plain_needs, slow, states, tables, valid
from tests.unit.solver.toy import TARGET, Row, Table, atom
from xpkg.core.errors import NotFoundError
from xpkg.repo.machine_names import BUILD
from xpkg.solver.covering import Cover
from xpkg.solver.model import Instance, NoSolution, Request
from xpkg.solver.obstacles import Kind, obstacles
from xpkg.solver.solve import solve
from xpkg.solver.survey import survey

KEYS = tuple(itertools.product(NAMES, (BUILD, TARGET)))
Asked = dict[tuple[str, ...], tuple[Instance, ...]]


def everything() -> Asked:
    """Each version on each machine alone, and on both at once."""
    asked: Asked = {}
    for name, version in itertools.product(NAMES, ("1", "2", "3")):
        both = tuple(Instance(name=name, version=version, machine=machine) for machine in (BUILD, TARGET))
        asked |= {(name, version, one.machine): (one,) for one in both} | {(name, version): both}
    return asked


@settings(slow, max_examples=150)
@given(tables, st.lists(plain_needs, max_size=1))
def test_as_brute_force_says(table: dict[str, Row], beside: list[str]) -> None:
    request = Request(target=TARGET, install=tuple(map(atom, beside)))
    try:
        found = survey(KEYS, Table(table), TARGET, request.install)
    except NotFoundError:
        return
    asked = everything()
    questions = {key: found.variables(instances) for key, instances in asked.items()}
    open_ = [key for key, question in questions.items() if question is not None]
    counted: list[int] = []
    positions = Cover(found).impossible([questions[key] or () for key in open_], counted.append)
    assert sum(counted) == len(open_)
    failed = {key for key, question in questions.items() if question is None} | {open_[one] for one in positions}
    possible = [state for state in states(table) if valid(table, request, state)]
    event(f"{len(failed)} fail")
    assert failed == {
        key for key, instances in asked.items() if not any(state.issuperset(instances) for state in possible)
    }
    told = obstacles(found, Table(table), {key: asked[key] for key in failed})
    for key, obstacle in told.items():
        only = {table[f"{one.name} {one.version}"].only for one in asked[key]} - {None}
        unavailable = any(one.machine not in only for one in asked[key]) if only else False
        assert (obstacle.kind is Kind.UNAVAILABLE) == unavailable


@settings(slow, max_examples=50)
@given(tables)
def test_the_solver_agrees(table: dict[str, Row]) -> None:
    found = survey(KEYS, Table(table), TARGET)
    for name, version in itertools.product(NAMES, ("1", "2", "3")):
        question = found.variables([Instance(name=name, version=version, machine=TARGET)])
        says = question is not None and not Cover(found).impossible([question], lambda more: None)
        try:
            solve(Request(target=TARGET, install=(atom(f"{name} = {version}"),)), Table(table))
            solved = True
        except NoSolution:
            solved = False
        assert says == solved
