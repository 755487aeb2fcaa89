"""Carrying a plan out: fetch, build, and make the next generation of the switch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError
from xpkg.ops.building import Built, Clock, Options, build_all
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import PairPlan, Plan
from xpkg.ops.present import present

if TYPE_CHECKING:
    from xpkg.ops.progress import Progress
    from xpkg.sandbox.switches import Generation, Installed, Root, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What carrying out a plan did; ``seconds`` by part.

    ``work`` is the plan carried out with what was built.  When it is ``superseded`` nothing was changed yet: another
    process changed the switch, and what is to be done now, ``work.plan``, is not what was agreed to.  ``renewed``
    counts what was built once more, ``replaced`` names of that what came out otherwise than before.
    """

    work: Built
    generation: int
    changed: bool
    built: int
    reused: int
    renewed: int = 0
    replaced: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    superseded: bool = False


def carry_out(
    home: Home,
    switch: Switch,
    plan_anew: Callable[[], Plan],
    plan: Plan,
    options: Options,
    progress: Progress,
    before: Built | None = None,
) -> Done:
    """Fetch and build what the store lacks, then make the new generation.

    Nothing of the switch changes before everything is built; whatever ends this early leaves it as it was.  When
    another process changed the switch meanwhile, ``plan_anew`` gives the plan for what it holds now.  ``before`` is
    what was built for the plan that this one supersedes.
    """
    if plan.idle and options.prefix is None:
        number = _give_way(home, switch) if options.update_invariant else switch.current().number
        return Done(work=Built(plan=plan), generation=number, changed=False, built=0, reused=len(plan.keys))
    clock = Clock()
    _place(switch, plan, options)
    built, agreed = before, plan.actions
    while True:
        built = build_all(home, plan, options, progress, clock, built)
        plan = built.plan
        with switch.lock():
            if _unchanged(switch.current(), plan):
                generation = _commit(home, switch, built, options)
                break
        plan = plan_anew()
        if plan.actions != agreed:
            return replace(_done(switch.current(), replace(built, plan=plan), clock), changed=False, superseded=True)
    clock.lap("prefix")
    return _done(generation, built, clock)


def _done(generation: Generation, built: Built, clock: Clock) -> Done:
    tasks = built.plan.tasks
    return Done(
        work=built,
        generation=generation.number,
        changed=True,
        built=len(built.new),
        reused=len(built.plan.keys - built.new),
        renewed=len(built.renewed),
        replaced=tuple(task.label for task in tasks if task.key in built.replaced),
        seconds=clock.laps,
    )


def _unchanged(generation: Generation, plan: Plan) -> bool:
    """Whether the pairs hold what they held when the plan was made, under the same pins, holds and invariant."""
    now = [present(generation, part.pair) for part in plan.parts]
    then = plan.parts[0].situation.generation
    return (then is None or _stated(then) == _stated(generation)) and all(
        one.keys == part.here.keys and set(one.roots) == set(part.here.roots) and one.extras == part.here.extras
        for one, part in zip(now, plan.parts, strict=True)
    )


def _stated(generation: Generation) -> tuple[object, ...]:
    return generation.pins, generation.held, generation.invariant


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placing:
    """Which trees the next generation has, and where."""

    targets: list[str]
    prefixes: dict[str, Path]
    tools: dict[str, str]


def _place(switch: Switch, plan: Plan, options: Options) -> _Placing:
    """Decide the trees, and refuse a prefix that cannot be used before anything is built."""
    pairs = [part.pair for part in plan.parts]
    targets = sorted({*switch.targets, *(pair.target for pair in pairs if pair.target)})
    placing = _Placing(
        targets=targets,
        prefixes=_prefixes(pairs, options),
        tools={tree: one.tools_tree for one in map(Pair.of, targets) for tree in one.trees},
    )
    switch.trees(placing.targets, placing.prefixes, placing.tools)
    return placing


def _prefixes(pairs: list[Pair], options: Options) -> dict[str, Path]:
    if options.prefix is None:
        return {}
    if len(pairs) > 1:
        raise UsageError("--prefix places the prefix of one target", hint="ask for the targets one after another")
    return {pairs[0].tree(pairs[0].machine): options.prefix}


def _commit(home: Home, switch: Switch, built: Built, options: Options) -> Generation:
    plan, now = built.plan, switch.current()
    placing = _place(switch, plan, options)
    planned = {tree for part in plan.parts for tree in part.pair.trees}
    others = [one for one in now.installed if one.tree not in planned]
    other_roots = [root for root in now.roots if root.tree not in planned]
    installed = [*others, *(one for part in plan.parts for one in _installed(part))]
    return switch.commit(
        home.store,
        targets=placing.targets,
        roots=[*other_roots, *(root for part in plan.parts for root in _roots(part))],
        installed=installed,
        prefixes=placing.prefixes,
        tools=placing.tools,
        renewed=built.replaced,
        invariant=_relaxed(home, now.invariant, installed) if options.update_invariant else None,
    )


def _give_way(home: Home, switch: Switch) -> int:
    """Have the invariant give way to what is installed already; the number of the generation that says so."""
    with switch.lock():
        now = switch.current()
        invariant = _relaxed(home, now.invariant, now.installed)
        if invariant != now.invariant:
            now = switch.amend(home.store, invariant=invariant)
    return now.number


def _relaxed(home: Home, invariant: str, installed: Sequence[Installed]) -> str:
    from xpkg.ops.invariant_changes import relaxed, versions_of

    return relaxed(invariant, versions_of({(one.name, one.version) for one in installed}, home.universe.provided))


def _installed(part: PairPlan) -> list[Installed]:
    from xpkg.sandbox.switches import Installed

    return [
        Installed(
            name=instance.name,
            version=instance.version,
            machine=instance.machine,
            key=key,
            tree=part.pair.tree(instance.machine),
        )
        for instance, key in part.keys.items()
    ]


def _roots(part: PairPlan) -> list[Root]:
    from xpkg.sandbox.switches import Root

    asked_for = [node.instance for node in part.solution.nodes if node.requested]
    return [
        Root(
            name=one.name,
            machine=one.machine,
            tree=part.pair.tree(one.machine),
            extras=tuple(sorted(part.extras.get(one.name, ()))),
        )
        for one in asked_for
    ]
