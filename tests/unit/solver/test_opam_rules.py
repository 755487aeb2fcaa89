"""Rules of opam that are easy to get wrong, from recipes to a solution.  Where the others are tested:

- what a false or an undefined filter and an undefined bound leave: ``tests/property/test_filters.py`` (the whole logic)
- version order: ``tests/property/test_versions.py``; all of these against opam itself: ``tests/oracle``
- ``{build}``, ``{post}``, ``with-test``, ``available`` and the variables they see: ``test_context.py``
- order without ``post``, optional needs, flagged versions last, what is installed: ``test_solve.py``
- the penalty of a flag that what is installed has already: ``test_requests.py``
- syntax met in the public repository: ``tests/unit/repo_format/test_grammar.py``, ``test_syntax.py``
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.solver.test_context import NATIVE, write_repository
from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Instance, NoSolution, Request
from xpkg.solver.solve import solve

Install = Callable[..., list[str]]

COMPILER = {"cc.1": 'x-toolchain: "none"'}


@pytest.fixture(name="install")
def install_fixture(tmp_path: Path) -> Install:
    """Install names on the build machine: the packages of the solution, but for the compiler."""

    def install(
        recipes: dict[str, str], *names: str, installed: tuple[str, ...] = (), with_test: bool = False
    ) -> list[str]:
        (tmp_path / "targets").mkdir()
        (tmp_path / "targets" / "native.toml").write_text(NATIVE)
        write_repository(tmp_path / "here", COMPILER | recipes)
        universe = Universe([Repository(name="here", root=tmp_path / "here")], load_targets([tmp_path / "targets"]))
        there = [one.partition(".") for one in installed]
        request = Request(
            install=tuple(Atom(name=name, machine=BUILD) for name in names),
            installed=tuple(Instance(name=name, version=version, machine=BUILD) for name, _, version in there),
        )
        solution = solve(request, RepoContext(universe, None, with_test=with_test))
        found = [f"{node.instance.name}.{node.instance.version}" for node in solution.nodes]
        return sorted(one for one in found if one != "cc.1")

    return install


def test_depends_is_a_conjunction(install: Install) -> None:
    recipes = {"a.1": 'depends: ["b" "c" | "d"]', "b.1": "", "c.1": "", "d.1": ""}
    assert install(recipes, "a") in (["a.1", "b.1", "c.1"], ["a.1", "b.1", "d.1"])


def test_groups_in_depends_are_conjunctions_too(install: Install) -> None:
    recipes = {"a.1": 'depends: [("b" "c") | "gone"]', "b.1": "", "c.1": ""}
    assert install(recipes, "a") == ["a.1", "b.1", "c.1"]


def test_conflicts_are_alternatives_whatever_joins_them(install: Install) -> None:
    """OpamFile.OPAM.cleanup_conflicts: ``&`` means the same as a list."""
    recipes = {"a.2": 'conflicts: [("b" & "c")]', "a.1": "", "b.1": "", "c.1": ""}
    assert install(recipes, "a", "c") == ["a.1", "c.1"]


def test_an_undefined_filter_leaves_no_conflict(install: Install) -> None:
    recipes = {"a.1": 'conflicts: ["b" {u} "b" {!u} "b" {?u} "b" {with-test}]', "b.1": ""}
    assert install(recipes, "a", "b", with_test=True) == ["a.1", "b.1"]


def test_an_undefined_availability_is_none(install: Install) -> None:
    assert install({"a.2": "available: !u", "a.1": "available: !?u"}, "a") == ["a.1"]


def test_an_undefined_bound_drops_the_atom(install: Install) -> None:
    """OpamSwitchState.get_dependencies_t, with a warning."""
    assert install({"a.1": 'depends: ["b" {= u} "c" {= version}]', "b.1": "", "c.1": ""}, "a") == ["a.1", "c.1"]


def test_depopts_pull_nothing_in_and_bound_what_is_there(install: Install) -> None:
    recipes = {"a.1": 'depopts: ["b" {>= "2"} | "c"]', "b.1": "", "b.2": "", "c.1": ""}
    assert install(recipes, "a") == ["a.1"]


def test_a_conflict_with_ones_own_name_is_dropped(install: Install) -> None:
    """opam's manual, "conflicts": versions of one package exclude each other anyway."""
    assert install({"a.1": 'conflicts: ["a" "a" {= "1"}]'}, "a") == ["a.1"]


def test_a_conflict_class_acts_between_different_names(install: Install) -> None:
    recipes = {"a.1": 'conflict-class: "k"', "b.1": 'conflict-class: ["j" "k"]', "c.1": 'depends: "a"'}
    with pytest.raises(NoSolution):
        install(recipes, "c", "b")


def test_a_conflict_class_does_not_act_within_a_name(install: Install) -> None:
    recipes = {"a.1": 'conflict-class: "k"', "a.2": 'conflict-class: "k"', "b.1": 'depends: "a" {< "2"}'}
    assert install(recipes, "a", "b", installed=("a.2",)) == ["a.1", "b.1"]


def test_version_lag_counts_over_available_versions(install: Install) -> None:
    """Three steps back for ``a`` are one where two of the newer versions are not for this machine."""
    nowhere = 'available: os = "nowhere"'
    recipes = {"a.1": "", "a.2": nowhere, "a.3": nowhere, "a.4": 'conflicts: "b" {> "1"}'}
    recipes |= {"b.1": "", "b.2": "", "b.3": ""}
    # Either a stays behind by one available version (three in all) or b by two.
    assert install(recipes, "a", "b") == ["a.1", "b.3"]


def test_deprecated_versions_are_newer_than_all_others(install: Install) -> None:
    """``lag`` counts them last, so that a version before a flagged one of a lower number is no step back."""
    recipes = {"a.1": "flags: deprecated", "a.2": "", "a.3": "flags: avoid-version"}
    assert install(recipes, "a") == ["a.2"]


def test_post_needs_are_met(install: Install) -> None:
    assert install({"a.1": 'depends: ["b" {post}]', "b.1": 'depends: ["a"]'}, "a") == ["a.1", "b.1"]
