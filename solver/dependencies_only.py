"""Asking for what some packages need, without the packages (opam's ``--deps-only``, ``OpamClient.install_t``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xpkg.solver.model import Action, Atom, Instance, Node, NoSolution, Request, Solution
from xpkg.solver.protocol import AllOf, Candidate, Context, Formula, Need, Rejection

_PREFIX = "deps-of-"


@dataclass(frozen=True, slots=True)
class _Others:
    """Every version but one, and but those that are there already."""

    version: str
    present: frozenset[str]

    def allows(self, version: str) -> bool:
        return version != self.version and version not in self.present

    def __str__(self) -> str:
        return f"!= {self.version}"


class DependenciesOnly:
    """A context in which each of ``names`` has a stand-in: it needs what the package needs, and is never installed.

    The stand-in of a version goes with that version of the package, with one that is there now, or with none; of a
    package that is there now it is the stand-in of that version that is preferred.  So what is installed stays as it is
    where that can be.  Conflicts of the package hold unless they are to be ignored.  ``asking`` is the context in which
    the stand-ins need what they need, ``context`` unless given: the packages may be wanted there with their tests.
    """

    def __init__(
        self,
        context: Context,
        names: frozenset[str],
        *,
        ignore_conflicts: bool = False,
        asking: Context | None = None,
        installed: Sequence[Instance] = (),
    ) -> None:
        self._context = context
        self._asking = context if asking is None else asking
        self._installed = frozenset(one for one in installed if one.name in names)
        self._ignore_conflicts = ignore_conflicts
        self._stand_ins = {name: _unused(context, name) for name in names}
        self._real = {stand_in: name for name, stand_in in self._stand_ins.items()}

    def request(self, request: Request) -> Request:
        """The request with the stand-ins in place of the packages asked for."""
        install = tuple(self._atom(atom) for atom in request.install)
        related = frozenset((self._stand_ins.get(name, name), machine) for name, machine in request.related)
        pins = request.pins + tuple(
            (self._stand_ins[name], version) for name, version in request.pins if name in self._stand_ins
        )
        return replace(
            request, install=install, related=related, pins=pins, installed=(*request.installed, *self._present())
        )

    def _present(self) -> tuple[Instance, ...]:
        """The stand-ins of what is there, as far as that can still be had (opam counts them as installed too)."""
        real = [one for one in sorted(self._installed) if one.version in self._context.versions(one.name)]
        found = [replace(one, name=self._stand_ins[one.name]) for one in real]
        return tuple(one for one in found if isinstance(self.candidate(one, requested=True), Candidate))

    def solution(self, solution: Solution) -> Solution:
        """The solution without the stand-ins; what these need counts as asked for, or nothing would keep it."""
        direct = {
            edge.needed
            for node in solution.nodes
            if node.instance.name in self._real
            for edge in node.edges
            if not edge.optional and not edge.implicit
        }
        nodes = tuple(
            self._node(node, node.requested or node.instance in direct)
            for node in solution.nodes
            if node.instance.name not in self._real
        )
        actions = tuple(self._action(one) for one in solution.actions if one.instance.name not in self._real)
        return replace(solution, nodes=nodes, actions=actions, notes=tuple(map(self._told, solution.notes)))

    def versions(self, name: str) -> Sequence[str]:
        return self._context.versions(self._real.get(name, name))

    def candidate(self, instance: Instance, *, requested: bool) -> Candidate | Rejection:
        real = self._real.get(instance.name)
        if real is None:
            return self._context.candidate(instance, requested=requested)
        answer = self._asking.candidate(replace(instance, name=real), requested=requested)
        if isinstance(answer, Rejection):
            return replace(answer, instance=instance)
        present = frozenset(one.version for one in self._installed if one.name == real)
        itself = Need(name=real, machine=instance.machine, versions=_Others(instance.version, present))
        return replace(
            answer,
            instance=instance,
            depends=self._formula(answer.depends),
            optional=(),
            conflicts=(itself, *(() if self._ignore_conflicts else answer.conflicts)),
            conflict_classes=(),
        )

    def remark(self, instance: Instance) -> str | None:
        return None if instance.name in self._real else self._context.remark(instance)

    def nearest(self, name: str) -> Sequence[str]:
        return self._context.nearest(name)

    def _atom(self, atom: Atom) -> Atom:
        providers = tuple(self._atom(one) for one in atom.providers)
        return replace(atom, name=self._stand_ins.get(atom.name, atom.name), providers=providers)

    def _formula(self, formula: Formula) -> Formula:
        """What one of the packages needs of another is what the other needs."""
        if isinstance(formula, Need):
            return replace(formula, name=self._stand_ins.get(formula.name, formula.name))
        parts = tuple(self._formula(part) for part in formula.parts)
        return AllOf(parts) if isinstance(formula, AllOf) else replace(formula, parts=parts)

    def _node(self, node: Node, requested: bool) -> Node:
        return replace(node, reason=self._told(node.reason), requested=requested)

    def _action(self, action: Action) -> Action:
        return replace(action, reason=self._told(action.reason))

    def refusal(self, error: NoSolution) -> NoSolution:
        """The same with the packages' names for those of the stand-ins."""
        return NoSolution(
            self._told(error.message),
            chain=tuple(map(self._told, error.chain)),
            relaxations=tuple(
                replace(one, subject=self._told(one.subject), text=self._told(one.text)) for one in error.relaxations
            ),
            besides=tuple(map(self._told, error.besides)),
        )

    def _told(self, text: str) -> str:
        return re.sub(r"[\w+-]+", lambda word: self._real.get(word[0], word[0]), text) if _PREFIX in text else text


def _unused(context: Context, name: str) -> str:
    """A name that no package has."""
    stand_in = f"{_PREFIX}{name}"
    number = 2
    while context.versions(stand_in):
        stand_in, number = f"{_PREFIX}{number}-{name}", number + 1
    return stand_in
