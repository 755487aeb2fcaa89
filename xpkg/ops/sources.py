"""The sources of builds: which alternative a recipe's build uses, and fetching what is not there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from xpkg.core.digests import Digest, of_value, strongest
from xpkg.core.paths import StateRoot
from xpkg.ops.first_use import FirstUse
from xpkg.repo.recipes import Recipe
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.cache import SourceCache, identity
from xpkg.sandbox.task import BuildTask, SourceFiles

if TYPE_CHECKING:
    from xpkg.repo.sources.progress import Progress


Files = Callable[[BuildTask], SourceFiles]
"""Gives a task the files it is built from."""


class SourceBook:
    """Knows for each recipe the source its build uses.

    Before fetching that is the first alternative that is in the cache, else the first; after it, the one that was
    fetched.  The build key names the source used, so two machines that reached different alternatives have different
    outputs and know it.
    """

    def __init__(self, root: StateRoot, environment: Mapping[str, str]) -> None:
        self._cache = SourceCache(root)
        self._first_use = FirstUse(root)
        self._environment = environment
        self._fetched: dict[str, Fetched] = {}

    def choice(self, recipe: Recipe) -> tuple[Digest, ...]:
        """The digests of all that the recipe's build would unpack: the main source, then the extra ones."""
        digests = []
        if recipe.sources:
            fetched = self._fetched.get(_label(recipe))
            source = self._likely(recipe) if fetched is None else fetched.source
            digests.append(source_digest(source, fetched))
        for extra in recipe.extra_sources:
            source = self._first_use.held(extra.source)
            digests.append(source_digest(source, self._fetched.get(_label(recipe, extra.name))))
        return tuple(digests)

    def _alternatives(self, recipe: Recipe) -> tuple[Source, ...]:
        return tuple(self._first_use.held(source) for source in recipe.sources)

    def _likely(self, recipe: Recipe) -> Source:
        alternatives = self._alternatives(recipe)
        if len(alternatives) == 1:
            return alternatives[0]
        return next((source for source in alternatives if self._cache.has(source)), alternatives[0])

    def wanted(self, tasks: Iterable[BuildTask], allow_unhashed: frozenset[str]) -> list[Wanted]:
        """Everything the tasks need, once each, the alternative in the cache first."""
        wanted: dict[str, Wanted] = {}
        for recipe in (task.recipe for task in tasks):
            allowed = recipe.name in allow_unhashed
            if recipe.sources:
                first = self._likely(recipe)
                rest = tuple(source for source in self._alternatives(recipe) if source != first)
                wanted[_label(recipe)] = Wanted(
                    label=_label(recipe), alternatives=(first, *rest), allow_unhashed=allowed
                )
            for extra in recipe.extra_sources:
                label = _label(recipe, extra.name)
                wanted[label] = Wanted(
                    label=label, alternatives=(self._first_use.held(extra.source),), allow_unhashed=allowed
                )
        return list(wanted.values())

    def fetch(
        self,
        tasks: Iterable[BuildTask],
        progress: Progress,
        cancelled: threading.Event,
        *,
        jobs: int,
        allow_unhashed: frozenset[str],
        offline: bool = False,
    ) -> Files:
        """Fetch all sources of the tasks; a function that gives each task its files.  Raises SyncError."""
        from xpkg.repo.sources.fetch import fetch_all
        from xpkg.repo.sources.settings import FetchSettings

        wanted = self.wanted(tasks, allow_unhashed)
        # Packages of one project have one source: it is fetched for the first of them.
        first = {(one.alternatives, one.allow_unhashed): one for one in reversed(wanted)}
        fetched = fetch_all(
            list(first.values())[::-1],
            self._cache,
            settings=FetchSettings(environment=self._environment),
            jobs=max(4, jobs),
            progress=progress,
            offline=offline,
            cancel=cancelled,
        )
        for one in wanted:
            file = fetched[first[one.alternatives, one.allow_unhashed]]
            self._fetched[one.label] = file
            self._first_use.record(file.source, file.digest)
        return self._files

    def _files(self, task: BuildTask) -> SourceFiles:
        recipe = task.recipe
        main = self._fetched[_label(recipe)] if recipe.sources else None
        extra = tuple((one.name, self._fetched[_label(recipe, one.name)].path) for one in recipe.extra_sources)
        return SourceFiles(archive=None if main is None else main.path, extra=extra)


def _label(recipe: Recipe, extra: str | None = None) -> str:
    return f"{recipe.name}.{recipe.version}" + ("" if extra is None else f" {extra}")


def source_digest(source: Source, fetched: Fetched | None = None) -> Digest:
    """What names the source in a build key: its strongest digest, its commit, or what was found."""
    best = strongest(source.digests)
    if best is not None and best.strong:
        return best
    name = identity(source)
    if name is not None:
        return of_value(name)
    # Neither a strong hash nor a commit: fetching refuses it, or finds its hash at the user's word.
    return fetched.digest if fetched is not None else of_value(list(source.urls))
