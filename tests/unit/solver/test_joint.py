"""Several pairs of machines in one solve."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.unit.solver.test_time_bound import cover
from tests.unit.solver.toy import TARGET, Compared, Row, Table, atom, formula, instance
from xpkg.repo.machine_names import BUILD
from xpkg.solver.joint import Part, solve_jointly
from xpkg.solver.model import Atom, Instance, NoSolution, Preferences, Request, Solution, SolverGaveUp
from xpkg.solver.solve import solve

RIVALS = {
    "app 1": Row(depends="x,y"),
    "x 1": Row(),
    "x 2": Row(depends="y = 1"),
    "y 1": Row(),
    "y 2": Row(),
}
"""Either x or y can be the newest, not both: of two states equally new neither is better."""


def part(rows: dict[str, Row], *names: str, target: str | None = TARGET, **of: object) -> Part:
    machine = BUILD if target is None else target
    install = tuple(replace(atom(name), machine=machine) for name in names)
    return replace(Request(target=target, install=install), **of), Table(rows)  # type: ignore[arg-type]


def there(solution: Solution) -> set[str]:
    return {f"{one.name} {one.version}" for one in solution.instances}


def test_of_states_equally_new_all_pairs_take_the_same() -> None:
    alone = [there(solve(*part(RIVALS, "app", *wish))) for wish in ([], ["x = 1"], ["y = 1"])]
    assert alone[1] != alone[2]
    free, other = part(RIVALS, "app"), part(RIVALS, "app", target=None)
    for wish in ("x = 1", "y = 1"):
        bound = part(RIVALS, "app", wish)
        first, second, third = solve_jointly([free, bound, other])
        assert there(first) == there(second) == there(third) == there(solve(*bound))


def test_one_that_needs_an_older_version_does_not_hold_back_another() -> None:
    rows = {"lib 1": Row(depends="ocaml"), "ocaml 4": Row(), "ocaml 5": Row()}
    old = rows | {"ocaml 5": Row(only=BUILD)}
    first, second = solve_jointly([part(rows, "lib", target="sun"), part(old, "lib")])
    assert there(first) == {"lib 1", "ocaml 5"}
    assert there(second) == {"lib 1", "ocaml 4"}
    for one in (first, second):
        assert dict(zip(one.cost_names, one.cost, strict=True))["different versions"] == 1  # ocaml


def test_each_pair_has_its_own_machines_reasons_and_actions() -> None:
    rows = {"lib 1": Row(depends="tool@build,base"), "tool 1": Row(), "base 1": Row(), "base 2": Row()}
    parts = [
        part(rows, "lib", target="sun"),
        part(rows, "lib", target=None, installed=(Instance(name="base", version="1", machine=BUILD),)),
        part(rows, "lib", "base = 2"),
    ]
    solutions = solve_jointly(parts)
    assert [{(str(node.instance), node.instance.machine) for node in one.nodes} for one in solutions] == [
        {("tool 1 (build machine)", BUILD), ("base 2", "sun"), ("lib 1", "sun")},
        {("tool 1 (build machine)", BUILD), ("base 1 (build machine)", BUILD), ("lib 1 (build machine)", BUILD)},
        {("tool 1 (build machine)", BUILD), ("base 2", TARGET), ("lib 1", TARGET)},
    ]
    assert [one.instance.name for one in solutions[1].actions] == ["tool", "lib"]
    assert [[node.instance.name for node in one.nodes if node.requested] for one in solutions] == [
        ["lib"],
        ["lib"],
        ["base", "lib"],
    ]


def test_what_is_there_and_not_asked_for_stays_however_different() -> None:
    rows = {"old 1": Row(), "old 2": Row(), "new 1": Row()}
    parts = [part(rows, "new", installed=(instance(f"old {version}"),)) for version in (1, 2)]
    assert [there(one) for one in solve_jointly(parts)] == [{"old 1", "new 1"}, {"old 2", "new 1"}]
    again = [part(rows, "old", "new"), part(rows, "old", installed=(instance("old 1"),))]
    assert [there(one) for one in solve_jointly(again)] == [{"old 2", "new 1"}, {"old 1"}]
    unasked = [part(rows, installed=(instance(f"old {version}"),)) for version in (1, 2)]
    assert [one.actions for one in solve_jointly(unasked)] == [(), ()]


def test_every_pair_has_its_own_pins_holds_invariant_removals_and_best_effort() -> None:
    rows = {f"{name} {version}": Row() for name in "abc" for version in (1, 2)} | {"d 1": Row(conflicts="a")}
    installed = (instance("a 1"), instance("b 1"))
    solutions = solve_jointly(
        [
            part(rows, "c", pins=(("c", "1"),)),
            part(rows, "c", installed=installed, held=(instance("a 1"),), upgrade=True),
            part(rows, "c", invariant=formula("b = 1", TARGET)),
            part(rows, installed=installed, roots=installed, remove=(("a", TARGET),), prune=True),
            part(rows, "a", "d", best_effort=True),
        ]
    )
    assert [there(one) for one in solutions[:4]] == [{"c 1"}, {"a 1", "b 2", "c 2"}, {"b 1", "c 2"}, {"b 1"}]
    assert len(solutions[4].nodes) == 1


def test_a_contradiction_is_told_with_its_target() -> None:
    rows = {"a 1": Row(depends="b"), "b 1": Row(only=BUILD)}
    with pytest.raises(NoSolution) as caught:
        solve_jointly([part(rows, "a", target=None), part(rows, "a")])
    assert caught.value.message == "for moon: a cannot be installed"
    assert "b 1 cannot be had: it is only for build" in caught.value.chain[-1]
    with pytest.raises(NoSolution, match="for native: "):
        solve_jointly(
            [part(rows, "b", target=None), part({"a 1": Row(depends="b = 2"), "b 1": Row()}, "a", target=None)]
        )


def test_a_cycle_is_avoided_together_with_others() -> None:
    rows = RIVALS | {"x 2": Row(depends="y = 1,z"), "z 1": Row(depends="x"), "z 0": Row()}
    first, second = solve_jointly([part(rows, "app", "y = 2"), part(rows, "app", "x = 2", target="sun")])
    assert there(first) == {"app 1", "x 1", "y 2"}
    assert there(second) == {"app 1", "x 2", "y 1", "z 0"}


def test_the_order_of_pairs_does_not_matter() -> None:
    parts = [part(RIVALS, "app"), part(RIVALS, "app", target="sun"), part(RIVALS, "app", target=None)]
    answers = [there(one) for one in solve_jointly(parts)]
    assert answers == [there(one) for one in solve_jointly(parts[::-1])][::-1]
    assert len({frozenset(one) for one in answers}) == 1


def test_only_what_atoms_allow_is_taken() -> None:
    newest = Atom(name="x", machine=TARGET, versions=Compared(">=", 2))
    first, second = solve_jointly([(Request(target=TARGET, install=(newest,)), Table(RIVALS)), part(RIVALS, "y")])
    assert (there(first), there(second)) == ({"x 2", "y 1"}, {"y 2"})


def test_without_any_time_there_may_be_an_answer_but_not_one_called_the_best() -> None:
    parts = [part(RIVALS, "app"), part(RIVALS, "app", "x = 2", target="sun")]
    try:
        solutions = solve_jointly(parts, Preferences(bound_s=0.0))
    except SolverGaveUp:
        return
    assert not any(one.optimal for one in solutions)
    assert all("app 1" in there(one) for one in solutions)


def test_the_time_is_for_all_pairs_together() -> None:
    table, request = cover(200, 600)
    rows = {**table.rows, "lib 1": Row(), "lib 2": Row()}
    wishes = [replace(request, install=(*request.install, atom(f"lib = {version}"))) for version in (1, 2)]
    started = time.monotonic()
    solutions = solve_jointly([(wish, Table(rows)) for wish in wishes], Preferences(bound_s=2.0))
    assert time.monotonic() - started < 20
    assert not any(one.optimal for one in solutions)
    for version, solution in enumerate(solutions, start=1):
        assert there(solution) > {f"lib {version}", *(f"e{edge} 1" for edge in range(600))}
