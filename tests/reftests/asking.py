"""Commands that change what is installed, asked of xpkg's solver as opam asks its own (OpamClient, OpamSolution)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.reftests.outcome import NO_SOLUTION, RECOMPILE, Change, Outcome
from tests.reftests.world import World
from xpkg.core.errors import NotFoundError
from xpkg.repo import formulas
from xpkg.repo.expressions import formula_of
from xpkg.repo.machine_names import BUILD
from xpkg.repo.opamfile.file import parse
from xpkg.repo.universe import Universe
from xpkg.repo.versions import AllOf as EveryBound
from xpkg.repo.versions import AnyVersion, Compare, VersionFormula
from xpkg.solver.context import RepoContext
from xpkg.solver.dependencies_only import DependenciesOnly
from xpkg.solver.model import Atom, Instance, NoSolution, Preferences, Request, Solution
from xpkg.solver.ordering import Edges, edges_of
from xpkg.solver.protocol import AllOf, AnyOf, Candidate, Context, Formula, Need
from xpkg.solver.solve import solve

_SPELLED = re.compile(r"([A-Za-z0-9_+-]+)(?:(\.|>=|<=|!=|=|>|<)([A-Za-z0-9_+.~-]+))?")
_OPAM = Preferences(criteria="opam")
_TRUE = ("", "true", "yes", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a command that bear on its solution."""

    with_test: bool = False
    with_doc: bool = False
    with_dev_setup: bool = False
    deps_only: bool = False
    ignore_conflicts: bool = False
    best_effort: bool = False
    unlock_base: bool = False
    formula: str | None = None


class Asker:
    """Answers what opam's commands would do in the present state of a world, with xpkg's solver."""

    def __init__(self, world: World, environment: Mapping[str, str], options: Options) -> None:
        self.world = world
        self.switch = world.switch
        self.options = options
        self.universe: Universe = world.universe(environment)
        self.context = RepoContext(
            self.universe,
            None,
            with_test=options.with_test,
            with_doc=options.with_doc,
            with_dev_setup=options.with_dev_setup,
            developed=frozenset(name for name, pin in self.switch.pins.items() if pin.source is not None),
        )
        self.installed = tuple(_instance(name, version) for name, version in sorted(self.switch.installed.items()))

    def install(self, spellings: Sequence[str]) -> Outcome:
        atoms = [read_atom(spelling) for spelling in spellings]
        new = [atom for atom in atoms if not self._is_met(atom)]
        changed = self.changed() & {atom.name for atom in atoms}
        if not new and not changed and self.options.formula is None:
            return Outcome(changes=frozenset())
        names = {atom.name for atom in atoms}
        rebuilt = self.changed() & self._cone(names)
        return self._solved(self._request(atoms), rebuilt - names if self.options.deps_only else rebuilt)

    def reinstall(self, spellings: Sequence[str]) -> Outcome:
        atoms = [read_atom(spelling) for spelling in spellings]
        missing = [atom for atom in atoms if not self._is_met(atom)]
        again = [self._present(atom.name) for atom in atoms if self._is_met(atom)]
        request = self._request([*missing, *(_exactly(one) for one in again)])
        again_names = {one.name for one in again}
        rebuilt = again_names | self.changed() & self._cone([atom.name for atom in atoms])
        return self._solved(replace(request, fixup=not missing), rebuilt)

    def remove(self, spellings: Sequence[str], *, automatic: bool) -> Outcome:
        atoms = [read_atom(spelling) for spelling in spellings]
        present = [atom for atom in atoms if self._is_met(atom)]
        if not present and not automatic:
            return Outcome(changes=frozenset())
        gone = {atom.name for atom in present}
        request = self._request([], related=gone)
        roots = tuple(one for one in request.roots if one.name not in gone)
        removed = tuple((name, BUILD) for name in sorted(gone))
        rebuilt = self.changed() & self._cone(gone)
        return self._solved(replace(request, remove=removed, roots=roots, prune=automatic), rebuilt)

    def upgrade(self, spellings: Sequence[str], *, everything: bool) -> Outcome:
        if not spellings:
            request = self._request([], related=set())
            return self._solved(replace(request, upgrade=True), self.changed())
        atoms = [self._strict(read_atom(spelling)) for spelling in spellings]
        missing = [atom for atom in atoms if not self._stays(atom.name)]
        upgraded = [self._not_below(atom) for atom in atoms if atom not in missing]
        related = set() if everything else {atom.name for atom in atoms}
        request = self._request([*missing, *upgraded], related=related)
        cone = self.changed() if everything else self.changed() & self._cone(related)
        return self._solved(replace(request, upgrade=not missing), cone)

    def pinned(self, names: Sequence[str]) -> Outcome:
        """After pinning: these names are installed, in the versions they are held at."""
        atoms = [read_atom(name) for name in names]
        missing = [atom for atom in atoms if not self._stays(atom.name)]
        request = self._request(atoms, related=set(names))
        return self._solved(replace(request, upgrade=not missing), self.changed() & self._cone(names))

    def unpinned(self, names: Sequence[str]) -> Outcome:
        """After unpinning: what was installed of these names goes on with a version that there is, or goes."""
        present = [read_atom(name) for name in names if name in self.switch.installed]
        if not present:
            return Outcome(changes=frozenset())
        request = self._request([], related={atom.name for atom in present})
        return self._solved(replace(request, upgrade=True), self.changed() & self._cone(names))

    def repair(self) -> Outcome:
        roots = [_instance(name, self.switch.installed[name]) for name in sorted(self.switch.roots)]
        kept = [read_atom(one.name) for one in roots if self._stays(one.name)]
        for atoms in (kept, []):
            request = self._request(atoms, related=set())
            outcome = self._solved(replace(request, fixup=True), set())
            if outcome.changes is not None:
                return outcome
        return NO_SOLUTION

    def invariant(self, spellings: Sequence[str] = ()) -> Outcome:
        """What must be done for the switch's invariant to hold, and for packages to be there."""
        if spellings:
            return self._solved(self._request([read_atom(spelling) for spelling in spellings], related=set()), set())
        return self._solved(self._request([], related=set()), set())

    def changed(self) -> set[str]:
        """Installed names whose recipe is another than the one they were built from, or that wait to be rebuilt."""
        return self.switch.pending | {
            name
            for name, version in self.switch.installed.items()
            if (now := self.world.signature(self.universe, name, version)) and now != self.switch.built.get(name, now)
        }

    def _cone(self, names: Iterable[str]) -> set[str]:
        """Everything that some version of these names may need."""
        found: set[str] = set()
        queue = list(names)
        while queue:
            name = queue.pop()
            if name in found or not self.context.versions(name):
                continue
            found.add(name)
            for version in self.context.versions(name):
                entry = self.universe.entry(name, version)
                queue += [atom.name for formula in (entry.depends, entry.depopts) for atom in formulas.atoms(formula)]
        return found

    def _request(self, atoms: Sequence[Atom], *, related: set[str] | None = None) -> Request:
        stated = [] if self.options.formula is None else [self.formula(self.options.formula)]
        if related is None:
            related = {atom.name for atom in atoms} | {name for one in stated for name in _names(one)}
        kept = self.switch.invariant and not self.options.unlock_base
        return Request(
            install=tuple(atoms),
            installed=self.installed,
            roots=tuple(one for one in self.installed if one.name in self.switch.roots),
            formulas=tuple(stated),
            invariant=self.formula(self.switch.invariant) if kept else None,
            best_effort=self.options.best_effort,
            require_available=True,
            related=frozenset((name, BUILD) for name in related),
        )

    def formula(self, text: str) -> Formula:
        """A formula over packages, as on the command line."""
        file = parse(f"depends: [{text}]", "formula")
        value = file.get("depends")
        assert value is not None
        return _formula(formulas.resolve(formula_of(value, file, "&"), lambda name: None))

    def _solved(self, request: Request, rebuilt: set[str]) -> Outcome:
        context: Context = self.context
        only = None
        if self.options.deps_only:
            names = frozenset(atom.name for atom in request.install)
            context = only = DependenciesOnly(context, names, ignore_conflicts=self.options.ignore_conflicts)
            request = only.request(request)
        try:
            solution = solve(request, context, _OPAM)
        except (NoSolution, NotFoundError):
            return NO_SOLUTION
        if only is not None:
            solution = only.solution(solution)
        return self._outcome(solution, rebuilt)

    def _outcome(self, solution: Solution, rebuilt: set[str]) -> Outcome:
        changes = {
            Change(one.action, one.instance.name, one.instance.version, one.previous) for one in solution.actions
        }
        again = self._recompiled(solution, {change.name for change in changes}, rebuilt)
        changes |= {Change(RECOMPILE, name, self.switch.installed[name]) for name in again}
        return Outcome(changes=frozenset(changes))

    def _recompiled(self, solution: Solution, changed: set[str], rebuilt: set[str]) -> set[str]:
        """What stays but is built again: what it was built with is not what it would be built with now."""
        staying = {node.instance.name for node in solution.nodes} & set(self.switch.installed) - changed
        touched = changed | rebuilt
        after = {node.instance: node.edges for node in solution.nodes}
        again = rebuilt & staying
        while True:
            found = {
                instance.name
                for edges in (self.edges(), after)
                for instance, of in edges.items()
                if any(edge.needed.name in touched and not edge.post for edge in of)
            }
            fresh = found & staying - touched
            if not fresh:
                return again
            again |= fresh
            touched |= fresh

    def edges(self, asked: Sequence[str] = ()) -> Edges:
        """What the installed packages need of each other; those ``asked`` about with their tests if wanted."""
        answers = [self._candidate(one, asked=one.name in asked) for one in self.installed]
        return edges_of([one for one in answers if one is not None])

    def would_need(self, spellings: Sequence[str]) -> Edges:
        """The same after an install."""
        atoms = [read_atom(spelling) for spelling in spellings]
        solution = solve(self._request(atoms), self.context, _OPAM)
        return {node.instance: node.edges for node in solution.nodes}

    def _candidate(self, instance: Instance, *, asked: bool = False) -> Candidate | None:
        if instance.version not in self.context.versions(instance.name):
            return None
        answer = self.context.candidate(instance, requested=asked)
        return answer if isinstance(answer, Candidate) else None

    def _present(self, name: str) -> Instance:
        return _instance(name, self.switch.installed[name])

    def _is_met(self, atom: Atom) -> bool:
        version = self.switch.installed.get(atom.name)
        return version is not None and atom.allows(version)

    def _stays(self, name: str) -> bool:
        return name in self.switch.installed and self._candidate(self._present(name)) is not None

    def _strict(self, atom: Atom) -> Atom:
        """A name alone means a newer version when there is one that may be taken."""
        if atom.versions is not None or atom.name not in self.switch.installed or atom.name in self.switch.pins:
            return atom
        above = Compare(">", self.switch.installed[atom.name])
        if atom.name in self.changed():
            return atom
        candidates = [
            self._candidate(_instance(atom.name, version))
            for version in self.context.versions(atom.name)
            if above.allows(version)
        ]
        if any(one is not None and one.avoided is None for one in candidates):
            return replace(atom, versions=above)
        return atom

    def _not_below(self, atom: Atom) -> Atom:
        bounds: list[VersionFormula] = [Compare(">=", self.switch.installed[atom.name])]
        if isinstance(atom.versions, VersionFormula):
            bounds.append(atom.versions)
        return replace(atom, versions=EveryBound(tuple(bounds)))


def _instance(name: str, version: str) -> Instance:
    return Instance(name=name, version=version, machine=BUILD)


def _exactly(instance: Instance) -> Atom:
    return Atom(name=instance.name, machine=BUILD, versions=Compare("=", instance.version))


def read_atom(spelling: str) -> Atom:
    """NAME, NAME.VERSION or NAME and a comparison; NotFoundError when it is none."""
    match = _SPELLED.fullmatch(spelling.replace(" ", ""))
    if match is None:
        raise NotFoundError(f"{spelling!r} names no package")
    name, operator, version = match.groups()
    versions = None if operator is None else Compare("=" if operator == "." else operator, version)
    return Atom(name=name, machine=BUILD, versions=versions)


def _names(formula: Formula) -> list[str]:
    if isinstance(formula, Need):
        return [formula.name]
    return [name for part in formula.parts for name in _names(part)]


def _formula(resolved: formulas.Resolved) -> Formula:
    match resolved:
        case formulas.Need():
            versions = None if isinstance(resolved.versions, AnyVersion) else resolved.versions
            return Need(name=resolved.name, machine=BUILD, versions=versions)
        case formulas.And(items):
            return AllOf(tuple(map(_formula, items)))
        case formulas.Or(items):
            return AnyOf(tuple(map(_formula, items)))
