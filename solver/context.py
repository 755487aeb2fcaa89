"""Recipes as candidates: what a universe looks like to the engine, for one pair of machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from xpkg.core.errors import ConfigurationError
from xpkg.core.text import nearest
from xpkg.repo import formulas
from xpkg.repo.entries import Entry
from xpkg.repo.filters import Environment
from xpkg.repo.interpolate import Value
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.targets import Target
from xpkg.repo.universe import Universe
from xpkg.repo.variables import machine_variables
from xpkg.repo.versions import AnyVersion, VersionFormula, exactly
from xpkg.solver.availability import unavailable
from xpkg.solver.model import Atom, Instance, VersionSet
from xpkg.solver.needs import Availability, Needs
from xpkg.solver.placement import COMPILER, Placements, Places
from xpkg.solver.protocol import AllOf, AnyOf, Candidate, Formula, Need, Rejection

EXTRAS = ("with-test", "with-doc", "with-dev-setup")
"""The variables that say what else a package is wanted for."""

_LAST_RESORTS = ("avoid-version", "deprecated")
_NONE: frozenset[str] = frozenset()
_NO_EXTRAS: Mapping[str, frozenset[str]] = {}


class RepoContext:
    """A universe seen from one target, or from the build machine alone (``target`` None).

    ``with_test``, ``with_doc`` and ``with_dev_setup`` reach only the names asked for, as in opam; ``extras`` are names
    that were asked for so before, each with those of the three variables that are true for it. ``dev`` is true for
    the names of ``developed``, whose sources are somebody's working tree. A recipe that cannot be read is a rejected
    candidate, so that one wrong file does not stop all else. ``missing_depexts`` tells for a name and a version how
    many system packages the build machine lacks; without, none is known to be missing. Targets have none.
    """

    def __init__(
        self,
        universe: Universe,
        target: Target | None,
        *,
        with_test: bool = False,
        with_doc: bool = False,
        with_dev_setup: bool = False,
        developed: frozenset[str] = frozenset(),
        extras: Mapping[str, frozenset[str]] = _NO_EXTRAS,
        missing_depexts: Callable[[str, str], int] | None = None,
    ) -> None:
        native = universe.targets.get(NATIVE)
        if native is None:
            raise ConfigurationError("the build machine is not described: there is no target native")
        self._universe = universe
        self._target = None if target is None or target.name == NATIVE else target
        self._machines = {BUILD: native} | ({self._target.name: self._target} if self._target else {})
        self._variables: dict[tuple[str, frozenset[str]], Mapping[str, Value]] = {}
        self._placements = Placements(universe, self._target.name) if self._target else None
        wanted = zip(EXTRAS, (with_test, with_doc, with_dev_setup), strict=True)
        self._requested = frozenset(name for name, is_wanted in wanted if is_wanted)
        self._developed, self._kept = developed, extras
        self._needs: dict[tuple[str, frozenset[str], Places | None], Needs] = {}
        self._available = {machine: Availability() for machine in self._machines}
        self._toolchains: dict[str, Formula] = {}
        self._missing_depexts = missing_depexts

    @property
    def extras(self) -> Mapping[str, frozenset[str]]:
        """For what else names are wanted, each with those of the three variables that are true for it."""
        return self._kept

    def versions(self, name: str) -> Sequence[str]:
        return self._universe.versions(name) if self._universe.repositories_of(name) else ()

    def at_hand(self, name: str, machine: str) -> Mapping[str, bool]:
        """The versions that can be had on a machine by somebody who did not ask for them by name."""
        found = {}
        for version in self.versions(name):
            entry = self._universe.entry(name, version)
            if entry.problem is None and self._is_available(entry, machine):
                found[version] = not entry.flags.isdisjoint(_LAST_RESORTS)
        return found

    def _is_available(self, entry: Entry, machine: str) -> bool:
        available = entry.encoded("available")
        if available is True:  # as of most
            return True
        instance = Instance(name=entry.name, version=entry.version, machine=machine)
        # Kinds of dependencies have no say in it, so neither has who asked for it.
        environment = _Environment(self._shared(machine, _NONE), instance, self._developed)
        return self._available[machine].holds(available, formulas.without_kinds(environment))

    def nearest(self, name: str) -> Sequence[str]:
        return nearest(name, self._universe.names())

    def machines_for(self, name: str) -> tuple[str, ...]:
        """The machines where a package belongs that somebody asks for by name without saying where."""
        if self._placements is None:
            return (BUILD,)
        return self._placements.anywhere.of(name, build=False).machines

    def asked(self, name: str, versions: VersionSet | None = None) -> Atom:
        """What somebody asks for by name, or what provides it: on the target, or on the build machine where only that
        is its place.
        """
        first, *others = (self._asked(one, of) for one, of in self._alternatives(name, versions))
        if first.name == name:
            return replace(first, providers=tuple(others))
        return Atom(name=name, machine=first.machine, versions=versions, providers=(first, *others))

    def _asked(self, name: str, versions: VersionSet | None) -> Atom:
        return Atom(name=name, machine=self.machines_for(name)[-1], versions=versions)

    def wanted(self, name: str, versions: VersionSet | None, reason: str) -> Formula:
        """A package, or what provides it, on all machines where it belongs."""
        places = [(one, of, self.machines_for(one)) for one, of in self._alternatives(name, versions)]
        return _any_of(
            [
                _all_of([Need(name=one, machine=machine, versions=of, reason=reason) for machine in machines])
                for one, of, machines in places
            ]
        )

    def _alternatives(self, name: str, versions: VersionSet | None) -> Sequence[tuple[str, VersionSet | None]]:
        """The packages of which any will do for a name: that alone, unless others provide it."""
        if name not in self._universe.provided:
            return ((name, versions),)
        from xpkg.solver.providers import alternatives

        return alternatives(self._universe, name, versions)

    def remark(self, instance: Instance) -> str | None:
        """What the user should know of a choice: a name taken from a repository although a higher one has it."""
        holders = self._universe.repositories_of(instance.name)
        origin = self._universe.entry(instance.name, instance.version).repository
        if not holders or holders[0] == origin:
            return None
        return f"{instance.name} {instance.version} comes from {origin}; {holders[0]}, which goes first, has others"

    def candidate(self, instance: Instance, *, requested: bool) -> Candidate | Rejection:
        entry = self._universe.entry(instance.name, instance.version)
        if entry.problem is not None:
            return Rejection(instance=instance, reason=f"its recipe is wrong ({entry.problem})")
        extras = self._requested if requested else _NONE
        if instance.name in self._kept:
            extras |= self._kept[instance.name]
        environment = _Environment(self._shared(instance.machine, extras), instance, self._developed)
        if not self._is_available(entry, instance.machine):
            reason = unavailable(entry, formulas.without_kinds(environment), instance.machine)
            return Rejection(instance=instance, reason=reason)
        flags = entry.flags
        needs = self._needs_of(instance, entry, extras)
        provides, rank = self._standing(instance)
        lacking = 0
        if self._missing_depexts is not None and instance.machine == BUILD:
            lacking = self._missing_depexts(instance.name, instance.version)
        return Candidate(
            instance=instance,
            depends=self._depends(instance, entry, environment, needs),
            optional=needs.leaves("depends", entry.encoded("depopts"), environment),
            conflicts=needs.leaves("conflicts", entry.encoded("conflicts"), environment),
            conflict_classes=entry.conflict_class,
            avoided=next((flag for flag in _LAST_RESORTS if flag in flags), None) if flags else None,
            origin=entry.repository,
            provides=provides,
            provider_rank=rank,
            missing_depexts=lacking,
        )

    def _standing(self, instance: Instance) -> tuple[tuple[str, ...], int]:
        if not self._universe.provided:
            return (), 0
        from xpkg.solver.providers import standing

        return standing(self._universe, instance.name, instance.version)

    def _shared(self, machine: str, extras: frozenset[str]) -> Mapping[str, Value]:
        """The variables that all packages of a machine see alike."""
        found = self._variables.get((machine, extras))
        if found is None:
            of_machine = machine_variables(self._machines[machine], self._machines[BUILD])
            kinds = {name: name in extras for name in EXTRAS}
            # pinned is known while building only (OpamPackageVar.resolve_switch)
            found = self._variables[machine, extras] = {**of_machine, **kinds, "pinned": None}
        return found

    def _depends(self, instance: Instance, entry: Entry, environment: Environment, needs: Needs) -> Formula:
        compiler = self._machines[instance.machine].toolchain.compiler
        if instance.name == COMPILER and instance.machine != BUILD and compiler is not None:
            own: Formula = AllOf(tuple(self._compiler(instance, compiler)))
        else:
            own = needs.formula(entry.encoded("depends"), environment)
        twin = self._twin(instance)
        if twin is not None:
            own = AllOf((own, twin))
        packages = self._machines[instance.machine].toolchain.packages
        if not packages or entry.x_toolchain == "none" or instance.name in packages:
            return own
        if any(name in packages for name, _ in entry.x_provides):
            return own
        return AllOf((own, self._toolchain(instance.machine)))

    def _twin(self, instance: Instance) -> Need | None:
        """What belongs on both machines brings the one of the build machine along: whoever compiles with a rewriter's
        run-time library runs the rewriter. It is not needed to build the target's own, so nothing waits for it.
        """
        if self._placements is None or instance.machine == BUILD:
            return None
        place = self._placements.anywhere.of(instance.name, build=False)
        if BUILD not in place.machines or instance.machine not in place.machines:
            return None
        return Need(name=instance.name, machine=BUILD, reason=place.reason, post=True)

    def _toolchain(self, machine: str) -> Formula:
        """What all packages of a machine need to be compiled.

        Those of a target need the build machine's as well: makefiles compile programs that run while building, and
        no recipe says so, as elsewhere one compiler does for both.
        """
        found = self._toolchains.get(machine)
        if found is None:
            there = dict.fromkeys((machine, BUILD))
            found = self._toolchains[machine] = AllOf(tuple(tool for one in there for tool in self._tools_of(one)))
        return found

    def _tools_of(self, machine: str) -> Iterator[Formula]:
        where = "the build machine" if machine == BUILD else machine
        implicit = f"C toolchain of {where}"
        for tool in self._machines[machine].toolchain.packages:
            yield _any_of(
                [
                    Need(name=name, machine=machine, versions=of, reason=implicit, implicit=implicit)
                    for name, of in self._alternatives(tool, None)
                ]
            )

    def _compiler(self, instance: Instance, compiler: str) -> Iterator[Need]:
        """On a target, ``ocaml`` is the target's compiler, of the version that the build machine has."""
        version = exactly(instance.version)
        implicit = f"compiler of {instance.machine}"
        yield Need(name=compiler, machine=instance.machine, versions=version, reason=implicit, implicit=implicit)
        reason = f"the {implicit} is of the same version as the build machine's"
        yield Need(name=COMPILER, machine=BUILD, versions=version, reason=reason)

    def _needs_of(self, instance: Instance, entry: Entry, extras: frozenset[str]) -> Needs:
        """Formulas as packages asked for in one way on one machine understand them."""
        places = None
        if self._placements is not None and instance.machine != BUILD:
            places = self._placements.of_dependent(instance.name, entry.depends)
        found = self._needs.get((instance.machine, extras, places))
        if found is None:
            found = Needs(partial(self._placed, places))
            self._needs[instance.machine, extras, places] = found
        return found

    def _placed(self, places: Places | None, need: formulas.Need) -> Formula:
        found = self._alternatives(need.name, _constraint(need.versions))
        return _any_of([_there(need, places, name, versions) for name, versions in found])


class _Environment:
    """The variables that the formulas of one package see."""

    __slots__ = ("_developed", "_instance", "_shared")

    def __init__(self, shared: Mapping[str, Value], instance: Instance, developed: frozenset[str]) -> None:
        self._shared, self._instance, self._developed = shared, instance, developed

    def __call__(self, name: str) -> Value:
        match name:
            case "name" | "_:name":
                return self._instance.name
            case "version" | "_:version":
                return self._instance.version
            case "dev":
                return self._instance.name in self._developed
        return self._shared.get(name)


def _there(need: formulas.Need, places: Places | None, name: str, versions: VersionSet | None) -> Formula:
    """The need met by the package ``name``, on the machines where that has to be; without ``places``, the build one."""
    if places is None:
        return Need(name=name, machine=BUILD, versions=versions, reason="", post=need.post)
    found = places.of(name, build=need.build)
    return _all_of(
        [
            Need(name=name, machine=place, versions=versions, reason=found.reason, post=need.post)
            for place in found.machines
        ]
    )


def _all_of(parts: Sequence[Formula]) -> Formula:
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _any_of(parts: Sequence[Formula]) -> Formula:
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _constraint(versions: VersionFormula) -> VersionFormula | None:
    return None if isinstance(versions, AnyVersion) else versions
