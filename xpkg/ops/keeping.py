"""What a plan leaves as it was built: all that it does not name, and that needs nothing which is built anew.

So does opam: only what depends on something asked for is recompiled (``OpamClient``), and what is installed keeps the
recipe that it was installed with until it is upgraded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xpkg.ops.records import Record
    from xpkg.solver.model import Instance, Node


class Keeping:
    """Decides for the nodes of one plan, in build order, which stay as they were built.

    ``records`` tell of what is installed, ``named`` is what the request names, None for everything; what is to be built
    ``again`` stays in no case.
    """

    def __init__(
        self,
        records: Mapping[Instance, Record],
        named: frozenset[Instance] | None,
        again: frozenset[Instance] = frozenset(),
    ) -> None:
        self._records, self._named, self._again = records, named, again
        self._asked_for = again if named is None else again | named
        self._unchanged: set[Instance] = set()

    def ordered(self, nodes: Sequence[Node]) -> Sequence[Node]:
        """The nodes with all that they need, or were built with, before them; as they are where that goes in a circle.

        To be called first.
        """
        if not self._records:
            return nodes
        places = {node.instance: node for node in nodes}
        # What can only stay needs what it was built with as it is, whoever names that.
        standing = [node.instance for node in nodes if node.as_built and node.instance in self._records]
        held = frozenset(standing).union(*(self._records[one].closure for one in standing))
        if held:
            self._named = (frozenset(places) if self._named is None else self._named) - held
        sorter = TopologicalSorter(
            {one: [of for of in self.needed(node) if of in places] for one, node in places.items()}
        )
        try:
            return [places[one] for one in sorter.static_order()]
        except CycleError:
            return nodes

    def needed(self, node: Node) -> Iterable[Instance]:
        """What an instance needs, and what it was built with."""
        record = self._records.get(node.instance)
        return node.requires if record is None else (*node.requires, *record.requires)

    def stays(self, node: Node) -> Record | None:
        """The record of what stays as it was built."""
        instance = node.instance
        record = self._records.get(instance)
        if record is None or instance in self._again or (self._is_named(instance) and not node.as_built):
            return None
        if not self._unchanged.issuperset((*node.requires, *record.closure)):
            return None
        self._unchanged.add(instance)
        return record

    def made(self, instance: Instance, key: str) -> None:
        """A task was made for an instance."""
        record = self._records.get(instance)
        if record is not None and record.key == key:
            self._unchanged.add(instance)

    def changed_below(self, node: Node) -> Instance | None:
        """The first of what an installed instance was built with that does not stay."""
        record = self._records.get(node.instance)
        return None if record is None else next((one for one in record.requires if one not in self._unchanged), None)

    def is_asked_for(self, instance: Instance) -> bool:
        """Whether the request names an instance and not just everything."""
        return instance in self._asked_for

    def _is_named(self, instance: Instance) -> bool:
        return self._named is None or instance in self._named
