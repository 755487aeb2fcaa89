"""The two machines of one target, and the prefixes that a switch keeps for them."""

from __future__ import annotations

from xpkg.core.values import value
from xpkg.repo.machine_names import BUILD, NATIVE, TOOLS_SUFFIX


@value(kw_only=True)
class Pair:
    """``target`` is a target's name, or None for the native pair, which has only the build machine."""

    target: str | None = None

    @classmethod
    def of(cls, target: str | None) -> Pair:
        """The pair that ``--target`` names; ``native`` and ``build`` mean no target."""
        return cls(target=None if target in (None, NATIVE, BUILD) else target)

    @property
    def tools_tree(self) -> str:
        """The prefix of what runs on the build machine."""
        return BUILD if self.target is None else self.target + TOOLS_SUFFIX

    @property
    def trees(self) -> tuple[str, ...]:
        return (BUILD,) if self.target is None else (self.tools_tree, self.target)

    @property
    def machine(self) -> str:
        """The machine that what the user asks for is for."""
        return self.target or BUILD

    def tree(self, machine: str) -> str:
        """The prefix that instances of ``machine`` go to."""
        return self.tools_tree if machine == BUILD else machine
