"""What the engine decides, on tables a few rows long."""

from __future__ import annotations

import pytest

from tests.unit.solver.toy import TARGET, Row, Table, atom, instance
from xpkg.core.errors import NotFoundError
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Atom, Exactly, Request, Solution
from xpkg.solver.solve import solve

LWT = {
    "lwt 5": Row(depends="ocaml < 6,dune@build"),
    "lwt 6": Row(depends="ocaml < 5,dune@build"),
    "dune 1": Row(depends="ocaml"),
    "ocaml 4": Row(),
    "ocaml 5": Row(),
    "solo 1": Row(depends="ocaml >= 5"),
}
LWT_INSTALLED = ("lwt 6", "dune 1@build", "ocaml 4", "ocaml 4@build")


def install(
    table: dict[str, Row],
    *wanted: str,
    installed: tuple[str, ...] = (),
    roots: tuple[str, ...] = (),
    **more: object,
) -> Solution:
    request = Request(
        target=TARGET,
        install=tuple(map(atom, wanted)),
        installed=tuple(map(instance, installed)),
        roots=tuple(map(instance, roots)),
        **more,  # type: ignore[arg-type]
    )
    return solve(request, Table(table))


def shown(solution: Solution) -> list[str]:
    return [f"{node.instance}: {node.reason}" for node in solution.nodes]


def steps(solution: Solution) -> list[str]:
    return [f"{one.action} {one.instance}: {one.reason}" for one in solution.actions]


def test_one_version_of_a_name_on_both_machines_in_build_order() -> None:
    assert shown(install(LWT, "lwt")) == [
        "ocaml 4 (build machine): needed by dune 1 (build machine)",
        "dune 1 (build machine): needed by lwt 6",
        "ocaml 4: needed by lwt 6",
        "lwt 6: requested",
    ]


def test_an_older_version_is_taken_when_the_newest_cannot_be_had_with_the_rest() -> None:
    solution = install(LWT, "lwt", "solo")
    assert instance("lwt 5") in solution.instances
    assert instance("ocaml 5@build") in solution.instances


def test_requires_are_the_direct_needs_and_edges_tell_of_them() -> None:
    node = install(LWT, "lwt").find("lwt", TARGET)
    assert node is not None
    assert node.requires == (instance("dune 1@build"), instance("ocaml 4"))
    assert [(str(edge.needed), edge.constraint, edge.reason) for edge in node.edges] == [
        ("ocaml 4", "< 5", "the table says so"),
        ("dune 1 (build machine)", "", "the table says so"),
    ]


def test_the_build_machine_alone() -> None:
    request = Request(install=(Atom(name="dune", machine=BUILD),))
    assert [str(one) for one in solve(request, Table(LWT)).instances] == [
        "ocaml 5 (build machine)",
        "dune 1 (build machine)",
    ]


def test_a_post_need_is_met_but_does_not_order() -> None:
    table = {"a 1": Row(depends="b"), "b 1": Row(depends="c!"), "c 1": Row(depends="a")}
    solution = install(table, "a")
    assert [one.name for one in solution.instances] == ["b", "a", "c"]
    assert solution.nodes[0].requires == ()
    assert solution.nodes[0].edges[0].post


def test_an_optional_need_pulls_nothing_in_and_orders_what_is_there() -> None:
    table = {"b 1": Row(optional="z"), "z 1": Row(), "c 1": Row(optional="z >= 2")}
    assert [one.name for one in install(table, "b").instances] == ["b"]
    solution = install(table, "b", "z", "c")
    assert [one.name for one in solution.instances] == ["c", "z", "b"]  # c wants another z, so it does not wait


def test_what_is_needed_afterwards_and_wanted_before_orders_and_stays() -> None:
    solution = install({"a 1": Row(depends="c!", optional="c"), "c 1": Row()}, "a")
    assert [one.name for one in solution.instances] == ["c", "a"]


def test_a_cycle_is_avoided_where_there_is_a_choice() -> None:
    table = {"a 1": Row(depends="b"), "a 2": Row(depends="b"), "b 1": Row(), "b 2": Row(depends="a")}
    solution = install(table, "a")
    assert [str(one) for one in solution.instances] == ["b 1", "a 2"]


def test_flagged_versions_are_a_last_resort() -> None:
    table = {"a 1": Row(), "a 2": Row(avoided="avoid-version"), "b 1": Row(depends="a > 1")}
    assert install(table, "a").instances == (instance("a 1"),)
    assert instance("a 2") in install(table, "b").instances
    # The penalty is lifted when what is there is flagged too: a flagged one ranks as the newest.
    table["a 3"] = Row(avoided="deprecated")
    assert instance("a 3") in install(table, "a", installed=("a 2",), upgrade=True).instances


def test_what_is_installed_stays_unless_it_must_move() -> None:
    table = LWT | {"cstruct 1": Row(depends="ocaml")}
    solution = install(table, "cstruct", installed=LWT_INSTALLED, roots=("lwt 6",))
    assert steps(solution) == ["install cstruct 1: requested"]
    moved = install(LWT, "solo", installed=LWT_INSTALLED, roots=("lwt 6",))
    assert steps(moved) == [
        "upgrade ocaml 5 (build machine): needed by dune 1 (build machine)",
        "upgrade ocaml 5: needed by solo 1",
        "downgrade lwt 5: requested earlier",
        "install solo 1: requested",
    ]
    assert moved.actions[0].previous == "4"


def test_asking_for_what_is_there_changes_nothing() -> None:
    assert install(LWT, "lwt", installed=("lwt 5", "dune 1@build", "ocaml 4", "ocaml 4@build")).actions == ()


def test_upgrade_moves_to_the_newest() -> None:
    table = {"a 1": Row(), "a 2": Row(), "b 1": Row(), "b 2": Row()}
    assert steps(install(table, installed=("a 1", "b 1"), upgrade=True)) == [
        "upgrade a 2: already installed",
        "upgrade b 2: already installed",
    ]
    only = install(table, "a", installed=("a 1", "b 1"), upgrade_names=frozenset({"a"}))
    assert steps(only) == ["upgrade a 2: requested"]


def test_removing_with_prune_leaves_nothing_unneeded() -> None:
    solution = install(LWT, installed=LWT_INSTALLED, roots=("lwt 6",), remove=(("lwt", TARGET),), prune=True)
    assert solution.nodes == ()
    assert steps(solution) == [
        "remove lwt 6: requested",
        "remove ocaml 4: no longer needed",
        "remove dune 1 (build machine): no longer needed",
        "remove ocaml 4 (build machine): no longer needed",
    ]
    kept = install(LWT, installed=LWT_INSTALLED, roots=("lwt 6",), remove=(("lwt", TARGET),))
    assert steps(kept) == ["remove lwt 6: requested"]


def test_dependents_of_what_is_removed_go_too() -> None:
    solution = install(LWT, installed=LWT_INSTALLED, roots=("lwt 6",), remove=(("ocaml", TARGET),))
    assert steps(solution) == ["remove lwt 6: cannot stay with what is asked for", "remove ocaml 4: requested"]


def test_an_installed_instance_outlives_its_recipe() -> None:
    solution = install({"a 1": Row(), "b 2": Row()}, "a", installed=("b 1",))
    assert steps(solution) == ["install a 1: requested"]
    assert solution.notes == ("b 1 stays as it is: no repository has it any more",)


def test_remarks_are_made_about_what_is_new() -> None:
    table = Table({"a 1": Row(depends="b"), "b 1": Row()}, remarks={"b 1": "b 1 comes from afar"})
    assert solve(Request(target=TARGET, install=(atom("a"),)), table).notes == ("b 1 comes from afar",)
    present = Request(target=TARGET, install=(atom("a"),), installed=(instance("b 1"),))
    assert solve(present, table).notes == ()


def test_unknown_names_and_versions_are_named_with_what_there_is() -> None:
    with pytest.raises(NotFoundError) as unknown:
        install(LWT, "lwx")
    assert (unknown.value.reference, unknown.value.message) == ("unknown-package", "no package is called lwx")
    assert unknown.value.hint == "did you mean lwt?"
    with pytest.raises(NotFoundError) as version:
        solve(Request(install=(Atom(name="lwt", machine=BUILD, versions=Exactly("9")),)), Table(LWT))
    assert version.value.reference == "unknown-version"
    assert version.value.context == (("there are", "6, 5"),)


def test_the_same_request_gives_the_same_answer_every_time() -> None:
    table = {"a 1": Row(depends="b|c|d")} | {f"{name} 1": Row() for name in "bcd"}
    answers = {install(table, "a").instances for _ in range(20)}
    assert answers == {(instance("b 1"), instance("a 1"))}
