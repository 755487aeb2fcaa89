"""Edges between the instances of a solution, their order, and cycles among them."""

from __future__ import annotations

import graphlib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from xpkg.solver.model import Edge, Instance
from xpkg.solver.protocol import AllOf, Candidate, Formula, Need, needs_of

Edges = Mapping[Instance, tuple[Edge, ...]]
State = Mapping[tuple[str, str], Instance]


def edges_of(candidates: Sequence[Candidate]) -> dict[Instance, tuple[Edge, ...]]:
    """For every instance of a solution, the others it needs, in the order its recipe names them.

    Where a recipe offers a choice and several of it are present, all of them count, as in opam.
    """
    present = by_name(one.instance for one in candidates)
    return {candidate.instance: tuple(edges_from(candidate, present)) for candidate in candidates}


def standing_edges(candidates: Sequence[Candidate]) -> dict[Instance, tuple[Edge, ...]]:
    """The same, and what installed instances were built with besides."""
    return edges_of([_with_both(one) for one in candidates])


def _with_both(candidate: Candidate) -> Candidate:
    if candidate.built_with is None:
        return candidate
    return replace(candidate, depends=AllOf((candidate.depends, *candidate.built_with)))


def by_name(state: Iterable[Instance]) -> State:
    """A state by the names and machines of its instances."""
    return {(one.name, one.machine): one for one in state}


def met(formula: Formula, state: State) -> bool:
    """Whether a formula holds in a state."""
    if isinstance(formula, Need):
        found = state.get((formula.name, formula.machine))
        return found is not None and formula.accepts(found)
    results = (met(part, state) for part in formula.parts)
    return all(results) if isinstance(formula, AllOf) else any(results)


def edges_from(candidate: Candidate, present: State) -> Iterable[Edge]:
    """What one instance needs in a state."""
    found: dict[Instance, Edge] = {}
    wanted = [(need, False) for need in needs_of(candidate.depends)]
    wanted += [(need, True) for need in candidate.optional]
    for need, optional in wanted:
        instance = present.get((need.name, need.machine))
        if instance is None or instance == candidate.instance or not need.accepts(instance):
            continue
        earlier = found.get(instance)
        if earlier is None:
            found[instance] = _edge(instance, need, optional)
        elif earlier.post and not need.post:  # named twice: it orders if either does, the first tells of it
            found[instance] = replace(earlier, post=False)
    return found.values()


def _edge(instance: Instance, need: Need, optional: bool) -> Edge:
    return Edge(
        needed=instance,
        constraint="" if need.versions is None else str(need.versions),
        reason=need.implicit or need.reason,
        implicit=need.implicit is not None,
        post=need.post,
        optional=optional,
    )


def requires(edges: Sequence[Edge]) -> tuple[Instance, ...]:
    """What must be there before: all but post edges, in a fixed order."""
    return tuple(sorted(edge.needed for edge in edges if not edge.post))


def build_order(edges: Edges) -> list[Instance]:
    """What is needed comes first; of those that are ready, the least by name. Raises ``graphlib.CycleError``."""
    sorter = graphlib.TopologicalSorter({instance: requires(of) for instance, of in edges.items()})
    sorter.prepare()
    ready: list[Instance] = list(sorter.get_ready())
    heapq.heapify(ready)
    order = []
    while ready:
        instance = heapq.heappop(ready)
        order.append(instance)
        sorter.done(instance)
        for freed in sorter.get_ready():
            heapq.heappush(ready, freed)
    return order


def shortest_cycle(edges: Edges) -> tuple[Instance, ...]:
    """A shortest cycle, from its least instance, each needing the next; empty when there is none."""
    try:
        build_order(edges)
    except graphlib.CycleError:
        return _shortest_cycle(edges)
    return ()


def _shortest_cycle(edges: Edges) -> tuple[Instance, ...]:
    import networkx  # 0.2 s, so only where a cycle is known to exist

    graph: networkx.DiGraph[Instance] = networkx.DiGraph()
    graph.add_nodes_from(sorted(edges))
    graph.add_edges_from((one, other) for one in sorted(edges) for other in requires(edges[one]))
    best: tuple[Instance, ...] = ()
    for component in sorted(networkx.strongly_connected_components(graph), key=min):
        if len(component) < 2:
            continue
        inside = graph.subgraph(component)
        for start in sorted(component):
            back = networkx.single_target_shortest_path(inside, start)
            for successor in sorted(inside.successors(start)):
                path = (start, *back[successor][:-1])
                if not best or len(path) < len(best):
                    best = path
    return best
