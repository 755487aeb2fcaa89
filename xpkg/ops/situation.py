"""What plans for a switch start from: its present generation and the universe that it sees."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from xpkg.ops.pairs import Pair
from xpkg.ops.pins import universe_of
from xpkg.ops.present import Present, present
from xpkg.repo.machine_names import NATIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xpkg.ops.home import Home
    from xpkg.ops.records import Record
    from xpkg.ops.tasks import ChooseSources
    from xpkg.repo.targets import Target
    from xpkg.repo.universe import Universe
    from xpkg.sandbox.switches import Generation, Switch
    from xpkg.solver.model import Instance


class Situation:
    """A moment of a switch; without a switch nothing is installed, pinned or held.

    ``repositories`` and ``variables`` restrict and change what the universe is (`xpkg.ops.scopes`).  ``ended`` is told
    the name of each phase of planning when it is over.
    """

    def __init__(
        self,
        home: Home,
        switch: Switch | None,
        repositories: Sequence[str] | None = None,
        variables: Mapping[str, str] | None = None,
        ended: Callable[[str], None] = lambda phase: None,
    ) -> None:
        self.home, self.ended = home, ended
        self.generation: Generation | None = None if switch is None else switch.current()
        self._moved = switch is not None and self.generation is not None and switch.moved(self.generation)
        self._repositories, self._variables = repositories, variables or {}
        self._records: dict[Pair, Mapping[Instance, Record]] = {}

    @cached_property
    def universe(self) -> Universe:
        if self._repositories is None and not self._variables:
            return universe_of(self.home, self.generation, alone=False)
        from xpkg.ops.scopes import restricted

        base = restricted(self.home, self._repositories, self._variables)
        return universe_of(self.home, self.generation, base, alone=False)

    @property
    def native(self) -> Target:
        return self.universe.targets[NATIVE]

    def target(self, pair: Pair) -> Target | None:
        """The pair's target; None for the native pair."""
        return None if pair.target is None else self.home.target(pair.target)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The pairs of machines that hold something."""
        if self.generation is None:
            return ()
        pairs = (Pair(), *map(Pair.of, self.generation.targets))
        held = {one.tree for one in self.generation.installed}
        return tuple(pair for pair in pairs if held.intersection(pair.trees))

    def here(self, pair: Pair) -> Present:
        """What the pair holds."""
        if self.generation is None:
            return Present(installed=(), instances=(), roots=(), extras={})
        return replace(present(self.generation, pair), moved=self._moved)

    def records(self, pair: Pair) -> Mapping[Instance, Record]:
        """What the pair holds was built with."""
        if pair not in self._records:
            from xpkg.ops.records import records

            here = self.here(pair)
            self._records[pair] = records(self.home.store, here) if here.installed else {}
        return self._records[pair]

    @cached_property
    def choose_sources(self) -> ChooseSources:
        """The sources that builds use as far as is known before fetching."""
        from xpkg.ops.sources import SourceBook

        return SourceBook(self.home.root, self.home.environment).choice
