"""Every path that xpkg keeps state at, in one place.

ROOT/
  settings.toml                 repositories and the chosen switch
  first-use.json                hashes of sources that had none, as found when first let in
  repos/<name> -> <name>@<hex>  fetched copies of repositories, the present one and the one before
  targets/<name>.toml           the user's own targets, which come before those of repositories
  pins/<hex>/                   recipes of packages pinned to commits, or to sources without recipes: opam, files/
  cache/sources/<aa>/<hex>      sources by their sha256; index/<kind>/... links other identities to them
  cache/git/<name>              git objects of a repository, so that an update fetches only what changed
  cache/programs/               copies of the system's programs that builds may run, in sets
  cache/clients/                private states of the registries' clients, such as apt's lists
  cache/partial/                downloads not finished yet
  store/outputs/<key>/          one build output: record.json, files/, log
  store/staging/                outputs being made; may be deleted when nothing runs
  store/failed/<label>/         the kept tree of a package's last failed build
  switches/<name>/              generations/<n>/, current -> generations/<n>; etc-<machine>/ configures findlib
  runners/<key>/                prefixes of the programs that run products
  locks/                        one lock file a resource
"""

from __future__ import annotations

from pathlib import Path

from xpkg.core.values import value

NO_SWITCH = "EMPTY"
"""Where no switch is called so, it stands for one that holds nothing, to plan with."""


@value
class StateRoot:
    """The directory that holds all state (``XPKG_ROOT``), and the names below it."""

    root: Path

    @property
    def settings(self) -> Path:
        return self.root / "settings.toml"

    @property
    def first_use(self) -> Path:
        return self.root / "first-use.json"

    @property
    def repositories(self) -> Path:
        return self.root / "repos"

    @property
    def pins(self) -> Path:
        return self.root / "pins"

    @property
    def targets(self) -> Path:
        return self.root / "targets"

    @property
    def sources(self) -> Path:
        return self.root / "cache" / "sources"

    @property
    def partial(self) -> Path:
        return self.root / "cache" / "partial"

    @property
    def programs(self) -> Path:
        """Copies of programs of the system."""
        return self.root / "cache" / "programs"

    @property
    def clients(self) -> Path:
        """Private states of the registries' clients (apt lists and the like)."""
        return self.root / "cache" / "clients"

    @property
    def git(self) -> Path:
        """Bare repositories of ours, one for each repository that is fetched with git."""
        return self.root / "cache" / "git"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def switches(self) -> Path:
        return self.root / "switches"

    @property
    def runners(self) -> Path:
        return self.root / "runners"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    def switch(self, name: str) -> Path:
        return self.switches / name

    def prefix(self, switch: str, machine: str) -> Path:
        """The stable path of a prefix; it follows the switch's current generation."""
        return self.switch(switch) / "current" / machine
