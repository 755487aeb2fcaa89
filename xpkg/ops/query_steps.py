"""``xpkg show --steps``: the commands that would build a package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.ops.solving import plan_request
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Atom, Exactly, Request

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.repo.recipes import Recipe
    from xpkg.sandbox.steps import Steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSteps:
    """The steps of one instance, for showing; ``jobs`` stands in for the number of parallel jobs."""

    machine: str
    steps: Steps
    jobs: int = 1


def steps(home: Home, pair: Pair, recipe: Recipe) -> ShownSteps:
    """The derived steps of a recipe on the pair's machine, with the dependencies a solve gives it."""
    machine = BUILD if recipe.x_runs_on == "build" else pair.machine
    atom = Atom(name=recipe.name, machine=machine, versions=Exactly(recipe.version))
    plan = plan_request(home, pair, Request(target=pair.target, install=(atom,)))
    for instance, task in plan.tasks.items():
        if (instance.name, instance.machine) == (recipe.name, machine):
            return ShownSteps(machine=machine, steps=task.steps)
    raise AssertionError(f"{recipe.name} is missing from its own solution")
