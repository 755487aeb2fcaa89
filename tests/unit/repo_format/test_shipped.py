"""The shipped recipes, targets and cross rules: all load, and hold together."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.repo.filters import Value
from xpkg.repo.formulas import needs, resolve
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.recipes import Recipe
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.repo.variables import machine_variables

ROOT = Path(__file__).parents[3]
TARGETS = load_targets((ROOT / "targets",))
UNIVERSE = Universe([Repository(name="shipped", root=ROOT)], TARGETS)
PACKAGES = [(name, version) for name in UNIVERSE.names() for version in UNIVERSE.versions(name)]


@pytest.fixture(params=PACKAGES, ids=".".join)
def recipe(request: pytest.FixtureRequest) -> Recipe:
    name, version = request.param
    return UNIVERSE.recipe(name, version)


def test_a_recipe_has_no_unknown_field_and_a_synopsis(recipe: Recipe) -> None:
    assert recipe.unknown_fields == ()
    assert recipe.synopsis


def test_every_source_has_a_strong_hash(recipe: Recipe) -> None:
    for source in (*recipe.sources, *(extra.source for extra in recipe.extra_sources)):
        assert any(digest.strong for digest in source.digests), source.urls


def test_every_patch_is_there(recipe: Recipe) -> None:
    available = {name for name, _ in recipe.files} | {extra.name for extra in recipe.extra_sources}
    assert {patch.text for patch in recipe.patches} <= available


@pytest.mark.parametrize("machine", sorted(TARGETS))
def test_every_need_can_be_met_by_a_shipped_version(recipe: Recipe, machine: str) -> None:
    variables = machine_variables(TARGETS[machine], TARGETS[NATIVE])

    def environment(name: str) -> Value:
        return {"name": recipe.name, "version": recipe.version}.get(name) or variables.get(name)

    for need in needs(resolve(recipe.depends, environment)):
        own = UNIVERSE.versions(need.name) if need.name in UNIVERSE.names() else ()
        others = [one.provided for one in UNIVERSE.providers(need.name)]
        assert any(map(need.versions.allows, (*own, *others))), need


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_packages_a_target_names_are_shipped(name: str) -> None:
    target = TARGETS[name]
    wanted = [*target.toolchain.packages, target.toolchain.compiler, target.run.package if target.run else None]
    assert {one for one in wanted if one} <= set(UNIVERSE.names())


def test_the_cross_rules_are_read() -> None:
    rule = UNIVERSE.cross.where("dune")
    assert rule is not None
    assert rule.runs_on == "build"
    assert rule.reason
