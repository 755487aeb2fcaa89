"""install and remove: solve, plan, fetch, build, and make the next generation of the switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.ops.building import Clock, Options, build_all
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import Plan, TaskMaker, planned_actions
from xpkg.ops.present import Present, present
from xpkg.ops.requests import install_atoms, removal, request_for
from xpkg.ops.sources import SourceBook
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Request
from xpkg.solver.solve import solve

if TYPE_CHECKING:
    from xpkg.ops.progress import Progress
    from xpkg.sandbox.switches import Generation, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an install or remove did; ``seconds`` by part."""

    generation: int
    changed: bool
    built: int
    reused: int
    seconds: dict[str, float] = field(default_factory=dict)


def _here(switch: Switch, pair: Pair) -> Present:
    generation = switch.current()
    return replace(present(generation, pair), moved=switch.moved(generation))


def plan_install(home: Home, switch: Switch, pair: Pair, spellings: Sequence[str]) -> Plan:
    """The plan for installing packages; raises NoSolution and UnknownPackage."""
    here = _here(switch, pair)
    request = request_for(pair, here.instances, here.roots)
    wanted = replace(request, install=install_atoms(home, pair, spellings))
    return plan_request(home, pair, wanted, here)


def plan_remove(home: Home, switch: Switch, pair: Pair, spellings: Sequence[str]) -> Plan:
    """The plan for removing packages and whatever nothing else needs afterwards."""
    here = _here(switch, pair)
    request = request_for(pair, here.instances, here.roots)
    gone = removal(pair, spellings, here.instances)
    return plan_request(home, pair, replace(request, remove=gone, prune=True), here)


def plan_request(home: Home, pair: Pair, request: Request, here: Present | None = None) -> Plan:
    """The plan for any request; ``here`` is what the pair holds, nothing if not given."""
    target = None if pair.target is None else home.target(pair.target)
    solution = solve(request, RepoContext(home.universe, target))
    book = SourceBook(home.root, home.environment)
    tasks = TaskMaker(home.universe, home.native, target, book.choice).make(solution.nodes)
    keys = frozenset() if here is None else here.keys
    return Plan(
        pair=pair,
        solution=solution,
        tasks=tasks,
        actions=planned_actions(solution, tasks, dict(keys)),
        before=keys,
        roots=frozenset() if here is None else frozenset(here.roots),
        moved=here is not None and here.moved,
    )


def carry_out(
    home: Home, switch: Switch, plan_anew: Callable[[], Plan], plan: Plan, options: Options, progress: Progress
) -> Done:
    """Fetch and build what the store lacks, then make the new generation.

    Nothing of the switch changes before everything is built; whatever ends this early leaves it as it was.  When
    another process changed the switch meanwhile, ``plan_anew`` gives the plan for what it holds now.
    """
    if plan.idle and options.prefix is None:
        return Done(generation=switch.current().number, changed=False, built=0, reused=len(plan.tasks))
    clock, total = Clock(), 0
    _place(switch, plan.pair, options)
    while True:
        plan, built = build_all(home, plan, options, progress, clock)
        total += built
        with switch.lock():
            if _unchanged(present(switch.current(), plan.pair), plan):
                generation = _commit(home, switch, plan, options)
                break
        plan = plan_anew()
    clock.lap("prefix")
    return Done(
        generation=generation.number,
        changed=True,
        built=total,
        reused=max(0, len(plan.tasks) - total),
        seconds=clock.laps,
    )


def _unchanged(here: Present, plan: Plan) -> bool:
    """Whether the pair holds what it held when the plan was made, asked for by the same names."""
    return here.keys == plan.before and frozenset(here.roots) == plan.roots


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placing:
    """Which trees the next generation has, and where."""

    targets: list[str]
    prefixes: dict[str, Path]
    tools: dict[str, str]


def _place(switch: Switch, pair: Pair, options: Options) -> _Placing:
    """Decide the trees, and refuse a prefix that cannot be used before anything is built."""
    targets = sorted({*switch.targets, *((pair.target,) if pair.target else ())})
    placing = _Placing(
        targets=targets,
        prefixes={} if options.prefix is None else {pair.tree(pair.machine): options.prefix},
        tools={tree: one.tools_tree for one in map(Pair.of, targets) for tree in one.trees},
    )
    switch.trees(placing.targets, placing.prefixes, placing.tools)
    return placing


def _commit(home: Home, switch: Switch, plan: Plan, options: Options) -> Generation:
    from xpkg.sandbox.switches import Installed, Root

    pair, now = plan.pair, switch.current()
    placing = _place(switch, pair, options)
    others = [one for one in now.installed if one.tree not in pair.trees]
    other_roots = [root for root in now.roots if root.tree not in pair.trees]
    installed = [
        Installed(
            name=instance.name,
            version=instance.version,
            machine=instance.machine,
            key=task.key,
            tree=pair.tree(instance.machine),
        )
        for instance, task in plan.tasks.items()
    ]
    roots = [
        Root(name=node.instance.name, machine=node.instance.machine, tree=pair.tree(node.instance.machine))
        for node in plan.solution.nodes
        if node.requested
    ]
    return switch.commit(
        home.store,
        targets=placing.targets,
        roots=[*other_roots, *roots],
        installed=[*others, *installed],
        prefixes=placing.prefixes,
        tools=placing.tools,
    )
