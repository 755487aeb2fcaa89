"""From what is asked for to a plan: a request for each pair of machines, solved together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.ops.asking import Ask
from xpkg.ops.holds import check_removal, held_of
from xpkg.ops.invariants import invariant_of
from xpkg.ops.pins import addresses_of, developed_of, pins_of
from xpkg.ops.planning import PairPlan, Plan
from xpkg.ops.requests import asked, by_recipe, installed_as, named_in, not_again, parse_spelling, request_for, upgraded
from xpkg.ops.situation import Situation
from xpkg.solver.context import RepoContext
from xpkg.solver.model import NoSolution, Preferences, Request, Solution
from xpkg.solver.solve import solve

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.sandbox.switches import Switch
    from xpkg.solver.protocol import Context
    from xpkg.solver.reuse import Built

Part = tuple[Request, "Context"]


def plan(
    home: Home,
    switch: Switch | None,
    pairs: Sequence[Pair],
    ask: Ask,
    ended: Callable[[str], None] = lambda phase: None,
) -> Plan:
    """The plan for what is asked for on these pairs of machines of a switch, None for one that holds nothing.

    ``ended`` is told the name of each phase when it is over.  Raises NoSolution, UnknownPackage, UsageError,
    SolverGaveUp.
    """
    situation = Situation(home, switch, ask.repositories, dict(ask.variables), ended)
    if ask.verb != "install" and ask.packages:
        from xpkg.ops.naming import pairs_having

        pairs = pairs_having(situation, pairs, ask)
    if ask.verb == "upgrade" and ask.packages:
        return _upgrade_of_some(situation, pairs, ask)
    parts = [_part(situation, pair, ask) for pair in pairs]
    try:
        return _solved(situation, pairs, ask, parts)
    except NoSolution as refusal:
        _check_toolchains(situation, pairs)
        if ask.verb == "reinstall":
            raise not_again(refusal, ask.packages) from None
        if ask.verb == "install" and ask.extras:
            _raise_without_kinds(refusal, situation, pairs, ask)
        if ask.verb != "install" or ask.dependencies_only:
            raise
        if not ask.best_effort:
            from xpkg.ops.best_effort import suggest

            suggest(refusal)
        if len(pairs) > 1:
            raise
        from xpkg.ops.elsewhere import with_other_targets

        raise with_other_targets(refusal, situation, pairs[0], ask) from None


def _check_toolchains(situation: Situation, pairs: Sequence[Pair]) -> None:
    """A target whose toolchain does not exist is told as such: no package can be had for it."""
    from xpkg.ops.targets import check_toolchain

    for target in filter(None, map(situation.target, pairs)):
        check_toolchain(situation.home, target)


def _raise_without_kinds(refusal: NoSolution, situation: Situation, pairs: Sequence[Pair], ask: Ask) -> None:
    """NoSolution where only the tests or the like of what is asked for are in the way."""
    from xpkg.ops.without_kinds import told_without_kinds

    def solved(other: Ask) -> Plan:
        return _solved(situation, pairs, other, [_part(situation, pair, other) for pair in pairs])

    told = told_without_kinds(refusal, ask, solved)
    if told is not None:
        raise told from None


def plan_request(home: Home, pair: Pair, request: Request) -> PairPlan:
    """The plan for a request of its own, apart from every switch."""
    situation = Situation(home, None)
    context = RepoContext(situation.universe, situation.target(pair))
    return PairPlan(situation, pair, solve(request, context), situation.here(pair))


def context_for(
    situation: Situation, pair: Pair, ask: Ask, extras: Mapping[str, frozenset[str]] | None = None
) -> RepoContext:
    """The universe as the solver sees it for one pair and what is asked for, with ``extras_of`` that unless given."""
    lacking = None
    if ask.check_depexts:
        from xpkg.ops.system_packages import missing_depexts

        lacking = missing_depexts(situation.universe)
    return RepoContext(
        situation.universe,
        situation.target(pair),
        developed=developed_of(situation.generation),
        extras=extras_of(situation, pair, ask) if extras is None else extras,
        missing_depexts=lacking,
    )


def extras_of(situation: Situation, pair: Pair, ask: Ask) -> dict[str, frozenset[str]]:
    """For what else packages are wanted: those that were asked for so before, and those that are asked for now.

    Of a name that packages provide it is those, for one of them it will be.  What is asked for without itself is wanted
    for nothing else, nor is what an upgrade names and nobody asked for.
    """
    here = situation.here(pair)
    extras = dict(here.extras)
    if ask.extras and not ask.dependencies_only:
        names = [parse_spelling(spelling)[0] for spelling in ask.packages]
        roots = {one.name for one in here.roots}
        for name in names if ask.verb == "install" else roots.intersection(names):
            for one in (name, *(provider.name for provider in situation.universe.providers(name))):
                extras[one] = extras.get(one, frozenset()) | ask.extras
    return extras


def base_request(situation: Situation, pair: Pair, context: RepoContext, ask: Ask) -> Request:
    """The state of a pair with all that must hold whatever is asked for: pins, holds, the switch's invariant."""
    generation = situation.generation
    return replace(
        request_for(pair, situation.here(pair)),
        pins=pins_of(generation),
        pinned_to=addresses_of(generation),
        held=held_of(generation, pair),
        invariant=None if ask.update_invariant else invariant_of(generation, context, pair),
        built=tuple((one, record.requires) for one, record in situation.records(pair).items()),
    )


def _part(situation: Situation, pair: Pair, ask: Ask) -> tuple[Request, RepoContext]:
    ask = _of_pair(situation, pair, ask)
    context = context_for(situation, pair, ask)
    base = base_request(situation, pair, context, ask)
    request = asked(base, ask, situation.universe, context, pair)
    if ask.verb in ("install", "reinstall") and not ask.dependencies_only:
        request = by_recipe(request, ask.packages)
    check_removal(request.held, request.remove)
    return request, context


def _of_pair(situation: Situation, pair: Pair, ask: Ask) -> Ask:
    if ask.verb == "install":
        return ask
    from xpkg.ops.naming import of_pair

    return of_pair(situation, pair, ask)


def _upgrade_of_some(situation: Situation, pairs: Sequence[Pair], ask: Ask) -> Plan:
    """Newer versions of the named packages; when they cannot be had, as much as can, and why not more."""

    def parts(strict: bool) -> list[tuple[Request, RepoContext]]:
        found = []
        for pair in pairs:
            here = _of_pair(situation, pair, ask)
            context = context_for(situation, pair, here)
            base = base_request(situation, pair, context, here)
            request = upgraded(base, context, pair, here.packages, strict=strict)
            found.append((by_recipe(request, here.packages) if strict else request, context))
        return found

    try:
        return _solved(situation, pairs, ask, parts(strict=True))
    except NoSolution as reason:
        told = [sentence for sentence in reason.chain if not sentence.endswith("was asked for")]
        why = "; ".join(told or [reason.message])
        return _solved(situation, pairs, ask, parts(strict=False), (f"not everything can be newer: {why}",))


def _solved(
    situation: Situation,
    pairs: Sequence[Pair],
    ask: Ask,
    parts: Sequence[tuple[Request, RepoContext]],
    notes: tuple[str, ...] = (),
) -> Plan:
    wanted = preferences(situation, ask)
    if ask.dependencies_only:
        from xpkg.ops.without_themselves import dependencies_only

        solutions, left_out = dependencies_only(situation, pairs, ask, parts, wanted)
    elif ask.best_effort:
        from xpkg.ops.best_effort import best_effort

        parts, solutions, left_out = best_effort(situation, pairs, ask, parts, wanted)
    else:
        solutions, left_out = solve_all(parts, wanted), ()
    plans = []
    for pair, solution, (request, context) in zip(pairs, solutions, parts, strict=True):
        here = situation.here(pair)
        named_here = _of_pair(situation, pair, ask).packages if ask.verb == "reinstall" else ()
        again = frozenset(installed_as(pair, named_here, here.instances))
        roots = {node.instance.name for node in solution.nodes if node.requested}
        extras = {name: of for name, of in context.extras.items() if name in roots}
        again = again.intersection(solution.instances)
        named = None if request.upgrade else frozenset() if ask.dependencies_only else named_in(request, solution)
        plans.append(PairPlan(situation, pair, solution, here, again, extras, named=named))
    return Plan(tuple(plans), (*notes, *left_out))


def preferences(situation: Situation, ask: Ask) -> Preferences:
    """What is the best answer for what is asked."""
    built: Sequence[Built] = ()
    if ask.reuse:
        from xpkg.ops import reuse

        built = reuse.built(situation.home.store, situation.universe)
    return Preferences(criteria=ask.criteria, bound_s=ask.bound_s, built=built, ended=situation.ended)


def solve_all(parts: Sequence[Part], wanted: Preferences) -> tuple[Solution, ...]:
    """One solution a part; several are solved as one problem."""
    if len(parts) == 1:
        request, context = parts[0]
        return (solve(request, context, wanted),)
    from xpkg.solver.joint import solve_jointly

    return solve_jointly(parts, wanted)
