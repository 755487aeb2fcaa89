"""Plans of tests over a real home with a small repository and a target: what is built, what each build sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import UsageError
from xpkg.ops.asking import Ask
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.solving import plan
from xpkg.ops.test_plans import TestPlan, plan_test
from xpkg.repo.machine_names import BUILD
from xpkg.sandbox.layout import TOOLS

TARGET = """
name = "far"
triple = "riscv64-far-linux"
[variables]
arch = "riscv64"
os = "linux"
[objects]
format = "elf64-little"
machine = "EM_RISCV"
[run]
package = "far-runner"
command = ["far-run", "{product}"]
"""
RECIPES = {
    "far-runner.1": 'x-runs-on: "build"',
    "run-as-target.9": 'x-runs-on: "build"',
    "dune.3": 'x-runs-on: "build"',
    "dune-target-tests.3": 'x-runs-on: "build" conflicts: ["dune" {!= version}]',
    "checker.1": "",
    "ground.1": "",
    "plain.1": 'depends: ["ground" "checker" {with-test}] build: [["make"] [make "check"] {with-test}]',
    "duned.1": 'depends: ["ground" "dune"] build: ["dune" "build" "@install" "@runtest" {with-test}]',
    "untested.1": "build: [make]",
    "tool.1": 'x-runs-on: "build" run-test: ["./check"]',
}
FAR = Pair(target="far")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    repository = tmp_path / "repository"
    (repository / "targets").mkdir(parents=True)
    (repository / "targets/far.toml").write_text(TARGET)
    for package, text in RECIPES.items():
        directory = repository / "packages" / package.split(".")[0] / package
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0" x-toolchain: "none" {text}\n')
    root = tmp_path / "root"
    root.mkdir()
    (root / "settings.toml").write_text(f'[[repository]]\nname = "small"\naddress = "{repository}"\n')
    return Home(root)


def planned(home: Home, name: str, pair: Pair = FAR, *, once_more: bool = False) -> TestPlan:
    return plan_test(home, None, pair, Ask(packages=(name,)), once_more=once_more)


def names(plan: TestPlan) -> set[str]:
    return {f"{one.name} {one.machine}" for one in plan.tasks}


def test_what_is_beneath_is_built_as_for_an_installation(home: Home) -> None:
    test = planned(home, "plain")
    assert names(test) == {"plain far", "ground far", "checker far", "far-runner build", "run-as-target build"}
    installed = plan(home, None, (FAR,), Ask(packages=("plain", "ground", "checker"))).parts[0].keys
    tested = test.keys
    assert {one: key for one, key in tested.items() if one.name in ("ground", "checker")} == {
        one: key for one, key in installed.items() if one.name in ("ground", "checker")
    }
    assert tested[test.tested.instance] != installed[test.tested.instance]


def test_the_build_with_tests_sees_the_runner(home: Home) -> None:
    test = planned(home, "plain")
    apparatus = {key for one, key in test.keys.items() if one.name in ("far-runner", "run-as-target")}
    assert apparatus <= set(test.task.tools)
    assert dict(test.task.steps.environment)["RUN_AS_TARGET"] == f"{TOOLS}/bin/far-run"
    assert [step.argv for step in test.task.steps.commands] == [("make",), ("make", "check")]


def test_dune_is_replaced_in_the_build_with_tests_alone(home: Home) -> None:
    test = planned(home, "duned")
    keys = {one.name: key for one, key in test.keys.items()}
    assert keys["dune-target-tests"] in test.task.tools
    assert keys["dune"] not in test.task.tools
    assert "dune" in test.task.subject.tools_seen


def test_this_machine_and_tools_need_no_runner(home: Home) -> None:
    assert names(planned(home, "plain", Pair())) == {"plain build", "ground build", "checker build"}
    tool = planned(home, "tool")
    assert names(tool) == {"tool build"}
    assert tool.tested.instance.machine == BUILD


def test_a_native_test_build_is_that_of_an_installation_with_tests(home: Home) -> None:
    test = planned(home, "plain", Pair())
    installed = plan(home, None, (Pair(),), Ask(packages=("plain",), with_test=True)).parts[0]
    assert test.keys[test.tested.instance] == installed.keys[test.tested.instance]


def test_a_recipe_may_have_no_tests(home: Home) -> None:
    assert not planned(home, "untested").has_tests
    assert planned(home, "plain").has_tests
    assert planned(home, "tool").has_tests


def test_commands_are_told_apart(home: Home) -> None:
    test = planned(home, "plain")
    assert not test.is_for_tests(["make"], 2)
    assert test.is_for_tests(["make", "check"], 2)


def test_one_command_may_build_and_test(home: Home) -> None:
    duned = planned(home, "duned", Pair())
    command = duned.task.steps.commands[0].command(2)
    assert "@runtest" in command
    assert duned.is_for_tests(command, 2)
    assert duned.has_counterpart(command, 2)
    assert not planned(home, "plain").has_counterpart(["make", "check"], 2)
    assert not planned(home, "tool").has_counterpart(["./check"], 2)


def test_without_its_tests_a_package_is_what_an_installation_builds(home: Home) -> None:
    test = planned(home, "duned").without_tests()
    assert {"duned far", "ground far", "dune build"} <= names(test)
    assert not {"dune-target-tests build", "far-runner build", "run-as-target build"} & names(test)
    installed = plan(home, None, (FAR,), Ask(packages=("duned",))).parts[0].keys
    assert test.keys[test.tested.instance] == installed[test.tested.instance]
    assert test.with_sources(test.situation.choose_sources).keys == test.keys


def test_only_what_is_asked_for_is_run_once_more(home: Home) -> None:
    test = planned(home, "plain", once_more=True)
    assert test.again == {test.tested.instance}
    assert test.with_sources(test.situation.choose_sources).again == {test.tested.instance}
    assert planned(home, "plain").again == frozenset()


def test_a_target_without_programs_is_refused_before_anything_is_solved(home: Home) -> None:
    with pytest.raises(UsageError) as refused:
        planned(home, "nothing-of-this-name", Pair(target="kfreebsd"))
    assert refused.value.reference == "no-test-runner"


def test_the_runner_may_be_a_name_that_a_package_provides(home: Home, tmp_path: Path) -> None:
    packages = tmp_path / "repository/packages"
    (packages / "far-runner").rename(packages / "other-runner")
    (packages / "other-runner/far-runner.1").rename(packages / "other-runner/other-runner.1")
    recipe = packages / "other-runner/other-runner.1/opam"
    recipe.write_text(recipe.read_text() + 'x-provides: ["far-runner"]\n')
    test = planned(home, "plain")
    assert {key for one, key in test.keys.items() if one.name == "other-runner"} <= set(test.task.tools)
