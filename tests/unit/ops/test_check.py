"""The check over a real home with a small repository: what is asked, on which machines, beside what."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import NotFoundError
from xpkg.ops import check
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.settings import FIRST, RepositorySettings
from xpkg.solver.model import Atom, Exactly
from xpkg.solver.obstacles import Kind

NATIVE = Pair.of(None)
RECIPES = {
    "tool.1": 'x-runs-on: "both" depends: ["native-only"]',
    "native-only.1": 'available: target = ""',
    "generator.1": 'x-runs-on: "build"',
    "library.1": 'depends: ["generator"]',
    "library.2": 'depends: ["generator" {>= "2"}]',
    "rival.1": 'conflicts: ["library"]',
    "broken.1": "depends: [",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for package, text in RECIPES.items():
        directory = tmp_path / "repository" / "packages" / package.split(".")[0] / package
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0" x-toolchain: "none" {text}\n')
    home = Home(tmp_path / "root")
    added = RepositorySettings(name="small", address=str(tmp_path / "repository"))
    home.change_settings(lambda now: now.with_repository(added, FIRST))
    return Home(tmp_path / "root")


def small(home: Home) -> list[check.Version]:
    versions = check.versions_meant(home, (), "small")
    assert versions is not None
    return versions


def failing(home: Home, pair: Pair) -> dict[str, Kind]:
    found = check.examine(home, pair, small(home))
    assert found.checked == len(RECIPES)
    return {f"{one.name}.{one.version}": one.obstacle.kind for one in found.uninstallable}


def test_on_the_build_machine(home: Home) -> None:
    assert failing(home, NATIVE) == {"broken.1": Kind.UNAVAILABLE, "library.2": Kind.MISSING}


def test_on_the_machines_of_a_target(home: Home) -> None:
    """What belongs on both machines must be possible on both, what belongs on the build machine is asked for there."""
    assert failing(home, Pair.of("kfreebsd")) == {
        "broken.1": Kind.UNAVAILABLE,
        "library.2": Kind.MISSING,
        "native-only.1": Kind.UNAVAILABLE,
        "tool.1": Kind.MISSING,
    }


def test_the_queries_answers(home: Home) -> None:
    answers = check.installable_versions(home, NATIVE, [("library", "2"), ("library", "1")])
    assert answers == {("library", "2"): False, ("library", "1"): True}
    everything = check.installable_versions(home, NATIVE, None)
    assert {one: everything[one] for one in small(home) if not everything[one]}.keys() == {
        ("broken", "1"),
        ("library", "2"),
    }


def test_beside_something(home: Home) -> None:
    library = Atom(name="library", machine=NATIVE.machine)
    assert check.coinstallable_with(home, NATIVE, [library]) >= {"generator", "tool", "library"}
    assert "rival" not in check.coinstallable_with(home, NATIVE, [library])
    two = Atom(name="library", machine=NATIVE.machine, versions=Exactly("2"))
    assert check.coinstallable_with(home, NATIVE, [two]) == set()


def test_together(home: Home) -> None:
    assert check.why_not_together(home, NATIVE, ["library", "tool"]) is None
    reason = check.why_not_together(home, NATIVE, ["library", "rival"])
    assert reason is not None
    assert any("conflict" in sentence for sentence in reason.chain)


def test_explained_are_those_that_need_it(home: Home) -> None:
    found = check.examine(home, NATIVE, small(home), explained=5)
    assert {one.name: bool(one.chain) for one in found.uninstallable} == {"broken": False, "library": True}


def test_progress_ends_with_all(home: Home) -> None:
    told: list[tuple[int, int]] = []
    check.examine(home, NATIVE, small(home), lambda done, total: told.append((done, total)))
    assert told[-1] == (len(RECIPES), len(RECIPES))


def test_the_same_in_processes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_FEW", 0)
    assert check.examine(home, NATIVE, small(home), jobs=3) == check.examine(home, NATIVE, small(home), jobs=1)


def test_names_that_mean_nothing(home: Home) -> None:
    with pytest.raises(NotFoundError):
        check.versions_meant(home, ["library.3"], None)
    assert check.versions_meant(home, (), None) is None
    assert check.versions_meant(home, ["library", "library.1"], None) == [("library", "2"), ("library", "1")]
