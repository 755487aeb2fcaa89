"""From a solution to build tasks: one an instance, each with its key, in build order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from xpkg.core.digests import Digest
from xpkg.repo.machine_names import BUILD
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target
from xpkg.repo.universe import Universe, UnknownPackage
from xpkg.sandbox.buildkey import build_key, key_inputs
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import ISOLATION_LEVEL
from xpkg.sandbox.task import BuildTask
from xpkg.solver.model import Instance, Node

ChooseSources = Callable[[Recipe], tuple[Digest, ...]]
"""The digests of the sources a build of the recipe would use, in the recipe's order."""

_NONE: frozenset[str] = frozenset()


class TaskMaker:
    """Makes the tasks of one solution; dependencies come before dependents."""

    def __init__(
        self,
        universe: Universe,
        native: Target,
        target: Target | None,
        choose: ChooseSources,
        extras: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        """``extras`` are the names of what was asked for with its tests, documentation or developers' tools."""
        self._universe = universe
        self._extras = extras or {}
        self._native = native
        self._target = target
        self._choose = choose
        self._closures: dict[Instance, frozenset[Instance]] = {}
        self._tasks: dict[Instance, BuildTask] = {}
        self._setting: list[Instance] = []  # whose recipes have setenv, in build order

    def make(self, nodes: Sequence[Node]) -> dict[Instance, BuildTask]:
        """Tasks for all nodes, which must be in build order."""
        for node in nodes:
            closure = frozenset(node.requires).union(*(self._closures[one] for one in node.requires))
            self._closures[node.instance] = closure
            self._tasks[node.instance] = task = self._task(node, closure)
            if task.recipe.setenv:
                self._setting.append(node.instance)
        return self._tasks

    def _task(self, node: Node, closure: frozenset[Instance]) -> BuildTask:
        instance = node.instance
        recipe = self._recipe(instance)
        machine = self._native if instance.machine == BUILD else self._require_target(instance)
        subject = Subject(
            recipe=recipe,
            machine=machine,
            native=self._native,
            seen={one.name: one.version for one in closure if one.machine == instance.machine},
            tools_seen={one.name: one.version for one in closure if one.machine == BUILD},
            setting=self._subjects_setting(closure),
            # Programs of another machine do not run here, so tests are built and run on the build machine only.
            extras=self._extras.get(instance.name, _NONE) if node.requested and instance.machine == BUILD else _NONE,
        )
        steps = derive(subject)
        keys = {one: self._tasks[one].key for one in closure}
        inputs = key_inputs(
            recipe, machine, steps, sources=self._choose(recipe), dependencies=keys.values(), isolation=ISOLATION_LEVEL
        )
        return BuildTask(
            subject=subject,
            steps=steps,
            key=build_key(inputs),
            inputs=inputs,
            requires=tuple(sorted(keys[one] for one in node.requires)),
            tools=tuple(keys[one] for one in sorted(closure) if one.machine == BUILD),
            target=None
            if instance.machine == BUILD
            else tuple(keys[one] for one in sorted(closure) if one.machine != BUILD),
            system_tools=self._system_tools(recipe, closure),
        )

    def _recipe(self, instance: Instance) -> Recipe:
        try:
            return self._universe.recipe(instance.name, instance.version)
        except UnknownPackage as error:  # it was chosen, so it is installed
            raise UnknownPackage(
                f"{instance.name} {instance.version} is installed, but there is no recipe of it any more",
                reference="recipe-gone",
                hint=f"xpkg remove {instance.name}, upgrade it, or pin it to where it came from",
            ) from error

    def _subjects_setting(self, closure: frozenset[Instance]) -> tuple[Subject, ...]:
        """Dependencies before dependents; those of the target last, so that theirs stands before the tools'."""
        found = [one for one in self._setting if one in closure]
        found.sort(key=lambda one: one.machine != BUILD)
        return tuple(self._tasks[one].subject for one in found)

    def _require_target(self, instance: Instance) -> Target:
        if self._target is None or instance.machine != self._target.machine:
            raise AssertionError(f"{instance} is not of this pair")
        return self._target

    def _system_tools(self, recipe: Recipe, closure: frozenset[Instance]) -> dict[str, str]:
        """The declared programs of a recipe and of all it sees, each with its system package."""
        tools = dict(self._declared(recipe))
        for one in closure:
            if one.machine == BUILD:
                tools.update(self._declared(self._universe.recipe(one.name, one.version)))
        return tools

    def _declared(self, recipe: Recipe) -> dict[str, str]:
        if not recipe.x_system_tools:
            return {}
        packages = recipe.depexts_for(self._host_variable)
        return {tool: packages[0] if packages else tool for tool in recipe.x_system_tools}

    def _host_variable(self, name: str) -> str | None:
        # Hints are given for Debian; another system's user sees the tool's name all the same.
        debian = {"os-distribution": "debian", "os-family": "debian"}
        return {**self._native.variables, **debian}.get(name)
