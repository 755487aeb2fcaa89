"""Plans of tests: a package built with its tests, and everything beneath it as an installation would build it.

A test build has a key of its own on a target, so nothing of it is ever taken for the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from xpkg.ops.planning import PairPlan
from xpkg.ops.requests import parse_spelling
from xpkg.ops.solving import plan
from xpkg.ops.tasks import TaskMaker
from xpkg.repo.machine_names import BUILD
from xpkg.sandbox.derive import derive
from xpkg.sandbox.target_tests import PRELOADED, is_emulated, runner_of

if TYPE_CHECKING:
    from xpkg.ops.asking import Ask
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.ops.tasks import ChooseSources
    from xpkg.repo.targets import Target
    from xpkg.sandbox.steps import Steps
    from xpkg.sandbox.switches import Switch
    from xpkg.sandbox.task import BuildTask
    from xpkg.solver.model import Instance, Node

_DUNE, _TEST_DUNE = "dune", "dune-target-tests"
"""dune runs the build machine's copy of every program; the other one runs the target's where it is a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apparatus:
    """What a test build sees besides what the package needs, and in place of some of that."""

    beside: tuple[Instance, ...] = ()
    instead: Mapping[Instance, Instance]


class TestPlan(PairPlan):
    """What is built to test one package; nothing of it goes into a switch."""

    __test__ = False  # for pytest

    def __init__(
        self,
        base: PairPlan,
        tested: Node,
        apparatus: Apparatus,
        *,
        once_more: bool,
        choose: ChooseSources | None = None,
        with_tests: bool = True,
    ) -> None:
        """``once_more`` runs tests again that passed before."""
        again = frozenset((tested.instance,) if once_more else ())
        super().__init__(base.situation, base.pair, base.solution, base.here, again, base.extras, choose)
        self._base, self._apparatus, self._once_more = base, apparatus, once_more
        self.tested, self._with_tests = tested, with_tests

    @property
    def task(self) -> BuildTask:
        """The build with the tests."""
        return self.tasks[self.tested.instance]

    @property
    def has_tests(self) -> bool:
        """Whether the recipe does anything else for its tests than without them."""
        return [step.argv for step in self._plain.commands] != [step.argv for step in self.task.steps.commands]

    def is_for_tests(self, command: Sequence[str], jobs: int) -> bool:
        """Whether a command would not be run without the tests."""
        return list(command) not in [step.command(jobs) for step in self._plain.commands]

    def has_counterpart(self, command: Sequence[str], jobs: int) -> bool:
        """Whether the package without its tests has a command of the same program in place of this one.

        ``dune build @install @runtest`` fails when the tests fail, and also when ``dune build @install`` does.
        """
        with_tests = [step.argv for step in self.task.steps.commands]
        others = [step.command(jobs) for step in self._plain.commands if step.argv not in with_tests]
        return any(other[:1] == list(command[:1]) for other in others)

    def without_tests(self) -> TestPlan:
        """The plan that builds the same, with the same beneath it, but runs no tests."""
        return TestPlan(
            self._base, self.tested, self._apparatus, once_more=False, choose=self._choose, with_tests=False
        )

    @property
    def _plain(self) -> Steps:
        return derive(replace(self.task.subject, extras=frozenset()))

    @cached_property
    def _made(self) -> tuple[Mapping[Instance, BuildTask], Mapping[Instance, str]]:
        universe = self.situation.universe
        target = None if self.pair.target is None else universe.targets[self.pair.target]
        choose = self._choose or self.situation.choose_sources
        maker = TaskMaker(universe, self.situation.native, target, choose)
        roots = (*self.tested.requires, *self._apparatus.beside) if self._with_tests else (self.tested.instance,)
        wanted = closure_of(self.solution.nodes, roots)
        tasks = maker.make([node for node in self.solution.nodes if node.instance in wanted])
        if not self._with_tests:
            return tasks, maker.keys
        test = maker.make_tested(self.tested, self._apparatus.beside, self._apparatus.instead)
        return {**tasks, self.tested.instance: test}, {**maker.keys, self.tested.instance: test.key}

    def with_sources(self, choose: ChooseSources) -> TestPlan:
        return TestPlan(
            self._base,
            self.tested,
            self._apparatus,
            once_more=self._once_more,
            choose=choose,
            with_tests=self._with_tests,
        )


def closure_of(nodes: tuple[Node, ...], roots: tuple[Instance, ...]) -> frozenset[Instance]:
    """The roots with all that they need."""
    requires = {node.instance: node.requires for node in nodes}
    found: set[Instance] = set()
    pending = list(roots)
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending += requires[one]
    return frozenset(found)


def plan_test(home: Home, switch: Switch | None, pair: Pair, ask: Ask, *, once_more: bool = False) -> TestPlan:
    """How to test the one package of ``ask``; errors as of `xpkg.ops.solving.plan`.

    UsageError ``no-test-runner`` for a target that runs no tests.
    """
    target = None if pair.target is None else home.target(pair.target)
    wanted = replace(ask, with_test=True)
    besides = () if target is None else _runner(home, target)
    base = plan(home, switch, (pair,), replace(wanted, packages=(*ask.packages, *besides))).parts[0]
    tested = base.asked(parse_spelling(ask.packages[0])[0])
    if tested.instance.machine == BUILD:  # a tool is tested where it runs
        return TestPlan(base, tested, Apparatus(instead={}), once_more=once_more)
    if any(one.name == _DUNE for one in closure_of(base.solution.nodes, tested.requires)):
        besides = (*besides, _TEST_DUNE)
        base = plan(home, switch, (pair,), replace(wanted, packages=(*ask.packages, *besides))).parts[0]
        tested = base.asked(parse_spelling(ask.packages[0])[0])
    return TestPlan(base, tested, _apparatus(base, besides), once_more=once_more)


def _runner(home: Home, target: Target) -> tuple[str, ...]:
    run = runner_of(target)
    return (run.package, PRELOADED) if is_emulated(target, home.native) else (run.package,)


def _apparatus(base: PairPlan, names: tuple[str, ...]) -> Apparatus:
    beside = {name: base.asked(name, BUILD).instance for name in names}
    there = {node.instance.name: node.instance for node in base.solution.nodes if node.instance.machine == BUILD}
    instead = {there[_DUNE]: beside[_TEST_DUNE]} if _TEST_DUNE in names else {}
    return Apparatus(beside=tuple(beside.values()), instead=instead)
