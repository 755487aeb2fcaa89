"""Which packages ``xpkg list`` selects, as ``opam list`` does (opam manual, ``opam list``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.query_edges import Conflicts, Edges, Kinds, Versions, package_variables
from xpkg.ops.query_entries import FIELDS, Entries, Wrong, pinned_first, texts
from xpkg.ops.query_names import glob, matching
from xpkg.ops.spelling import read_spellings
from xpkg.repo.filters import is_true
from xpkg.repo.formulas import without_kinds
from xpkg.repo.interpolate import Value
from xpkg.repo.variables import machine_variables

if TYPE_CHECKING:
    from xpkg.repo.entries import Entry
    from xpkg.sandbox.switches import Switch
    from xpkg.solver.model import Node, Solution

Keep = Callable[["Entry"], bool]
_PLAIN = Kinds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What is asked for; all of it must hold.  Texts as the user wrote them; lists may have commas inside.

    ``fields`` are ``FIELD=PATTERN``.  ``all_versions`` keeps every version that fits, not only the newest.
    """

    patterns: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    required_by: tuple[str, ...] = ()
    conflicts_with: tuple[str, ...] = ()
    resolve: tuple[str, ...] = ()
    coinstallable_with: tuple[str, ...] = ()
    installable: bool = False
    available: bool = False
    recursive: bool = False
    kinds: Kinds = _PLAIN
    fields: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    all_versions: bool = False

    @property
    def selective(self) -> bool:
        """Whether anything restricts what is listed."""
        plain = ("recursive", "kinds", "all_versions", "available")
        return any(getattr(self, name) for name in self.__slots__ if name not in plain)


class Row:
    """One line of a listing.  Of a package of a switch or a solution ``machine`` says where it is."""

    __slots__ = ("entry", "held", "key", "machine", "name", "pinned", "reason", "requested", "tree", "version")

    def __init__(self, name: str, version: str, entry: Entry | None, *, machine: str | None = None) -> None:
        self.name, self.version, self.entry, self.machine = name, version, entry, machine
        self.tree: str | None = None
        self.key: str | None = None
        self.reason: str | None = None
        self.requested = self.pinned = self.held = False


def known(home: Home, pair: Pair, criteria: Criteria, wrong: Wrong) -> list[Row]:
    """The packages of the repositories that meet the criteria, by name, their versions the oldest first.

    A package is listed once, in its newest version that does, unless ``all_versions``.  UnknownPackage for names that
    do not exist, UsageError for criteria that cannot be meant, NoSolution of ``resolve``.
    """
    entries = Entries(home.universe, wrong)
    selection = _Selection(home, pair, criteria, entries)
    nodes = selection.narrow()
    if nodes is not None:
        return _solved(nodes, selection.found, entries)
    rows: list[Row] = []
    for name, versions in selection.found.items():
        chosen = [Row(name, entry.version, entry) for entry in selection.entries_of(name, versions)]
        rows += reversed(chosen)
    return rows


def _solved(nodes: Sequence[Node], found: Mapping[str, Sequence[str]], entries: Entries) -> list[Row]:
    rows = []
    for node in sorted(nodes, key=lambda node: node.instance):
        one = node.instance
        if one.version in found.get(one.name, ()):
            row = Row(one.name, one.version, entries.get(one.name, one.version), machine=one.machine)
            row.reason, row.requested = node.reason, node.requested
            rows.append(row)
    return rows


def installed(home: Home, pair: Pair | None, criteria: Criteria, wrong: Wrong) -> list[Row]:
    """What a switch holds of what meets the criteria, by machine and name; only one pair's if given."""
    switch: Switch = home.find_switch(make=False)
    generation = switch.current()
    asked = {(root.name, root.tree) for root in generation.roots}
    pinned, held = {pin.name for pin in generation.pins}, set(generation.held)
    fitting = _fitting(home, pair, criteria, wrong)
    rows = []
    for one in sorted(generation.installed, key=lambda one: (one.tree, one.name)):
        if (pair is None or one.tree in pair.trees) and fitting(one.name, one.version):
            row = Row(one.name, one.version, None, machine=one.machine)
            row.tree, row.key, row.requested = one.tree, one.key, (one.name, one.tree) in asked
            row.pinned, row.held = one.name in pinned, (one.name, one.tree) in held
            rows.append(row)
    return rows


def _fitting(home: Home, pair: Pair | None, criteria: Criteria, wrong: Wrong) -> Callable[[str, str], bool]:
    if not criteria.selective:
        return lambda name, version: True
    from dataclasses import replace

    every = replace(criteria, all_versions=True)
    found = {(row.name, row.version) for row in known(home, pair or Pair(), every, wrong)}
    return lambda name, version: (name, version) in found


def variables(home: Home, pair: Pair) -> Mapping[str, Value]:
    """What the filters of a pair's packages see: those of the target, else of the build machine."""
    return machine_variables(home.native if pair.target is None else home.target(pair.target), home.native)


class _Selection:
    """The packages left, narrowed by one criterion after the other: first what gives sets, then what looks at each."""

    def __init__(self, home: Home, pair: Pair, criteria: Criteria, entries: Entries) -> None:
        self._home, self._pair, self._criteria, self._entries = home, pair, criteria, entries
        self._keep = tuple(self._conditions())
        self.found = matching(home.universe, criteria.patterns)

    def narrow(self) -> tuple[Node, ...] | None:
        """Apply all criteria; the nodes of the solution when one is asked for."""
        criteria = self._criteria
        if criteria.depends_on or criteria.required_by:
            edges = Edges(self._entries, variables(self._home, self._pair), criteria.kinds)
            for text in criteria.depends_on:
                self._intersect(edges.dependents(read_spellings([text]), recursive=criteria.recursive))
            for text in criteria.required_by:
                self._intersect(edges.needed(read_spellings([text]), recursive=criteria.recursive))
        nodes = self._resolve()
        if criteria.installable:
            self._intersect(self._installable())
        for text in criteria.coinstallable_with:
            names = self._coinstallable(text)
            self.found = {name: versions for name, versions in self.found.items() if name in names}
        return nodes

    def _intersect(self, wanted: Versions) -> None:
        self.found = {
            name: left
            for name, versions in self.found.items()
            if name in wanted and (left := tuple(one for one in versions if one in wanted[name]))
        }

    def entries_of(self, name: str, versions: Iterable[str]) -> list[Entry]:
        """Those of the versions that meet the conditions, newest first; one is enough unless all are wanted."""
        found = []
        pins = self._home.pinned_versions
        if name in pins and not self._criteria.all_versions:
            versions = pinned_first(name, tuple(versions), pins)
        for version in versions:
            entry = self._entries.get(name, version)
            if entry is not None and all(keep(entry) for keep in self._keep):
                found.append(entry)
                if not self._criteria.all_versions:
                    break
        return found

    def _conditions(self) -> Iterable[Keep]:
        """Tests of single entries, the cheap ones first."""
        criteria = self._criteria
        if criteria.repositories:
            yield _from_repository(self._home, criteria.repositories)
        for flag in criteria.flags:
            yield lambda entry, flag=flag: flag in entry.flags  # type: ignore[misc]
        for tag in criteria.tags:
            yield lambda entry, tag=tag: tag in entry.facts["tags"]  # type: ignore[misc]
        for license in criteria.licenses:
            yield _licensed(license)
        for text in criteria.fields:
            yield _field_matches(self._home, text)
        if criteria.conflicts_with:
            machine = variables(self._home, self._pair)
            for text in criteria.conflicts_with:
                yield Conflicts(self._entries, machine, read_spellings([text])).hold
        if criteria.available and self._pair.target is not None:
            machine = variables(self._home, self._pair)
            yield lambda entry: is_true(entry.available, without_kinds(package_variables(machine, entry).get))

    def _resolve(self) -> tuple[Node, ...] | None:
        if not self._criteria.resolve:
            return None
        solution = resolve(self._home, self._pair, read_texts(self._criteria.resolve))
        wanted = Versions()
        for one in solution.instances:
            wanted.setdefault(one.name, set()).add(one.version)
        self._intersect(wanted)
        return solution.nodes

    def _installable(self) -> Versions:
        from xpkg.ops.check import installable_versions

        wanted = [
            (name, entry.version)
            for name, versions in self.found.items()
            for version in versions
            if (entry := self._entries.get(name, version)) is not None and all(keep(entry) for keep in self._keep)
        ]
        found = Versions()
        for (name, version), can_be in installable_versions(self._home, self._pair, wanted).items():
            if can_be:
                found.setdefault(name, set()).add(version)
        return found

    def _coinstallable(self, text: str) -> set[str]:
        from xpkg.ops.check import coinstallable_with
        from xpkg.ops.requests import install_atoms

        return coinstallable_with(self._home, self._pair, install_atoms(self._home, self._pair, read_texts([text])))


def read_texts(texts: Iterable[str]) -> list[str]:
    """The spellings in texts that may have commas between them."""
    return [one for text in texts for one in text.split(",") if one]


def resolve(home: Home, pair: Pair, spellings: Sequence[str], kinds: Kinds | None = None) -> Solution:
    """The solution for installing packages where nothing is installed, with the pins that ``home`` sees.

    NoSolution, UnknownPackage.
    """
    from xpkg.ops.pins import addresses_of, developed_of, pins_of
    from xpkg.ops.requests import install_atoms
    from xpkg.solver.context import RepoContext
    from xpkg.solver.model import Request
    from xpkg.solver.solve import solve

    target = None if pair.target is None else home.target(pair.target)
    context = RepoContext(
        home.universe,
        target,
        with_test=kinds is not None and kinds.test,
        with_doc=kinds is not None and kinds.doc,
        developed=developed_of(home.pinning),
    )
    request = Request(
        target=pair.target,
        install=install_atoms(home, pair, spellings),
        pins=pins_of(home.pinning),
        pinned_to=addresses_of(home.pinning),
    )
    return solve(request, context)


def _from_repository(home: Home, names: Sequence[str]) -> Keep:
    known = [repository.name for repository in home.repositories]
    for name in names:
        if name not in known:
            from xpkg.core.errors import NotFoundError
            from xpkg.core.text import did_you_mean

            raise NotFoundError(
                f"there is no repository named {name}", reference="unknown-repository", hint=did_you_mean(name, known)
            )
    return lambda entry: entry.repository in names


def _licensed(pattern: str) -> Keep:
    """The whole expression matches, or one of the licences in it (``A OR (B AND C)``)."""
    fits = glob(pattern)

    def keep(entry: Entry) -> bool:
        return any(
            fits(one)
            for text in entry.facts["license"]
            for one in (text, *text.replace("(", " ").replace(")", " ").split())
        )

    return keep


def _field_matches(home: Home, text: str) -> Keep:
    """``FIELD=PATTERN``: some text in the field's value has a part that matches, whatever the case (as opam)."""
    field, sign, pattern = text.partition("=" if "=" in text else ":")
    if not sign or not field:
        raise UsageError(f"{text!r} is no condition on a field", reference="bad-field", hint="write FIELD=PATTERN")
    fits = glob(pattern, inside=True)
    if field in FIELDS and field not in ("depends", "depopts", "conflicts", "available"):
        return lambda entry: any(map(fits, texts(entry, field)))

    def keep(entry: Entry) -> bool:
        from xpkg.ops.query_fields import strings_of

        return any(map(fits, strings_of(home.universe.recipe(entry.name, entry.version), field)))

    return keep


def in_order(home: Home, pair: Pair, rows: Sequence[Row]) -> list[Row]:
    """The rows with what a package needs before it, as far as the needs between them tell; cycles by name."""
    entries = Entries(home.universe, lambda _: None)
    edges = Edges(entries, variables(home, pair), Kinds(depopts=True))
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    needs: dict[Row, list[Row]] = {row: [] for row in rows}
    known = frozenset(home.universe.names())
    for row in rows:
        if row.name in known and row.version in home.universe.versions(row.name):
            for name, bound in edges.of(row.name, row.version).items():
                needs[row] += [other for other in by_name.get(name, ()) if bound.allows(other.version)]
    return _sorted(rows, needs)


def _sorted(rows: Sequence[Row], needs: Mapping[Row, Sequence[Row]]) -> list[Row]:
    """Depth first, without recursion: chains can be long."""
    order: dict[Row, None] = {}
    entered: set[Row] = set()
    stack = [(row, False) for row in reversed(rows)]
    while stack:
        row, leaving = stack.pop()
        if leaving:
            order[row] = None
        elif row not in entered:
            entered.add(row)
            stack.append((row, True))
            stack += [(other, False) for other in reversed(needs[row])]
    return list(order)
