"""What opam 2.6.1 would install of the public repository in an empty switch: ours with its criteria is the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xpkg.repo.index.directory import IndexedDirectory
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.repository import Repository
from xpkg.repo.targets import Layout, Target, Toolchain
from xpkg.repo.universe import Universe
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Preferences, Request
from xpkg.solver.solve import solve

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "opam-solutions.json"
"""For each of some packages the versions (``name.version``) that opam chose for it."""

# As where the solutions were recorded; opam-version is 2.6.1 unless changed.
VARIABLES = {"arch": "x86_64", "os": "linux", "os-distribution": "debian", "os-family": "debian", "os-version": "12"}


@pytest.fixture(scope="module")
def universe(universe_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Universe:
    """The repository and nothing else, with an index that is made once; machines without C tools of ours."""
    state = tmp_path_factory.mktemp("state")
    listing = IndexedDirectory("public", universe_directory, state / "public.index", state / "locks")
    machine = Target(
        name=NATIVE,
        description="",
        triple="x86_64-linux-gnu",
        variables=VARIABLES,
        toolchain=Toolchain(),
        layout=Layout(),
        objects=None,
        run=None,
    )
    return Universe([Repository(name="public", root=universe_directory, listing=listing)], {NATIVE: machine})


def recorded() -> dict[str, list[str]]:
    """Empty where the recording is not at hand."""
    return json.loads(RECORDED.read_text("utf-8")) if RECORDED.is_file() else {}


@pytest.mark.skipif(not recorded(), reason=f"no {'/'.join(RECORDED.parts[-3:])} beside the clone")
def test_there_are_recorded_solutions() -> None:
    assert len(recorded()) == 20


@pytest.mark.parametrize("name", sorted(recorded()))
def test_the_set_is_that_of_opam(name: str, universe: Universe) -> None:
    request = Request(install=(Atom(name=name, machine=BUILD),))
    solution = solve(request, RepoContext(universe, None), Preferences(criteria="opam"))
    assert solution.optimal
    assert sorted(f"{one.name}.{one.version}" for one in solution.instances) == sorted(recorded()[name])
