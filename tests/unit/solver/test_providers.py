"""Names that several packages provide, from recipes through the real readers to solutions and explanations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.solver.test_context import MOON, NATIVE, write_repository
from xpkg.core.errors import NotFoundError
from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.repo.versions import Compare
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Exactly, Instance, NoSolution, Request, Solution
from xpkg.solver.solve import solve

RECIPES = {
    "cc.1": 'x-toolchain: "none"',
    "vendor.12": 'x-provides: ["xtensa-cc"]\nx-runs-on: "build"\nx-toolchain: "none"',
    "vendor.13": 'x-provides: ["xtensa-cc"]\nx-runs-on: "build"\nx-toolchain: "none"',
    "debian.1": 'x-provides: ["xtensa-cc" {= "14.2"}]\nx-runs-on: "build"\nx-toolchain: "none"',
    "blink.1": 'depends: ["xtensa-cc" {build}]',
    "new.1": 'depends: ["xtensa-cc" {build & >= "14"}]',
    "old.1": 'depends: ["xtensa-cc" {build & < "14"}]',
    "future.1": 'depends: ["xtensa-cc" {>= "15"}]',
    "needs-debian.1": 'depends: ["debian"]',
    "needs-vendor.1": 'depends: ["vendor"]',
    "either.1": 'depends: ["nothing" | "xtensa-cc" {>= "14"}]',
    "glad.1": 'depopts: ["xtensa-cc"]',
    "without.1": 'conflicts: ["xtensa-cc" {< "14"}]\nx-runs-on: "build"',
}

Make = Callable[..., RepoContext]


@pytest.fixture(name="make")
def make_fixture(tmp_path: Path) -> Make:
    def make(
        more: dict[str, str] | None = None,
        high: dict[str, str] | None = None,
        *,
        target: str | None = "moon",
        recipes: dict[str, str] = RECIPES,
        tools: str = '["cc"]',
    ) -> RepoContext:
        targets = tmp_path / "targets"
        targets.mkdir()
        (targets / "native.toml").write_text(NATIVE)
        (targets / "moon.toml").write_text(MOON.replace('["cc"]', tools))
        write_repository(tmp_path / "low", recipes | (more or {}))
        write_repository(tmp_path / "high", {"unrelated.1": ""} | (high or {}))
        found = load_targets([targets])
        repositories = [
            Repository(name="low", root=tmp_path / "low"),
            Repository(name="high", root=tmp_path / "high", priority=1),
        ]
        return RepoContext(Universe(repositories, found), found[target] if target else None)

    return make


def asked(context: RepoContext, *names: str) -> Solution:
    return solve(Request(target="moon", install=tuple(map(context.asked, names))), context)


def there(solution: Solution) -> list[str]:
    return [str(one) for one in solution.instances if not one.name.startswith("cc")]


def test_the_first_by_name_meets_a_need_where_nothing_else_decides(make: Make) -> None:
    solution = asked(make(), "blink")
    assert there(solution) == ["debian 1 (build machine)", "blink 1"]
    assert solution.nodes[-1].edges[0].constraint == "as xtensa-cc"
    assert solution.nodes[-2].reason == "needed by blink 1"


def test_the_repository_of_the_highest_priority_goes_before_the_name(make: Make) -> None:
    context = make(high={"zeta.1": 'x-provides: "xtensa-cc"\nx-runs-on: "build"\nx-toolchain: "none"'})
    assert there(asked(context, "blink")) == ["zeta 1 (build machine)", "blink 1"]


def test_the_package_so_called_goes_before_what_provides_its_name(make: Make) -> None:
    context = make({"xtensa-cc.20": 'x-runs-on: "build"\nx-toolchain: "none"'})
    assert there(asked(context, "blink")) == ["xtensa-cc 20 (build machine)", "blink 1"]
    assert there(asked(context, "old")) == ["vendor 13 (build machine)", "old 1"]
    real = Atom(name="xtensa-cc", machine=BUILD)
    with pytest.raises(NoSolution) as caught:
        solve(Request(target="moon", install=(real, context.asked("vendor"))), context)
    assert any("only one provider of xtensa-cc" in sentence for sentence in caught.value.chain)


@pytest.mark.parametrize(("name", "provider"), [("new", "debian 1"), ("old", "vendor 13")])
def test_a_constraint_is_on_the_version_provided(make: Make, name: str, provider: str) -> None:
    assert there(asked(make(), name)) == [f"{provider} (build machine)", f"{name} 1"]


def test_the_constraint_decides_among_the_versions_of_a_provider(make: Make) -> None:
    context = make({"exact.1": 'depends: ["xtensa-cc" {= "12"}]'})
    assert there(asked(context, "exact")) == ["vendor 12 (build machine)", "exact 1"]


def test_what_is_there_anyway_is_taken(make: Make) -> None:
    assert there(asked(make(), "blink", "needs-vendor")) == [
        "vendor 13 (build machine)",
        "blink 1",
        "needs-vendor 1",
    ]


def test_two_providers_exclude_each_other_and_it_is_told(make: Make) -> None:
    context = make()
    with pytest.raises(NoSolution) as caught:
        asked(context, "needs-vendor", "needs-debian")
    told = [sentence for sentence in caught.value.chain if sentence.startswith("only one")]
    assert told == ["only one provider of xtensa-cc can be there on the build machine: debian or vendor"]


def test_a_version_that_nobody_provides_is_told(make: Make) -> None:
    context = make()
    with pytest.raises(NoSolution) as caught:
        asked(context, "future")
    assert any("debian as xtensa-cc" in sentence and ">= " in sentence for sentence in caught.value.chain)


def test_in_alternatives_optional_needs_and_conflicts(make: Make) -> None:
    context = make()
    assert there(asked(context, "either")) == ["debian 1 (build machine)", "either 1"]
    glad = asked(context, "glad", "needs-vendor")
    edges = [edge for node in glad.nodes if node.instance.name == "glad" for edge in node.edges if edge.optional]
    assert [str(edge.needed) for edge in edges] == ["vendor 13 (build machine)"]
    assert there(asked(context, "glad")) == ["glad 1"]
    assert there(asked(context, "without", "blink"))[0] == "debian 1 (build machine)"
    with pytest.raises(NoSolution):
        asked(context, "without", "needs-vendor")


def test_a_conflict_with_a_name_leaves_out_ones_own(make: Make) -> None:
    context = make({"jealous.1": 'x-provides: "xtensa-cc"\nconflicts: ["xtensa-cc"]\nx-runs-on: "build"'})
    assert there(asked(context, "jealous")) == ["jealous 1 (build machine)"]
    with pytest.raises(NoSolution):
        asked(context, "jealous", "vendor")


def test_a_name_provided_can_be_asked_for(make: Make) -> None:
    context = make()
    solution = asked(context, "xtensa-cc")
    assert [(str(node.instance), node.requested, node.reason) for node in solution.nodes] == [
        ("debian 1 (build machine)", True, "requested")
    ]
    atom = context.asked("xtensa-cc", Compare("<", "14"))
    assert there(solve(Request(target="moon", install=(atom,)), context)) == ["vendor 13 (build machine)"]
    atom = context.asked("xtensa-cc", Exactly("12"))
    assert there(solve(Request(target="moon", install=(atom,)), context)) == ["vendor 12 (build machine)"]


def test_what_is_installed_already_meets_what_is_asked_for(make: Make) -> None:
    context = make()
    vendor = Instance(name="vendor", version="12", machine=BUILD)
    request = Request(target="moon", install=(context.asked("xtensa-cc"),), installed=(vendor,))
    solution = solve(request, context)
    assert solution.actions == ()
    assert [(node.instance, node.requested) for node in solution.nodes] == [(vendor, True)]
    newer = solve(replace(request, upgrade=True), context)
    assert there(newer) == ["vendor 13 (build machine)"]


def test_best_effort_knows_that_a_provider_will_do(make: Make) -> None:
    context = make()
    install = (context.asked("needs-vendor"), context.asked("needs-debian"), context.asked("xtensa-cc"))
    solution = solve(Request(target="moon", install=install, best_effort=True), context)
    assert len(there(solution)) == 2
    assert sum(any(map(atom.accepts, solution.instances)) for atom in install) == 2


def test_a_name_that_nobody_provides_is_unknown(make: Make) -> None:
    context = make()
    with pytest.raises(NotFoundError, match="no package is called sparc-cc"):
        asked(context, "sparc-cc")


def test_a_targets_toolchain_may_be_provided(make: Make) -> None:
    more = {"cc-a.1": 'x-provides: "moon-cc"\ndepends: ["zlib"]', "cc-b.1": 'x-provides: "moon-cc"', "zlib.1": ""}
    context = make(more, tools='["moon-cc"]')
    solution = asked(context, "glad")
    assert [f"{node.instance}: {node.reason}" for node in solution.nodes] == [
        "cc 1 (build machine): C toolchain of the build machine",
        "cc-b 1: C toolchain of moon",
        "glad 1: requested",
    ]


def test_an_invariant_may_name_what_is_provided(make: Make) -> None:
    context = make()
    invariant = context.wanted("xtensa-cc", Compare(">=", "14"), "the switch's invariant")
    request = Request(target="moon", install=(context.asked("glad"),), invariant=invariant)
    assert "debian 1 (build machine)" in there(solve(request, context))


def test_nothing_is_as_it_was_only_where_something_is_provided(make: Make) -> None:
    context = make(recipes={"a.1": 'depends: ["b" {>= "1"}]', "b.1": "", "cc.1": 'x-toolchain: "none"'})
    assert context.asked("b") == Atom(name="b", machine="moon")
    assert there(asked(context, "a")) == ["b 1", "a 1"]
