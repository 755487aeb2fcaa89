"""What is installed may stay with what it was built with, whatever its recipe says now."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.solver.toy import Row, Table
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Atom, Instance, Request, Solution
from xpkg.solver.protocol import Candidate, Need
from xpkg.solver.solve import solve
from xpkg.solver.standing import Standing


def _of(*names: str) -> tuple[Instance, ...]:
    return tuple(Instance(name=one.split()[0], version=one.split()[1], machine=BUILD) for one in names)


APP, LIB, OTHER = _of("app 1", "lib 2", "other 1")
STATE = Request(installed=(APP, LIB, OTHER), roots=(APP, OTHER), built=((APP, (LIB,)), (LIB, ()), (OTHER, ())))


def _table(app: str, *libraries: str, conflicts: str = "") -> Table:
    rows = {f"lib {one}": Row() for one in libraries}
    return Table({"app 1": Row(depends=app, conflicts=conflicts), "other 1": Row(), "extra 1": Row(), **rows})


def _changes(solution: Solution) -> list[str]:
    return [f"{one.action} {one.instance.name} {one.instance.version}" for one in solution.actions]


def _as_built(solution: Solution) -> list[Instance]:
    return [node.instance for node in solution.nodes if node.as_built]


def _install(name: str) -> Request:
    return replace(STATE, install=(Atom(name=name, machine=BUILD),), related=frozenset({(name, BUILD)}))


def test_what_was_built_otherwise_stays_beside_what_is_installed() -> None:
    found = solve(_install("extra"), _table("lib >= 3", "1", "2"))
    assert (_changes(found), _as_built(found)) == (["install extra 1"], [APP])


def test_an_upgrade_keeps_what_it_cannot_build_and_says_so() -> None:
    found = solve(replace(STATE, upgrade=True), _table("lib >= 3", "1", "2"))
    assert (_changes(found), _as_built(found)) == ([], [APP])
    assert found.notes == ("app 1 (build machine) stays as it was built: what its recipe asks for now is not there",)


def test_an_upgrade_prefers_what_the_recipe_says_now() -> None:
    for recipe, change in (
        ("lib >= 3", "upgrade lib 3"),
        ("lib = 1", "downgrade lib 1"),
        ("lib,extra", "install extra 1"),
    ):
        versions = ("1", "2", "3") if ">=" in recipe else ("1", "2")
        found = solve(replace(STATE, upgrade=True), _table(recipe, *versions))
        assert (_changes(found), _as_built(found)) == ([change], [])


def test_what_it_was_built_with_goes_only_with_it() -> None:
    removal = replace(STATE, remove=(("other", BUILD),), prune=True, related=frozenset({("other", BUILD)}))
    assert _changes(solve(removal, _table("", "2"))) == ["remove other 1"]
    assert _changes(solve(replace(removal, built=()), _table("", "2"))) != ["remove other 1"]
    both = replace(removal, remove=(("app", BUILD),), related=frozenset({("app", BUILD)}))
    assert _changes(solve(both, _table("", "2"))) == ["remove app 1", "remove lib 2"]


def test_a_recipe_that_is_gone_is_replaced_by_what_it_was_built_with() -> None:
    without = Table({"lib 2": Row(), "lib 3": Row(), "other 1": Row(), "extra 1": Row()})
    found = solve(_install("extra"), without)
    assert (_changes(found), _as_built(found)) == (["install extra 1"], [APP])
    (node,) = [node for node in found.nodes if node.instance == APP]
    assert node.requires == (LIB,)
    assert _changes(solve(replace(STATE, upgrade=True), without)) == []
    assert _changes(solve(replace(STATE, upgrade=True, built=()), without)) == ["upgrade lib 3"]


def test_an_upgrade_takes_an_older_version_for_one_that_is_gone() -> None:
    assert _changes(solve(replace(STATE, upgrade=True), _table("lib", "1"))) == ["downgrade lib 1"]
    assert _changes(solve(_install("extra"), _table("lib", "1"))) == ["install extra 1"]


def test_of_a_conflict_that_came_later_only_other_versions_count() -> None:
    conflicting = Need(name="other", machine=BUILD)
    (need,) = Standing(STATE).known(Candidate(instance=APP, conflicts=(conflicting,))).conflicts
    assert not need.accepts(OTHER)
    assert need.accepts(replace(OTHER, version="2"))


def test_what_is_as_its_recipe_says_is_no_special_case() -> None:
    usual = Candidate(instance=APP, depends=Need(name="lib", machine=BUILD))
    assert Standing(STATE).known(usual) is usual
