"""``xpkg tree``: who needs whom, among what is installed or in a solution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError, NotFoundError, StoreError
from xpkg.core.text import did_you_mean
from xpkg.ops.pairs import Pair
from xpkg.ops.pins import developed_of, universe_of
from xpkg.ops.present import present
from xpkg.ops.query_list import resolve
from xpkg.ops.spelling import read_spelling
from xpkg.repo.universe import UnknownPackage
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Edge, Instance
from xpkg.solver.ordering import edges_of
from xpkg.solver.protocol import Candidate

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.query_edges import Kinds
    from xpkg.sandbox.switches import Installed


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An instance in a tree of prefixes: a switch keeps a target's tools apart from the build machine's own."""

    name: str
    version: str
    machine: str
    tree: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """``edges`` are what each package needs, in the recipe's order; every package is a key."""

    edges: Mapping[Place, tuple[tuple[Place, Edge], ...]]
    requested: frozenset[Place]

    def reversed(self) -> Graph:
        """The same with every edge turned round."""
        turned: dict[Place, list[tuple[Place, Edge]]] = {place: [] for place in self.edges}
        for place, edges in self.edges.items():
            for other, edge in edges:
                turned[other].append((place, edge))
        return Graph(
            edges={place: tuple(sorted(of, key=_by_place)) for place, of in turned.items()}, requested=self.requested
        )


def _by_place(edge: tuple[Place, Edge]) -> Place:
    return edge[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One line of a drawn tree.

    ``depth`` counts from 0, ``last`` says of each level down to this one whether nothing follows on it.  ``edge`` is
    how it hangs on the line above.  ``repeated``: what hangs on it is shown at another place; ``cut``: it is not
    shown, as the tree is not to be deeper.
    """

    place: Place
    depth: int
    last: tuple[bool, ...]
    edge: Edge | None
    repeated: bool
    cut: bool


def installed_graph(home: Home, pair: Pair | None) -> Graph:
    """What a switch holds, of one pair if given.

    The recipes say why one needs another; where a recipe is gone or reads otherwise now, the store's record of the
    build says whom it needed.
    """
    generation = home.find_switch(make=False).current()
    asked = {(root.name, root.tree) for root in generation.roots}
    pairs = [pair] if pair is not None else [Pair(), *map(Pair.of, sorted(generation.targets))]
    edges: dict[Place, tuple[tuple[Place, Edge], ...]] = {}
    universe = universe_of(home, generation)
    for one in pairs:
        here = present(generation, one)
        target = None if one.target is None else home.target(one.target)
        context = RepoContext(universe, target, developed=developed_of(generation), extras=here.extras)
        edges |= _edges_of_pair(home, context, here.installed)
    return Graph(edges=edges, requested=frozenset(place for place in edges if (place.name, place.tree) in asked))


def _edges_of_pair(
    home: Home, context: RepoContext, packages: Sequence[Installed]
) -> dict[Place, tuple[tuple[Place, Edge], ...]]:
    places = {_instance(one): Place(one.name, one.version, one.machine, one.tree) for one in packages}
    by_key = {one.key: _instance(one) for one in packages}
    candidates = {instance: _candidate(context, instance) for instance in places}
    known = edges_of([candidate or Candidate(instance=instance) for instance, candidate in candidates.items()])
    found = {}
    for one in packages:
        instance = _instance(one)
        edges = known[instance]
        if candidates[instance] is None:
            recorded = _recorded(home, one.key)
            edges = tuple(Edge(needed=other) for other in sorted(by_key[key] for key in recorded if key in by_key))
        found[places[instance]] = tuple((places[edge.needed], edge) for edge in edges)
    return dict(sorted(found.items()))


def _candidate(context: RepoContext, instance: Instance) -> Candidate | None:
    try:
        found = context.candidate(instance, requested=False)
    except (UnknownPackage, InputFileError):
        return None
    return found if isinstance(found, Candidate) else None


def _recorded(home: Home, key: str) -> tuple[str, ...]:
    """The keys of the direct dependencies that a build had; none when its record is gone."""
    try:
        return home.store.output(key).record.requires
    except StoreError:
        return ()


def _instance(one: Installed) -> Instance:
    return Instance(name=one.name, version=one.version, machine=one.machine)


def solved_graph(home: Home, pair: Pair, spellings: Sequence[str], kinds: Kinds | None = None) -> Graph:
    """The solution for installing packages where nothing is installed; NoSolution, UnknownPackage."""
    solution = resolve(home, pair, spellings, kinds)
    place = {one: Place(one.name, one.version, one.machine, pair.tree(one.machine)) for one in solution.instances}
    edges = {place[node.instance]: tuple((place[edge.needed], edge) for edge in node.edges) for node in solution.nodes}
    requested = frozenset(place[node.instance] for node in solution.nodes if node.requested)
    return Graph(edges=dict(sorted(edges.items())), requested=requested)


def tops(graph: Graph, spellings: Sequence[str]) -> list[Place]:
    """Where trees begin: the packages named, or else those that nothing in the graph leads to.

    NotFoundError ``not-installed`` with the nearest names.  Of a cycle that nothing leads to, its least package.
    """
    if not spellings:
        return _sources(graph)
    found: list[Place] = []
    for spelling in spellings:
        wanted = read_spelling(spelling)
        places = [place for place in graph.edges if place.name == wanted.name and wanted.allows(place.version)]
        if not places:
            hint = did_you_mean(wanted.name, [place.name for place in graph.edges])
            raise NotFoundError(f"{spelling} is not installed", reference="not-installed", hint=hint)
        found += places
    return list(dict.fromkeys(found))


def _sources(graph: Graph) -> list[Place]:
    reached = {other for edges in graph.edges.values() for other, _ in edges}
    found = [place for place in graph.edges if place not in reached]
    seen = set(_reachable(graph, found))
    for place in graph.edges:  # what is left is in cycles, or behind one
        if place not in seen:
            found.append(place)
            seen.update(_reachable(graph, [place]))
    return sorted(found)


def _reachable(graph: Graph, places: Iterable[Place]) -> list[Place]:
    found: dict[Place, None] = dict.fromkeys(places)
    stack = list(found)
    while stack:
        for other, _ in graph.edges[stack.pop()]:
            if other not in found:
                found[other] = None
                stack.append(other)
    return list(found)


def draw(graph: Graph, places: Sequence[Place], depth: int | None = None) -> list[Branch]:
    """The lines of the trees below ``places``, at most ``depth`` levels below them; each subtree is drawn once."""
    branches: list[Branch] = []
    drawn: set[Place] = set()
    stack: list[tuple[Place, tuple[bool, ...], Edge | None]] = [(place, (), None) for place in reversed(places)]
    while stack:
        place, last, edge = stack.pop()
        below = graph.edges[place]
        repeated = place in drawn and bool(below)
        cut = not repeated and bool(below) and depth is not None and len(last) >= depth
        branches.append(Branch(place=place, depth=len(last), last=last, edge=edge, repeated=repeated, cut=cut))
        if repeated or cut:
            continue
        drawn.add(place)
        final = len(below) - 1
        stack += [
            (other, (*last, number == final), through) for number, (other, through) in reversed(list(enumerate(below)))
        ]
    return branches
