"""Cases known to be hard: taken from life, and the corners of what recipes can say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.solver.test_context import MOON, NATIVE, write_repository
from tests.unit.solver.test_solve import install
from tests.unit.solver.toy import TARGET, Row, Table, atom, formula, instance
from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.repo.versions import Compare
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Exactly, Instance, NoSolution, Request, Solution
from xpkg.solver.solve import solve

# What matters of the recipes of the public repository.
SOLO5 = {
    "ocaml-solo5.1.3.3": 'depends: ["ocaml-src" {build} "ocaml" {>= "5.4" & < "5.5"} "solo5" {>= "0.9.1"}]',
    "ocaml-solo5.1.3.4": 'depends: ["ocaml-src" {build} "ocaml" {>= "5.5" & < "5.6"} "solo5" {>= "0.9.1"}]',
    "solo5.0.9.1": "",
    "ocaml-src.5.4.1": 'depends: ["ocaml" {= "5.4.1"}]',
    "ocaml-src.5.5.0": 'depends: ["ocaml" {= "5.5.0"}]',
    "ocaml.5.4.1": 'depends: ["ocaml-base-compiler" {>= "5.4.1~" & < "5.4.2~"}]',
    "ocaml.5.5.0": 'depends: ["ocaml-base-compiler" {>= "5.5.0~" & < "5.5.1~"}]',
    "ocaml-base-compiler.5.4.1": 'conflict-class: "ocaml-core-compiler"',
    "ocaml-base-compiler.5.5.0": 'conflict-class: "ocaml-core-compiler"',
    "dune.3.20.2": 'depends: [("ocaml" {>= "4.08"} | "ocaml-secondary-compiler")]',
    "dune-configurator.3.20.2": 'depends: ["dune" {= "3.20.2"} "ocaml" "csexp" {>= "1.5.0"}]',
    "csexp.1.5.2": 'depends: ["dune" {>= "1.11"} "ocaml" {>= "4.03.0"}]',
    "cppo.1.8.0": 'depends: ["ocaml" {>= "4.02.3"} "dune" {>= "2.0"}]',
    "ocplib-endian.1.2": 'depends: ["ocaml" {>= "4.03.0"} "cppo" {build & >= "1.1.0"} "dune" {>= "1.0"}]',
    "lwt.5.9.2": 'depends: ["dune" {>= "2.7"} "ocaml" {>= "4.08" & < "5.5"} "dune-configurator" "ocplib-endian"]',
    "lwt.6.1.0": 'depends: ["dune" {>= "3.18"} "ocaml" {>= "4.14" & < "5.5"} "dune-configurator" "ocplib-endian"]',
    "lwt.6.1.1": 'depends: ["dune" {>= "3.18"} "ocaml" {>= "4.14"} "dune-configurator" "ocplib-endian"]',
    "lwt.6.1.2": 'depends: ["dune" {>= "3.18"} "ocaml" {>= "4.14"} "dune-configurator" "ocplib-endian"]',
}


def seen(place: Path, recipes: dict[str, str], *, target: bool = False) -> RepoContext:
    """The recipes seen from the target, or from the build machine alone."""
    (place / "targets").mkdir()
    for name, text in (("native", NATIVE), ("moon", MOON)):
        (place / "targets" / f"{name}.toml").write_text(text.partition("[toolchain]")[0])
    write_repository(place / "low", recipes)
    found = load_targets([place / "targets"])
    universe = Universe([Repository(name="low", root=place / "low")], found)
    return RepoContext(universe, found["moon"] if target else None)


def asked(context: RepoContext, *wanted: str) -> Solution:
    """``NAME`` or ``NAME.VERSION``, on the build machine."""
    atoms = []
    for one in wanted:
        name, _, version = one.partition(".")
        atoms.append(Atom(name=name, machine=BUILD, versions=Exactly(version) if version else None))
    return solve(Request(install=tuple(atoms)), context)


def versions(solution: Solution) -> dict[str, str]:
    return {one.name: one.version for one in solution.instances}


def test_a_compiler_for_solo5_takes_the_lwt_that_goes_with_it(tmp_path: Path) -> None:
    found = versions(asked(seen(tmp_path, SOLO5), "ocaml-solo5.1.3.4", "lwt"))
    assert (found["lwt"], found["ocaml"]) == ("6.1.2", "5.5.0")


def test_an_lwt_that_does_not_go_with_the_compiler_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoSolution) as failure:
        asked(seen(tmp_path, SOLO5), "ocaml-solo5.1.3.4", "lwt.6.1.0")
    told = "\n".join(failure.value.chain)
    assert "ocaml-solo5 1.3.4" in told
    assert '< "5.5"' in told
    assert '>= "5.5"' in told
    helps = {one.subject for one in failure.value.relaxations}
    assert {"lwt.6.1.1", "ocaml-solo5.1.3.3"} <= helps


def test_without_its_version_the_older_lwt_gets_the_older_compiler(tmp_path: Path) -> None:
    found = versions(asked(seen(tmp_path, SOLO5), "ocaml-solo5", "lwt.6.1.0"))
    assert (found["ocaml-solo5"], found["ocaml"]) == ("1.3.3", "5.4.1")


# Cycles.

BOOTSTRAP = {"dune 1": Row(), "dune 2": Row(depends="csexp"), "csexp 1": Row(), "csexp 2": Row(depends="dune")}


def names(solution: Solution) -> list[str]:
    return [str(one) for one in solution.instances]


def test_build_tools_that_need_each_other_are_taken_in_versions_that_do_not() -> None:
    assert names(install(BOOTSTRAP, "dune")) == ["csexp 1", "dune 2"]
    assert names(install(BOOTSTRAP, "csexp")) == ["dune 1", "csexp 2"]
    assert names(install(BOOTSTRAP, "dune", "csexp")) in (["csexp 1", "dune 2"], ["dune 1", "csexp 2"])


def test_build_tools_that_need_each_other_in_all_versions_cannot_be_had() -> None:
    with pytest.raises(NoSolution) as failure:
        install(BOOTSTRAP, "dune = 2", "csexp = 2")
    assert failure.value.chain[-1] == "csexp 2 needs dune 2, which needs csexp 2: a cycle"


def test_a_ppx_whose_build_needs_what_needs_it_is_told() -> None:
    table = {
        "app 1": Row(depends="ppx,ppx@build"),
        "ppx 1": Row(depends="metaquot@build"),
        "metaquot 1": Row(depends="tools"),
        "tools 1": Row(depends="ppx"),
    }
    with pytest.raises(NoSolution) as failure:
        install(table, "app")
    assert failure.value.chain[-1].endswith(": a cycle")
    assert "ppx 1 (build machine)" in failure.value.chain[-1]


def test_a_cycle_across_the_machines_is_none(tmp_path: Path) -> None:
    """The library needs, for the target only, a generator of the build machine, which is made with the library."""
    recipes = {
        "lib.1": 'depends: ["gen" {build & os = "moon"}]',
        "gen.1": 'depends: ["lib"]',
    }
    wanted = Request(target="moon", install=(Atom(name="lib", machine="moon"),))
    found = solve(wanted, seen(tmp_path, recipes, target=True))
    assert names(found) == ["lib 1 (build machine)", "gen 1 (build machine)", "lib 1"]


def test_the_shortest_cycle_is_told() -> None:
    table = {
        "a 1": Row(depends="b"),
        "b 1": Row(depends="c,e"),
        "c 1": Row(depends="d"),
        "d 1": Row(depends="a"),
        "e 1": Row(depends="a"),
    }
    with pytest.raises(NoSolution) as failure:
        install(table, "a")
    assert failure.value.chain[-1] == "a 1 needs b 1, which needs e 1, which needs a 1: a cycle"


def test_whoever_needs_others_only_afterwards_waits_for_nobody() -> None:
    table = {"a 1": Row(depends="b!"), "b 1": Row(depends="c!"), "c 1": Row(depends="a!")}
    found = install(table, "b")
    assert sorted(names(found)) == ["a 1", "b 1", "c 1"]
    assert all(node.requires == () for node in found.nodes)


def test_many_cycles_side_by_side_are_all_avoided() -> None:
    """Each pair has a cycle in its newest versions: that costs a search a pair, not one for each combination."""
    table: dict[str, Row] = {}
    for number in range(12):
        table |= {
            f"x{number} 1": Row(),
            f"x{number} 2": Row(depends=f"y{number}"),
            f"y{number} 1": Row(),
            f"y{number} 2": Row(depends=f"x{number}"),
        }
    found = install(table, *(f"{letter}{number}" for number in range(12) for letter in "xy"))
    assert sum(one.version == "2" for one in found.instances) == 12


# What recipes say of themselves.


def test_a_conflict_with_oneself_says_nothing() -> None:
    table = {"a 1": Row(conflicts="a"), "a 2": Row(conflicts="a < 2,a"), "b 1": Row(depends="a", conflict_class="b")}
    assert names(install(table, "b")) == ["a 2", "b 1"]
    upgraded = install(table, "a = 2", installed=("a 1",))
    assert [(one.action, one.previous) for one in upgraded.actions] == [("upgrade", "1")]


def test_a_class_with_oneself_says_nothing() -> None:
    assert names(install({"a 1": Row(conflict_class="k k")}, "a")) == ["a 1"]


def test_who_needs_oneself_is_there_when_one_is() -> None:
    assert names(install({"a 1": Row(depends="a")}, "a")) == ["a 1"]


def test_who_needs_oneself_in_another_version_cannot_be_had() -> None:
    table = {"a 1": Row(), "a 2": Row(depends="a < 2")}
    assert names(install(table, "a")) == ["a 1"]
    with pytest.raises(NoSolution) as failure:
        install(table, "a = 2")
    assert any("a 2 needs a < 2" in sentence for sentence in failure.value.chain)


EQUAL = {"a.1.0": "", "a.1.00": "", "b.1": 'depends: ["a" {= "1.0"}]', "c.1": 'depends: ["a" {= "1.000"}]'}


@pytest.mark.parametrize("version", ["1.0", "1.00"])
def test_of_versions_that_are_equal_the_one_so_spelled_is_taken(tmp_path: Path, version: str) -> None:
    context = seen(tmp_path, EQUAL)
    assert versions(asked(context, f"a.{version}", "b", "c")) == {"a": version, "b": "1", "c": "1"}


def test_of_versions_that_are_equal_one_is_taken_and_stays(tmp_path: Path) -> None:
    context = seen(tmp_path, EQUAL)
    first = asked(context, "b")
    assert first == asked(context, "b")
    for version in ("1.0", "1.00"):
        present = Instance(name="a", version=version, machine=BUILD)
        request = Request(install=(Atom(name="b", machine=BUILD),), installed=(present,))
        assert versions(solve(request, context)) == {"a": version, "b": "1"}


def test_an_upgrade_does_not_move_between_versions_that_are_equal(tmp_path: Path) -> None:
    """Both spellings are as new as the other, whatever their places in a list."""
    context = seen(tmp_path, EQUAL)
    moved = set()
    for version in ("1.0", "1.00"):
        present = Instance(name="a", version=version, machine=BUILD)
        actions = solve(Request(installed=(present,), roots=(present,), upgrade=True), context).actions
        moved |= {one.action for one in actions}
    assert moved <= {"upgrade"}
    assert len(moved) < 2


@pytest.mark.parametrize("bound", ["1.0", "1.00", "1.0-0"])
def test_bounds_hold_for_every_spelling(tmp_path: Path, bound: str) -> None:
    context = seen(tmp_path, EQUAL)
    for operator, allowed in (("=", True), (">=", True), ("<=", True), (">", False), ("<", False), ("!=", False)):
        atom_ = Atom(name="a", machine=BUILD, versions=Compare(operator, bound))
        if allowed:
            assert solve(Request(install=(atom_,)), context).instances
        else:
            with pytest.raises(Exception, match="no version of a is"):
                solve(Request(install=(atom_,)), context)


# What must hold anyway.


def test_an_impossible_invariant_is_told_whatever_is_asked() -> None:
    table = {"a 1": Row(), "b 1": Row(), "k 1": Row(conflicts="b"), "k 2": Row(depends="nowhere")}
    with pytest.raises(NoSolution) as failure:
        install(table, "a", invariant=formula("k = 2", TARGET))
    assert [one for one in failure.value.chain if "must have k = 2" in one]
    with pytest.raises(NoSolution) as failure:
        install(table, invariant=formula("k = 3", TARGET))
    assert [one for one in failure.value.chain if "must have k = 3" in one]
    with pytest.raises(NoSolution):
        install(table, "b", invariant=formula("k", TARGET))


def test_a_last_resort_is_taken_when_there_is_nothing_else() -> None:
    table = {"a 1": Row(avoided="deprecated"), "a 2": Row(avoided="avoid-version"), "b 1": Row(depends="a")}
    assert names(install(table, "b")) == ["a 2", "b 1"]
    assert names(install({**table, "a 0": Row()}, "b")) == ["a 0", "b 1"]
    assert names(install({**table, "a 0": Row()}, "b", "a >= 1")) == ["a 2", "b 1"]


def test_no_last_resort_for_something_newer_elsewhere() -> None:
    table = {"a 1": Row(), "a 2": Row(avoided="avoid-version"), "b 1": Row(depends="a"), "b 2": Row(depends="a >= 2")}
    assert names(install(table, "b")) == ["a 1", "b 1"]


def test_contradictory_requests_are_told() -> None:
    table = {"lwt 5": Row(), "lwt 6": Row()}
    with pytest.raises(NoSolution) as failure:
        install(table, "lwt = 5", "lwt >= 6")
    assert len(failure.value.chain) >= 2
    assert all("lwt" in sentence for sentence in failure.value.chain)
    with pytest.raises(NoSolution) as failure:
        install(table, "lwt", remove=(("lwt", TARGET),), installed=("lwt 5",))
    assert any("asked to be removed" in sentence for sentence in failure.value.chain)


def test_a_deep_chain_of_packages_with_many_versions() -> None:
    """Every version needs the same or an older one of the next; the newest of the last is not to be had."""
    table: dict[str, Row] = {}
    for depth in range(40):
        for version in range(1, 41):
            need = f"p{depth + 1} <= {version}" if depth < 39 else ""
            table[f"p{depth} {version}"] = Row(depends=need)
    found = solve(Request(target=TARGET, install=(atom("p0"), atom("p39 < 40"))), Table(table))
    assert [one.version for one in found.instances if one.name == "p39"] == ["39"]
    assert instance("p0 40") in found.instances
