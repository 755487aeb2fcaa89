"""``xpkg why``: why a package is installed, and why one package needs another where it does."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError, UsageError
from xpkg.core.text import did_you_mean
from xpkg.ops.pins import universe_of
from xpkg.ops.present import present
from xpkg.ops.query_machines import EdgeQuery
from xpkg.ops.query_tree import Graph, Place, installed_graph
from xpkg.ops.spelling import read_spelling
from xpkg.repo.machine_names import BUILD, NATIVE

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.ops.query_machines import Edge as Named
    from xpkg.ops.spelling import Spelling
    from xpkg.repo.entries import Entry
    from xpkg.repo.universe import Universe
    from xpkg.solver.model import Edge

_ARROW = re.compile(r"(.+?)(?:->|:)(.+)")
_MOST_PATHS = 3


class NotInstalled(NotFoundError):
    """What is asked about is not in the switch."""

    reference = "not-installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """``place`` needs ``needed``, and how."""

    place: Place
    needed: Place
    edge: Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Why one installed package is there.

    ``requested``: it was asked for by name.  ``paths`` lead from others that were asked for to it, the shortest first
    and one from each; ``more`` others have no path shown.
    """

    place: Place
    requested: bool
    paths: tuple[tuple[Step, ...], ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Why ``name`` ``version`` needs a package: each mention of it, with the machines and the rule that decided.

    ``installed`` says whether that version is in the switch; ``accepts`` whether the version of the other one that was
    named will do, None when none was named.  ``optional``: it only counts where it is there anyway.
    """

    name: str
    version: str
    machine: str
    installed: bool
    needed: str
    edges: tuple[Named, ...]
    optional: bool = False
    accepts: bool | None = None
    wanted_with: tuple[str, ...] = ()


def edge_spelling(text: str) -> tuple[Spelling, Spelling] | None:
    """The two packages of ``A->B`` or ``A:B``; None for a name alone.  UsageError for what is neither."""
    match = _ARROW.fullmatch(text)
    if match is None:
        return None
    dependent, needed = (read_spelling(one.strip()) for one in match.groups())
    if dependent.operator not in (None, "="):
        raise UsageError(
            f"{text!r} does not name an edge",
            reference="bad-edge",
            hint="write 'A->B' or 'A:B', each a name or NAME.VERSION",
        )
    return dependent, needed


def why(home: Home, pair: Pair | None, spelling: str) -> tuple[Presence, ...]:
    """Why a package is installed, for each place of the switch where it is; of one pair if given.

    Raises NotInstalled, UnknownPackage when there is no such package at all, UsageError.
    """
    wanted = read_spelling(spelling)
    graph = installed_graph(home, pair)
    places = [place for place in graph.edges if place.name == wanted.name and wanted.allows(place.version)]
    if not places:
        raise _not_installed(home, graph, wanted)
    turned = graph.reversed()
    return tuple(_presence(graph, turned, place) for place in places)


def _not_installed(home: Home, graph: Graph, wanted: Spelling) -> NotFoundError:
    there = [f"{place.name} {place.version} [{place.tree}]" for place in graph.edges if place.name == wanted.name]
    named = f"{wanted.name} {wanted.constraint}".rstrip()
    if not there:
        universe_of(home, home.find_switch(make=False).current()).versions(wanted.name)  # raises UnknownPackage
    return NotInstalled(
        f"{named} is not installed in switch {home.switch_name}",
        context=(("installed is", ", ".join(there)),) if there else (),
        hint=f"xpkg why-not {wanted.name} tells whether it could be, and what stands in the way",
    )


def _presence(graph: Graph, turned: Graph, place: Place) -> Presence:
    """The ways from what was asked for, found backwards, breadth first."""
    onward: dict[Place, Step] = {}
    queue, seen, roots = deque([place]), {place}, list[Place]()
    while queue:
        here = queue.popleft()
        for dependent, edge in turned.edges[here]:
            if dependent in seen or edge.optional:
                continue
            seen.add(dependent)
            onward[dependent] = Step(place=dependent, needed=here, edge=edge)
            queue.append(dependent)
            if dependent in graph.requested:
                roots.append(dependent)
    paths = tuple(_path(onward, root, place) for root in roots[:_MOST_PATHS])
    return Presence(place=place, requested=place in graph.requested, paths=paths, more=max(0, len(roots) - _MOST_PATHS))


def _path(onward: dict[Place, Step], start: Place, end: Place) -> tuple[Step, ...]:
    steps = []
    while start != end:
        steps.append(onward[start])
        start = onward[start].needed
    return tuple(steps)


def why_edge(home: Home, pair: Pair, dependent: Spelling, needed: Spelling) -> Story:
    """Why one package needs another; of the installed version when none is named, else of the newest.

    Raises UnknownPackage, InputFileError, and NotFoundError when there is no such edge.
    """
    generation = home.find_switch(make=False).current()
    universe = universe_of(home, generation)
    there = present(generation, pair)
    here = [one for one in there.instances if one.name == dependent.name]
    installed = next((one.version for one in here if dependent.allows(one.version)), None)
    extras = frozenset[str]() if installed is None else there.extras.get(dependent.name, frozenset())
    version = installed or dependent.versions(universe)[0]
    if not universe.providers(needed.name):
        universe.versions(needed.name)  # raises UnknownPackage
    return _story(universe, pair, dependent.name, version, needed, installed is not None, extras)


def _story(
    universe: Universe,
    pair: Pair,
    name: str,
    version: str,
    needed: Spelling,
    installed: bool,
    extras: frozenset[str],
) -> Story:
    entry = universe.entry(name, version)
    if entry.problem is not None:
        universe.recipe(name, version)  # raises InputFileError
    query = EdgeQuery(universe, pair, extras)
    every = query.of(entry)
    edges = tuple(edge for edge in every if edge.name == needed.name)
    plain = [edge for edge in EdgeQuery(universe, pair).of(entry) if edge.name == needed.name] if extras else edges
    optional = False
    if not edges:
        from xpkg.repo.formulas import atoms

        optional = any(atom.name == needed.name for atom in atoms(entry.depopts))
    if not edges and not optional:
        raise NotFoundError(
            f"{name} {version} does not depend on {needed.name}",
            reference="no-edge",
            context=(("it depends on", ", ".join(dict.fromkeys(edge.name for edge in every)) or "nothing"),),
            hint=_instead_of_edge(universe, query.machine(entry), entry, needed.name),
        )
    return Story(
        name=name,
        version=version,
        machine=query.machine(entry),
        installed=installed,
        needed=needed.name,
        edges=edges,
        optional=optional,
        accepts=_accepts(edges, needed),
        wanted_with=tuple(sorted(extras)) if edges and not plain else (),
    )


def _instead_of_edge(universe: Universe, machine: str, entry: Entry, needed: str) -> str | None:
    """What there is between the two, if anything."""
    from xpkg.repo.formulas import atoms

    names = [atom.name for atom in atoms(entry.depends)]
    if needed in names:
        return "its recipe names it, under a filter that is false here"
    target = universe.targets[NATIVE if machine == BUILD else machine]
    if needed in target.toolchain.packages and entry.x_toolchain != "none":
        return f"it is the C toolchain of {target.name}: what is compiled for that needs it without saying so"
    return did_you_mean(needed, names)


def _accepts(edges: tuple[Named, ...], needed: Spelling) -> bool | None:
    if needed.operator != "=":
        return None
    return all(not edge.constraint or _allows(edge.constraint, needed.version) for edge in edges)


def _allows(constraint: str, version: str) -> bool:
    from xpkg.ops.invariant_text import read_formula, versions_of
    from xpkg.repo.formulas import atoms

    conditions = [atom.condition for atom in atoms(read_formula(f'"x" {{{constraint}}}', "a constraint"))]
    found = [versions_of(condition) for condition in conditions]
    return all(versions is None or versions.allows(version) for versions in found)
