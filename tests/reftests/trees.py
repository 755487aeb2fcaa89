"""``opam tree``: who needs whom among what is installed, or would be, against xpkg's graph."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.reftests.asking import Asker
from tests.reftests.changing import options_of
from tests.reftests.commands import Answer, Command
from tests.reftests.outcome import expected_outcome
from tests.reftests.pinning import named_by_paths, pin_unsaid
from tests.reftests.verdict import Reason
from tests.reftests.world import World
from xpkg.core.errors import XpkgError
from xpkg.ops.query_tree import Graph, Place, draw, tops
from xpkg.solver.model import Instance
from xpkg.solver.ordering import Edges

_LINE = re.compile(r"((?:[|' ] {3}|[|']-- )*)(?:\([^)]*\)+ )?([A-Za-z0-9_+-]+\.\S+)")
_ANSWERED = {"--with-test", "--with-doc", "--post", "--rev-deps", "--no-constraint", "--dev", "-t", "-d"}


def tree(world: World, command: Command) -> Answer:
    """Compared are the tops and, below each line, what hangs on it; not the drawing."""
    arguments = command.arguments
    if command.failed or not set(arguments.options) <= _ANSWERED - {"--dev"}:
        return Answer(reason=Reason.NO_OPTION)
    theirs = _links(command.expected)
    if not theirs:
        return Answer(reason=Reason.NOTHING_SAID)
    pins = dict(world.switch.pins)
    world.switch.pins |= pin_unsaid(world, command)
    try:
        return Answer(ours=_told(_ours(world, command)), theirs=_told(theirs))
    except XpkgError as error:
        return Answer(ours=error.message, theirs=_told(theirs))
    finally:
        world.switch.pins = pins


def _ours(world: World, command: Command) -> set[tuple[str, str]]:
    arguments = command.arguments
    names = named_by_paths(world, arguments.rest)
    asker = Asker(world, command.environment, options_of(command))
    simulated = expected_outcome(command.expected) is not None
    edges = asker.would_need(names) if simulated else asker.edges(names)
    return _drawn(_graph(edges, post=arguments.has("--post")), names, back=arguments.has("--rev-deps"))


def _graph(edges: Edges, *, post: bool) -> Graph:
    found = {
        _place(instance): tuple((_place(edge.needed), edge) for edge in of if post or not edge.post)
        for instance, of in edges.items()
    }
    return Graph(edges=found, requested=frozenset())


def _place(instance: Instance) -> Place:
    return Place(instance.name, instance.version, instance.machine, instance.machine)


def _drawn(graph: Graph, names: Sequence[str], *, back: bool) -> set[tuple[str, str]]:
    """Pairs of a line and the one above it, the empty text above a top."""
    shown = graph.reversed() if back else graph
    found = set()
    above: list[str] = []
    for branch in draw(shown, tops(shown, names)):
        name = f"{branch.place.name}.{branch.place.version}"
        found.add((above[branch.depth - 1] if branch.depth else "", name))
        above[branch.depth :] = [name]
    return found


def _links(lines: Sequence[str]) -> set[tuple[str, str]]:
    found = set()
    above: list[str] = []
    for line in lines:
        match = _LINE.match(line)
        if match is not None:
            depth = len(match[1]) // 4
            found.add((above[depth - 1] if depth else "", match[2]))
            above[depth:] = [match[2]]
    return found


def _told(links: set[tuple[str, str]]) -> str:
    return ", ".join(f"{above} > {name}" for above, name in sorted(links))
