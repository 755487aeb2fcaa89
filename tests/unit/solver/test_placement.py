"""Where the dependencies of a target's package go, and what decided."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe
from xpkg.solver.placement import Placements

RECIPES = {
    "ocaml": "",
    "lib": "",
    "helper": "",
    "tool": 'x-runs-on: "build"',
    "twin": 'x-runs-on: "both"\ndepends: ["dune" "lib" "helper" {build} "tool" "ocaml"]',
    "ppx_a": 'depends: ["dune" "lib"]',
    "plain": 'depends: ["jbuilder" "lib" "helper" {build} "tool" "ocaml" "ppx_a"]',
    "made": 'depends: ["lib" "ocaml"]',
    "linking": 'depends: ["dune" "tool"]',
    "probed": 'depends: ["dune" "lib" "tool" "ppx_a"]',
}
CROSS = '[both]\n"ppx_*" = "a rewriter"\n"probed:*" = "a part of its probe"\n"linking:tool" = "linked"\n'

Place = Callable[..., tuple[str, str]]


@pytest.fixture(name="place")
def place_fixture(tmp_path: Path) -> Place:
    for name, body in RECIPES.items():
        directory = tmp_path / "packages" / name / f"{name}.1"
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\n{body}\n')
    (tmp_path / "cross.toml").write_text(CROSS)
    universe = Universe([Repository(name="here", root=tmp_path)], {})
    placements = Placements(universe, "moon")

    def place(dependent: str, name: str, *, build: bool = False) -> tuple[str, str]:
        found = placements.of_dependent(dependent, universe.entry(dependent, "1").depends).of(name, build=build)
        return "+".join(found.machines), found.kind

    return place


def test_the_order_of_decision(place: Place) -> None:
    assert place("plain", "lib") == ("moon", "default")
    assert place("plain", "helper", build=True) == (BUILD, "{build}")
    assert place("plain", "ppx_a", build=True) == ("build+moon", "cross.toml")
    assert place("plain", "tool") == (BUILD, "x-runs-on")
    assert place("plain", "unknown") == ("moon", "default")


def test_a_package_on_both_machines_is_made_of_the_same_on_both(place: Place) -> None:
    for dependent in ("twin", "ppx_a"):  # by its recipe, and by a rule
        assert place(dependent, "lib") == ("build+moon", "twin")
        assert place(dependent, "helper", build=True) == (BUILD, "{build}")
        assert place(dependent, "tool") == (BUILD, "x-runs-on")
        assert place(dependent, "ocaml") == ("moon", "default")


def test_who_runs_the_compiler_needs_it_on_the_build_machine(place: Place) -> None:
    assert place("made", "ocaml") == ("build+moon", "compiler")
    assert place("plain", "ocaml") == ("moon", "default")
    assert place("made", "ocaml", build=True) == (BUILD, "{build}")


def test_rules_about_one_package(place: Place) -> None:
    assert place("probed", "lib") == ("build+moon", "cross.toml")
    assert place("probed", "tool") == (BUILD, "x-runs-on")
    # Its recipe cannot know that one package is linked with it; who wrote both names does.
    assert place("linking", "tool") == ("build+moon", "cross.toml")
    assert place("probed", "ppx_a") == ("build+moon", "cross.toml")
