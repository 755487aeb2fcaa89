"""Recipes on two machines: answers judged by reading the recipes anew, over all states there are.

The judge knows what was written, not what the solver made of it: placements, filters and machines are worked out here
from the design ("Two machines, one solve") and opam's manual.
"""

from __future__ import annotations

import graphlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.property.test_solver import State, beside_pins, cost, slow
from tests.unit.solver.test_context import MOON, NATIVE
from tests.unit.solver.toy import TARGET, Row
from xpkg.repo.machine_names import BUILD
from xpkg.repo.repository import Repository
from xpkg.repo.targets import load_targets
from xpkg.repo.universe import Universe
from xpkg.repo.versions import Compare
from xpkg.solver.context import RepoContext
from xpkg.solver.model import Instance, NoSolution, Request
from xpkg.solver.protocol import Need
from xpkg.solver.solve import solve

NAMES = ("a", "b", "c")
VERSIONS = ("1", "2")
OS = {BUILD: "linux", TARGET: "moon"}
PLACES: dict[str | None, tuple[str, ...]] = {"build": (BUILD,), "target": (TARGET,), "both": (BUILD, TARGET)}


@dataclass(frozen=True)
class Atom:
    name: str
    operator: str = ""  # applied to "2"
    build: bool = False
    post: bool = False
    only: str = ""  # the system whose machines it is for

    def __str__(self) -> str:
        parts = ["build"] * self.build + ["post"] * self.post
        parts += [f'{self.operator} "2"'] * bool(self.operator) + [f'os = "{self.only}"'] * bool(self.only)
        return f'"{self.name}"' + (f" {{{' & '.join(parts)}}}" if parts else "")

    def allows(self, version: str) -> bool:
        return {"": True, "=": version == "2", ">=": version >= "2", "<": version < "2", "!=": version != "2"}[
            self.operator
        ]


@dataclass(frozen=True)
class Recipe:
    depends: tuple[tuple[Atom, ...], ...]
    depopts: tuple[Atom, ...]
    conflicts: tuple[Atom, ...]
    conflict_class: str
    avoided: bool
    available: str

    def __str__(self) -> str:
        alternatives = [" | ".join(map(str, one)) for one in self.depends]
        lines = [f"depends: [{' '.join(f'({one})' for one in alternatives)}]"]
        lines.append(f"depopts: [{' '.join(map(str, self.depopts))}]")
        lines.append(f"conflicts: [{' '.join(map(str, self.conflicts))}]")
        lines += [f'conflict-class: "{self.conflict_class}"'] * bool(self.conflict_class)
        lines += ["flags: avoid-version"] * self.avoided
        lines += [f'available: os = "{self.available}"'] * bool(self.available)
        return "\n".join(lines) + "\n"


operators = st.sampled_from(["", "", "", "=", ">=", "<", "!="])
needs = st.builds(
    Atom,
    st.sampled_from(NAMES),
    operators,
    build=st.sampled_from([False, False, True]),
    post=st.sampled_from([False, False, False, True]),
    only=st.sampled_from(["", "", "", "", "linux", "moon"]),
)
plain = st.builds(Atom, st.sampled_from(NAMES), operators)
recipes = st.builds(
    Recipe,
    st.lists(st.lists(needs, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    st.lists(plain, max_size=1).map(tuple),
    st.lists(plain, max_size=1).map(tuple),
    st.sampled_from(["", "", "k"]),
    st.sampled_from([False, False, False, True]),
    st.sampled_from(["", "", "", "linux", "moon"]),
)


@dataclass(frozen=True)
class World:
    """``places`` has what each name says of where it runs."""

    recipes: dict[tuple[str, str], Recipe]
    places: dict[str, str | None]

    def where(self, atom: Atom, one: Instance) -> tuple[str, ...]:
        """The machines where a package needs what an atom names."""
        if one.machine == BUILD:
            return (BUILD,)
        if self.places[atom.name] is not None:
            return PLACES[self.places[atom.name]]
        if atom.build:
            return (BUILD,)
        # What belongs on both machines itself has what it is made of on both.
        return (BUILD, TARGET) if self.places[one.name] == "both" else (TARGET,)

    def present(self, atom: Atom, place: str, state: State) -> list[Instance]:
        return [one for one in state if (one.name, one.machine) == (atom.name, place) and atom.allows(one.version)]

    def can_be_had(self, one: Instance) -> bool:
        return self.recipes[one.name, one.version].available in ("", OS[one.machine])

    def fits(self, state: State) -> bool:
        """Whether all that is there can be had, has what it needs, beside nothing it excludes, and in some order."""
        if not all(self.can_be_had(one) and self._is_content(one, state) for one in state):
            return False
        classes = {(one.machine, self.recipes[one.name, one.version].conflict_class, one.name) for one in state}
        named = [(machine, kind) for machine, kind, _ in classes if kind]
        if len(named) != len(set(named)):
            return False
        try:
            graphlib.TopologicalSorter({one: self._waits_for(one, state) for one in state}).prepare()
        except graphlib.CycleError:
            return False
        return True

    def _is_content(self, one: Instance, state: State) -> bool:
        recipe = self.recipes[one.name, one.version]
        is_twin = one.machine == TARGET and self.places[one.name] == "both"
        if is_twin and not self.present(Atom(one.name), BUILD, state):
            return False
        for alternatives in recipe.depends:
            left = [atom for atom in alternatives if atom.only in ("", OS[one.machine])]
            met = [all(self.present(atom, place, state) for place in self.where(atom, one)) for atom in left]
            if left and not any(met):
                return False
        excluded = [atom for atom in recipe.conflicts if atom.name != one.name]
        return not any(self.present(atom, place, state) for atom in excluded for place in self.where(atom, one))

    def _waits_for(self, one: Instance, state: State) -> list[Instance]:
        recipe = self.recipes[one.name, one.version]
        wanted = [atom for some in recipe.depends for atom in some if not atom.post]
        wanted = [atom for atom in wanted if atom.only in ("", OS[one.machine])] + list(recipe.depopts)
        found = [
            other for atom in wanted for place in self.where(atom, one) for other in self.present(atom, place, state)
        ]
        return [other for other in found if other != one]

    @property
    def table(self) -> dict[str, Row]:
        """What the criteria look at."""
        systems = {"": None, "linux": BUILD, "moon": TARGET}
        rows = {f"{name} 3": Row(only="nowhere") for name in NAMES}
        for (name, version), recipe in self.recipes.items():
            rows[f"{name} {version}"] = Row(
                avoided="avoid-version" if recipe.avoided else None, only=systems[recipe.available]
            )
        return rows


def all_states() -> list[State]:
    """At most one version of each name, on either machine or both."""
    choices = [
        [
            frozenset(Instance(name=name, version=version, machine=machine) for machine in machines)
            for version, machines in itertools.product(VERSIONS, ((BUILD,), (TARGET,), (BUILD, TARGET)))
        ]
        + [frozenset()]
        for name in NAMES
    ]
    return [frozenset().union(*picked) for picked in itertools.product(*choices)]


STATES = all_states()
worlds = st.builds(
    World,
    st.fixed_dictionaries({(name, version): recipes for name in NAMES for version in VERSIONS}),
    st.fixed_dictionaries({name: st.sampled_from([None, None, None, "build", "target", "both"]) for name in NAMES}),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[World, Request, tuple[Atom, ...], list[State]]:
    """A world, a request without what is to be installed, that, and the states that fit."""
    world = draw(worlds)
    fitting = [state for state in STATES if world.fits(state)]
    installed = tuple(sorted(draw(st.sampled_from(fitting))))
    request = Request(
        target=TARGET,
        installed=installed,
        roots=tuple(one for one in installed if draw(st.booleans())),
        remove=draw(st.sampled_from([(), (), (), (("a", TARGET),)])),
        upgrade=draw(st.sampled_from([False, False, True])),
        fixup=draw(st.sampled_from([False, False, False, True])),
        pins=draw(st.sampled_from([(), (), (), (("b", "1"),)])),
        held=draw(st.sampled_from([(), (), (), installed[:1]])),
        invariant=draw(st.sampled_from([None, None, None, Need(name="c", machine=BUILD)])),
    )
    return world, request, tuple(draw(st.lists(plain, max_size=2))), fitting


def machine_of(world: World, atom: Atom) -> str:
    """Where a package goes that is asked for by name: to the target unless it belongs to the build machine alone."""
    return BUILD if world.places[atom.name] == "build" else TARGET


def meets(world: World, request: Request, asked: tuple[Atom, ...], state: State) -> bool:
    there = {(one.name, one.machine) for one in state}
    chosen = state - beside_pins(world.table, request)
    return (
        all(world.present(atom, machine_of(world, atom), state) for atom in asked)
        and there.isdisjoint(request.remove)
        and all(one.version == version for name, version in request.pins for one in chosen if one.name == name)
        and all(one in state or (one.name, one.machine) in request.remove for one in request.held)
        and (request.invariant is None or ("c", BUILD) in there)
    )


def context_over(root: Path, world: World) -> RepoContext:
    (root / "targets").mkdir()
    for name, text in (("native", NATIVE), ("moon", MOON)):
        (root / "targets" / f"{name}.toml").write_text(text.partition("[toolchain]")[0])
    for (name, version), recipe in world.recipes.items():
        directory = root / "packages" / name / f"{name}.{version}"
        directory.mkdir(parents=True)
        place = f'x-runs-on: "{world.places[name]}"\n' if world.places[name] else ""
        (directory / "opam").write_text(f'opam-version: "2.0"\n{recipe}{place}')
    targets = load_targets([root / "targets"])
    return RepoContext(Universe([Repository(name="here", root=root)], targets), targets[TARGET])


@settings(slow, max_examples=60)
@given(cases())
def test_answers_respect_what_recipes_say_and_are_the_best(
    case: tuple[World, Request, tuple[Atom, ...], list[State]],
) -> None:
    world, base, asked, fitting = case
    assume(all(any(atom.allows(version) for version in VERSIONS) for atom in asked))
    with TemporaryDirectory() as place:
        context = context_over(Path(place), world)
        wanted = [context.asked(one.name, Compare(one.operator, "2") if one.operator else None) for one in asked]
        request = replace(base, install=tuple(wanted))
        good = [state for state in fitting if meets(world, request, asked, state)]
        try:
            found = solve(request, context)
        except NoSolution:
            event("no solution")
            assert not good
            return
    event("solution")
    state = frozenset(found.instances)
    assert state in good
    assert cost(world.table, request, state) == min(cost(world.table, request, one) for one in good)
