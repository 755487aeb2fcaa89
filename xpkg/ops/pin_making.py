"""Making pins of what the user wishes: everything is looked at and checked, and nothing is recorded yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xpkg.core.errors import InputFileError, NotFoundError, UsageError
from xpkg.core.text import did_you_mean, printable
from xpkg.ops.pin_sources import PinSource, source_at
from xpkg.ops.pin_words import Wish, is_address, located
from xpkg.repo.names import split_package
from xpkg.repo.pinned_recipes import PinnedRecipe, keep, pinned_of, read_pinned
from xpkg.repo.remote.locations import is_directory
from xpkg.repo.source_tree import names_in, recipe_for
from xpkg.repo.version_order import holds
from xpkg.sandbox.switches import Pin

if TYPE_CHECKING:
    from pathlib import Path

    from xpkg.ops.home import Home
    from xpkg.repo.sources.progress import Progress

UNKNOWN_VERSION = "dev"
"""The version of a source that says none, and that no repository has a version of; opam's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Pins that were wished for, and those that their recipes ask for (``pin-depends``)."""

    pins: tuple[Pin, ...]
    needed: tuple[Pin, ...] = ()


def make(home: Home, wish: Wish, progress: Progress, *, pin_depends: bool = True) -> Made:
    """The pins that a wish means.

    UnknownPackage with the nearest names or versions, NotFoundError when a source is not there or has no recipe,
    InputFileError for a recipe that is wrong, SyncError when a repository cannot be had.
    """
    if not wish.address:
        return Made(pins=(_version(home, wish),))
    source = source_at(home, wish.address, progress)
    recipes = _recipes(home, wish, source)
    return made_from(home, source, recipes, progress, version=wish.version, pin_depends=pin_depends)


def made_from(
    home: Home,
    source: PinSource,
    recipes: Recipes,
    progress: Progress,
    *,
    version: str | None = None,
    pin_depends: bool = True,
) -> Made:
    """The pins of packages to a source, and those that their recipes ask for; errors as of `make`."""
    pins = tuple(_pin(home, source, name, version, recipe, own) for name, (recipe, own) in recipes.items())
    needed: dict[str, Pin] = {}
    if pin_depends:
        for name, (recipe, _) in recipes.items():
            for package, address in recipe.needs:
                pin = needed_pin(home, source, name, (package, address), progress)
                if pin.name not in recipes:
                    needed.setdefault(pin.name, pin)
    return Made(pins=pins, needed=tuple(needed.values()))


Recipes = dict[str, tuple[PinnedRecipe, bool]]
"""By name the recipe, and whether the source has it itself."""


def _version(home: Home, wish: Wish) -> Pin:
    """The version as the repositories spell it."""
    assert wish.name is not None
    assert wish.version is not None
    known = home.universe.versions(wish.name)
    equal = [version for version in known if holds("=", version, wish.version)]
    version = wish.version if wish.version in known or not equal else equal[0]
    entry = home.universe.entry(wish.name, version)
    if entry.problem is not None:
        raise InputFileError(f"the recipe of {wish.name} {version} is wrong: {entry.problem}")
    return Pin(name=wish.name, version=version)


def _recipes(home: Home, wish: Wish, source: PinSource) -> Recipes:
    if wish.name is None:
        found: Recipes = {}
        for name in names_in(source.tree, source.label):
            place = recipe_for(source.tree, name)
            if place is not None:
                found[name] = (read_pinned(source.tree, place, name), True)
        if not found:
            raise _no_recipe(source, None, "name the package, if a repository has a recipe of it: NAME DIRECTORY")
        return found
    place = recipe_for(source.tree, wish.name)
    if place is not None:
        return {wish.name: (read_pinned(source.tree, place, wish.name), True)}
    if wish.name not in home.universe.names():
        near = did_you_mean(wish.name, [*names_in(source.tree, source.label), *home.universe.names()])
        raise _no_recipe(source, wish.name, near)
    return {wish.name: (_of_repositories(home, wish.name, wish.version), False)}


def _no_recipe(source: PinSource, name: str | None, hint: str | None) -> NotFoundError:
    there = ", ".join(names_in(source.tree, source.label))
    return NotFoundError(
        f"there is no recipe of {name or 'any package'} in {source.tree.where}",
        reference="no-recipe",
        context=(("recipes there", there),) if there else (),
        hint=hint,
    )


def _of_repositories(home: Home, name: str, version: str | None) -> PinnedRecipe:
    """The recipe of the version that the source is to have, if that exists, else of the newest."""
    known = home.universe.versions(name)
    chosen = version if version in known else known[0]
    assert chosen is not None
    repository = home.universe.entry(name, chosen).repository
    recipe = next(one for one in home.repositories if one.name == repository).recipe(name, chosen)
    files = {path: place.read_bytes() for path, place in recipe.files}
    return replace(pinned_of(recipe.file, name, files), version=chosen, needs=())


def _pin(home: Home, source: PinSource, name: str, version: str | None, recipe: PinnedRecipe, own: bool) -> Pin:
    return Pin(
        name=name,
        version=version or recipe.version or _newest(home, name) or UNKNOWN_VERSION,
        address=source.address,
        commit=source.commit,
        given=version is not None,
        # What a directory has counts as it is at the moment of each plan.
        recipe="" if own and not source.commit else keep(home.root.pins, recipe),
    )


def _newest(home: Home, name: str) -> str | None:
    return home.universe.versions(name)[0] if name in home.universe.names() else None


def needed_pin(home: Home, source: PinSource, by: str, wanted: tuple[str, str], progress: Progress) -> Pin:
    """A pin that a recipe asks for; only what names no place of this machine is taken from a fetched recipe."""
    package, written = wanted
    found = split_package(package)
    name, version = found or (package, None)
    where = (
        ("asked for by", f"{by} ({source.tree.where})"),
        ("pin-depends", f"{printable(package)} {printable(written)}"),
    )
    try:
        if not is_address(written):
            raise UsageError(f"{printable(written)!r} is no address")
        local = not source.commit or source.address.startswith("git+file:")
        address = located(written, home.root.root if source.commit else _base(source))
        if not local and (is_directory(address) or address.startswith("git+file:")):
            raise UsageError("a recipe that was fetched cannot name a place of this machine", reference="bad-address")
        made = make(home, _wish(name, version, address), progress, pin_depends=False)
    except (UsageError, NotFoundError, InputFileError) as error:
        kind = next(one for one in (UsageError, NotFoundError, InputFileError) if isinstance(error, one))
        raise kind(
            f"a dependency cannot be pinned: {error.message}",
            reference=error.reference,
            context=(*where, *error.context),
            hint=error.hint or "pin it yourself first, or use --ignore-pin-depends",
        ) from error
    return replace(made.pins[0], by=by)


def _wish(name: str, version: str | None, address: str) -> Wish:
    from xpkg.repo.names import name_problem

    problem = name_problem(name)
    if problem is not None:
        raise UsageError(f"{printable(name)[:200]!r}: {problem}")
    return Wish(name=name, version=version, address=address)


def _base(source: PinSource) -> Path:
    from pathlib import Path

    return Path(source.address)
