"""From a solution to build tasks: one an instance, each with its key, in build order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from xpkg.core.digests import Digest
from xpkg.core.errors import XpkgError
from xpkg.ops.keeping import Keeping
from xpkg.repo.machine_names import BUILD
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target
from xpkg.repo.universe import Universe, UnknownPackage
from xpkg.sandbox.buildkey import build_key, key_inputs
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import ISOLATION_LEVEL
from xpkg.sandbox.task import BuildTask
from xpkg.solver.model import Instance, Node, NoSolution

ChooseSources = Callable[[Recipe], tuple[Digest, ...]]
"""The digests of the sources a build of the recipe would use, in the recipe's order."""

_NONE: frozenset[str] = frozenset()
_NO_OTHERS: Mapping[Instance, Instance] = {}


class TaskMaker:
    """Makes the tasks of one solution; dependencies come before dependents."""

    def __init__(
        self,
        universe: Universe,
        native: Target,
        target: Target | None,
        choose: ChooseSources,
        extras: Mapping[str, frozenset[str]] | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        """``extras`` are the names of what was asked for with its tests, documentation or developers' tools.

        What ``keeping`` says can stay as it was built gets no task.
        """
        self._universe = universe
        self._extras = extras or {}
        self._native = native
        self._target = target
        self._choose = choose
        self._closures: dict[Instance, frozenset[Instance]] = {}
        self._keeping = keeping or Keeping({}, frozenset())
        self._tasks: dict[Instance, BuildTask] = {}
        self._subjects: dict[Instance, Subject | None] = {}
        self._places: dict[Instance, int] = {}
        self.keys: dict[Instance, str] = {}

    def make(self, nodes: Sequence[Node]) -> dict[Instance, BuildTask]:
        """Tasks for all nodes, which must be in build order, but for those that stay as they were built.

        Afterwards ``keys`` has the key of every node.
        """
        self._places = {node.instance: place for place, node in enumerate(nodes)}
        for node in self._keeping.ordered(nodes):
            if node.as_built and self._keeping.is_asked_for(node.instance):
                self._check(node.instance)
            record = self._keeping.stays(node)
            if record is None:
                closure = frozenset(node.requires).union(*(self._closures[one] for one in node.requires))
                task = self._tasks[node.instance] = self._task(node, closure)
                key = task.key
                self._subjects[node.instance] = task.subject
                self._keeping.made(node.instance, key)
            else:
                closure, key = record.closure, record.key
            self._closures[node.instance], self.keys[node.instance] = closure, key
        return {node.instance: self._tasks[node.instance] for node in nodes if node.instance in self._tasks}

    def make_tested(
        self, node: Node, beside: Sequence[Instance] = (), instead: Mapping[Instance, Instance] | None = None
    ) -> BuildTask:
        """The task that builds an instance with its tests and runs them, on its own machine; `make` comes first.

        It sees what is ``beside``, a target's runner, and some instances in place of others.
        """
        needed = tuple(dict.fromkeys((*node.requires, *beside)))
        closure = frozenset(needed).union(*(self._closures[one] for one in needed))
        return self._task(replace(node, requires=needed), closure, instead or {}, frozenset({"with-test"}))

    def _task(
        self,
        node: Node,
        closure: frozenset[Instance],
        instead: Mapping[Instance, Instance] = _NO_OTHERS,
        extras: frozenset[str] | None = None,
    ) -> BuildTask:
        if node.as_built:
            self._refuse(node)
        subject = self._subject(
            node.instance, self._recipe(node.instance), closure, requested=node.requested, extras=extras
        )
        instance, recipe, machine, steps = node.instance, subject.recipe, subject.machine, derive(subject)
        keys = {one: self.keys[instead.get(one, one)] for one in closure}
        inputs = key_inputs(
            recipe,
            machine,
            steps,
            sources=self._choose(recipe),
            dependencies=dict.fromkeys(keys.values()),
            isolation=ISOLATION_LEVEL,
        )
        return BuildTask(
            subject=subject,
            steps=steps,
            key=build_key(inputs),
            inputs=inputs,
            requires=tuple(sorted(keys[one] for one in node.requires)),
            tools=tuple(dict.fromkeys(keys[one] for one in sorted(closure) if one.machine == BUILD)),
            target=None
            if instance.machine == BUILD
            else tuple(keys[one] for one in sorted(closure) if one.machine != BUILD),
            system_tools=self._system_tools(recipe, closure),
        )

    def _subject(
        self,
        instance: Instance,
        recipe: Recipe,
        closure: frozenset[Instance],
        *,
        requested: bool,
        extras: frozenset[str] | None = None,
    ) -> Subject:
        if extras is None:
            # Programs of another machine do not run here: what is installed there is built without its tests.
            extras = self._extras.get(instance.name, _NONE) if requested and instance.machine == BUILD else _NONE
        return Subject(
            recipe=recipe,
            machine=self._native if instance.machine == BUILD else self._require_target(instance),
            native=self._native,
            seen={one.name: one.version for one in closure if one.machine == instance.machine},
            tools_seen={one.name: one.version for one in closure if one.machine == BUILD},
            setting=self._subjects_setting(closure),
            extras=extras,
        )

    def _recipe(self, instance: Instance) -> Recipe:
        try:
            return self._universe.recipe(instance.name, instance.version)
        except UnknownPackage as error:  # it was chosen, so it is installed
            name, others = instance.name, self._universe.repositories_of(instance.name)
            raise UnknownPackage(
                f"{name} {instance.version} has to be built, but there is no recipe of it any more",
                reference="recipe-gone",
                hint=f"xpkg upgrade {name} takes a version that there is, if the rest allows; xpkg remove {name} does "
                "without"
                if others
                else f"xpkg pin add {name} with the place it came from gives it a recipe; xpkg remove {name} does "
                "without",
            ) from error

    def _check(self, instance: Instance) -> None:
        """What is wrong with a recipe is raised; that it is gone is not."""
        with suppress(UnknownPackage):
            self._universe.recipe(instance.name, instance.version)

    def _refuse(self, node: Node) -> None:
        """NoSolution for what has to be built anew and cannot be; ``recipe-gone`` is told by `_recipe`."""
        self._recipe(node.instance)
        changed = self._keeping.changed_below(node)
        told = () if changed is None else (f"{node.instance} was built with {changed}, which is built again",)
        error = NoSolution(
            f"{node.instance} cannot be built again",
            chain=(*told, f"what the recipe of {node.instance} asks for now is not there"),
        )
        error.hint = f"xpkg remove {node.instance.name} does without it"
        raise error

    def _known_recipe(self, instance: Instance) -> Recipe | None:
        """The recipe of what stays; None when it is gone."""
        task = self._tasks.get(instance)
        if task is not None:
            return task.recipe
        with suppress(XpkgError):
            return self._universe.recipe(instance.name, instance.version)
        return None

    def _subjects_setting(self, closure: frozenset[Instance]) -> tuple[Subject, ...]:
        """Dependencies before dependents; those of the target last, so that theirs stands before the tools'."""
        found = sorted(closure, key=lambda one: (one.machine != BUILD, self._places[one]))
        subjects = [subject for one in found if (subject := self._setting(one)) is not None]
        return tuple(subjects)

    def _setting(self, instance: Instance) -> Subject | None:
        """An instance whose recipe sets variables."""
        if instance not in self._subjects:
            recipe = self._known_recipe(instance)
            self._subjects[instance] = (
                self._subject(instance, recipe, self._closures[instance], requested=False)
                if recipe is not None and recipe.setenv
                else None
            )
        subject = self._subjects[instance]
        return subject if subject is not None and subject.recipe.setenv else None

    def _require_target(self, instance: Instance) -> Target:
        if self._target is None or instance.machine != self._target.machine:
            raise AssertionError(f"{instance} is not of this pair")
        return self._target

    def _system_tools(self, recipe: Recipe, closure: frozenset[Instance]) -> dict[str, str]:
        """The declared programs of a recipe and of all it sees, each with its system package."""
        tools = dict(self._declared(recipe))
        for one in closure:
            if one.machine == BUILD and (of := self._known_recipe(one)) is not None:
                tools.update(self._declared(of))
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
