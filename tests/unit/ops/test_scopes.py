from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import NotFoundError
from xpkg.ops.home import Home
from xpkg.ops.scopes import restricted
from xpkg.ops.settings import SHIPPED, RepositorySettings
from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.variables import machine_variables
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Instance
from xpkg.solver.protocol import Candidate, Rejection


@pytest.fixture
def home(tmp_path: Path) -> Home:
    here = Home(tmp_path / "state")
    for name in ("low", "high"):
        recipe = tmp_path / name / "packages" / "dune" / f"dune.{name}" / "opam"
        recipe.parent.mkdir(parents=True)
        recipe.write_text('opam-version: "2.0"\navailable: opam-version >= "9" | os = "plan9"\n')
        added = RepositorySettings(name=name, address=str(tmp_path / name))
        here.change_settings(lambda now, added=added: now.with_repository(added))  # type: ignore[misc]
    return here


def test_only_the_named_repositories_have_packages(home: Home) -> None:
    assert restricted(home, ["low"], {}).versions("dune") == ("low",)
    assert set(restricted(home, ["high", "low", "high"], {}).versions("dune")) == {"low", "high"}
    assert restricted(home, ["low"], {}).names() == ("dune",)
    assert restricted(home, None, {}).names() == home.universe.names()


def test_shipped_cross_rules_hold_and_shipped_overlays_do_not(home: Home, tmp_path: Path) -> None:
    top = tmp_path / "shipped" / "packages"
    (top / "_overlays").mkdir(parents=True)
    (top / "_overlays" / "dune.opam").write_text("")
    (top / "cross.toml").write_text('[build]\ndune = "builds packages"\n')
    shipped = Repository(name=SHIPPED, root=top.parent, shipped=True)
    home.__dict__["repositories"] = (*home.repositories[:-1], shipped)
    for names, overlaid in ((["low"], set()), (["low", SHIPPED], {"dune"}), (None, {"dune"})):
        universe = restricted(home, names, {})
        rule = universe.cross.where("dune")
        assert rule is not None
        assert rule.runs_on == "build"
        assert universe.overlaid == overlaid


def test_rules_of_a_named_repository_come_first(home: Home, tmp_path: Path) -> None:
    (tmp_path / "low" / "cross.toml").write_text('[target]\ndune = "a trial"\n')
    for names, expected in ((["low"], "target"), (["high"], "build"), (None, "target")):
        rule = restricted(home, names, {}).cross.where("dune")
        assert rule is not None
        assert rule.runs_on == expected


def test_a_repository_that_does_not_exist(home: Home) -> None:
    with pytest.raises(NotFoundError) as caught:
        restricted(home, ["low", "hihg"], {})
    assert caught.value.reference == "unknown-repository"
    assert caught.value.hint == "did you mean high?"


@pytest.mark.parametrize(
    ("variables", "available"),
    [({}, False), ({"opam-version": "9.1"}, True), ({"os": "plan9"}, True), ({"opam-version": "8"}, False)],
)
def test_variables_of_the_build_machine(home: Home, variables: dict[str, str], available: bool) -> None:
    universe = restricted(home, ["low"], variables)
    instance = Instance(name="dune", version="low", machine=BUILD)
    found = RepoContext(universe, None).candidate(instance, requested=True)
    assert isinstance(found, Candidate if available else Rejection)


def test_changed_variables_are_the_build_machines_alone(home: Home) -> None:
    changed = restricted(home, None, {"os": "plan9", "opam-version": "9"}).targets
    assert changed["kfreebsd"] == home.targets["kfreebsd"]
    assert changed["native"].digest != home.targets["native"].digest
    assert changed["native"].variables["arch"] == home.targets["native"].variables["arch"]
    # One opam's version is that of all machines.
    assert machine_variables(changed["kfreebsd"], changed["native"])["opam-version"] == "9"
    assert "missing" not in changed
    assert list(changed) == list(home.targets)
