"""A switch as it would be with a project's packages pinned: what is planned and committed then has the pins.

Nothing is recorded before the packages are built, so whatever fails leaves the switch without the pins too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError, UsageError
from xpkg.core.text import printable
from xpkg.ops.pin_making import UNKNOWN_VERSION, Made, made_from
from xpkg.ops.pin_sources import source_at
from xpkg.ops.pinning import check_held, declined, with_pins
from xpkg.repo.version_order import newest_first
from xpkg.sandbox.switches import Generation, Pin, Switch

if TYPE_CHECKING:
    from xpkg.core.paths import StateRoot
    from xpkg.ops.home import Home
    from xpkg.ops.pinning import PinChange
    from xpkg.ops.projects import Project
    from xpkg.repo.sources.progress import Progress
    from xpkg.sandbox.store import Store

Pins = dict[str, Pin]


class PinnedSwitch(Switch):
    """A switch seen as if its pins were others.  What is committed has those.

    Where they are ``passing``, for packages that are only wanted for what they need, it has them of what is installed.
    """

    def __init__(
        self, root: StateRoot, base: Switch, change: Callable[[Mapping[str, Pin]], Pins], *, passing: bool = False
    ) -> None:
        super().__init__(root, base.name)
        self._base, self._change, self._passing = base, change, passing

    def current(self) -> Generation:
        now = self._base.current()
        before = {pin.name: pin for pin in now.pins}
        after = self._change(before)
        check_held(now, [pin for name, pin in after.items() if before.get(name) != pin])
        return replace(now, pins=tuple(sorted(after.values())))

    def record(self, store: Store) -> None:
        """Make the pins the switch's own, if they are not yet: a plan without actions commits nothing."""
        if self._passing or self._base.current().pins == self.current().pins:
            return
        with self.lock():
            if self._base.current().pins != (wanted := self.current().pins):
                self._base.amend(store, pins=wanted)

    def _next(self, store: Store, generation: Generation, renewed: frozenset[str]) -> Generation:
        if self._passing:
            there = {one.name for one in generation.installed}
            own = (pin for pin in self._base.current().pins if pin.name not in there)
            generation = replace(generation, pins=(*own, *(pin for pin in generation.pins if pin.name in there)))
            generation = replace(generation, pins=tuple(sorted(generation.pins)))
        return super()._next(store, generation, renewed)


class ProjectPins:
    """The pins that projects mean; their recipes and sources are looked at when it is made.

    UsageError when two projects have a package of one name; errors as `xpkg.ops.pin_making.make` has them.
    """

    def __init__(
        self, home: Home, projects: Sequence[Project], progress: Progress, *, pin_depends: bool = True
    ) -> None:
        self._projects = projects
        _check_apart(projects)
        made = [_made(home, one, progress, pin_depends=pin_depends) for one in projects]
        own = {pin.name for one in made for pin in one.pins}
        self._made = Made(
            pins=tuple({pin.name: pin for one in made for pin in one.pins}.values()),
            needed=tuple(pin for one in made for pin in one.needed if pin.name not in own),
        )

    @property
    def pins(self) -> tuple[Pin, ...]:
        return self._made.pins

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The packages of the projects, in their order."""
        return tuple(dict.fromkeys(name for one in self._projects for name in one.names))

    def over(self, before: Mapping[str, Pin]) -> Pins:
        """These pins in place of others; one of the user's own is not replaced by what a recipe asks for."""
        kept = tuple(_with_given_version(pin, before.get(pin.name)) for pin in self.pins)
        return with_pins(dict(before), replace(self._made, pins=kept))

    def replaced(self, before: Mapping[str, Pin]) -> tuple[tuple[Pin, Pin], ...]:
        """Pins of other places that give way, each with the one that takes its place."""
        found = ((before[pin.name], pin) for pin in self.pins if pin.name in before)
        return tuple((old, new) for old, new in found if (old.address, old.commit) != (new.address, new.commit))

    def declined(self, before: Mapping[str, Pin]) -> tuple[PinChange, ...]:
        """Pins that recipes ask for where the user has another of his own."""
        return tuple(declined(dict(before), self._made))


def pinned_there(generation: Generation, project: str, names: Sequence[str]) -> tuple[str, ...]:
    """The packages that are pinned to a directory, those of ``names`` or all; NotFoundError ``not-pinned``."""
    there = [pin.name for pin in generation.pins if pin.address == project]
    missing = [name for name in names if name not in there]
    if missing or not there:
        what = " and ".join(missing) or "nothing"
        raise NotFoundError(
            f"{what} is {'not ' if missing else ''}pinned to {printable(project)}",
            reference="not-pinned",
            hint="xpkg pin list shows what is",
        )
    return tuple(names) or tuple(there)


def derived_again(home: Home, pin: Pin, progress: Progress) -> Pin | None:
    """A pin whose recipe was derived from the build files, derived from them anew; None for any other pin."""
    from xpkg.ops.project_systems import system_named
    from xpkg.ops.project_words import ProjectWish
    from xpkg.ops.projects import DERIVED, find_project
    from xpkg.repo.opamfile.values import String
    from xpkg.repo.pinned_recipes import kept

    file, _ = kept(home.root.pins / pin.recipe)
    stated = file.get(DERIVED)
    system = system_named(stated.value) if isinstance(stated, String) else None
    if system is None:
        return None
    project = find_project(ProjectWish(directory=Path(pin.address), names=(pin.name,)), system)
    made = _made(home, project, progress, pin_depends=False).pins[0]
    return replace(_with_given_version(made, pin), by=pin.by)


def _made(home: Home, project: Project, progress: Progress, *, pin_depends: bool) -> Made:
    source = source_at(home, str(project.directory), progress)
    own = project.system is None
    recipes = {name: (recipe, own) for name, recipe in project.recipes.items()}
    made = made_from(home, source, recipes, progress, pin_depends=pin_depends)
    return replace(made, pins=_of_one_version(project, made.pins))


def _of_one_version(project: Project, pins: tuple[Pin, ...]) -> tuple[Pin, ...]:
    """Packages whose recipes say no version have the same: they may need one another in their own version."""
    silent = {name for name, recipe in project.recipes.items() if recipe.version is None}
    known = [pin.version for pin in pins if pin.name in silent and pin.version != UNKNOWN_VERSION]
    if not known:
        return pins
    version = newest_first(known)[0]
    return tuple(replace(pin, version=version) if pin.name in silent else pin for pin in pins)


def _with_given_version(pin: Pin, before: Pin | None) -> Pin:
    """A version that the user gave the same source stays."""
    if before is None or not before.given or before.address != pin.address:
        return pin
    return replace(pin, version=before.version, given=True)


def _check_apart(projects: Sequence[Project]) -> None:
    seen: dict[str, Project] = {}
    for project in projects:
        for name in project.recipes:
            other = seen.setdefault(name, project)
            if other.directory != project.directory:
                raise UsageError(
                    f"two projects have a package {name}",
                    reference="bad-project",
                    context=(
                        ("one", printable(str(other.directory))),
                        ("the other", printable(str(project.directory))),
                    ),
                    hint="DIRECTORY:NAME names single packages of a project",
                )
