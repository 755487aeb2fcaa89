"""opam's state as far as the tests need it: repositories, switches, pins and variables; the questions go to xpkg."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.opamfile.file import decode, parse
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.recipes import Recipe
from xpkg.repo.repository import Repository
from xpkg.repo.targets import Layout, Target, Toolchain
from xpkg.repo.universe import Universe

DEFAULT = "default"
PINNED = "pinned"

# What opam compares to see whether an installed package changed (OpamFile.OPAM.effective_part), beside the sources.
_FIELDS = "setenv build run-test build-test install remove substs patches build-env features x-env-path-rewrite"
_EFFECTIVE = frozenset(_FIELDS.split())


@dataclass(slots=True)
class Pin:
    """A name held at a version; ``recipe`` is the text of the opam file, ``source`` the address if there is one, with
    the directory ``below`` it, ``files`` where its ``files`` are; a ``locked`` one goes by its lock file."""

    name: str
    version: str
    recipe: str
    source: str | None = None
    below: str = ""
    locked: bool = False
    files: Path | None = None


@dataclass(slots=True)
class Switch:
    """``built`` and ``texts`` have for each installed name what it was built from; ``pending`` names are to be built
    again."""

    name: str
    repositories: list[str] | None = None
    invariant: str = ""
    installed: dict[str, str] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    pins: dict[str, Pin] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    built: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)


class World:
    """One test's directory with all that opam would know."""

    def __init__(self, base: Path, public: Path | None = None) -> None:
        """``public`` is what the repository default has, which is else the test's own."""
        self.base = base
        self._public = public
        self.opam = base / "OPAM"
        self.opam.mkdir(parents=True)
        self.variables: dict[str, str] = {"BASEDIR": str(base), "OPAMROOT": str(self.opam), "OPAM": "opam"}
        self.settings: dict[str, str] = {"sys-ocaml-version": "4.08.0"}
        self.addresses: dict[str, str] = {}
        self.selected: list[str] = []
        self.switches: dict[str, Switch] = {}
        self.current: str | None = None
        repository = base / "REPO"
        (repository / "packages").mkdir(parents=True)
        (repository / "repo").write_text('opam-version: "2.0"', "utf-8")
        self.add_repository(DEFAULT, "./REPO")
        self.selected.append(DEFAULT)

    @property
    def switch(self) -> Switch:
        """The one that commands are about; an empty one that nobody sees when none was made."""
        if self.current is None or self.current not in self.switches:
            return Switch("none")
        return self.switches[self.current]

    def add_repository(self, name: str, address: str) -> None:
        """Make a repository known; ``selected`` are those that a switch without a choice of its own sees."""
        self.addresses[name] = address
        self.update(name)

    def selection(self, switch: Switch) -> list[str]:
        """The repositories that a switch sees, the first goes first."""
        return self.selected if switch.repositories is None else switch.repositories

    def update(self, name: str) -> None:
        """Take the present content of a repository."""
        copy = self.opam / "repo" / name
        if copy.is_symlink():
            copy.unlink()
        shutil.rmtree(copy, ignore_errors=True)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if name == DEFAULT and self._public is not None:
            copy.symlink_to(self._public)
            return
        origin = self.local_path(self.addresses[name])
        if self.addresses[name].startswith("git+"):
            export_commit(origin, self.addresses[name].partition("#")[2] or "HEAD", copy)
        elif origin.is_dir():
            shutil.copytree(origin, copy, ignore=shutil.ignore_patterns(".git"), symlinks=True)
        (copy / "packages").mkdir(parents=True, exist_ok=True)

    def local_path(self, address: str) -> Path:
        """The directory that an address of these tests names."""
        plain = address.partition("#")[0].removeprefix("git+").removeprefix("rsync+").removeprefix("file://")
        return self.base / plain.replace("${BASEDIR}", str(self.base))

    def universe(self, environment: Mapping[str, str]) -> Universe:
        """What the current switch sees."""
        switch = self.switch
        known = [name for name in self.selection(switch) if name in self.addresses]
        repositories = [
            Repository(name=name, root=self.opam / "repo" / name, priority=-place)
            for place, name in enumerate(known)
            if (self.opam / "repo" / name / "packages").is_dir()
        ]
        if switch.pins:
            pinned = self._write_pins(switch)
            repositories.insert(0, Repository(name=PINNED, root=pinned, priority=1, exclusive=True))
        return Universe(repositories, {NATIVE: self._machine(environment)})

    def _write_pins(self, switch: Switch) -> Path:
        root = self.opam / f"pins-{switch.name.replace('/', '%')}"
        shutil.rmtree(root, ignore_errors=True)
        for name, pin in switch.pins.items():
            directory = root / "packages" / name / f"{name}.{pin.version}"
            directory.mkdir(parents=True)
            (directory / "opam").write_text(_without_identity(pin.recipe), "utf-8")
            if pin.files is not None and pin.files.is_dir():
                shutil.copytree(pin.files, directory / "files")
        return root

    def _machine(self, environment: Mapping[str, str]) -> Target:
        variables = {"arch": "x86_64", "os": "linux", "os-family": "debian", "os-distribution": "debian"}
        variables |= self.settings | self.switch.variables | overriding(environment)
        return Target(
            name=NATIVE,
            description="",
            triple="x86_64-linux-gnu",
            variables=variables,
            toolchain=Toolchain(),
            layout=Layout(),
            objects=None,
            run=None,
        )

    def read_pin(self, pin: Pin, *, working: bool = False) -> None:
        """Take the recipe that a pinned tree has now."""
        assert pin.source is not None
        name = pin.name
        lock = self.local_path(pin.source) / pin.below / f"{name}.opam.locked"
        if pin.locked and lock.is_file():
            pin.recipe = lock.read_text("utf-8")
        else:
            pin.recipe = self._pinned_recipe(name, pin.source, pin.below, working=working)
        pin.files = self.local_path(pin.source) / pin.below / "files"

    def _pinned_recipe(self, name: str, address: str, below: str, *, working: bool) -> str:
        """The recipe of a name in a pinned tree; of a git repository what was committed, unless ``working``."""
        origin = self.local_path(address)
        for file in (f"{name}.opam", "opam", f"opam/{name}.opam", f"{name}.opam/opam", "opam/opam"):
            place = f"{below}/{file}" if below else file
            if not working and address.startswith("git+") and (origin / ".git").exists():
                shown = subprocess.run(
                    ["git", "-C", str(origin), "show", f"HEAD:{place}"], capture_output=True, check=False
                )
                if shown.returncode == 0 and not shown.stdout.startswith(b"tree "):
                    return decode(shown.stdout)
                if (origin / place).is_file():
                    return (origin / place).read_text("utf-8")
            elif (origin / place).is_file():
                return (origin / place).read_text("utf-8")
        return 'opam-version: "2.0"\n'

    def signature(self, universe: Universe, name: str, version: str) -> str:
        """What a build of a version depends on, to see whether its recipe changed; empty when there is none."""
        try:
            recipe = universe.recipe(name, version)
        except (InputFileError, NotFoundError):
            return ""
        return _signature(recipe)


def export_commit(repository: Path, commit: str, destination: Path) -> None:
    """The files of a commit; none when there is no such commit."""
    destination.mkdir(parents=True)
    archive = ["git", "-C", str(repository), "archive", commit]
    with subprocess.Popen(archive, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as packing:
        subprocess.run(
            ["tar", "-x", "-C", str(destination)], stdin=packing.stdout, stderr=subprocess.DEVNULL, check=False
        )


def _signature(recipe: Recipe) -> str:
    fields = [f"{name}: {print_value(value)}" for name, value in recipe.fields.items() if name in _EFFECTIVE]
    sources = [*recipe.sources[:1], *(extra.source for extra in recipe.extra_sources)]
    identities = [str(source.digests[0]) if source.digests else source.urls[0] for source in sources]
    return "\n".join([*sorted(fields), str("plugin" in recipe.flags), *identities])


def _without_identity(text: str) -> str:
    """The recipe without name and version, which a pin may change."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("version:", "name:")))


def stated_version(text: str) -> str | None:
    """The version that a recipe states."""
    value = parse(text, "opam").get("version") if text else None
    return None if value is None else print_value(value).strip('"')


def overriding(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables set for one command: OPAMVAR_os_family is os-family, and os_family too."""
    found = {}
    for name, value in environment.items():
        if name.startswith("OPAMVAR_"):
            plain = name.removeprefix("OPAMVAR_")
            found[plain] = found[plain.replace("_", "-")] = value
    return found
