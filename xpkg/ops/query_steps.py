"""``xpkg show --steps``: the commands that would build a package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.ops.pins import addresses_of, developed_of, pins_of
from xpkg.ops.planning import PairPlan
from xpkg.ops.query_machines import place_of
from xpkg.ops.situation import Situation
from xpkg.sandbox.provenance import Origins, origins
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Atom, Exactly, Request
from xpkg.solver.solve import solve

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.repo.recipes import Recipe
    from xpkg.sandbox.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSteps:
    """The steps of one instance, for showing; ``jobs`` stands in for the number of parallel jobs.

    ``reason`` says why it is built for the build machine although there is a target.
    """

    machine: str
    reason: str | None
    steps: Steps
    origins: Origins
    jobs: int = 1


def steps(home: Home, pair: Pair, recipe: Recipe) -> ShownSteps:
    """The derived steps of a recipe on the pair's machine, with the dependencies a solve gives it."""
    machine, reason = place_of(home.universe, pair, recipe)
    atom = Atom(name=recipe.name, machine=machine, versions=Exactly(recipe.version))
    pins = tuple((name, version) for name, version in pins_of(home.pinning) if name != recipe.name)
    request = Request(target=pair.target, install=(atom,), pins=pins, pinned_to=addresses_of(home.pinning))
    situation = Situation(home, None)
    context = RepoContext(situation.universe, situation.target(pair), developed=developed_of(home.pinning))
    plan = PairPlan(situation, pair, solve(request, context), situation.here(pair))
    for instance, task in plan.tasks.items():
        if (instance.name, instance.machine) == (recipe.name, machine):
            return ShownSteps(
                machine=machine, reason=reason, steps=task.steps, origins=origins(task.subject, task.steps)
            )
    raise AssertionError(f"{recipe.name} is missing from its own solution")
