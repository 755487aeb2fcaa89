"""``show --edges``: which machine a dependency goes to, and whose word that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.query_machines import EdgeQuery, edge_story, place_of
from xpkg.ops.scopes import restricted
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.universe import Universe, UnknownPackage

KFREEBSD = Pair(target="kfreebsd")
RECIPES = {
    "many.1": """
depends: [
  "ocaml" {>= "4.08"}
  "dune"
  "zeta" | "alpha" {>= "2" & < "3"}
  "here" {os = "freebsd"}
  "elsewhere" {os != "freebsd"}
  "tested" {with-test}
  "documented" {with-doc}
  "developed" {dev}
  "later" {post}
  "runs" {build}
  "twice" {build}
  "twice" {>= "1"}
  ("alpha" {= version})
]
depopts: ["optional"]
available: os = "nowhere"
""",
    "tool.1": 'x-runs-on: "build"\ndepends: ["alpha"]',
    "alpha.2": "",
    "user.1": 'depends: ["tool" "ppx_x" "alpha"]',
    "wrong.1": "depends: 3",
    "maker.1": "",
    "twin.1": "",
}


@pytest.fixture
def universe(tmp_path: Path) -> Universe:
    for full, body in RECIPES.items():
        directory = tmp_path / "mine" / "packages" / full.partition(".")[0] / full
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\n{body}\n')
    (tmp_path / "mine" / "cross.toml").write_text(
        '[both]\n"user:alpha" = "for a trial"\ntwin = "both"\n[build]\nmaker = "makes things"\n'
    )
    home = Home(tmp_path / "state")
    home.change_settings(
        lambda now: now.with_repository(RepositorySettings(name="mine", address=str(tmp_path / "mine")))
    )
    return restricted(home, ["mine"], {})


def test_the_names_on_each_machine(universe: Universe) -> None:
    found = EdgeQuery(universe, KFREEBSD).machines(universe.entry("many", "1"))
    assert found == {
        "build": ["dune", "runs", "twice"],
        "target": ["alpha", "here", "later", "ocaml", "twice", "zeta"],
    }


def test_where_what_is_asked_for_by_name_is_built(universe: Universe) -> None:
    def place(pair: Pair, name: str) -> tuple[str, str | None]:
        return place_of(universe, pair, universe.recipe(name, universe.versions(name)[0]))

    assert place(KFREEBSD, "alpha") == ("kfreebsd", None)
    assert place(KFREEBSD, "twin") == ("kfreebsd", None)
    assert place(KFREEBSD, "tool") == ("build", "tool says x-runs-on: build")
    assert place(KFREEBSD, "maker") == ("build", "cross.toml: makes things")
    assert place(Pair(), "maker") == ("build", None)


def test_without_a_target_all_are_on_the_build_machine(universe: Universe) -> None:
    found = EdgeQuery(universe, Pair()).machines(universe.entry("user", "1"))
    assert found == {"build": ["alpha", "ppx_x", "tool"], "target": []}
    assert edge_story(universe, Pair(), "user", "1", "tool")[0].rule == "native"


def test_what_only_runs_on_the_build_machine_has_no_variant_for_a_target(universe: Universe) -> None:
    found = EdgeQuery(universe, KFREEBSD).machines(universe.entry("tool", "1"))
    assert found == {"build": ["alpha"], "target": []}


def test_the_story_of_an_edge(universe: Universe, tmp_path: Path) -> None:
    def told(version: str, needed: str) -> list[tuple[object, ...]]:
        name, _, number = version.partition(".")
        story = edge_story(universe, KFREEBSD, name, number, needed)
        return [(edge.machines, edge.rule, edge.repository, edge.key, edge.constraint) for edge in story]

    both = ("build", "kfreebsd")
    assert told("user.1", "tool") == [(("build",), "x-runs-on", "mine", None, "")]
    assert told("user.1", "ppx_x") == [(both, "cross.toml", "xpkg", "*ppx*", "")]
    assert told("user.1", "alpha") == [(both, "cross.toml", "mine", "user:alpha", "")]
    assert told("many.1", "twice") == [
        (("build",), "{build}", "mine", None, ""),
        (("kfreebsd",), "default", None, None, '>= "1"'),
    ]
    assert told("many.1", "optional") == []
    (edge,) = edge_story(universe, KFREEBSD, "user", "1", "alpha")
    assert edge.as_value() == {
        "name": "alpha",
        "constraint": None,
        "machines": ["build", "kfreebsd"],
        "rule": "cross.toml",
        "reason": "cross.toml: for a trial",
        "repository": "mine",
        "file": str(tmp_path / "mine" / "cross.toml"),
        "key": "user:alpha",
    }
    with pytest.raises(UnknownPackage):
        edge_story(universe, KFREEBSD, "user", "2", "alpha")
