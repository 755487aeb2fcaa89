"""From a request and a context to a solution, or to an explanation why there is none."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.repo.machine_names import BUILD
from xpkg.repo.version_order import version_key
from xpkg.solver.clauses import Clauses, encode, forbid_cycle
from xpkg.solver.criteria import Criterion, criteria
from xpkg.solver.exploration import Key, Problem, beside_pins, explore
from xpkg.solver.model import Action, Instance, Node, Preferences, Request, Solution, on_machine
from xpkg.solver.ordering import (
    Edges,
    build_order,
    by_name,
    edges_of,
    met,
    requires,
    shortest_cycle,
    standing_edges,
)
from xpkg.solver.protocol import Candidate, Context, Formula, SurveyingContext, needs_of
from xpkg.solver.trimming import keep_unrelated

if TYPE_CHECKING:
    from xpkg.solver.engine import Optimum
    from xpkg.solver.narrowing import Found

_USUAL = Preferences()


def solve(request: Request, context: Context, preferences: Preferences = _USUAL) -> Solution:
    """The best state that meets a request.

    Raises ``NoSolution`` with a minimal conflict, ``NotFoundError`` for a name or version that does not exist, and
    ``SolverGaveUp`` when the time was up before any state was found. The same request, context and preferences give
    the same solution.
    """
    from xpkg.solver.narrowing import decided_by_few  # imports clingo

    few = decided_by_few(request, context, preferences) if isinstance(context, SurveyingContext) else None
    if few is not None:
        problem, clauses, wanted, best = few
    else:
        problem, clauses, wanted, best = decided_by_all(request, context, preferences)
    chosen = _candidates(problem, clauses, best)
    if request.related:
        chosen = keep_unrelated(problem, chosen)
    solution = solution_of(problem, context, chosen, best.cost)
    return replace(solution, cost_names=tuple(name for name, _ in wanted), optimal=best.proven)


def decided_by_all(request: Request, context: Context, preferences: Preferences) -> Found:
    """The best state, by a look at all versions that a request reaches; raises as ``solve``."""
    from xpkg.solver.narrowing import Found

    problem = explore(request, context)
    preferences.ended("explore")
    clauses = encode(problem)
    wanted = criteria(problem, clauses, preferences)
    preferences.ended("encode")
    best = _best(problem, clauses, context, wanted, preferences)
    preferences.ended("optimise")
    if best is None:
        from xpkg.solver.explanation import explain

        raise explain(problem, clauses, context)
    return Found(problem, clauses, wanted, best)


def _best(
    problem: Problem, clauses: Clauses, context: Context, wanted: list[Criterion], preferences: Preferences
) -> Optimum | None:
    """The best state without a cycle: a cycle that turns up is forbidden and the search goes on."""
    from xpkg.solver.engine import Search  # imports clingo
    from xpkg.solver.tie_breaking import best_acyclic, order_of

    def forbid(best: Optimum) -> bool:
        chosen = _candidates(problem, clauses, best)
        return forbid_disorder(problem, clauses, context, chosen, reusing=bool(preferences.built))

    search = Search(clauses, [weighted for _, weighted in wanted], preferences.bound_s)
    return best_acyclic(search, clauses.variable.values(), lambda: order_of(problem, clauses), forbid)


def forbid_disorder(
    problem: Problem, clauses: Clauses, context: Context, chosen: list[Candidate], *, reusing: bool
) -> bool:
    """Forbid a cycle of the chosen state, and when ``reusing`` what nothing needs; whether there was any."""
    cycle = shortest_cycle(edges_of(chosen))
    if cycle:
        forbid_cycle(clauses, cycle)
    elif reusing:
        from xpkg.solver.reuse import forbid_unneeded

        needed = solution_of(problem, context, chosen, ()).instances
        unneeded = frozenset(one.instance for one in chosen).difference(needed)
        if unneeded:
            forbid_unneeded(problem, clauses, unneeded)
            return True
    return bool(cycle)


def _candidates(problem: Problem, clauses: Clauses, best: Optimum) -> list[Candidate]:
    return [problem.candidates[instance] for instance in clauses.chosen(best.true)]


def solution_of(problem: Problem, context: Context, chosen: list[Candidate], cost: tuple[int, ...]) -> Solution:
    """The chosen state in build order, what leads to it, and why each part of it is there."""
    request = problem.request
    edges = edges_of(chosen)
    leading = edges if all(one.built_with is None for one in chosen) else standing_edges(chosen)
    requested = _requested(request, edges)
    asked = {key for atom in request.install for key in atom.keys}
    asked |= {(one.name, one.machine) for one in _meeting(request.formulas, edges)}
    given = {one: "held as it is" for one in request.held if one in edges}
    given |= dict.fromkeys(_meeting([request.invariant], edges), "part of the switch's invariant")
    given |= dict.fromkeys([one for one in edges if one.name in request.upgrade_names], "requested")
    reasons = _reasons(given | {one: _by_whom(one, asked) for one in requested}, leading)
    if not request.prune:
        before = {(one.name, one.machine) for one in request.installed}
        staying = [one for one in edges if (one.name, one.machine) in before and one not in reasons]
        reasons = _reasons(dict.fromkeys(staying, "already installed"), leading) | reasons
    edges = {one: tuple(edge for edge in of if edge.needed in reasons) for one, of in edges.items() if one in reasons}
    as_built = _as_built(problem, chosen)
    nodes = tuple(
        Node(
            instance=instance,
            requires=requires(edges[instance]),
            reason=reasons[instance],
            requested=instance in requested,
            edges=edges[instance],
            as_built=instance in as_built,
        )
        for instance in build_order(edges)
    )
    actions = _actions(problem, nodes)
    remarks = [context.remark(action.instance) for action in actions if action.action != "remove"]
    notes = (*_staying(problem, as_built, reasons), *dict.fromkeys(remark for remark in remarks if remark))
    return Solution(nodes=nodes, actions=actions, notes=notes, cost=cost)


def _as_built(problem: Problem, chosen: list[Candidate]) -> set[Instance]:
    """What of the chosen state could not be built in it: there is no recipe of it, or it is not met."""
    standing = [one for one in chosen if one.built_with is not None]
    state = by_name(one.instance for one in chosen) if standing else {}
    return {one.instance for one in standing if not met(one.depends, state)} | {one.instance for one in problem.gone}


def _staying(problem: Problem, as_built: set[Instance], reasons: Mapping[Instance, str]) -> Iterator[str]:
    """What is told of installed instances that stay although they could not be built."""
    gone = {one.instance: one.reason for one in problem.gone} | beside_pins(problem)
    yield from (f"{one} stays as it is: {reason}" for one, reason in gone.items() if one in reasons)
    for one in sorted(as_built.difference(gone)):
        if one in reasons and (problem.request.upgrade or one.name in problem.request.upgrade_names):
            yield f"{one} stays as it was built: what its recipe asks for now is not there"


def _meeting(formulas: Iterable[Formula | None], edges: Iterable[Instance]) -> list[Instance]:
    """What of a state meets a need of these formulas."""
    needs = [need for formula in formulas if formula is not None for need in needs_of(formula)]
    return [one for one in edges if any(need.accepts(one) for need in needs)]


def _requested(request: Request, edges: Iterable[Instance]) -> list[Instance]:
    """What was asked for by name, now or before, in that order.  To be upgraded does not make it so."""
    present = {(one.name, one.machine): one for one in edges}
    atoms = [atom for atom in request.install if atom.name not in request.upgrade_names]
    asked = [key for atom in atoms for key in atom.keys if key in present and atom.accepts(present[key])]
    asked += [(one.name, one.machine) for one in _meeting(request.formulas, edges)]
    asked += [(one.name, one.machine) for one in request.roots]
    return [present[key] for key in dict.fromkeys(asked) if key in present]


def _by_whom(instance: Instance, asked: set[Key]) -> str:
    return "requested" if (instance.name, instance.machine) in asked else "requested earlier"


def _reasons(requested: Mapping[Instance, str], edges: Edges) -> dict[Instance, str]:
    """Why each reachable instance is there: asked for, a toolchain, or needed by the nearest to the request."""
    reasons = dict(requested)
    queue = deque(requested)
    while queue:
        instance = queue.popleft()
        for edge in edges[instance]:
            if not edge.optional and edge.needed not in reasons:
                reasons[edge.needed] = _needed_by(instance, edge.needed)
                queue.append(edge.needed)
    for instance in [*reasons]:
        for edge in edges[instance]:
            if edge.implicit and edge.needed not in requested:
                reasons[edge.needed] = edge.reason
    return reasons


def _needed_by(instance: Instance, needed: Instance) -> str:
    where = f" {on_machine(instance.machine)}" if instance.name == needed.name and instance.machine != BUILD else ""
    return f"needed by {instance}{where}"


def _actions(problem: Problem, nodes: tuple[Node, ...]) -> tuple[Action, ...]:
    before = {(one.name, one.machine): one for one in problem.request.installed}
    after = {(node.instance.name, node.instance.machine): node for node in nodes}
    gone = [one for key, one in before.items() if key not in after]
    actions = _removals(problem, gone) if gone else []
    for node in nodes:
        instance = node.instance
        previous = before.get((instance.name, instance.machine))
        if previous != instance:
            actions.append(
                Action(
                    action=_kind(previous, instance),
                    instance=instance,
                    reason=node.reason,
                    previous=previous.version if previous else None,
                )
            )
    return tuple(actions)


def _removals(problem: Problem, gone: list[Instance]) -> list[Action]:
    from xpkg.solver.removals import why_gone

    reasons = why_gone(problem, gone)
    return [Action(action="remove", instance=one, reason=reasons[one]) for one in _unbuild(problem, gone)]


def _unbuild(problem: Problem, gone: list[Instance]) -> list[Instance]:
    """Dependents before what they need."""
    edges = standing_edges([problem.candidates.get(one, Candidate(instance=one)) for one in gone])
    return sorted(gone, reverse=True) if shortest_cycle(edges) else list(reversed(build_order(edges)))


def _kind(previous: Instance | None, instance: Instance) -> str:
    if previous is None:
        return "install"
    after, before = ((version_key(one.version), one.version) for one in (instance, previous))
    return "upgrade" if after > before else "downgrade"
