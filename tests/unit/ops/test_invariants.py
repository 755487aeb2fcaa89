from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from xpkg.core.errors import UsageError
from xpkg.ops.home import Home
from xpkg.ops.invariant_changes import is_met, relaxed, required, set_invariant, versions_of
from xpkg.ops.invariant_text import printed, read_formula, written
from xpkg.ops.invariants import invariant_of
from xpkg.ops.pairs import Pair
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.universe import UnknownPackage
from xpkg.sandbox import switches
from xpkg.sandbox.switches import Generation
from xpkg.solver.context import RepoContext
from xpkg.solver.model import NoSolution
from xpkg.solver.protocol import needs_of


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["ocaml"], '"ocaml"'),
        (["ocaml.4.14.1"], '"ocaml" {= "4.14.1"}'),
        (["ocaml>=4.14", "dune"], '["ocaml" {>= "4.14"} "dune"]'),
        (['["ocaml" {>= "4" & < "5"} "a" | "b"]'], '["ocaml" {>= "4" & < "5"} ("a" | "b")]'),
        (['"a" | "b"', "c"], '[("a" | "b") "c"]'),
        (['"a"{(<"1"|>"2")&!="3"}'], '"a" {(< "1" | > "2") & != "3"}'),
        (['("a" & "b") | "c"'], '("a" & "b") | "c"'),
        (["[]"], ""),
        (['["a"]'], '"a"'),
    ],
)
def test_what_is_kept(words: Sequence[str], text: str) -> None:
    assert written(words) == text
    if text:
        assert printed(read_formula(text, "x")) == text


@pytest.mark.parametrize(
    "word",
    [
        "",
        "a b",
        "-x",
        "a>",
        "[",
        '"a" {b}',
        '"a" {with-test}',
        '"a" {= "%{x}%"}',
        '"a"\nb: "c"',
        "3",
        '"a" {= v}',
        "[a]",
    ],
)
def test_what_is_no_invariant(word: str) -> None:
    with pytest.raises(UsageError):
        written([word])


def test_whether_it_is_met() -> None:
    there = versions_of([("a", "1"), ("a", "2"), ("b", "5")])
    for text, met in {
        "": True,
        '"a"': True,
        '"a" {>= "2"}': False,  # not on every machine
        '"a" {>= "2"} | "b"': True,
        '["a" "c"]': False,
        '["a" ("c" | "b" {!= "4"})]': True,
    }.items():
        assert is_met(text, there) is met, text


@pytest.mark.parametrize(
    ("before", "installed", "after"),
    [
        ('"a" {= "1"}', [("a", "2")], '"a" {= "2"}'),
        ('"a" {>= "3" & < "4"}', [("a", "2")], '"a" {>= "2" & < "4"}'),
        ('"a" {> "3"}', [("a", "2"), ("a", "1")], '"a" {>= "1"}'),
        ('"a" {!= "2"}', [("a", "2")], '"a"'),
        ('["a" {= "1"} "b"]', [("a", "2")], '"a" {= "2"}'),
        ('["a" ("b" | "c")]', [("a", "2"), ("c", "1")], '["a" ("b" | "c")]'),
        ('["a" ("b" | "c")]', [("a", "2")], '"a"'),
        ('"a" {= "1"}', [], ""),
        ("", [("a", "2")], ""),
    ],
)
def test_giving_way(before: str, installed: list[tuple[str, str]], after: str) -> None:
    assert relaxed(before, versions_of(installed)) == after


@pytest.fixture
def home(tmp_path: Path) -> Home:
    here = Home(tmp_path / "state")
    packages = {"lib.1": "", "lib.2": "", "tool.1": 'x-runs-on: "build"\n', "app.1": 'depends: ["lib" {= "1"}]\n'}
    for name, text in packages.items():
        path = tmp_path / "repo" / "packages" / name.partition(".")[0] / name / "opam"
        path.parent.mkdir(parents=True)
        path.write_text(f'opam-version: "2.0"\nx-toolchain: "none"\n{text}')
    here.change_settings(lambda now: now.with_repository(RepositorySettings(name="r", address=str(tmp_path / "repo"))))
    return here


def test_each_name_on_the_machines_where_it_belongs(home: Home) -> None:
    generation = Generation(number=0, created=0.0, invariant='["tool" "lib" {>= "2"}]')
    for target, where in (
        (None, {"tool": {"build"}, "lib": {"build"}}),
        ("kfreebsd", {"tool": {"build"}, "lib": {"kfreebsd"}}),
    ):
        context = RepoContext(home.universe, None if target is None else home.target(target))
        formula = invariant_of(generation, context, Pair.of(target))
        assert formula is not None
        found: dict[str, set[str]] = {}
        for need in needs_of(formula):
            found.setdefault(need.name, set()).add(need.machine)
        assert found == where
    assert invariant_of(Generation(number=0, created=0.0), context, Pair()) is None
    assert invariant_of(None, context, Pair()) is None


def test_one_that_cannot_hold_is_refused(home: Home) -> None:
    switch = switches.create(home.root, "s")
    for words, error in ((["lib.3"], NoSolution), (["lub"], UnknownPackage), (["lib.2", "app"], NoSolution)):
        with pytest.raises(error):
            set_invariant(home, switch, words)
    assert switch.current().number == 0
    done = set_invariant(home, switch, ["app"])
    assert (done.text, done.before) == ('"app"', "")
    assert [f"{one.action} {one.instance.name} {one.instance.version}" for one in done.actions] == [
        "install lib 1",
        "install app 1",
    ]
    assert switch.current().invariant == '"app"'
    assert set_invariant(home, switch, []).before == '"app"'
    assert switch.current().invariant == ""


def test_a_switch_to_be_is_asked_about_its_targets(home: Home) -> None:
    assert {one.instance.machine for one in required(home, None, '["lib"]', ["kfreebsd"])} == {"kfreebsd"}
    assert {one.instance.machine for one in required(home, None, '["lib"]')} == {"build"}
