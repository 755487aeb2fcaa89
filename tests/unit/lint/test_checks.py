"""Every check finds what it is for, at its place, and nothing in what is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.lint import cross_recipes, recipes
from xpkg.core.errors import UsageError
from xpkg.repo.lint.findings import Severity
from xpkg.repo.lint.reading import MOST_PLACES, lint_path, lint_text
from xpkg.repo.lint.registry import CHECKS, GROUPS, chosen

ROOT = Path(__file__).parents[3]


def found(tmp_path: Path, text: str, codes: frozenset[str]) -> set[str]:
    """The codes found in the recipe of the package p.1."""
    path = tmp_path / "p.1" / "opam"
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    return {one.code for one in lint_path(path, codes)}


@pytest.mark.parametrize(("text", "codes"), recipes.RECIPES.values(), ids=recipes.RECIPES)
def test_opams_checks(tmp_path: Path, text: str, codes: str) -> None:
    assert found(tmp_path, text, GROUPS["opam"]) == set(codes.split())


@pytest.mark.parametrize(("text", "codes"), cross_recipes.RECIPES.values(), ids=cross_recipes.RECIPES)
def test_our_checks(tmp_path: Path, text: str, codes: str) -> None:
    assert found(tmp_path, text, GROUPS["xpkg"]) == set(codes.split())


def test_every_check_has_a_recipe_that_breaks_its_rule() -> None:
    every = (*recipes.RECIPES.values(), *cross_recipes.RECIPES.values())
    broken = {code for _, codes in every for code in codes.split()}
    assert {check.code for check in CHECKS} - broken == {"X23"}  # the next test


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ('lib: ["a" {"/etc/a"}]', True),
        ('lib: ["a" {"../../../a"}]', True),
        ('misc: ["a" {"/opt/a"}]', True),
        ("lib: [", True),
        ('lib: ["a" {"../b/a"}]\nbin: "x"', False),
    ],
)
def test_install_files(tmp_path: Path, content: str, wrong: bool) -> None:
    files = tmp_path / "p.1" / "files"
    files.mkdir(parents=True)
    (files / "p.install").write_text(content)
    (tmp_path / "p.1" / "opam").write_text(recipes.CLEAN)
    codes = {one.code for one in lint_path(tmp_path / "p.1" / "opam", GROUPS["xpkg"])}
    assert codes == ({"X23"} if wrong else set())


def test_extra_files_are_compared(tmp_path: Path) -> None:
    files = tmp_path / "p.1" / "files"
    files.mkdir(parents=True)
    (files / "a").write_text("")
    path = tmp_path / "p.1" / "opam"
    for digest, wrong in (("d41d8cd98f00b204e9800998ecf8427e", False), ("0" * 32, True)):
        path.write_text(recipes.plus(f'extra-files: ["a" "md5={digest}"]'))
        assert [one.code for one in lint_path(path, frozenset({"53"}))] == ["53"] * wrong
    (files / "b").write_text("")
    path.write_text(recipes.plus('extra-files: ["a" "md5=d41d8cd98f00b204e9800998ecf8427e"]'))
    assert [one.message for one in lint_path(path, frozenset({"53"}))] == ["files/b is not listed"]


def test_a_finding_has_its_place() -> None:
    text = recipes.put("build", '[\n  ["x"\n    "%{foo:lib}%"]\n]')
    (one,) = lint_text(text, "some/opam", frozenset({"41"}))
    assert (one.file, one.line, one.column, one.severity) == ("some/opam", 12, 5, Severity.WARNING)
    assert one.source_line == '    "%{foo:lib}%"]'
    assert one.caret == "    ^"


def test_a_file_that_does_not_parse_has_one_finding_with_a_caret() -> None:
    (one,) = lint_text(recipes.plus("build [\n"), "opam", chosen())
    assert (one.code, one.line, one.column, one.source_line, one.caret) == ("2", 11, 7, "build [", "      ^")


def test_findings_are_in_the_order_of_the_file() -> None:
    text = recipes.put("license", '"Free"') + recipes.source("hg+https://example.org/p.git")
    findings = lint_text(text, "opam", chosen())
    assert [(one.line, one.column, one.code) for one in findings] == sorted(
        (one.line, one.column, one.code) for one in findings
    )


def test_one_check_tells_a_bounded_number_of_places() -> None:
    text = recipes.put("license", "[" + '"no licence" ' * 1000 + "]")
    assert len(lint_text(text, "opam", frozenset({"62"}))) == MOST_PLACES


def test_a_file_without_a_package_directory_is_examined_without_its_name(tmp_path: Path) -> None:
    path = tmp_path / "opam"
    path.write_text(recipes.plus('name: "other"'))
    assert lint_path(path, chosen()) == ()
    renamed = path.rename(tmp_path / "p.1.opam")
    assert [one.code for one in lint_path(renamed, chosen())] == ["4"]


def test_codes_are_chosen() -> None:
    every = {check.code for check in CHECKS}
    assert chosen() == every
    assert chosen(["25", "x10"]) == {"25", "X10"}
    assert chosen(["opam"], ["25"]) == GROUPS["opam"] - {"25"}
    assert chosen((), ["xpkg"]) == GROUPS["opam"]
    with pytest.raises(UsageError, match="there is no check 99"):
        chosen(["99"])


def test_the_documentation_lists_the_checks() -> None:
    text = (ROOT / "docs" / "lint.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| (X?\d+) \| (error|warning) \| (.+?) \| (.+?) \|$", text)
    assert [tuple(row) for row in rows] == [
        (check.code, str(check.severity), check.rule.replace("|", "\\|"), check.reason.replace("|", "\\|"))
        for check in CHECKS
    ]
    assert len({check.code for check in CHECKS}) == len(CHECKS)
