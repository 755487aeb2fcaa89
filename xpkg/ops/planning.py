"""Plans: what the pairs of machines of a switch will hold, and the steps from what they hold.

Nothing here needs the rooms that build; tasks and keys are made when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from xpkg.core.values import value
from xpkg.ops.pairs import Pair
from xpkg.ops.present import Present
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Instance, Node, Solution

if TYPE_CHECKING:
    from xpkg.ops.situation import Situation
    from xpkg.ops.tasks import ChooseSources
    from xpkg.sandbox.task import BuildTask

REINSTALL = "reinstall"
_KINDS = {
    "with-test": "its tests",
    "with-doc": "its documentation",
    "with-dev-setup": "its developers' tools",
}


@value(kw_only=True)
class PlannedAction:
    """One line of a plan.  ``machine`` is ``build`` or the target's name, ``target`` the pair's target if any."""

    action: str
    name: str
    version: str
    machine: str
    reason: str
    target: str | None = None

    def as_value(self) -> dict[str, str | None]:
        """The object that ``--json`` prints."""
        names = ("action", "name", "version", "machine", "target", "reason")
        return {name: getattr(self, name) for name in names}


class PairPlan:
    """What one pair of machines will hold.

    ``here`` is what it holds now, ``situation`` the moment of the switch; ``again`` are instances to be built once more
    although they are in the store.  ``extras`` are those roots that are wanted with their tests or documentation.
    ``named`` is what the request names, None for everything: what else is there keeps its build unless it needs
    something that is built anew.
    """

    def __init__(
        self,
        situation: Situation,
        pair: Pair,
        solution: Solution,
        here: Present,
        again: frozenset[Instance] = frozenset(),
        extras: Mapping[str, frozenset[str]] | None = None,
        choose: ChooseSources | None = None,
        named: frozenset[Instance] | None = None,
    ) -> None:
        self.pair, self.solution, self.here, self.again = pair, solution, here, again
        self.extras = here.extras if extras is None else extras
        self.situation, self._choose, self._named = situation, choose, named

    @property
    def tasks(self) -> Mapping[Instance, BuildTask]:
        """One build task an instance, in build order, but for those that stay as they were built."""
        return self._made[0]

    @property
    def keys(self) -> Mapping[Instance, str]:
        """The build key of every instance."""
        return self._made[1]

    @cached_property
    def _made(self) -> tuple[Mapping[Instance, BuildTask], Mapping[Instance, str]]:
        from xpkg.ops.keeping import Keeping
        from xpkg.ops.tasks import TaskMaker

        targets = self.situation.universe.targets
        target = None if self.pair.target is None else targets[self.pair.target]
        choose = self._choose or self.situation.choose_sources
        records = self.situation.records(self.pair) if self.here.installed else {}
        keeping = Keeping(records, self._named, self.again)
        maker = TaskMaker(self.situation.universe, self.situation.native, target, choose, self.extras, keeping)
        return maker.make(self.solution.nodes), maker.keys

    @cached_property
    def actions(self) -> tuple[PlannedAction, ...]:
        # Keys tell what has to be rebuilt; where nothing stays they are not needed, and they cost reading recipes.
        stays = len(self.solution.nodes) > sum(one.action != "remove" for one in self.solution.actions)
        keys = self.keys if stays else None
        return planned_actions(self.solution, keys, dict(self.here.keys), self.pair.target, self.again, self._wanted())

    def _wanted(self) -> dict[Instance, str]:
        """What is wanted for more than it was built for; what is built for a target is built without tests."""
        found = {}
        for node in self.solution.nodes if self.extras != self.here.extras else ():
            name = node.instance.name
            more = self.extras.get(name, frozenset()).difference(self.here.extras.get(name, ()))
            if more and node.requested and node.instance.machine == BUILD:
                found[node.instance] = f"wanted with {' and '.join(of for kind, of in _KINDS.items() if kind in more)}"
        return found

    @property
    def idle(self) -> bool:
        """Whether the pair is already as planned."""
        asked = {node.instance for node in self.solution.nodes if node.requested}
        same = asked == frozenset(self.here.roots) and self.extras == self.here.extras
        return not self.actions and same and not self.here.moved

    def asked(self, name: str, machine: str | None = None) -> Node:
        """What was asked for by that name, or provides it; the target's before the build machine's."""
        names = {name, *(provider.name for provider in self.situation.universe.providers(name))}
        found = [
            node
            for node in self.solution.nodes
            if node.requested and node.instance.name in names and machine in (None, node.instance.machine)
        ]
        return min(found, key=lambda node: (node.instance.name != name, node.instance.machine == BUILD))

    def with_sources(self, choose: ChooseSources) -> PairPlan:
        """The same with the sources, and so the keys, that ``choose`` gives."""
        return PairPlan(
            self.situation, self.pair, self.solution, self.here, self.again, self.extras, choose, self._named
        )


class Plan:
    """What some pairs of machines of a switch will hold, planned together.  ``notes`` are remarks for the user."""

    def __init__(self, parts: tuple[PairPlan, ...], notes: tuple[str, ...] = ()) -> None:
        self.parts = parts
        self._notes = notes

    @property
    def actions(self) -> tuple[PlannedAction, ...]:
        return tuple(action for part in self.parts for action in part.actions)

    @property
    def idle(self) -> bool:
        return all(part.idle for part in self.parts)

    @property
    def optimal(self) -> bool:
        """Whether no better state is possible; else the time was up before that was known."""
        return all(part.solution.optimal for part in self.parts)

    @property
    def tasks(self) -> tuple[BuildTask, ...]:
        """Every build task once, what is needed first."""
        return tuple({task.key: task for part in self.parts for task in part.tasks.values()}.values())

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all that the pairs will hold."""
        return frozenset(key for part in self.parts for key in part.keys.values())

    @property
    def again(self) -> frozenset[str]:
        """The keys of what is to be built once more."""
        return frozenset(part.tasks[one].key for part in self.parts for one in part.again)

    @property
    def notes(self) -> tuple[str, ...]:
        moved = any(part.here.moved for part in self.parts)
        notes = [note for part in self.parts for note in part.solution.notes]
        if moved:
            notes.append("the state directory has another path now: its prefixes are made anew")
        if not self.optimal:
            notes.append("the time was up: this plan meets the request, but a better one may exist")
        return tuple(dict.fromkeys([*self._notes, *notes]))

    def with_sources(self, choose: ChooseSources) -> Plan:
        return Plan(tuple(part.with_sources(choose) for part in self.parts), self._notes)


def planned_actions(
    solution: Solution,
    keys: Mapping[Instance, str] | None,
    present: Mapping[Instance, str],
    target: str | None = None,
    again: frozenset[Instance] = frozenset(),
    wanted: Mapping[Instance, str] | None = None,
) -> tuple[PlannedAction, ...]:
    """The solver's actions, and what stays but is built again: asked for, or with another key than in ``present``.

    ``keys`` may be None when nothing stays.  ``wanted`` says why, where it is not what an instance is built from.
    """
    planned = _planner(target)
    changed = {action.instance: action for action in solution.actions if action.action != "remove"}
    removals = [action for action in solution.actions if action.action == "remove"]
    actions = [planned(one.action, one.instance, one.reason) for one in removals]
    for instance in (node.instance for node in solution.nodes):
        if instance in changed:
            action = changed[instance]
            reason = action.reason if action.previous is None else f"{action.reason}; now {action.previous}"
            actions.append(planned(action.action, instance, reason))
        elif instance in again:
            actions.append(planned(REINSTALL, instance, "requested"))
        elif keys is not None and present.get(instance) != keys[instance]:
            reason = (wanted or {}).get(instance, "its recipe, sources or dependencies changed")
            actions.append(planned("rebuild", instance, reason))
    return tuple(actions)


def _planner(target: str | None) -> Callable[[str, Instance, str], PlannedAction]:
    def planned(action: str, instance: Instance, reason: str) -> PlannedAction:
        return PlannedAction(
            action=action,
            name=instance.name,
            version=instance.version,
            machine=instance.machine,
            reason=reason,
            target=target,
        )

    return planned
