"""What clauses rule out by themselves, before any search."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from xpkg.solver.clauses import Clauses

ASSUMED = -1
"""Stands for a group's number where a variable was said to be out."""


def ruled_out(clauses: Clauses, out: Iterable[int] = ()) -> dict[int, int]:
    """Every variable that cannot hold because something it needs cannot, each with the group that says so.

    ``out`` are variables known not to hold.  Only rows "one thing needs one of others" are followed, to a fixpoint;
    what the search has to find out (conflicts) is not seen here.  Each row watches one of the others that may hold.
    """
    found = dict.fromkeys(out, ASSUMED)
    watching: defaultdict[int, list[int]] = defaultdict(list)
    waiting = deque(found)

    def look_at(index: int) -> None:
        literals, group = clauses.rows[index]
        needing = -literals[0]
        if needing in found:
            return
        for literal in literals[1:]:
            if literal not in found:
                watching[literal].append(index)
                return
        found[needing] = group
        waiting.append(needing)

    for index, (literals, _) in enumerate(clauses.rows):
        if _is_need(literals):
            look_at(index)
    while waiting:
        for index in watching.pop(waiting.popleft(), ()):
            look_at(index)
    return found


def lacking(clauses: Clauses, variables: set[int], out: set[int]) -> set[int]:
    """Those of ``variables`` with a row that needs one of others of which all are ``out``."""
    return {
        -literals[0]
        for literals, _ in clauses.rows
        if _is_need(literals) and -literals[0] in variables and out.issuperset(literals[1:])
    }


def _is_need(literals: tuple[int, ...]) -> bool:
    return bool(literals) and literals[0] < 0 and all(literal > 0 for literal in literals[1:])
