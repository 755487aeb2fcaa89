"""Everything a command stands on: the state directory, the settings, the universe, the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.core.locks import locked
from xpkg.core.paths import StateRoot
from xpkg.core.text import did_you_mean
from xpkg.ops import settings as settings_file
from xpkg.ops.settings import SHIPPED, RepositorySettings, Settings
from xpkg.repo.index.copy import PackedCopy
from xpkg.repo.index.directory import IndexedDirectory
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.remote.locations import is_directory
from xpkg.repo.repository import Listing, Repository
from xpkg.repo.universe import Universe
from xpkg.shipped import PACKAGES, TARGETS

if TYPE_CHECKING:
    from xpkg.repo.targets import Target, Targets
    from xpkg.sandbox.store import Store
    from xpkg.sandbox.switches import Generation, Switch


class Home:
    """The state of one user, read when asked for.

    ``switch_name`` is what ``--switch`` says, if anything; ``environment`` the user's, for the clients that fetch.
    """

    def __init__(
        self, root: Path, switch_name: str | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.root = StateRoot(root)
        self.environment = dict(environment or {})
        self._switch_name = switch_name
        self.pinning: Generation | None = None
        """The present generation of the switch in use, once ``see_pins`` found that it pins something."""

    @cached_property
    def settings(self) -> Settings:
        return settings_file.load(self.root.settings)

    def change_settings(self, change: Callable[[Settings], Settings]) -> None:
        """Keep what ``change`` makes of the settings as they are now, whoever else changes them meanwhile."""
        with locked(self.root.locks, "settings"):
            changed = change(settings_file.load(self.root.settings))
            settings_file.save(self.root.settings, changed)
        self.__dict__["settings"] = changed

    @cached_property
    def repositories(self) -> tuple[Repository, ...]:
        """The user's repositories by falling priority, then the shipped one."""
        chosen = self.settings.repositories
        users = (self._repository(one, len(chosen) - position) for position, one in enumerate(chosen))
        shipped = self.indexed_directory(SHIPPED, PACKAGES.parent)
        return (*users, Repository(name=SHIPPED, root=shipped.root, priority=0, shipped=True, listing=shipped))

    def _repository(self, one: RepositorySettings, priority: int) -> Repository:
        root = self.repository_root(one.name, one.address)
        here = is_directory(one.address)
        listing: Listing = self.indexed_directory(one.name, root) if here else PackedCopy(one.name, root)
        return Repository(
            name=one.name, root=root, priority=priority, exclusive=one.exclusive, names=one.names, listing=listing
        )

    def indexed_directory(self, name: str, root: Path) -> IndexedDirectory:
        """A repository that is a directory, with its index in the state directory."""
        return IndexedDirectory(name, root, self.root.repositories / f"{name}.index", self.root.locks)

    def repository_root(self, name: str, address: str) -> Path:
        """Where a repository's files are: its own directory, or our present copy of what a URL gave.

        The copy by its own name: an update meanwhile must not lead a reader from the old one into the new one.
        """
        if is_directory(address):
            return Path(address)
        link = self.root.repositories / name
        return link.parent / os.readlink(link) if link.is_symlink() else link

    @cached_property
    def targets(self) -> Targets:
        """The user's own targets, those of repositories, the shipped ones: of one name the first counts."""
        from xpkg.repo.targets import load_targets

        # One that answers for some package names only describes no machines.
        directories = [repository.root / "targets" for repository in self.repositories[:-1] if not repository.globs]
        return load_targets((*(path for path in (self.root.targets, *directories) if path.is_dir()), TARGETS))

    def target(self, name: str) -> Target:
        """The target called ``name``; NotFoundError with the nearest names."""
        found = self.targets.get(name)
        if found is None:
            known = sorted(self.targets)
            raise NotFoundError(
                f"there is no target named {name}",
                reference="unknown-target",
                context=(("known targets", ", ".join(known)),),
                hint=did_you_mean(name, known),
            )
        return found

    @property
    def native(self) -> Target:
        return self.target(NATIVE)

    @cached_property
    def universe(self) -> Universe:
        return Universe(self.repositories, lambda: self.targets)

    def see_pins(self) -> None:
        """Have queries from now on know what the switch in use pins: ``pinning``, and the universe with pinned sources.

        Other versions of a pinned name stay in it, as for requests.
        """
        if self.pinning is None and self._has_pins():
            from xpkg.ops.pins import universe_of

            generation = self.find_switch(make=False).current()
            self.__dict__["universe"] = universe_of(self, generation, alone=False)
            self.pinning = generation

    @property
    def pinned_versions(self) -> Mapping[str, str]:
        """The names that ``see_pins`` found pinned, each with its version."""
        return {} if self.pinning is None else {pin.name: pin.version for pin in self.pinning.pins}

    def _has_pins(self) -> bool:
        """Whether the switch in use pins anything, without reading its record in full: most queries find no pin."""
        try:
            record = (self.root.switch(self.switch_name) / "current" / "generation.json").read_bytes()
        except OSError:
            return False  # what is wrong with it is told by whoever needs it
        return b'"pins"' in record and b'"pins": []' not in record

    @cached_property
    def store(self) -> Store:
        from xpkg.sandbox.store import Store

        return Store(self.root)

    @property
    def switch_name(self) -> str:
        return self._switch_name or self.settings.switch

    def find_switch(self, *, make: bool = True) -> Switch:
        """The switch in use; the default one is made when first needed, unless it is only to be looked at."""
        from xpkg.sandbox import switches

        name = self.switch_name
        if name == settings_file.DEFAULT_SWITCH and name not in switches.names(self.root):
            # Another process may be making it at this moment.
            return switches.create(self.root, name, exist_ok=True) if make else switches.unmade(self.root, name)
        return switches.find(self.root, name)
