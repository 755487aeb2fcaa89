"""Names that packages provide, against the same recipes with all who provide a name written out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import event, given
from hypothesis import strategies as st

from tests.property.test_solver import slow
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.shipped import TARGETS
from xpkg.solver.context import RepoContext
from xpkg.solver.model import NoSolution, Request, Solution
from xpkg.solver.solve import solve

NAMES = ("a", "b", "p", "q", "v")
"""``v`` is the name provided; it is a package too where the universe has one."""
VERSIONS = ("1", "2", "3")
COMPARED: dict[str, Callable[[int], bool]] = {
    "": lambda _: True,
    "=": lambda one: one == 2,
    ">=": lambda one: one >= 2,
    "<": lambda one: one < 2,
}
MACHINES = load_targets([TARGETS])


@dataclass(frozen=True)
class Recipe:
    """``needs`` are conjuncts of alternatives, each a name and an operator applied to "2"."""

    needs: tuple[tuple[tuple[str, str], ...], ...]
    conflicts: tuple[tuple[str, str], ...]
    provides: str | None


atoms = st.tuples(st.sampled_from([*NAMES, "v", "v", "v"]), st.sampled_from(sorted(COMPARED)))
recipes = st.builds(
    Recipe,
    needs=st.lists(st.lists(atoms, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    conflicts=st.lists(atoms, max_size=1).map(tuple),
    provides=st.sampled_from([None, None, *VERSIONS]),
)
universes = st.dictionaries(st.tuples(st.sampled_from(NAMES), st.sampled_from(VERSIONS[:2])), recipes, min_size=4)
Recipes = dict[tuple[str, str], Recipe]


def spelled(name: str, operator: str) -> str:
    return f'"{name}" {{{operator} "2"}}' if operator else f'"{name}"'


def providing(universe: Recipes, name: str, operator: str) -> list[str]:
    """All versions that meet a need, as opam would have them written."""
    if name != "v":
        return [spelled(name, operator)]
    found = [spelled(name, operator)] if any(one == "v" for one, _ in universe) else []
    for (package, version), recipe in universe.items():
        if package != "v" and recipe.provides and COMPARED[operator](int(recipe.provides)):
            found.append(f'"{package}" {{= "{version}"}}')
    return found or [spelled(name, operator)]


def provided(universe: Recipes, package: str, recipe: Recipe) -> str:
    field = f'x-provides: ["v" {{= "{recipe.provides}"}}]' if recipe.provides and package != "v" else ""
    needs = " ".join(f"({' | '.join(spelled(*one) for one in of)})" for of in recipe.needs)
    return f"depends: [{needs}]\nconflicts: [{' '.join(spelled(*one) for one in recipe.conflicts)}]\n{field}\n"


def written_out(universe: Recipes, package: str, recipe: Recipe) -> str:
    stands = package == "v" or recipe.provides
    needs = " ".join(f"({' | '.join(one for atom in of for one in providing(universe, *atom))})" for of in recipe.needs)
    conflicts = " ".join(one for atom in recipe.conflicts for one in providing(universe, *atom))
    return f"depends: [{needs}]\nconflicts: [{conflicts}]\n" + ('conflict-class: "stands-for-v"\n' if stands else "")


def answer(
    root: Path, universe: Recipes, write: Callable[[Recipes, str, Recipe], str], wanted: list[str]
) -> Solution | None:
    for (name, version), recipe in universe.items():
        directory = root / "packages" / name / f"{name}.{version}"
        directory.mkdir(parents=True)
        text = write(universe, name, recipe)
        (directory / "opam").write_text(f'opam-version: "2.0"\nx-toolchain: "none"\n{text}')
    context = RepoContext(Universe([Repository(name="here", root=root)], MACHINES), None)
    try:
        return solve(Request(install=tuple(map(context.asked, wanted))), context)
    except NoSolution:
        return None


@slow
@given(universes, st.sampled_from([["a"], ["b"], ["a", "b"], ["a", "p"]]))
def test_as_if_all_who_provide_a_name_were_written_out(universe: Recipes, wanted: list[str]) -> None:
    wanted = [name for name in wanted if any(one == name for one, _ in universe)]
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        found = answer(Path(first), universe, provided, wanted)
        expected = answer(Path(second), universe, written_out, wanted)
    event("no solution" if expected is None else "with v" if "v" in repr(found) else "without v")
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        values = [cost for name, cost in zip(found.cost_names, found.cost, strict=True) if name != "providers"]
        assert values == list(expected.cost)
