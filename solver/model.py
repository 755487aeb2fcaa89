"""What goes into a solve and what comes out of it.

The variables of a solve are instances: one version of one package on one machine. A solve is over one
pair of machines: the build machine, and at most one target (design: "Two machines, one solve"). Different
targets of a switch are different solves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from xpkg.core.errors import ExitCode, XpkgError
from xpkg.core.values import value
from xpkg.repo.machine_names import BUILD

if TYPE_CHECKING:
    from xpkg.solver.protocol import Formula
    from xpkg.solver.relaxation import Relaxation
    from xpkg.solver.reuse import Built


def on_machine(machine: str) -> str:
    """``on the build machine`` or ``on kfreebsd``."""
    return "on the build machine" if machine == BUILD else f"on {machine}"


@value(kw_only=True, order=True)
class Instance:
    """One version of a package on one machine: ``BUILD`` or a target's name."""

    name: str
    version: str
    machine: str

    def __str__(self) -> str:
        """``lwt 5.6.1`` on a target, ``lwt 5.6.1 (build machine)`` on the build machine."""
        return f"{self.name} {self.version}" + (" (build machine)" if self.machine == BUILD else "")


class VersionSet(Protocol):
    """A set of versions; ``str()`` shows it as the recipe or the user wrote it."""

    def allows(self, version: str) -> bool: ...

    def __str__(self) -> str: ...


@value
class Exactly:
    """The set of the one version so spelled (opam's order holds some spellings equal; this does not)."""

    version: str

    def allows(self, version: str) -> bool:
        return version == self.version

    def __str__(self) -> str:
        return f"= {self.version}"


@value(kw_only=True)
class Atom:
    """A package asked for on one machine, in any version or in one of ``versions``.

    What ``providers`` ask for, each other packages, will do as well.
    """

    name: str
    machine: str
    versions: VersionSet | None = None
    providers: tuple[Atom, ...] = ()

    def allows(self, version: str) -> bool:
        return self.versions is None or self.versions.allows(version)

    def accepts(self, instance: Instance) -> bool:
        """Whether an instance is what is asked for."""
        here = (instance.name, instance.machine) == (self.name, self.machine) and self.allows(instance.version)
        return here or any(one.accepts(instance) for one in self.providers)

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The (name, machine) pairs that can meet it."""
        return ((self.name, self.machine), *((one.name, one.machine) for one in self.providers))

    def __str__(self) -> str:
        constraint = f" {self.versions}" if self.versions is not None else ""
        return f"{self.name}{constraint} {on_machine(self.machine)}"


@value(kw_only=True)
class Request:
    """What is asked for, and the state it starts from.

    ``target`` is the pair's target, or None when only the build machine takes part. ``installed`` is the
    whole present state of the pair; it is kept unless something asked for needs otherwise. ``roots`` are
    those of ``installed`` that somebody asked for by name. ``remove`` names what must be gone from the machines
    given (name, machine). ``upgrade`` prefers the newest versions over the present ones for everything;
    ``upgrade_names`` asks it for some names only, which ``install`` does not make roots. ``prune`` drops what no root
    and nothing asked for needs.

    ``formulas`` are asked for too: each must hold. ``invariant`` must hold whatever is asked for. ``fixup`` wants as
    few changes as possible, however old the versions. ``best_effort`` meets as many of ``install`` as can be met
    together instead of all. ``require_available`` lets no installed version stay that cannot be had any more.
    ``related`` keeps everything as it is that has nothing to do with these names (name, machine): a change is made
    only when it touches them, directly or through other changes.

    ``prefer`` are (name, version): of these names these versions are taken wherever they can be, on any machine, and
    only then newest ones of others; several of one name are equally good. Newer versions of ``upgrade_names`` come
    before that.

    ``pins`` are (name, version): of a pinned name no other version may be chosen, on any machine;
    ``pinned_to`` has for some of them the address of the source, for messages. ``held`` are installed
    instances that stay exactly as they are, whatever else is asked for, unless ``remove`` names them.
    ``built`` says what installed instances were built with: while they have exactly that they may stay, whatever their
    recipes say now.
    """

    target: str | None = None
    install: tuple[Atom, ...] = ()
    remove: tuple[tuple[str, str], ...] = ()
    installed: tuple[Instance, ...] = ()
    roots: tuple[Instance, ...] = ()
    upgrade: bool = False
    upgrade_names: frozenset[str] = frozenset()
    prune: bool = False
    formulas: tuple[Formula, ...] = ()
    invariant: Formula | None = None
    fixup: bool = False
    best_effort: bool = False
    require_available: bool = False
    related: frozenset[tuple[str, str]] = frozenset()
    prefer: frozenset[tuple[str, str]] = frozenset()
    pins: tuple[tuple[str, str], ...] = ()
    pinned_to: tuple[tuple[str, str], ...] = ()
    held: tuple[Instance, ...] = ()
    built: tuple[tuple[Instance, tuple[Instance, ...]], ...] = ()

    @property
    def machines(self) -> tuple[str, ...]:
        return (BUILD,) if self.target is None else (BUILD, self.target)


def _unheard(phase: str) -> None:
    del phase


@value(kw_only=True)
class Preferences:
    """Which of the states that meet a request is the best, and how long to look for it.

    ``criteria`` is ``opam`` for opam's own, or ``default`` for the same told apart by machine where opam holds two
    states equal. After ``bound_s`` seconds the best state found so far is the answer. ``built`` are stored
    outputs; when there are any, what can be taken from them is preferred to what must be built. ``ended`` is told the
    name of each phase of the work when it is over: ``explore``, ``encode``, ``optimise``.
    """

    criteria: Literal["default", "opam"] = "default"
    bound_s: float = 60.0  # opam's OPAMSOLVERTIMEOUT
    built: Sequence[Built] = ()
    ended: Callable[[str], None] = _unheard


@value(kw_only=True)
class Edge:
    """Why one instance of a solution needs another.

    ``constraint`` is as the recipe writes it (empty when any version does), ``reason`` says where the edge comes
    from and why it goes to that machine; an ``implicit`` edge stands in no recipe. A ``post`` edge does not order
    builds; an ``optional`` one is there only because the needed instance is in the solution anyway.
    """

    needed: Instance
    constraint: str = ""
    reason: str = ""
    implicit: bool = False
    post: bool = False
    optional: bool = False


@value(kw_only=True)
class Node:
    """An instance of a solution. ``requires`` are the instances that must be built and visible before it.

    One ``as_built`` is there already and can only stay as it is: there is no recipe of it, or it is not met.
    """

    instance: Instance
    requires: tuple[Instance, ...] = ()
    reason: str = ""
    requested: bool = False
    edges: tuple[Edge, ...] = ()
    as_built: bool = False


@value(kw_only=True)
class Action:
    """One step from the present state: ``install``, ``upgrade``, ``downgrade`` or ``remove``.

    ``previous`` is the version that is there now. A rebuild is not known here: it follows from build keys.
    """

    action: str
    instance: Instance
    reason: str
    previous: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The whole state after the request, ``nodes`` in build order, and the steps that lead to it.

    ``actions`` has removals first (dependents before what they need), then the rest in build order. ``notes`` are
    remarks for the user, such as a name taken from a lower repository. ``cost`` holds the value of every
    criterion, the most important first, and ``cost_names`` what each is called. Unless ``optimal``, the time was up
    before it was known that no state is better.
    """

    nodes: tuple[Node, ...] = ()
    actions: tuple[Action, ...] = ()
    notes: tuple[str, ...] = ()
    cost: tuple[int, ...] = field(default=(), compare=False)
    cost_names: tuple[str, ...] = field(default=(), compare=False)
    optimal: bool = True

    def find(self, name: str, machine: str) -> Node | None:
        for node in self.nodes:
            if node.instance.name == name and node.instance.machine == machine:
                return node
        return None

    @property
    def instances(self) -> tuple[Instance, ...]:
        return tuple(node.instance for node in self.nodes)


class NoSolution(XpkgError):
    """The request cannot be met.

    ``chain`` tells why, in sentences, from the request to the contradiction; ``relaxations`` what would help, the
    smallest change first (each was tried). ``besides`` names what is impossible for reasons of its own.
    """

    reference = "no-solution"
    exit_code = ExitCode.NO_SOLUTION

    def __init__(
        self,
        message: str,
        *,
        chain: tuple[str, ...],
        relaxations: tuple[Relaxation, ...] = (),
        besides: tuple[str, ...] = (),
    ) -> None:
        told = [one.text for one in relaxations if one.kind != "compiler"]  # the invariant is told with it
        hint = "; or ".join((told or [one.text for one in relaxations])[:2]) or None
        context = [("because", sentence) for sentence in chain] + [("besides", sentence) for sentence in besides]
        super().__init__(message, context=tuple(context), hint=hint)
        self.chain = chain
        self.relaxations = relaxations
        self.besides = besides

    def facts(self) -> dict[str, object]:
        return {
            "chain": list(self.chain),
            "besides": list(self.besides),
            "relaxations": [one.as_value() for one in self.relaxations],
        }


class SolverGaveUp(XpkgError):
    """No answer within the bound set for the solver."""

    reference = "solver-bound"
    exit_code = ExitCode.SOLVER_FAILURE
