"""Which packages need which, over all versions: what ``--depends-on`` and ``--required-by`` follow.

A version of a package needs another version when its formula, with the filters evaluated, has an alternative that
names the package and allows the version (``OpamFormula.verifies`` and ``packages``).  Answers take one look at each
edge; nothing is solved, so a set need not be consistent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xpkg.repo import formulas
from xpkg.repo.interpolate import Value
from xpkg.repo.versions import AnyVersion, VersionFormula, all_of, one_of

if TYPE_CHECKING:
    from xpkg.ops.query_entries import Entries
    from xpkg.ops.spelling import Spelling
    from xpkg.repo.entries import Entry

Versions = dict[str, set[str]]
"""A set of packages: versions by name."""
Mentions = dict[str, tuple[VersionFormula, bool]]
"""Of each name in a formula: which versions an alternative naming it allows, and whether another does without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The kinds of needs that count, besides plain ones (opam manual, ``opam list``, package selection)."""

    build: bool = True
    post: bool = False
    test: bool = False
    doc: bool = False
    depopts: bool = False

    def variables(self) -> dict[str, Value]:
        """What filters see of it."""
        return {"build": self.build, "post": self.post, "with-test": self.test, "with-doc": self.doc}


class Edges:
    """The needs between all versions, for the kinds wanted, as filters on one machine leave them.

    Differs from opam in one thing: opam's ``--recursive`` takes no notice of ``--with-test`` and ``--with-doc``.
    """

    def __init__(self, entries: Entries, variables: Mapping[str, Value], kinds: Kinds) -> None:
        self._entries = entries
        self._universe = entries.universe
        self._variables = {**variables, **kinds.variables()}
        self._depopts = kinds.depopts
        self._needs: dict[tuple[str, str], dict[str, VersionFormula]] = {}
        self._evaluated: dict[int, tuple[formulas.Formula, Mentions | None]] = {}
        self._personal = False  # whether what is being evaluated looked at its own package's variables
        self._allowed: dict[tuple[str, VersionFormula], tuple[str, ...]] = {}
        self._known = frozenset(self._universe.names())

    def dependents(self, wanted: Iterable[Spelling], *, recursive: bool) -> Versions:
        """What needs one of ``wanted``; with ``recursive`` also ``wanted`` itself, as in opam."""
        new = spelled(self._entries, wanted)
        found = {name: set(versions) for name, versions in new.items()} if recursive else Versions()
        while new:
            name = next(iter(new))  # first in, first out: names come back less often
            versions = new.pop(name)
            for dependent, version in self._dependents(name, versions, found):
                found.setdefault(dependent, set()).add(version)
                if recursive:
                    new.setdefault(dependent, set()).add(version)
        return found

    def _dependents(self, name: str, versions: set[str], found: Versions) -> list[tuple[str, str]]:
        """What needs one of those versions, or a name that one provides, and is not found yet."""
        return [
            (dependent, version)
            for alias, of_alias in self._aliases(name, versions)
            for dependent in self._universe.mentioning(alias)
            for version in self._universe.versions(dependent)
            if version not in found.get(dependent, ())
            and (needed := self.of(dependent, version).get(alias)) is not None
            and self._meet(alias, of_alias, needed)
        ]

    def _meet(self, name: str, versions: set[str], bound: VersionFormula) -> bool:
        """Whether a bound on a name allows one of these versions of it, which a package has or is provided in."""
        there = any(version in versions for version in self._allow(name, bound))
        return there or (name in self._universe.provided and any(map(bound.allows, versions)))

    def _aliases(self, name: str, versions: set[str]) -> list[tuple[str, set[str]]]:
        """The names that these versions of a package can be needed by, each with the versions in which."""
        found = [(name, versions)]
        for alias, providers in self._universe.provided.items():
            of_alias = {one.provided for one in providers if one.name == name and one.version in versions}
            found += [(alias, of_alias)] if of_alias else []
        return found

    def needed(self, wanted: Iterable[Spelling], *, recursive: bool) -> Versions:
        """What ``wanted`` may need; with ``recursive`` also ``wanted`` itself, as in opam."""
        new = spelled(self._entries, wanted)
        found = {name: set(versions) for name, versions in new.items()} if recursive else Versions()
        while new:
            name = next(iter(new))  # first in, first out: names come back less often
            versions = new.pop(name)
            for needed, bound in {item for version in versions for item in self.of(name, version).items()}:
                for package, allowed in self._packages(needed, bound):
                    fresh = allowed - found.get(package, set())
                    if fresh:
                        found.setdefault(package, set()).update(fresh)
                        if recursive:
                            new.setdefault(package, set()).update(fresh)
        return found

    def _packages(self, name: str, bound: VersionFormula) -> list[tuple[str, set[str]]]:
        """The package so called and those that provide the name, each with the versions that would do."""
        found = {name: set(self._allow(name, bound))}
        for one in self._universe.providers(name):
            if bound.allows(one.provided):
                found.setdefault(one.name, set()).add(one.version)
        return list(found.items())

    def of(self, name: str, version: str) -> dict[str, VersionFormula]:
        """The names that a version needs, each with the versions that would do."""
        found = self._needs.get((name, version))
        if found is None:
            entry = self._entries.get(name, version)
            found = self._needs[name, version] = {} if entry is None else self._reduced(entry)
        return found

    def _reduced(self, entry: Entry) -> dict[str, VersionFormula]:
        found = self._mentions(entry.depends, entry) or {}
        optional = (self._mentions(entry.depopts, entry) or {}) if self._depopts else {}
        both = _every([found, optional]) if optional else found
        return {name: bound for name, (bound, _) in both.items()}

    def _mentions(self, formula: formulas.Formula, entry: Entry) -> Mentions | None:
        """As ``mentions_of`` of what the filters leave; None when they leave nothing.

        Many recipes share their formulas and most share atoms: each is evaluated once, unless it looks at variables of
        its own package.  Known ones are found by identity, as entries share them too; the table keeps them alive.
        """
        known = self._evaluated.get(id(formula))
        if known is not None:
            return known[1]
        before, self._personal = self._personal, False
        found = self._atom(formula, entry) if isinstance(formula, formulas.Atom) else self._joined(formula, entry)
        if not self._personal:
            self._evaluated[id(formula)] = formula, found
        self._personal = self._personal or before
        return found

    def _joined(
        self, formula: formulas.And[formulas.Formula] | formulas.Or[formulas.Formula], entry: Entry
    ) -> Mentions | None:
        inner = [one for part in formula.items if (one := self._mentions(part, entry)) is not None]
        if not inner:
            return None
        return _every(inner) if isinstance(formula, formulas.And) else _some(inner)

    def _atom(self, atom: formulas.Atom, entry: Entry) -> Mentions | None:
        own = package_variables({}, entry)

        def look(name: str) -> Value:
            if name not in own:
                return self._variables.get(name)
            self._personal = True
            return own[name]

        need = formulas.select(atom, look)
        return {need.name: (need.versions, False)} if isinstance(need, formulas.Need) else None

    def _allow(self, name: str, bound: VersionFormula) -> tuple[str, ...]:
        """The versions there are of a name that a bound allows."""
        if name not in self._known:
            return ()
        if isinstance(bound, AnyVersion):
            return self._universe.versions(name)
        found = self._allowed.get((name, bound))
        if found is None:
            found = tuple(one for one in self._universe.versions(name) if bound.allows(one))
            self._allowed[name, bound] = found
        return found


def spelled(entries: Entries, wanted: Iterable[Spelling]) -> Versions:
    """The packages that the user wrote; UnknownPackage for what there is not."""
    found = Versions()
    for one in wanted:
        found.setdefault(one.name, set()).update(one.versions(entries.universe))
    return found


def package_variables(variables: Mapping[str, Value], entry: Entry) -> dict[str, Value]:
    """The variables of a machine with those that name the package itself."""
    own: dict[str, Value] = {"name": entry.name, "version": entry.version}
    return {**variables, **own, "_:name": entry.name, "_:version": entry.version}


def named(resolved: formulas.Resolved) -> dict[str, VersionFormula]:
    """For each name, the versions of it that some alternative naming it allows."""
    return {name: bound for name, (bound, _) in mentions_of(resolved).items()}


def mentions_of(resolved: formulas.Resolved) -> Mentions:
    """What the disjunctive normal form of a formula says of each name, without making it: it can be exponential."""
    if isinstance(resolved, formulas.Need):
        return {resolved.name: (resolved.versions, False)}
    inner = [mentions_of(item) for item in resolved.items]
    return _every(inner) if isinstance(resolved, formulas.And) else _some(inner)


def _every(inner: Sequence[Mentions]) -> Mentions:
    """Of a conjunction: where some part cannot do without a name, that part's bound holds in every alternative."""
    found: Mentions = {}
    for part in inner:
        for name, (bound, spared) in part.items():
            if name not in found:
                found[name] = bound, spared
                continue
            earlier, free = found[name]
            if free and spared:
                found[name] = one_of([earlier, bound]), True
            elif free or spared:
                found[name] = (bound if free else earlier), False
            else:
                found[name] = all_of([earlier, bound]), False
    return found


def _some(inner: Sequence[Mentions]) -> Mentions:
    """Of a disjunction: every alternative of every part is one."""
    found: dict[str, list[tuple[VersionFormula, bool]]] = {}
    for part in inner:
        for name, mention in part.items():
            found.setdefault(name, []).append(mention)
    return {
        name: (
            one_of([bound for bound, _ in mentions]),
            len(mentions) < len(inner) or any(free for _, free in mentions),
        )
        for name, mentions in found.items()
    }


class Conflicts:
    """Declared conflicts of some packages with others (``OpamSwitchState.conflicts_with``)."""

    def __init__(self, entries: Entries, variables: Mapping[str, Value], wanted: Iterable[Spelling]) -> None:
        self._variables = variables
        self._subject = spelled(entries, wanted)
        found = [entry for name in self._subject for one in self._subject[name] if (entry := entries.get(name, one))]
        self._classes = {one for entry in found for one in entry.conflict_class}
        self._excluded: dict[str, list[VersionFormula]] = {}
        for entry in found:
            for name, bound in self._of(entry).items():
                self._excluded.setdefault(name, []).append(bound)

    def _of(self, entry: Entry) -> dict[str, VersionFormula]:
        return named(formulas.exclude(entry.conflicts, package_variables(self._variables, entry).get))

    def hold(self, entry: Entry) -> bool:
        """Whether one of the packages excludes the entry's, or the entry's one of them."""
        if entry.name in self._subject:
            return False
        if any(bound.allows(entry.version) for bound in self._excluded.get(entry.name, ())):
            return True
        if not self._classes.isdisjoint(entry.conflict_class):
            return True
        return any(
            bound.allows(version) for name, bound in self._of(entry).items() for version in self._subject.get(name, ())
        )
