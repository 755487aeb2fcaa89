"""``opam list``: the packages that a selection leaves, against xpkg's queries."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from tests.reftests.commands import Answer, Command
from tests.reftests.script import rewrite
from tests.reftests.verdict import Reason
from tests.reftests.world import World
from xpkg.core.errors import XpkgError
from xpkg.ops.query_edges import Edges, Kinds, Versions, package_variables
from xpkg.ops.query_entries import Entries
from xpkg.ops.query_names import matching
from xpkg.ops.spelling import read_spellings
from xpkg.repo.entries import Entry
from xpkg.repo.filters import is_true
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.variables import machine_variables
from xpkg.repo.version_order import version_key

Package = tuple[str, str]
_SELECTING = {
    "--available",
    "--all-versions",
    "--latests-only",
    "--depends-on",
    "--required-by",
    "--recursive",
    "--repo",
}
_OTHER = {"--short", "-s", "-A", "-V", "-a", "--all", "--with-test", "--with-doc", "--depopts", "--post", "--columns"}


def listing(world: World, command: Command) -> Answer:
    arguments = command.arguments
    asks = arguments.has("--available", "--all-versions", "--depends-on", "--required-by", "--latests-only", "-a", "-A")
    if not asks or arguments.has("-i", "--installed", "--roots", "--invariant", "--no-switch"):
        return Answer(reason=Reason.LIST_OF_STATE)
    columns = {one for given in arguments.values("--columns") for one in given.split(",")}
    if not set(arguments.options) <= _SELECTING | _OTHER or not columns <= {"name", "package"} or command.failed:
        return Answer(reason=Reason.NO_OPTION)
    try:
        found = _Listing(world, command).found()
    except XpkgError as error:
        return Answer(ours=error.message, theirs="\n".join(command.expected))
    versioned = arguments.has("--all-versions", "-V") or "package" in columns
    ours = {f"{name}.{version}" if versioned else name for name, version in found}
    theirs = {line.split()[0] for line in command.expected if line and not line.startswith("#")}
    return Answer(ours=" ".join(sorted(rewrite(sorted(ours), command.run))), theirs=" ".join(sorted(theirs)))


class _Listing:
    """One selection."""

    def __init__(self, world: World, command: Command) -> None:
        self.arguments = command.arguments
        self.universe = world.universe(command.environment)
        self.installed = world.switch.installed
        self.entries = Entries(self.universe, lambda problem: None)
        machine = self.universe.targets[NATIVE]
        self.variables = machine_variables(machine, machine)
        kinds = Kinds(
            test=self.arguments.has("--with-test"),
            doc=self.arguments.has("--with-doc"),
            post=self.arguments.has("--post"),
            depopts=self.arguments.has("--depopts"),
        )
        self._known: set[Package] = set()
        self.edges = Edges(self.entries, self.variables, kinds)

    def found(self) -> set[Package]:
        patterns = self.arguments.rest
        chosen = matching(self.universe, patterns) if patterns else dict.fromkeys(self.universe.names())
        packages = self._known = {(name, version) for name in chosen for version in self.universe.versions(name)}
        if not patterns:  # what is installed is known, wherever it came from
            packages = packages | set(self.installed.items())
        recursive = self.arguments.has("--recursive")
        for option, values in self.arguments.options.items():
            match option:
                case "--depends-on":
                    packages &= _pairs(self.edges.dependents(read_spellings(values), recursive=recursive))
                case "--required-by":
                    packages &= _pairs(self.edges.needed(read_spellings(values), recursive=recursive))
                case "--available" | "-a":
                    packages = {one for one in packages if self.is_available(one)}
                case "--repo":
                    packages = {one for one in packages if self._repository(one) in values[-1].split(",")}
        # Last whatever the order, except that opam takes options in turn.
        if "--latests-only" in self.arguments.options:
            packages = self._latest(packages)
        return packages

    def is_available(self, package: Package) -> bool:
        if package not in self._known:
            return False
        entry = self.entries.get(*package)
        return entry is not None and self.holds(entry)

    def holds(self, entry: Entry) -> bool:
        """Whether the version can be had on this machine."""
        return is_true(entry.available, package_variables(self.variables, entry).get)

    def _repository(self, package: Package) -> str:
        return "" if package not in self._known else self.universe.entry(*package).repository

    def _latest(self, packages: Iterable[Package]) -> set[Package]:
        options = list(self.arguments.options)
        names: dict[str, str] = {}
        considered = set(packages)
        if "--available" in options and options.index("--latests-only") < options.index("--available"):
            considered = {(name, version) for name in self.universe.names() for version in self.universe.versions(name)}
        for name, version in considered:
            if name not in names or version_key(version) > version_key(names[name]):
                names[name] = version
        return {(name, version) for name, version in packages if names[name] == version}


def compilers(world: World, command: Command) -> Answer:
    """``opam switch list-available``: versions flagged compiler, without the last resorts unless all are asked for."""
    arguments = command.arguments
    if command.failed or len(arguments.rest) > 2 or not set(arguments.options) <= {"-a", "--all", "-s", "--short"}:
        return Answer(reason=Reason.NO_OPTION)
    selection = _Listing(world, command)
    hidden = set() if arguments.has("-a", "--all") else {"avoid-version", "deprecated"}
    ours = []
    for name in fnmatch.filter(selection.universe.names(), arguments.rest[1] if arguments.rest[1:] else "*"):
        for version in selection.universe.versions(name):
            entry = selection.entries.get(name, version)
            if entry is not None and "compiler" in entry.flags and not entry.flags & hidden:
                ours += [f"{name} {version}"] if selection.holds(entry) else []
    theirs = [" ".join(line.split()[:2]) for line in command.expected if line and not line.startswith(("#", "["))]
    return Answer(ours=", ".join(sorted(ours)), theirs=", ".join(sorted(theirs)))


def _pairs(versions: Versions) -> set[Package]:
    return {(name, version) for name, of in versions.items() for version in of}
