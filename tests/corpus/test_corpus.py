"""The corpus itself: entries that fit the recipes, no silent exceptions, a driver that does not pass over anything."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus.driver import Driver
from tests.corpus.entry import HERE, Entry, EntryError, ExceptionNote, read_entries, read_entry
from tests.corpus.report import page
from tests.corpus.results import Result, Run, Verdict
from tests.corpus.selection import TENTHS, tenth
from tests.corpus.state import CLONE, NATIVE, State

ENTRIES = read_entries()
# Words that only mean something where a recipe is written for cross-building.
_FOR_TARGETS = re.compile(r"(?<![\w-])(cross|target|triple|build-triple|tools|zig-target|cc-flags)(?![\w-])")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_fits_its_recipe(entry: Entry) -> None:
    directory = CLONE / "packages" / entry.name / entry.label
    assert (directory / "opam").is_file()
    for target in (*entry.targets, *entry.skip):
        assert (CLONE / "targets" / f"{target}.toml").is_file()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_recipe_that_says_anything_of_targets_is_an_exception(entry: Entry) -> None:
    text = (CLONE / "packages" / entry.name / entry.label / "opam").read_text("utf-8")
    assert not _mentions_targets(text) or entry.exception is not None


def _mentions_targets(recipe: str) -> bool:
    without_prose = re.sub(r'""".*?"""|^synopsis:[^\n]*|#[^\n]*', "", recipe, flags=re.DOTALL | re.MULTILINE)
    inside_strings = re.findall(r"%\{([^}]*)\}%", without_prose)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", without_prose)
    return any(_FOR_TARGETS.search(text) for text in (outside, *inside_strings))


def test_what_says_something_of_targets() -> None:
    assert _mentions_targets('build: ["make" {!cross}]')
    assert _mentions_targets('build: ["make" "CC=%{triple}%-cc"]')
    assert _mentions_targets('synopsis: "One"\n# two\nbuild: ["make" {!cross}]\n')
    assert not _mentions_targets('description: """\nfor a target, cross\n"""\nbuild: ["./cross-check"] # cross')


def test_at_most_one_in_ten_is_an_exception() -> None:
    assert Run().problems(ENTRIES) == []


def test_every_program_belongs_to_an_entry() -> None:
    used = {entry.program for entry in ENTRIES}
    assert {path for path in (HERE / "programs").iterdir() if path not in used} == set()


def test_ten_tenths_are_all() -> None:
    parts = [tenth(ENTRIES, number) for number in range(TENTHS)]
    assert sorted(entry.name for part in parts for entry in part) == [entry.name for entry in ENTRIES]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('version = "1"', "needs a version and a kind"),
        ('version = "1"\nkind = "c"\nlinks = []', "unknown keys links"),
        ('version = "1"\nkind = "tool"', "a tool, and nothing else, has a command"),
        ('version = "1"\nkind = "library"\nlink = "x"', "link is a list of strings"),
        ('version = "1"\nkind = "library"', "there is no program sample.ml or sample"),
        ('version = "1"\nkind = "tool"\ncommand = ["x"]\n[exception]\noverlay = true', "an exception has a reason"),
        ('version = "1"\nkind = "tool"\ncommand = ["x"]\n[skip]\nkfreebsd = ""', "skip gives a reason"),
    ],
)
def test_a_wrong_entry_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "sample.toml").write_text(text, "utf-8")
    with pytest.raises(EntryError, match=problem):
        read_entry(tmp_path / "sample.toml", tmp_path)


def _result(verdict: Verdict, name: str = "sample", target: str = "linux-aarch64", detail: str = "") -> Result:
    return Result(name=name, version="1", ocaml="5.4.1", target=target, verdict=verdict, detail=detail)


def test_a_failure_anywhere_fails_the_run() -> None:
    run = Run(results=[_result(Verdict.RAN), _result(Verdict.FAILED, target=NATIVE, detail="other output")])
    assert run.problems([]) == ["sample.1 [native]: other output"]


def test_what_was_not_tried_fails_a_run_of_the_whole() -> None:
    run = Run(results=[_result(Verdict.RAN), _result(Verdict.NOT_REACHED, "far"), _result(Verdict.NOT_TRIED, "late")])
    assert run.problems([]) == []
    whole = [Entry(name=name, version="1", kind="library") for name in ("sample", "far", "late")]
    assert run.problems(whole) == ["far.1 [linux-aarch64]: not reached", "late.1 [linux-aarch64]: not tried"]


def test_too_many_exceptions_fail_the_run() -> None:
    plain = Entry(name="plain", version="1", kind="library")
    noted = replace(plain, name="noted", exception=ExceptionNote(reason="its probe"))
    assert Run().problems([plain] * 9 + [noted]) == []
    assert Run().problems([plain] * 8 + [noted]) == ["1 of 9 packages need an exception: noted"]


def test_the_page_names_what_failed_and_what_was_not_reached() -> None:
    entry = Entry(name="sample", version="1", kind="library", exception=ExceptionNote(reason="its probe"))
    gone = _result(Verdict.NOT_REACHED, target=NATIVE, detail="no server\nfacts")
    text = page(Run(results=[gone, _result(Verdict.FAILED, detail="other output")]), [entry], ["linux-aarch64"])
    assert "| sample | 1 | 5.4.1 | not reached | **failed** | yes |" in text
    assert "- sample.1: its probe" in text
    assert "- sample.1 (build machine): no server\n" in text
    assert "- sample.1 (linux-aarch64): other output\n" in text


def test_nothing_is_begun_when_the_time_is_up(tmp_path: Path) -> None:
    state = State(root=tmp_path / "root", jobs=1)
    told: list[str] = []
    driver = Driver(state=state, scratch=tmp_path, tell=told.append, deadline=float("-inf"))
    run = driver.go([Entry(name="sample", version="1", kind="library")], ["linux-aarch64"])
    assert [(one.target, one.verdict) for one in run.results] == [
        (NATIVE, Verdict.NOT_TRIED),
        ("linux-aarch64", Verdict.NOT_TRIED),
    ]
    assert not state.root.exists()
    assert "  sample.1: not tried: the time was up" in told
