"""From a solution to tasks and actions: closures, keys, rebuilds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import NotFoundError, UsageError
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import PairPlan, planned_actions
from xpkg.ops.requests import install_atoms, parse_spelling, removal
from xpkg.ops.settings import RepositorySettings, Settings
from xpkg.ops.solving import plan_request
from xpkg.solver.model import Instance, Request

Add = Callable[..., None]

TOY = """
name = "toy"
triple = "riscv64-toy-none"
[variables]
arch = "riscv64"
os = "toy"
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "repository" / "packages").mkdir(parents=True)
    (tmp_path / "repository" / "targets").mkdir()
    (tmp_path / "repository" / "targets" / "toy.toml").write_text(TOY, "utf-8")
    return tmp_path / "repository"


@pytest.fixture
def add(repository: Path) -> Add:
    def write(package: str, fields: str = "") -> None:
        directory = repository / "packages" / package.partition(".")[0] / package
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\nx-toolchain: "none"\n{fields}\n', "utf-8")

    return write


@pytest.fixture
def plan(repository: Path, tmp_path: Path) -> Callable[..., PairPlan]:
    def make(*spellings: str, target: str | None = None) -> PairPlan:
        home = Home(tmp_path / "root", environment={})
        home.__dict__["settings"] = Settings(
            repositories=(RepositorySettings(name="here", address=str(repository), exclusive=True),)
        )
        pair = Pair.of(target)
        return plan_request(home, pair, Request(target=pair.target, install=install_atoms(home, pair, spellings)))

    return make


@pytest.fixture
def chain(add: Add) -> None:
    """d needs c needs b needs a; t is a tool that runs on the build machine and itself needs a; s stands alone."""
    add("a.1", 'install: ["touch" "%{share}%/a"]')
    add("b.1", 'depends: ["a"]')
    add("c.1", 'depends: ["b" "t"]')
    add("d.1", 'depends: ["c"]')
    add("t.1", 'depends: ["a"]\nx-runs-on: "build"')
    add("s.1")


def names(plan: PairPlan, keys: tuple[str, ...] | None) -> set[str]:
    labels = {task.key: f"{task.recipe.name}@{task.machine}" for task in plan.tasks.values()}
    return {labels[key] for key in keys or ()}


@pytest.mark.usefixtures("chain")
def test_a_task_sees_its_whole_closure_and_nothing_else(plan: Callable[..., PairPlan]) -> None:
    made = plan("d", "s")
    tasks = {task.recipe.name: task for task in made.tasks.values()}
    assert names(made, tasks["d"].tools) == {"a@build", "b@build", "c@build", "t@build"}
    assert names(made, tasks["d"].requires) == {"c@build"}
    assert names(made, tasks["s"].tools) == set()
    assert all(task.target is None for task in tasks.values())


@pytest.mark.usefixtures("chain")
def test_a_target_has_a_closure_on_each_machine(plan: Callable[..., PairPlan]) -> None:
    made = plan("d", target="toy")
    tasks = {(task.recipe.name, task.machine): task for task in made.tasks.values()}
    last = tasks["d", "toy"]
    assert names(made, last.target) == {"a@toy", "b@toy", "c@toy"}
    assert names(made, last.tools) == {"t@build", "a@build"}
    assert tasks["t", "build"].target is None
    assert tasks["a", "toy"].key != tasks["a", "build"].key
    assert list(made.tasks).index(Instance(name="a", version="1", machine="toy")) < len(made.tasks) - 1


@pytest.mark.usefixtures("chain")
def test_keys_follow_from_what_is_below(plan: Callable[..., PairPlan], add: Add) -> None:
    before = {task.recipe.name: task.key for task in plan("d", "s").tasks.values()}
    assert {task.recipe.name: task.key for task in plan("d", "s").tasks.values()} == before
    add("b.1", 'depends: ["a"]\nsynopsis: "changed"')
    after = {task.recipe.name: task.key for task in plan("d", "s").tasks.values()}
    assert {name for name in before if before[name] != after[name]} == {"b", "c", "d"}


@pytest.mark.usefixtures("chain")
def test_a_changed_recipe_is_a_rebuild_of_what_stands_on_it(plan: Callable[..., PairPlan], add: Add) -> None:
    before = plan("d", "s")
    keys = {instance: task.key for instance, task in before.tasks.items()}
    installed = before.solution.__class__(nodes=before.solution.nodes)
    assert planned_actions(installed, keys, keys) == ()
    add("b.1", 'depends: ["a"]\nsynopsis: "changed"')
    after = plan("d", "s")
    installed = after.solution.__class__(nodes=after.solution.nodes)
    anew = {instance: task.key for instance, task in after.tasks.items()}
    actions = planned_actions(installed, anew, keys)
    assert [(action.action, action.name) for action in actions] == [
        ("rebuild", "b"),
        ("rebuild", "c"),
        ("rebuild", "d"),
    ]
    assert actions[0].as_value() == {
        "action": "rebuild",
        "name": "b",
        "version": "1",
        "machine": "build",
        "target": None,
        "reason": "its recipe, sources or dependencies changed",
    }


def test_system_tools_come_with_what_declares_them(plan: Callable[..., PairPlan], add: Add) -> None:
    add("conf-tool.1", 'x-system-tools: ["tool"]\ndepexts: [["tool-dev"] {os-family = "debian"} ["Tool"] {os = "x"}]')
    add("user.1", 'depends: ["conf-tool" {build}]')
    add("beyond.1", 'depends: ["user"]\nx-system-tools: ["other"]')
    tasks = {task.recipe.name: task for task in plan("beyond").tasks.values()}
    assert tasks["conf-tool"].system_tools == {"tool": "tool-dev"}
    assert tasks["user"].system_tools == {"tool": "tool-dev"}
    assert tasks["beyond"].system_tools == {"tool": "tool-dev", "other": "other"}


def test_setenv_of_the_whole_closure_reaches_the_build_and_its_key(plan: Callable[..., PairPlan], add: Add) -> None:
    add("low.1", 'setenv: [ORDER += "%{name}%-%{cross}%"]')
    add("middle.1", 'depends: ["low"]\nsetenv: [ORDER += "%{name}%-%{cross}%"]')
    add("tool.1", 'depends: ["low"]\nx-runs-on: "build"')
    add("top.1", 'depends: ["middle" "tool"]')
    add("apart.1")
    before = {task.recipe.name: task for task in plan("top", "apart", target="toy").tasks.values()}
    assert dict(before["top"].steps.environment)["ORDER"] == "middle-true:low-true:low-false"
    assert dict(before["tool"].steps.environment)["ORDER"] == "low-false"
    assert "ORDER" not in dict(before["apart"].steps.environment)
    assert ["ORDER", "low-false"] in before["tool"].steps.as_value()["environment"]  # type: ignore[operator]


def test_the_number_of_jobs_is_in_no_key(plan: Callable[..., PairPlan], add: Add) -> None:
    add("many.1", 'build: ["make" "-j%{jobs}%" jobs]')
    (task,) = plan("many").tasks.values()
    assert task.steps.commands[0].command(3) == ["make", "-j3", "3"]
    assert "jobs" not in str(sorted(task.inputs))


@pytest.mark.parametrize(
    ("spelling", "name", "allowed", "refused"),
    [
        ("a", "a", None, None),
        ("a.1.0", "a", "1.0", "1.1"),
        ("a=1.0", "a", "1.0", "0.9"),
        ("a>=1.0", "a", "1.0", "0.9"),
        ("a>1.0", "a", "1.1", "1.0"),
        ("a<=1.0", "a", "1.0", "1.1"),
        ("a<1.0", "a", "1.0~beta", "1.0"),
        ("a!=1.0", "a", "1.1", "1.00"),
        ("conf-g++.1.0", "conf-g++", "1.0", "2"),
    ],
)
def test_spellings(spelling: str, name: str, allowed: str | None, refused: str | None) -> None:
    found, versions = parse_spelling(spelling)
    assert found == name
    assert (versions is None) == (allowed is None)
    if versions is not None and allowed is not None and refused is not None:
        assert versions.allows(allowed)
        assert not versions.allows(refused)


@pytest.mark.parametrize("spelling", ["", "a b", "a>", "a.", ".1", "a/b", "../a", "a\n", "a=>1", "a.1;rm", "é"])
def test_what_names_no_package(spelling: str) -> None:
    with pytest.raises(UsageError):
        parse_spelling(spelling)


def test_removal_names_what_is_installed() -> None:
    installed = [Instance(name="a", version="1", machine=machine) for machine in ("build", "toy")]
    assert removal(Pair.of("toy"), ["a"], installed) == (("a", "build"), ("a", "toy"))
    for spelling in ("b", "a.2"):
        with pytest.raises(NotFoundError):
            removal(Pair.of("toy"), [spelling], installed)


@pytest.mark.parametrize(
    ("name", "trees"),
    [(None, ("build",)), ("native", ("build",)), ("build", ("build",)), ("toy", ("toy-tools", "toy"))],
)
def test_pairs(name: str | None, trees: tuple[str, ...]) -> None:
    pair = Pair.of(name)
    assert pair.trees == trees
    assert pair.tree("build") == trees[0]
    assert pair.tree(pair.machine) == trees[-1]
