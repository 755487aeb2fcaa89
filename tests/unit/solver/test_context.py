"""Recipes in opam syntax, on a pair of machines described by target files, through the real readers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.solver import model
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Instance, NoSolution, Request, Solution
from xpkg.solver.protocol import Candidate, Rejection, needs_of
from xpkg.solver.solve import solve

SHIPPED = Path(__file__).resolve().parents[3]
NATIVE = """
name = "native"
description = "this machine"
triple = "x86_64-linux-gnu"
[variables]
arch = "x86_64"
os = "linux"
[toolchain]
packages = ["cc"]
compiler = "ocaml-base-compiler"
"""
MOON = """
name = "moon"
description = "far away"
triple = "riscv64-unknown-moon"
[variables]
arch = "riscv64"
os = "moon"
[toolchain]
packages = ["cc"]
compiler = "ocaml-moon"
"""
RECIPES = {
    "cc.1": 'depends: ["tool" {build}]\nx-toolchain: "none"',
    "tool.1": 'x-toolchain: "none"',
    "ocaml.4": 'depends: ["ocaml-base-compiler" {= version}]',
    "ocaml.5": 'depends: ["ocaml-base-compiler" {= version}]',
    "ocaml-base-compiler.4": 'x-runs-on: "build"',
    "ocaml-base-compiler.5": 'x-runs-on: "build"',
    "ocaml-moon.4": 'depends: ["ocaml" {build & = version}]',
    "dune.3": 'depends: ["ocaml" {>= "4"}]',
    "ppx_x.1": 'depends: ["ocaml"]\nx-runs-on: "both"',
    "linked.1": 'depends: ["ocaml" "dune" {>= "2"} "gen" {build} "ppx_x" {post}]\ndepopts: ["dune" "gen"]',
    "gen.1": 'available: os = "linux"',
    "shell.1": 'depends: ["bash" {os = "linux"} "gen" {with-test}]',
    "only-linux.1": 'available: os = "linux" & arch != "arm32"',
    "needs-linux.1": 'depends: ["only-linux"]',
    "apart.1": 'conflicts: ["dune" {>= "3"} "linked"]',
}
TOOLCHAINS = ["cc moon (C toolchain of moon)", "cc build (C toolchain of the build machine)"]
CROSS = '[build]\ndune = "runs while building"\n'

Make = Callable[..., RepoContext]


def write_repository(root: Path, recipes: dict[str, str], cross: str | None = None) -> None:
    for full, body in recipes.items():
        name = full.partition(".")[0]
        directory = root / "packages" / name / full
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\n{body}\n')
    if cross is not None:
        (root / "packages" / "cross.toml").write_text(cross)


@pytest.fixture(name="make")
def make_fixture(tmp_path: Path) -> Make:
    def make(
        more: dict[str, str] | None = None, *, target: str | None = "moon", with_test: bool = False
    ) -> RepoContext:
        (tmp_path / "targets").mkdir()
        (tmp_path / "targets" / "native.toml").write_text(NATIVE)
        (tmp_path / "targets" / "moon.toml").write_text(MOON)
        write_repository(tmp_path / "low", RECIPES | (more or {}), CROSS)
        found = load_targets([tmp_path / "targets"])
        universe = Universe([Repository(name="low", root=tmp_path / "low")], found)
        return RepoContext(universe, found[target] if target else None, with_test=with_test)

    return make


def on_moon(context: RepoContext, *names: str) -> Solution:
    return solve(Request(target="moon", install=tuple(Atom(name=name, machine="moon") for name in names)), context)


def placed(context: RepoContext, name: str, *, requested: bool = False) -> list[str]:
    """``NEED MACHINE (REASON)`` for every need of the newest version of a package of the moon."""
    instance = Instance(name=name, version=context.versions(name)[0], machine="moon")
    candidate = context.candidate(instance, requested=requested)
    assert isinstance(candidate, Candidate)

    return [f"{need} {need.machine} ({need.reason})" for need in needs_of(candidate.depends)]


def test_each_edge_goes_where_it_is_laid_down(make: Make) -> None:
    assert placed(make(), "linked") == [
        "ocaml moon (nothing says that it runs while building)",
        'dune >= "2" build (cross.toml: runs while building)',
        "gen build (the recipe marks it {build}: it runs while building)",
        "ppx_x build (ppx_x says x-runs-on: both)",
        "ppx_x moon (ppx_x says x-runs-on: both)",
        "cc moon (C toolchain of moon)",
        "cc build (C toolchain of the build machine)",
    ]


def test_what_belongs_on_both_machines_brings_the_one_of_the_build_machine_along(make: Make) -> None:
    context = make({"ppx_x.2": 'depends: ["ocaml" {build}]\nx-runs-on: "both"'})
    solution = on_moon(context, "ppx_x")
    found = {node.instance: node for node in solution.nodes}
    here, there = (Instance(name="ppx_x", version="2", machine=machine) for machine in (BUILD, "moon"))

    assert found[here].reason == "needed by ppx_x 2 on moon"
    assert (found[there].requested, found[here].requested) == (True, False)
    (edge,) = (edge for edge in found[there].edges if edge.needed == here)
    assert (edge.post, edge.reason) == (True, "ppx_x says x-runs-on: both")


def test_edges_of_the_build_machine_stay_there(make: Make) -> None:
    context = make({"gen.2": 'depends: ["ppx_x" "linked"]'})
    candidate = context.candidate(Instance(name="gen", version="2", machine=BUILD), requested=False)
    assert isinstance(candidate, Candidate)

    assert {need.machine for need in needs_of(candidate.depends)} == {BUILD}


def test_a_target_has_its_own_compiler_of_the_build_machines_version(make: Make) -> None:
    solution = on_moon(make(), "linked")
    assert [f"{node.instance} {node.instance.machine}: {node.reason}" for node in solution.nodes] == [
        "tool 1 (build machine) build: needed by cc 1",
        "cc 1 (build machine) build: C toolchain of the build machine",
        "cc 1 moon: C toolchain of moon",
        "gen 1 (build machine) build: needed by linked 1",
        "ocaml-base-compiler 4 (build machine) build: needed by ocaml 4 (build machine)",
        "ocaml 4 (build machine) build: needed by ocaml 4 on moon",
        "dune 3 (build machine) build: needed by linked 1",
        "ocaml-moon 4 moon: compiler of moon",
        "ocaml 4 moon: needed by linked 1",
        "linked 1 moon: requested",
        "ppx_x 1 (build machine) build: needed by linked 1",
        "ppx_x 1 moon: needed by linked 1",
    ]


def test_without_a_target_everything_is_on_the_build_machine(make: Make) -> None:
    context = make(target=None)
    solution = solve(Request(install=(Atom(name="linked", machine=BUILD),)), context)
    assert {one.machine for one in solution.instances} == {BUILD}
    ocaml = solution.find("ocaml", BUILD)
    assert ocaml is not None
    assert ocaml.instance.version == "5"
    assert context.machines_for("dune") == (BUILD,)


def test_where_a_name_belongs(make: Make) -> None:
    context = make()
    assert context.machines_for("dune") == (BUILD,)
    assert context.machines_for("linked") == ("moon",)
    assert context.machines_for("ppx_x") == (BUILD, "moon")


def test_filters_see_the_machine_the_instance_is_for(make: Make) -> None:
    context = make()
    assert placed(context, "shell") == TOOLCHAINS
    candidate = context.candidate(Instance(name="shell", version="1", machine=BUILD), requested=False)
    assert isinstance(candidate, Candidate)
    assert "bash" in str(candidate.depends)


def test_tests_reach_only_what_is_asked_for(make: Make) -> None:
    context = make(with_test=True)
    assert placed(context, "shell", requested=False) == TOOLCHAINS
    assert len(placed(context, "shell", requested=True)) == 3


def test_what_is_unavailable_says_which_filter(make: Make) -> None:
    with pytest.raises(NoSolution) as caught:
        on_moon(make(), "needs-linux")
    assert caught.value.chain == (
        "needs-linux on moon was asked for",
        "needs-linux 1 needs only-linux (says low), but only-linux 1 cannot be had: "
        'it is not available on moon: os = "linux" & arch != "arm32" '
        "is false (os = moon)",
    )


def test_a_compiler_that_lacks_the_version_is_told(make: Make) -> None:
    context = make({"new.1": 'depends: ["ocaml" {>= "5"}]'})
    with pytest.raises(NoSolution) as caught:
        on_moon(context, "new")
    assert caught.value.chain == (
        "new on moon was asked for",
        'new 1 needs ocaml >= "5" (says low)',
        'ocaml 5 needs ocaml-moon = "5", compiler of moon (says low), but of ocaml-moon there is only 4',
    )


def test_conflicts_look_where_the_other_one_would_be(make: Make) -> None:
    candidate = make().candidate(Instance(name="apart", version="1", machine="moon"), requested=False)
    assert isinstance(candidate, Candidate)
    assert [(need.name, need.machine) for need in candidate.conflicts] == [("dune", BUILD), ("linked", "moon")]


def test_a_wrong_recipe_rejects_its_version_only(make: Make) -> None:
    context = make({"linked.2": "depends: ["})
    answer = context.candidate(Instance(name="linked", version="2", machine="moon"), requested=False)
    assert isinstance(answer, Rejection)
    assert "its recipe is wrong" in answer.reason
    assert Instance(name="linked", version="1", machine="moon") in on_moon(context, "linked").instances


def test_a_version_from_a_lower_repository_is_remarked_on(tmp_path: Path, make: Make) -> None:
    # bad input 38: a higher version in a repository that is not the first choice.
    make()
    write_repository(tmp_path / "high", {"linked.0": ""})
    found = load_targets([tmp_path / "targets"])
    low, high = Repository(name="low", root=tmp_path / "low"), tmp_path / "high"
    universe = Universe([low, Repository(name="high", root=high, priority=1)], found)
    solution = on_moon(RepoContext(universe, found["moon"]), "linked")
    assert solution.notes == ("linked 1 comes from low; high, which goes first, has others",)
    owned = Universe([low, Repository(name="high", root=high, priority=1, exclusive=True)], found)
    assert on_moon(RepoContext(owned, found["moon"]), "linked").instances[-1].version == "0"


def shipped() -> RepoContext:
    found = load_targets([SHIPPED / "targets"])
    return RepoContext(Universe([Repository(name="xpkg", root=SHIPPED)], found), found["kfreebsd"])


def test_the_shipped_packages_give_the_main_product() -> None:
    request = Request(target="kfreebsd", install=(Atom(name="mirage-platform", machine="kfreebsd"),))
    solution = solve(request, shipped())
    reasons = {(node.instance.name, node.instance.machine): node.reason for node in solution.nodes}
    assert reasons[("mirage-platform", "kfreebsd")] == "requested"
    assert reasons[("zig-cc", "kfreebsd")] == "C toolchain of kfreebsd"
    assert reasons[("ocaml-kern", "kfreebsd")] == "compiler of kfreebsd"
    assert ("dune", BUILD) in reasons
    assert ("dune", "kfreebsd") not in reasons
    versions = {node.instance.version for node in solution.nodes if node.instance.name == "ocaml"}
    assert len(versions) == 1


def test_every_shipped_version_can_be_installed_somewhere() -> None:
    context = shipped()
    stuck = []
    for name in context._universe.names():
        for version in context.versions(name):
            for machine in (BUILD, "kfreebsd"):
                atom = Atom(name=name, machine=machine, versions=model.Exactly(version))
                try:
                    solve(Request(target="kfreebsd", install=(atom,)), context)
                    break
                except NoSolution as error:
                    last = error
            else:
                stuck.append(f"{name}.{version}: {last.chain}")
    assert stuck == []


def test_an_ordinary_solve_does_not_import_networkx() -> None:
    program = (
        "import sys; from tests.unit.solver.test_context import shipped;"
        "from xpkg.solver.model import Atom, Request; from xpkg.solver.solve import solve;"
        "solve(Request(target='kfreebsd', install=(Atom(name='ocaml', machine='kfreebsd'),)), shipped());"
        "sys.exit('networkx' in sys.modules or 'clingo' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=SHIPPED, check=False).returncode == 0


@pytest.mark.parametrize("kind", ["with-test", "with-doc", "dev", "pinned", "build", "post"])
def test_availability_and_conflicts_know_no_kinds_of_dependencies(make: Make, kind: str) -> None:
    """OpamPackageVar.resolve_switch: undefined there, so that neither a variable nor its negation is true."""
    recipes = {f"{name}.1": f"available: {text}" for name, text in (("yes", kind), ("no", f"!{kind}"))}
    context = make(recipes | {"apart.2": f'conflicts: ["dune" {{{kind}}} "linked" {{!{kind}}}]'}, with_test=True)
    for name in ("yes", "no"):
        found = context.candidate(Instance(name=name, version="1", machine="moon"), requested=True)
        assert isinstance(found, Rejection)
    apart = context.candidate(Instance(name="apart", version="2", machine="moon"), requested=True)
    assert isinstance(apart, Candidate)
    # "pinned" is undefined as well, although it is no kind.
    assert apart.conflicts == ()
