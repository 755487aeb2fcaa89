"""What the engine knows of packages: candidates, what they need, and a context that hands them out.

Nothing here knows of recipes, files or opam. The engine is tested with contexts that are plain tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from xpkg.core.values import value
from xpkg.solver.model import Instance, VersionSet


@value(kw_only=True)
class Need:
    """Some version of ``name`` on ``machine``, one of ``versions`` if given.

    ``reason`` tells where the need comes from and why it goes to that machine; ``implicit`` replaces "needed by ..."
    where a plan is shown (the toolchain of a machine). A ``post`` need must be met but does not order builds.
    """

    name: str
    machine: str
    versions: VersionSet | None = None
    reason: str = ""
    implicit: str | None = None
    post: bool = False

    def accepts(self, instance: Instance) -> bool:
        return (
            instance.name == self.name
            and instance.machine == self.machine
            and (self.versions is None or self.versions.allows(instance.version))
        )

    def __str__(self) -> str:
        return self.name if self.versions is None else f"{self.name} {self.versions}"


@value
class AllOf:
    """Every part; nothing at all when empty."""

    parts: tuple[Formula, ...] = ()

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, AnyOf) else str(part) for part in self.parts)


@value
class AnyOf:
    """At least one part; impossible when empty."""

    parts: tuple[Formula, ...]

    def __str__(self) -> str:
        return " or ".join(f"({part})" if isinstance(part, AllOf) else str(part) for part in self.parts)


Formula = Need | AllOf | AnyOf


def needs_of(formula: Formula) -> list[Need]:
    """The needs a formula mentions, in the order written."""
    if isinstance(formula, Need):
        return [formula]
    return [need for part in formula.parts for need in needs_of(part)]


@value(kw_only=True)
class Candidate:
    """An instance that can be had. ``origin`` names its repository.

    ``optional`` are needs that pull nothing in and only order builds where they are met; a version outside the
    constraint leaves the package unaffected, as in opam. ``conflicts`` are needs that must not be met; two different
    names of one ``conflict_class`` exclude each other on one machine. ``avoided`` says which flag
    (avoid-version, deprecated) makes this version a last resort. ``provides`` are names that other packages provide
    too, of which only one can be on a machine; of what else is equal, the least ``provider_rank`` is taken.
    ``missing_depexts`` says how many system packages it wants that are known not to be there. An installed instance
    that was ``built_with`` something else than it would be now has ``depends`` met, or all of that.
    """

    instance: Instance
    depends: Formula = AllOf()
    optional: tuple[Need, ...] = ()
    conflicts: tuple[Need, ...] = ()
    conflict_classes: tuple[str, ...] = ()
    avoided: str | None = None
    origin: str = ""
    provides: tuple[str, ...] = ()
    provider_rank: int = 0
    missing_depexts: int = 0
    built_with: tuple[Need, ...] | None = None


@value(kw_only=True)
class Rejection:
    """An instance that cannot be had. ``reason`` follows "cannot be had: " and names the machine where it matters."""

    instance: Instance
    reason: str


class Context(Protocol):
    """Hands out candidates. Answers never change during a solve, and asking has no effect a caller could see."""

    def versions(self, name: str) -> Sequence[str]:
        """Every version of a name, the newest first; empty when the name is unknown."""
        ...

    def candidate(self, instance: Instance, *, requested: bool) -> Candidate | Rejection:
        """One of ``versions`` on one machine; ``requested`` names may need more (their tests, their documentation)."""
        ...

    def remark(self, instance: Instance) -> str | None:
        """What the user should know when this instance is newly chosen, if anything."""
        ...

    def nearest(self, name: str) -> Sequence[str]:
        """The known names nearest to an unknown one, the best first."""
        ...


@runtime_checkable
class SurveyingContext(Context, Protocol):
    """A context that tells quickly what there is of a name."""

    def at_hand(self, name: str, machine: str) -> Mapping[str, bool]:
        """Of ``versions`` those that ``candidate`` does not reject, in the same order; true for ``avoided`` ones."""
        ...
