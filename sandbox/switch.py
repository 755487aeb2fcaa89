"""One switch: a chain of generations, of which one is current.

switches/<name>/
  generations/<n>/generation.json   what is installed
  generations/<n>/<tree>/           one prefix; only files of packages are in it
  generations/<n>/<tree> -> ../<m>/<tree>   tools that are the same as in an earlier generation
  generations/.tmp-*/               a generation being made; the holder of the lock deletes old ones
  current -> generations/<n>        replaced by one rename: the switch is the old one or the new one
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError, StoreError, UsageError
from xpkg.core.files import (
    disk_errors,
    publish_directory,
    remove_tree,
    replace_link,
    sync_tree,
    temporary_beside,
    write_atomically,
)
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.core.text import printable
from xpkg.repo.machine_names import BUILD
from xpkg.sandbox import generations, userprefix
from xpkg.sandbox.generations import NAME, RECORD, Generation, Installed, Pin, Root, Tree
from xpkg.sandbox.layout import DIRECTORY_MODE, TARGET, TOOLS

if TYPE_CHECKING:
    from xpkg.sandbox.prefix import Earlier
    from xpkg.sandbox.sealed import Difference
    from xpkg.sandbox.store import Store


class Switch:
    """One existing switch; whoever changes it holds :meth:`lock`."""

    def __init__(self, root: StateRoot, name: str) -> None:
        self.name = name
        self._root = root
        self._path = root.switch(name)
        self._generations = self._path / "generations"

    def lock(self, waiting: Callable[[str], None] | None = None) -> AbstractContextManager[None]:
        """Hold the right to change the switch; ``waiting`` is called if another process holds it."""
        return locked(self._root.locks, f"switch-{self.name}", waiting)

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets of the current generation."""
        return self.current().targets

    def prefix(self, tree: str) -> Path:
        """The real prefix of a tree, as its files know it: stable, or the directory the user chose."""
        for known in self.current().trees:
            if known.name == tree and known.chosen:
                return Path(known.prefix)
        return self._root.prefix(self.name, tree)

    def current(self) -> Generation:
        """The generation in use; StoreError ``switch-damaged``."""
        return self._load(self._path / "current" / RECORD)

    def history(self) -> tuple[Generation, ...]:
        """All generations kept, oldest first."""
        return tuple(self._load(self._generations / str(number) / RECORD) for number in self._numbers())

    def trees(
        self,
        targets: Iterable[str],
        prefixes: Mapping[str, Path] | None = None,
        tools: Mapping[str, str] | None = None,
    ) -> tuple[Tree, ...]:
        """The trees that a generation for ``targets`` would have; call it before building anything.

        ``prefixes`` sets the user's own directories by tree, those chosen before stay; ``tools``
        names for a tree the one that its TOOLS references go to, the build machine's unless given.
        Errors when a prefix is too long, has impossible characters or is taken.
        """
        chosen = {tree.name: tree.prefix for tree in self.current().trees if tree.chosen}
        chosen.update((name, str(path)) for name, path in (prefixes or {}).items())
        wanted = sorted({BUILD, *targets, *(tools or {}), *(tools or {}).values()})
        trees = tuple(self._tree(name, chosen.get(name), (tools or {}).get(name, BUILD)) for name in wanted)
        paths = [tree.prefix for tree in trees]
        for path in paths:
            if paths.count(path) > 1:
                raise UsageError("two prefixes have the same directory", context=(("prefix", path),))
        return trees

    def commit(
        self,
        store: Store,
        *,
        targets: Iterable[str],
        roots: Iterable[Root],
        installed: Iterable[Installed],
        prefixes: Mapping[str, Path] | None = None,
        tools: Mapping[str, str] | None = None,
        renewed: frozenset[str] = frozenset(),
        invariant: str | None = None,
    ) -> Generation:
        """Compose a new generation and make it current; see :meth:`trees`.  The caller holds the lock.

        Of outputs whose keys are ``renewed`` nothing is taken over from the current generation.  Pins and holds stay,
        but a hold ends with the instance that it is on; so does the invariant unless another is given.

        An error or a crash at any point leaves the switch as it was or as it will be.
        """
        before = self.current()
        targets, installed = tuple(sorted(targets)), tuple(sorted(installed))
        present = {(instance.name, instance.tree) for instance in installed}
        generation = replace(
            before,
            targets=targets,
            trees=self.trees({*targets, *(instance.tree for instance in installed)}, prefixes, tools),
            roots=tuple(sorted(roots)),
            installed=installed,
            held=tuple(sorted(present.intersection(before.held))),
            invariant=before.invariant if invariant is None else invariant,
        )
        return self._next(store, generation, renewed)

    def amend(
        self,
        store: Store,
        *,
        pins: Iterable[Pin] | None = None,
        held: Iterable[tuple[str, str]] | None = None,
        invariant: str | None = None,
    ) -> Generation:
        """A new generation with the same packages, and other pins, holds or another invariant, made current.

        Its files are links to those of the current one.  The caller holds the lock; errors as for :meth:`commit`.
        """
        now = self.current()
        generation = replace(
            now,
            trees=self.trees(now.targets, tools={tree.name: tree.tools for tree in now.trees}),
            pins=now.pins if pins is None else tuple(sorted(pins)),
            held=now.held if held is None else tuple(sorted(set(held))),
            invariant=now.invariant if invariant is None else invariant,
        )
        return self._next(store, generation, frozenset())

    def _next(self, store: Store, generation: Generation, renewed: frozenset[str]) -> Generation:
        """Compose ``generation``, with a number and a time of its own, and make it current."""
        self._clean()
        generation = replace(generation, number=max(self._numbers(), default=0) + 1, created=time.time())
        final = self._generations / str(generation.number)
        temporary = temporary_beside(final)
        with disk_errors("make a generation in", self._generations), ExitStack() as undo:
            undo.callback(remove_tree, temporary)
            self._compose(store, generation, temporary, renewed)
            undo.callback(self._forget, generation.number)
            publish_directory(temporary, final)
            self._make_current(generation)
            undo.pop_all()
        return generation

    def rollback(self, number: int) -> Generation:
        """Make an earlier (or later) generation current again: one rename.  The caller holds the lock."""
        if number not in self._numbers():
            raise NotFoundError(
                f"switch {self.name} has no generation {number}",
                reference="unknown-generation",
                context=(("generations", ", ".join(map(str, self._numbers()))),),
            )
        generation = self._load(self._generations / str(number) / RECORD)
        if self.moved(generation):
            raise StoreError(
                f"generation {number} was made for another directory",
                reference="switch-moved",
                context=tuple((tree.name, tree.prefix) for tree in generation.trees),
                hint="its programs know their old path; install again to make a generation for this one",
            )
        self._make_current(generation)
        return generation

    def moved(self, generation: Generation) -> bool:
        """Whether the state directory has another path now than when the generation was made."""
        return any(not tree.chosen and tree.prefix != str(self._stable(tree.name)) for tree in generation.trees)

    def verify(self, store: Store, generation: Generation) -> dict[str, tuple[Difference, ...]]:
        """By tree, what is not as the generation made it; every byte is read."""
        from xpkg.sandbox.prefix import verify

        return {
            tree.name: verify(
                [store.output(instance.key) for instance in generation.installed if instance.tree == tree.name],
                self._generations / str(generation.number) / tree.name,
                _mapping(generation, tree),
            )
            for tree in generation.trees
        }

    def links(self) -> dict[Path, Path]:
        """The links at the user's own directories and where they lead; none when the switch is damaged."""
        try:
            trees = self.current().trees
        except StoreError:
            return {}
        return {Path(tree.prefix): self._stable(tree.name) for tree in trees if tree.chosen}

    def _stable(self, tree: str) -> Path:
        return self._root.prefix(self.name, tree)

    def _former(self, tree: str) -> Path:
        """The stable path that a tree had when the current generation was made."""
        for known in self.current().trees:
            if not known.chosen:
                return Path(known.prefix).with_name(tree)
        return self._stable(tree)

    def _tree(self, name: str, chosen: str | None, tools: str) -> Tree:
        if NAME.fullmatch(name) is None or name == RECORD:
            raise UsageError(f"{printable(name)} cannot be the name of a prefix", reference="bad-name")
        stable = self._stable(name)
        if chosen is None:
            from xpkg.sandbox.relocate import check_prefix

            check_prefix(str(stable))
            return Tree(name=name, prefix=str(stable), tools=tools)
        userprefix.check(Path(chosen), stable, self._root.root, self._former(name))
        return Tree(name=name, prefix=chosen, tools=tools, chosen=True)

    def _compose(self, store: Store, generation: Generation, directory: Path, renewed: frozenset[str]) -> None:
        from xpkg.sandbox.prefix import compose
        from xpkg.sandbox.sharing import shareable

        directory.mkdir()
        directory.chmod(DIRECTORY_MODE)
        tools = {tree.tools for tree in generation.trees if tree.tools != tree.name}
        for tree in generation.trees:
            keys = [instance.key for instance in generation.installed if instance.tree == tree.name]
            earlier = self._earlier(generation, tree, renewed)
            if tree.name in tools and earlier is not None and earlier.keys == frozenset(keys):
                link = shareable(earlier.path, RECORD)
                if link is not None:
                    (directory / tree.name).symlink_to(link)
                    continue
            outputs = [store.output(key) for key in keys]
            compose(outputs, directory / tree.name, _mapping(generation, tree), earlier)
        write_atomically(directory / RECORD, generations.encode(generation))
        sync_tree(directory)

    def _earlier(self, generation: Generation, tree: Tree, renewed: frozenset[str]) -> Earlier | None:
        """The current generation's tree of that name when it was made for the same paths."""
        from xpkg.sandbox.prefix import Earlier

        before = self.current()
        if tree not in before.trees or _mapping(before, tree) != _mapping(generation, tree):
            return None
        keys = frozenset(instance.key for instance in before.installed if instance.tree == tree.name)
        return Earlier(path=self._generations / str(before.number) / tree.name, keys=keys - renewed)

    def _make_current(self, generation: Generation) -> None:
        """Links at the user's directories first: they lead through ``current`` and so to the old tree until then."""
        before = self.links()
        with ExitStack() as undo:
            for tree in generation.trees:
                if tree.chosen:
                    directory, stable = Path(tree.prefix), self._stable(tree.name)
                    userprefix.check(directory, stable, self._root.root, self._former(tree.name))
                    undo.callback(self._unless_current, generation.number, userprefix.place(directory, stable))
            replace_link(self._path / "current", f"generations/{generation.number}")
            undo.pop_all()
        for directory in before.keys() - self.links().keys():
            userprefix.withdraw(directory, before[directory])

    def _forget(self, number: int) -> None:
        self._unless_current(number, lambda: remove_tree(self._generations / str(number)))

    def _unless_current(self, number: int, undo: Callable[[], None]) -> None:
        """What fails after the one rename that counts must not be undone."""
        if os.readlink(self._path / "current") != f"generations/{number}":
            undo()

    def _numbers(self) -> list[int]:
        return sorted(int(name) for name in os.listdir(self._generations) if name.isdecimal())

    def _clean(self) -> None:
        """Delete what a process left that died while making a generation: the lock says that none is at it."""
        with disk_errors("clean up", self._generations):
            for name in os.listdir(self._generations):
                if name.startswith(".tmp-"):
                    remove_tree(self._generations / name)

    def _load(self, path: Path) -> Generation:
        try:
            return generations.decode(path.read_bytes(), str(path))
        except OSError as error:
            raise generations.damaged(str(path), error.strerror or str(error)) from error


def _mapping(generation: Generation, tree: Tree) -> dict[str, str]:
    if tree.tools == tree.name:
        return {TOOLS: tree.prefix}
    return {TOOLS: generation.tree(tree.tools).prefix, TARGET: tree.prefix}
