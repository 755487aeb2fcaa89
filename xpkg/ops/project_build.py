"""``xpkg build``: a project's packages built apart from every switch, and put where the project is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.paths import NO_SWITCH
from xpkg.ops.building import Clock, build_all
from xpkg.ops.project_pins import PinnedSwitch, ProjectPins
from xpkg.ops.project_products import Products, place_products, prepare
from xpkg.ops.solving import plan
from xpkg.repo.formulas import atoms, resolve
from xpkg.repo.formulas import needs as needs_of
from xpkg.repo.machine_names import BUILD
from xpkg.repo.recipes import Recipe
from xpkg.sandbox import switches
from xpkg.solver.placement import Placements

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.building import Options
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.ops.planning import PairPlan, Plan
    from xpkg.ops.progress import Progress
    from xpkg.repo.interpolate import Value
    from xpkg.solver.model import Instance, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltProject:
    """What building a project did; ``seconds`` by part."""

    plan: Plan
    products: tuple[Products, ...]
    built: int
    reused: int
    seconds: dict[str, float]


def plan_build(home: Home, pins: ProjectPins, pairs: Sequence[Pair], ask: Ask) -> Plan:
    """The plan that builds the projects' packages for each pair; errors as of `xpkg.ops.solving.plan`."""
    nothing = switches.unmade(home.root, NO_SWITCH)
    return plan(home, PinnedSwitch(home.root, nothing, pins.over), pairs, replace(ask, packages=pins.names))


def build_project(
    home: Home, planned: Plan, names: Sequence[str], output: Path, options: Options, progress: Progress
) -> BuiltProject:
    """Build what the store lacks, then have the prefixes below ``output`` (see `xpkg.ops.project_products`)."""
    place = prepare(output)
    clock = Clock()
    done = build_all(home, planned, options, progress, clock)
    products = tuple(one for part in done.plan.parts for one in _products(home, part, names, place))
    clock.lap("prefix")
    return BuiltProject(
        plan=done.plan,
        products=products,
        built=len(done.new),
        reused=len(done.plan.keys - done.new),
        seconds=clock.laps,
    )


def _products(home: Home, part: PairPlan, names: Sequence[str], place: Path) -> Iterator[Products]:
    """One prefix for each machine that packages of the project are for: a tool's is the build machine."""
    wanted = [node.instance for node in part.solution.nodes if node.requested and node.instance.name in names]
    for machine in dict.fromkeys(one.machine for one in wanted):
        own = [one for one in wanted if one.machine == machine]
        used = [one for one in _used(part, own) if one not in own]
        stored = [[home.store.output(part.keys[one]) for one in some] for some in (own, used)]
        yield place_products(home.root, place, machine, *stored)


def _used(part: PairPlan, own: Sequence[Instance]) -> list[Instance]:
    """What is used by products where they run: all that is needed on their machine but tools and the toolchain."""
    nodes = {node.instance: node for node in part.solution.nodes}
    placements = Placements(part.situation.universe, "product")
    found: dict[Instance, None] = {}
    pending = list(own)
    while pending:
        one = pending.pop()
        if one not in found:
            found[one] = None
            pending += _linked(part, nodes, placements, one)
    return sorted(found)


def _linked(
    part: PairPlan, nodes: dict[Instance, Node], placements: Placements, dependent: Instance
) -> Iterator[Instance]:
    recipe = part.situation.universe.recipe(dependent.name, dependent.version)
    tools = _tools(recipe, placements) if dependent.machine == BUILD else frozenset()
    implicit = {edge.needed for edge in nodes[dependent].edges if edge.implicit}
    for one in nodes[dependent].requires:
        if one.machine != dependent.machine or one in implicit or one.name in tools:
            continue
        needed = part.situation.universe.recipe(one.name, one.version)
        if not {"compiler", "conf"}.intersection(needed.flags):
            yield one


def _tools(recipe: Recipe, placements: Placements) -> frozenset[str]:
    """Of what a package of this machine needs, what only runs while building: by the rules that targets have."""
    places = placements.of_dependent(recipe.name, recipe.depends)
    return frozenset(
        need.name
        for atom in atoms(recipe.depends)
        for need in needs_of(resolve(atom, _of_dependencies))
        if places.of(need.name, build=need.build).machines == (BUILD,)
    )


def _of_dependencies(name: str) -> Value:
    return True if name in ("build", "post") else None
