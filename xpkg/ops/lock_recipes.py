"""What a lock says of a recipe, and which of its sources build keys are made with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from xpkg.core.digests import Digest, of_bytes, of_file
from xpkg.core.files import disk_errors
from xpkg.ops.first_use import FirstUse
from xpkg.ops.lock_file import LockedPackage, LockedSource
from xpkg.ops.sources import source_digest
from xpkg.repo.sources.cache import identity

if TYPE_CHECKING:
    from xpkg.core.paths import StateRoot
    from xpkg.repo.recipes import Recipe
    from xpkg.repo.source_values import Source


class LockSources:
    """The sources of recipes as every machine sees them: the first alternative counts, whatever is in a cache.

    A source without a strong hash is held to what was found at its first use: as ``promised`` of the same recipe says,
    else as this machine knows.
    """

    def __init__(self, root: StateRoot, promised: Iterable[LockedPackage] = ()) -> None:
        self._first_use = FirstUse(root)
        self._promised = {
            (one.name, one.version, one.recipe): one.sources
            for one in promised
            if any(source.first_use for source in one.sources)
        }

    def locked(self, recipe: Recipe) -> tuple[LockedSource, ...]:
        """All sources: the main one, its alternatives, the extra ones."""
        return tuple(
            LockedSource(use=use, identity=_names(held), first_use=held != source)
            for use, source, held in self._held(recipe)
        )

    def choice(self, recipe: Recipe) -> tuple[Digest, ...]:
        """What names the sources in a build key: the first alternative's digest, then those of the extra ones."""
        return tuple(source_digest(held) for use, _, held in self._held(recipe) if use != "alternative")

    def first_used(self, recipe: Recipe) -> Iterator[tuple[Source, Digest]]:
        """The sources that have no strong hash of their own, each with the one it is held to."""
        for _, source, held in self._held(recipe):
            if held != source:
                yield source, held.digests[-1]

    def _held(self, recipe: Recipe) -> Iterator[tuple[str, Source, Source]]:
        """Use, source as the recipe has it, the same with the hash that it is held to."""
        uses = list(_uses(recipe))
        key = (recipe.name, recipe.version, str(recipe.digest)) if self._promised else None
        promised = self._promised.get(key, ()) if key else ()
        for number, (use, source) in enumerate(uses):
            told = promised[number] if len(promised) == len(uses) else None
            if told is not None and told.first_use and told.identity and identity(source) is None:
                digest = Digest.parse(told.identity[-1])
                yield use, source, replace(source, digests=(*source.digests, digest))
            else:
                yield use, source, self._first_use.held(source)


def _uses(recipe: Recipe) -> Iterator[tuple[str, Source]]:
    for number, source in enumerate(recipe.sources):
        yield ("alternative" if number else "main"), source
    for extra in recipe.extra_sources:
        yield f"extra {extra.name}", extra.source


def _names(source: Source) -> tuple[str, ...]:
    """All digests; else the commit, if there is one."""
    if source.digests:
        return tuple(map(str, source.digests))
    name = identity(source)
    return () if name is None else (name,)


def locked_package(recipe: Recipe, sources: LockSources) -> LockedPackage:
    """What a lock says of a recipe."""
    with disk_errors("read the files of a recipe", recipe.directory):
        files = tuple((name, str(of_file(path))) for name, path in recipe.files)
    return LockedPackage(
        name=recipe.name,
        version=recipe.version,
        repository=recipe.repository,
        recipe=str(recipe.digest),
        opam=str(of_bytes(recipe.original.text.encode("utf-8", "surrogateescape"))),
        files=files,
        overlays=tuple(dict.fromkeys(overlay.repository for overlay in recipe.overlays)),
        sources=sources.locked(recipe),
    )
