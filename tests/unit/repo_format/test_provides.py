"""The field x-provides, in a recipe and over a universe."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.lint.reading import lint_path
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe, UnknownPackage


def add(root: Path, package: str, text: str = "") -> Path:
    directory = root / "packages" / package.partition(".")[0] / package
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "opam").write_text(f'opam-version: "2.0"\n{text}\n')
    return directory


def provided(universe: Universe) -> dict[str, list[str]]:
    return {
        name: [f"{one.name} {one.version} as {one.provided}" for one in of] for name, of in universe.provided.items()
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ('x-provides: "cc"', (("cc", "7"),)),
        ('x-provides: ["cc" {= "1.2"} "as"]', (("as", "7"), ("cc", "1.2"))),
    ],
)
def test_names_with_versions(tmp_path: Path, text: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert read_recipe(add(tmp_path, "vendor.7", text), "vendor", "7", "").x_provides == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("cc", "expected a string"),
        ('["c c"]', "a package name has letters"),
        ('["cc" "cc" {= "2"}]', "cc is there twice"),
        ('["vendor" {= "2"}]', "a package need not provide its own name"),
        ('["cc" {>= "2"}]', 'expected the version provided: {= "1.2"}'),
        ('["cc" {= "2" & = "3"}]', 'expected the version provided: {= "1.2"}'),
        ('["cc" {= "a b"}]', "a version has letters"),
        ('["cc" {= version}]', "expected a string"),
    ],
)
def test_a_wrong_field_is_refused_and_linted(tmp_path: Path, text: str, problem: str) -> None:
    directory = add(tmp_path, "vendor.7", f"x-provides: {text}")
    with pytest.raises(InputFileError) as caught:
        read_recipe(directory, "vendor", "7", "")
    assert caught.value.message.startswith(f"{directory}/opam:2: ")
    assert problem in caught.value.message
    found = lint_path(directory / "opam", frozenset(["X01"]))
    assert [(one.code, one.line) for one in found] == [("X01", 2)]
    assert problem in found[0].message


def test_all_that_provide_a_name_by_priority_then_by_name(tmp_path: Path) -> None:
    for package in ("b.1", "b.2", "a.9"):
        add(tmp_path / "low", package, 'x-provides: "cc"')
    add(tmp_path / "low", "b.3")
    add(tmp_path / "high", "z.1", 'x-provides: ["cc" {= "12"} "as"]')
    add(tmp_path / "high", "wrong.1", 'x-provides: ["cc" "cc"]')
    low, high = (Repository(name=name, root=tmp_path / name, priority=len(name)) for name in ("low", "high"))
    universe = Universe([low, high], {})
    assert provided(universe) == {"as": ["z 1 as 1"], "cc": ["z 1 as 12", "a 9 as 9", "b 2 as 2", "b 1 as 1"]}
    assert [one.name for one in universe.providers("as")] == ["z"]
    assert universe.providers("b") == ()


def test_nobody_provides_what_an_exclusive_repository_has_or_its_own_does_not_answer_for(tmp_path: Path) -> None:
    add(tmp_path / "low", "evil.1", 'x-provides: ["secret" "other"]')
    add(tmp_path / "high", "secret.1")
    add(tmp_path / "high", "real.1", 'x-provides: ["secret"]')
    low = Repository(name="low", root=tmp_path / "low")
    high = Repository(name="high", root=tmp_path / "high", priority=1, exclusive=True)
    assert provided(Universe([low, high], {})) == {"other": ["evil 1 as 1"], "secret": ["real 1 as 1"]}
    some = Repository(name="low", root=tmp_path / "low", names=("evil", "oth*"))
    assert provided(Universe([some], {})) == {"other": ["evil 1 as 1"]}
    none = Repository(name="low", root=tmp_path / "low", names=("other",))
    assert provided(Universe([none], {})) == {}


def test_overlays_may_add_and_drop_the_field(tmp_path: Path) -> None:
    add(tmp_path, "a.1")
    add(tmp_path, "b.1", 'x-provides: "cc"')
    add(tmp_path, "c.1")
    here = Repository(name="here", root=tmp_path)
    (tmp_path / "overlays").mkdir()
    for name, change in [("a", 'set { x-provides: ["cc" {= "3"}] }'), ("b", 'unset: "x-provides"')]:
        (tmp_path / "overlays" / f"{name}.opam").write_text(
            f'opam-version: "2.0"\noverlay "a test" {{\n  {change}\n}}\n'
        )
    (tmp_path / "overlays" / "c.opam").write_text(
        'opam-version: "2.0"\noverlay "a test" {\n  set { synopsis: "C" }\n}\n'
    )
    assert provided(Universe([here], {})) == {"cc": ["a 1 as 3"]}


def test_a_name_that_is_only_provided_is_unknown_but_it_is_told_by_whom(tmp_path: Path) -> None:
    add(tmp_path, "b.1", 'x-provides: "cc"')
    universe = Universe([Repository(name="here", root=tmp_path)], {})
    with pytest.raises(UnknownPackage, match="no package is named cc, but others provide it") as caught:
        universe.versions("cc")
    assert caught.value.context == (("provided by", "b"),)
    with pytest.raises(UnknownPackage, match="there is no package named dd"):
        universe.versions("dd")
