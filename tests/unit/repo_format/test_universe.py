"""Repositories and the universe: layouts, priorities, exclusive names, cross rules, unknown names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.crossrules import read_cross_rules
from xpkg.repo.directory import Directory
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe, UnknownPackage


def add(root: Path, package: str, text: str = "", *, flat: bool = False) -> None:
    name = package.partition(".")[0]
    directory = root / "packages" / (package if flat else f"{name}/{package}")
    directory.mkdir(parents=True)
    (directory / "opam").write_text(f'opam-version: "2.0"\n{text}')


def repository(root: Path, name: str, packages: list[str], *, priority: int = 0, exclusive: bool = False) -> Repository:
    for package in packages:
        add(root / name, package, f'synopsis: "{name}"')
    return Repository(name=name, root=root / name, priority=priority, exclusive=exclusive)


def test_both_layouts(tmp_path: Path) -> None:
    add(tmp_path, "a.1.0")
    add(tmp_path, "a.1.10", flat=True)
    add(tmp_path, "b.v2~x", flat=True)
    (tmp_path / "packages" / "README").write_text("not a directory")
    (tmp_path / "packages" / "cross.toml").write_text("")
    (tmp_path / "packages" / ".git").mkdir()
    (tmp_path / "repo").write_text('opam-version: "2.0"\n')
    here = Repository(name="here", root=tmp_path)
    assert here.names() == ("a", "b")
    assert sorted(here.versions("a")) == ["1.0", "1.10"]
    assert here.versions("zz") == ()
    assert here.recipe("b", "v2~x").version == "v2~x"
    assert here.recipe("a", "1.0") is here.recipe("a", "1.0")


def test_a_broken_recipe_does_not_hinder_others(tmp_path: Path) -> None:
    add(tmp_path, "a.1")
    add(tmp_path, "a.2", "depends: [")
    universe = Universe([Repository(name="here", root=tmp_path)], {})
    assert universe.versions("a") == ("2", "1")
    assert universe.recipe("a", "1").name == "a"
    with pytest.raises(InputFileError, match="never closed"):
        universe.recipe("a", "2")


@pytest.mark.parametrize("entry", ["-x", "a b", "a.1/2", "con", "1"])
def test_a_directory_that_is_no_package_is_left_out(tmp_path: Path, entry: str) -> None:
    add(tmp_path, "good.1")
    (tmp_path / "packages" / entry.replace("/", "\n")).mkdir(parents=True)
    directory = Directory("here", tmp_path)
    assert list(directory.entries) == ["good"]
    ((name, version, problem),) = directory.wrong
    assert version == ""
    assert "\n" not in name + problem


def test_a_directory_of_another_package_is_left_out(tmp_path: Path) -> None:
    add(tmp_path, "a.1")
    (tmp_path / "packages" / "a" / "b.1").mkdir(parents=True)
    (tmp_path / "packages" / "circle").symlink_to("circle")
    directory = Directory("here", tmp_path)
    assert list(directory.places("a")) == ["1"]
    assert directory.wrong == [("a", "", "packages/a/b.1: expected a directory a.<version>")]
    assert Repository(name="here", root=tmp_path).names() == ("a",)


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="not a repository"):
        Repository(name="here", root=tmp_path).names()
    (tmp_path / "packages").mkdir()
    (tmp_path / "repo").write_text('opam-version: "3.0"\n')
    with pytest.raises(InputFileError, match=r"format '3\.0'"):
        Repository(name="here", root=tmp_path).check_format()


def test_the_union_of_versions_and_the_higher_copy_of_one(tmp_path: Path) -> None:
    low = repository(tmp_path, "low", ["a.1.0", "a.3.0", "a.1.00", "b.1"], priority=1)
    high = repository(tmp_path, "high", ["a.1.0", "a.2.0", "c.1"], priority=2)
    universe = Universe([low, high], {})
    assert universe.names() == ("a", "b", "c")
    assert universe.versions("a") == ("3.0", "2.0", "1.00", "1.0")
    assert universe.recipe("a", "1.0").repository == "high"
    assert universe.recipe("a", "1.00").repository == "low"
    assert universe.recipe("a", "3.0").repository == "low"
    assert universe.repositories_of("a") == ("high", "low")


def test_the_first_of_equal_priority_decides(tmp_path: Path) -> None:
    one, two = repository(tmp_path, "one", ["a.1"]), repository(tmp_path, "two", ["a.1"])
    assert Universe([one, two], {}).recipe("a", "1").repository == "one"
    assert Universe([two, one], {}).recipe("a", "1").repository == "two"


def test_an_exclusive_repository_owns_its_names(tmp_path: Path) -> None:
    public = repository(tmp_path, "public", ["a.9.9", "b.1"], priority=5)
    private = repository(tmp_path, "private", ["a.1.0"], priority=1, exclusive=True)
    universe = Universe([public, private], {})
    assert universe.versions("a") == ("1.0",)
    assert universe.versions("b") == ("1",)
    with pytest.raises(UnknownPackage):
        universe.recipe("a", "9.9")
    assert universe.repositories_of("a") == ("public", "private")


def test_unknown_names_and_versions_name_the_nearest(tmp_path: Path) -> None:
    universe = Universe([repository(tmp_path, "r", ["cstruct.6.2.0", "cstruct.6.1.1", "lwt.5.6.1"])], {})
    with pytest.raises(UnknownPackage, match="no package named cstrct") as caught:
        universe.versions("cstrct")
    assert caught.value.hint == "did you mean cstruct?"
    with pytest.raises(UnknownPackage, match=r"no version 6\.2 of cstruct") as caught:
        universe.recipe("cstruct", "6.2")
    assert caught.value.reference == "unknown-version"
    assert "6.2.0" in (caught.value.hint or "")
    with pytest.raises(UnknownPackage) as caught:
        universe.recipe("\x1b[2J", "1")
    assert "\x1b" not in caught.value.message


def rules(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_cross_rules(tmp_path: Path) -> None:
    high = rules(tmp_path / "high.toml", '[target]\n"x-y" = "high"\n[build]\n"ppx_special" = "c"')
    low = rules(
        tmp_path / "low.toml",
        '[build]\ndune = "runs"\n"*" = "any"\n[both]\n"ppx_*" = "b"\n"x-*" = "x"\n"ppx_a*" = "longer"',
    )
    found = read_cross_rules([high, tmp_path / "absent.toml", low])

    def where(name: str) -> tuple[str, str] | None:
        rule = found.where(name)
        return None if rule is None else (rule.runs_on, rule.reason)

    assert where("dune") == ("build", "runs")
    assert where("ppx_b") == ("both", "b")
    assert where("ppx_ab") == ("both", "longer")
    assert where("ppx_special") == ("build", "c")
    assert where("x-y") == ("target", "high")
    assert where("x-z") == ("both", "x")
    assert where("other") == ("build", "any")
    assert read_cross_rules([high]).where("other") is None


def test_cross_rules_about_what_one_package_needs(tmp_path: Path) -> None:
    high = rules(tmp_path / "high.toml", '[target]\nprobe = "high"\n')
    low = rules(
        tmp_path / "low.toml",
        '[build]\nprobe = "low"\ntool = "runs"\n[both]\n"a:tool" = "one"\n"a*:t*" = "longer"\n"*:t*" = "any"\n'
        '"a:probe" = "hidden by the higher file"',
    )
    found = read_cross_rules([high, low], answers=lambda name: name != "axe")

    def where(name: str, dependent: str | None) -> str | None:
        rule = found.where(name, dependent)
        return None if rule is None else rule.reason

    assert where("tool", "a") == "one"
    assert where("tool", "ab") == "longer"
    assert where("tool", "b") == "any"
    assert where("tool", None) == "runs"
    assert where("tool", "axe") == "runs"  # the repository does not answer for the dependent
    assert where("axe", "b") is None
    assert where("probe", "a") == "high"
    assert found.where("tool", "a").written == (low, "a:tool")  # type: ignore[union-attr]
    assert found.single_out("b")
    assert not found.single_out("axe")
    assert not read_cross_rules([high]).single_out("a")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[host]\ndune = "x"', "host: unknown key"),
        ('[build]\ndune = "x"\n[both]\ndune = "y"', r"both\.dune: the name is also in \[build\]"),
        ("[build]\ndune = 1", r"build\.dune: expected a text, found a number"),
        ('[build]\ndune = ""', "not empty"),
        ('[build]\n"a b" = "x"', "expected a package name"),
        ('[build]\n"[a" = "x"', "expected a package name"),
        ('[build]\n"a:b:c" = "x"', "or DEPENDENT:NAME"),
        ('[build]\n"a:" = "x"', "or DEPENDENT:NAME"),
        ('[build]\n"a:b" = "x"\n[target]\n"a:b" = "y"', r"a:b: the name is also in \[build\]"),
        ("build = 1", "build: expected a table, found a number"),
        ("[build", r"cross\.toml: Expected .* table"),
    ],
)
def test_wrong_cross_rules(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputFileError, match=problem):
        read_cross_rules([rules(tmp_path / "cross.toml", text)])


@pytest.mark.parametrize("place", ["cross.toml", "packages/cross.toml"])
@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: path.mkdir(), "is no regular file"),
        (os.mkfifo, "is no regular file"),
        (lambda path: path.symlink_to("nothing"), "leads nowhere"),
        (lambda path: path.symlink_to("cross.toml"), "leads nowhere"),
        (lambda path: path.symlink_to("."), "is no regular file"),
        (lambda path: path.symlink_to(path.parents[2] / "outside.toml"), "leads out of the repository"),
        (lambda path: path.symlink_to("/dev/null"), "leads out of the repository"),
    ],
)
def test_rules_are_regular_files_of_the_repository(
    tmp_path: Path, place: str, make: Callable[[Path], object], problem: str
) -> None:
    here = repository(tmp_path / "in", "one", ["a.1"])
    rules(tmp_path / "in" / "outside.toml", '[both]\na = "outside"')
    rules(tmp_path / "outside.toml", '[both]\na = "outside"')
    make(here.root / place)
    with pytest.raises(InputFileError, match=f"cross.toml {problem}"):
        _ = Universe([here], {}).cross


def test_rules_may_be_a_link_within_the_repository(tmp_path: Path) -> None:
    here = repository(tmp_path, "one", ["a.1"])
    rules(here.root / "rules.toml", '[both]\na = "linked"')
    (here.root / "packages" / "cross.toml").symlink_to("../rules.toml")
    linked = tmp_path / "linked"
    linked.symlink_to(here.root)
    for root in (here.root, linked):
        rule = Universe([Repository(name="one", root=root)], {}).cross.where("a")
        assert rule is not None
        assert rule.reason == "linked"


def test_no_rules_where_packages_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "packages").write_text("")
    paths = Repository(name="one", root=tmp_path).cross_rules
    assert read_cross_rules(paths, root=tmp_path).where("a") is None


def test_a_universe_reads_the_rules_of_its_repositories(tmp_path: Path) -> None:
    low, high = repository(tmp_path, "low", ["a.1"]), repository(tmp_path, "high", ["a.1"], priority=1)
    rules(low.root / "packages" / "cross.toml", '[build]\na = "low"\nb = "low"')
    rules(high.root / "cross.toml", '[both]\na = "high"')
    cross = Universe([low, high], {}).cross
    assert [(rule.runs_on, rule.reason) for name in "ab" if (rule := cross.where(name))] == [
        ("both", "high"),
        ("build", "low"),
    ]
