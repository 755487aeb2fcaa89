"""Every recipe of the public repository: availability, reduced formulas and version order as the installed opam's.

Compared are the solver's view (``cudf-universe``: depends and conflicts of what is available, versions as numbers) and
that of listings (``pef-universe``: depends and depopts of everything).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.oracle.clauses import Numbering
from tests.oracle.opam import Definition, Opam, Package, Solvable, Versions
from xpkg.repo.filters import is_true
from xpkg.repo.formulas import exclude, needs, resolve, select, without_kinds
from xpkg.repo.interpolate import Environment, Value
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.recipes import Recipe
from xpkg.repo.version_order import compare

KINDS: Mapping[str, Value] = {
    **dict.fromkeys(("with-test", "with-doc", "with-dev-setup", "dev", "post"), False),
    "build": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """What opam says of the universe, and our recipes."""

    recipes: Mapping[Package, Recipe]
    definitions: Mapping[Package, Definition]
    solvables: Mapping[Package, Solvable]
    versions: Versions
    numbering: Numbering
    variables: Mapping[str, str]

    def environment(self, package: Package) -> Environment:
        """opam's own variables, so that nothing but the semantics differs."""
        name, version = package
        own = {"name": name, "version": version, "_:name": name, "_:version": version}
        values: dict[str, Value] = {**self.variables, **KINDS, **own}
        return values.get


def _both(opam: Opam, universe_archive: Path) -> Both:
    root = opam.unpack(universe_archive)
    solvables, versions = opam.solvables()
    recipes = {}
    for directory in sorted((root / "packages").glob("*/*")):
        name, _, version = directory.name.partition(".")
        recipes[name, version] = read_recipe(directory, name, version, "universe")
    found = Both(
        recipes=recipes,
        definitions=opam.definitions(),
        solvables=solvables,
        versions=versions,
        numbering=Numbering(versions),
        variables=opam.variables(),
    )
    ambiguous = _ambiguous(found)
    return Both(
        recipes={package: recipe for package, recipe in recipes.items() if package not in ambiguous},
        definitions=found.definitions,
        solvables=solvables,
        versions=versions,
        numbering=found.numbering,
        variables=found.variables,
    )


def _ambiguous(both: Both) -> set[Package]:
    """Versions of one name that are equal: opam keeps one of them, whichever it reads last, and we all."""
    gone = both.recipes.keys() - both.definitions.keys()
    equal = {one for name, version in gone for one in both.recipes if one[0] == name and compare(one[1], version) == 0}
    assert all(any(one[0] == name and one not in gone for one in equal) for name, _ in gone), gone
    return equal


def _check_order(both: Both) -> None:
    """Every version there is and every one that a bound mentions, numbered by opam in its order.

    A sequence in which each element is older than the next decides all pairs of it.
    """
    pairs = 0
    for name, numbered in both.versions.items():
        ordered = [numbered[number] for number in sorted(numbered)]
        pairs += len(ordered) * (len(ordered) - 1) // 2
        wrong = [(a, b) for a, b in pairwise(ordered) if compare(a, b) >= 0]
        assert wrong == [], name
    assert pairs > 190_000


def _check_availability(both: Both) -> None:
    wrong = []
    for package, recipe in both.recipes.items():
        answer = is_true(recipe.available, without_kinds(both.environment(package)))
        if (answer, answer) != (both.definitions[package].available, package in both.solvables):
            wrong.append(package)
    assert wrong == []
    assert len(both.recipes) > 18_000


def _check_depends_for_the_solver(both: Both) -> None:
    wrong = {}
    for package, solvable in both.solvables.items():
        if package in both.recipes:
            ours = resolve(both.recipes[package].depends, both.environment(package))
            if both.numbering.resolved(ours) != both.numbering.printed(solvable.depends, numbers=True):
                wrong[package] = (ours, solvable.depends)
    assert wrong == {}


def _check_conflicts(both: Both) -> None:
    """With the other names of one's conflict classes, and every other version of one's own name."""
    classes: dict[str, set[Package]] = {}
    for package, recipe in both.recipes.items():
        for name in recipe.conflict_class:
            classes.setdefault(name, set()).add(package)
    wrong = {}
    for package, solvable in both.solvables.items():
        if package in both.recipes:
            ours = _excluded(both, package, classes)
            listed = both.numbering.listed(solvable.conflicts)
            theirs = {one for one in _packages(both, listed) if one[0] != package[0]}
            if ours != theirs:
                wrong[package] = (ours ^ theirs, solvable.conflicts)
    assert wrong == {}


def _excluded(both: Both, package: Package, classes: Mapping[str, set[Package]]) -> set[Package]:
    """What a recipe excludes of what there is, but its own name."""
    recipe = both.recipes[package]
    found = {one for name in recipe.conflict_class for one in classes[name]}
    for need in needs(exclude(recipe.conflicts, both.environment(package))):
        known = both.versions.get(need.name, {}).values()
        found |= {(need.name, version) for version in known if need.versions.allows(version)}
    return {one for one in found if one in both.recipes and one[0] != package[0]}


def _packages(both: Both, listed: Mapping[str, int]) -> set[Package]:
    return {
        (name, version)
        for name, bits in listed.items()
        for number, version in both.versions.get(name, {}).items()
        if bits >> number & 1 and (name, version) in both.recipes
    }


def _check_formulas_for_listings(both: Both, field: str) -> None:
    wrong = {}
    for package, recipe in both.recipes.items():
        written = recipe.depends if field == "depends" else recipe.depopts
        ours = select(written, both.environment(package))
        definition = both.definitions[package]
        theirs = definition.depends if field == "depends" else definition.recommends
        if both.numbering.resolved(ours) != both.numbering.printed(theirs, numbers=False):
            wrong[package] = (ours, theirs)
    assert wrong == {}


@pytest.mark.timeout(900)
def test_the_public_repository(opam: Opam, universe_archive: Path) -> None:
    """One test, so that what all of it needs is read once, however tests are spread over processes."""
    both = _both(opam, universe_archive)
    _check_order(both)
    _check_availability(both)
    _check_depends_for_the_solver(both)
    _check_conflicts(both)
    _check_formulas_for_listings(both, "depends")
    _check_formulas_for_listings(both, "depopts")
