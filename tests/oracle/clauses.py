"""Formulas in one canonical form: sets of clauses over sets of versions.

A formula without negation has exactly one conjunctive form in which no clause implies another, so that two texts
mean the same when their sets of clauses are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce

from xpkg.repo.formulas import And, Need, Or, Resolved
from xpkg.repo.version_order import holds
from xpkg.repo.versions import AllOf, AnyVersion, Compare, OneOf, VersionFormula

Clause = frozenset[tuple[str, int]]
"""Alternatives: a name and the set of its versions, as bits."""
Clauses = frozenset[Clause]

ANY = 1
"""The bit of a version that only an atom without bound allows."""

_ATOM = re.compile(r"(\S+?)(?: \(?([=!<>]+) ([^)\s]+)\)?)?")


class Numbering:
    """The versions of each name as bits, by number."""

    def __init__(self, versions: Mapping[str, Mapping[int, str]]) -> None:
        self._versions = versions
        self._allowed: dict[tuple[str, str, str], int] = {}

    def any(self, name: str) -> int:
        """An atom without bound."""
        return reduce(lambda bits, number: bits | 1 << number, self._versions.get(name, ()), ANY)

    def by_version(self, name: str, operator: str, version: str) -> int:
        """An atom with a bound on a version, in our order."""
        key = (name, operator, version)
        if key not in self._allowed:
            known = self._versions.get(name, {}).items()
            self._allowed[key] = sum(1 << number for number, text in known if holds(operator, text, version))
        return self._allowed[key]

    def by_number(self, name: str, operator: str, wanted: str) -> int:
        """An atom with a bound on a number."""
        key = (name, f"{operator}#", wanted)
        if key not in self._allowed:
            known = self._versions.get(name, {})
            # Numbers are versions whose order nobody doubts.
            self._allowed[key] = sum(1 << number for number in known if holds(operator, str(number), wanted))
        return self._allowed[key]

    def printed(self, text: str, *, numbers: bool) -> Clauses:
        """What opam prints: ``a (>= 1) | b , c`` or, with numbers, ``a >= 3 | b , c``."""
        clauses = text.split(" , ") if text else []
        return _irredundant(_clause(self._atom(one, numbers) for one in clause.split(" | ")) for clause in clauses)

    def listed(self, text: str) -> Mapping[str, int]:
        """The numbered conflicts that opam prints, ``a >= 3 , b``: each excludes by itself."""
        return dict(_clause(self._atom(one, numbers=True) for one in text.split(" , ")))

    def _atom(self, text: str, numbers: bool) -> tuple[str, int]:
        found = _ATOM.fullmatch(text.strip())
        assert found is not None, text
        name, operator, version = found.groups()
        if not operator:
            return name, self.any(name)
        return name, (self.by_number if numbers else self.by_version)(name, operator, version)

    def resolved(self, formula: Resolved) -> Clauses:
        """Our formula."""
        return _irredundant(self._clauses(formula))

    def _clauses(self, formula: Resolved) -> list[Clause]:
        match formula:
            case Need(name, versions):
                return self._bounds(name, versions)
            case And(items):
                return [clause for item in items for clause in self._clauses(item)]
            case Or(items):
                return _distributed([self._clauses(item) for item in items])

    def _bounds(self, name: str, versions: VersionFormula) -> list[Clause]:
        match versions:
            case AnyVersion():
                return [frozenset([(name, self.any(name))])]
            case Compare(operator, version):
                return [frozenset([(name, self.by_version(name, operator, version))])]
            case AllOf(parts):
                return [clause for part in parts for clause in self._bounds(name, part)]
            case OneOf(parts):
                return _distributed([self._bounds(name, part) for part in parts])
        raise TypeError(versions)


def _distributed(alternatives: list[list[Clause]]) -> list[Clause]:
    """The clauses of a disjunction."""
    product: list[Clause] = [frozenset()]
    for clauses in alternatives:
        product = [_clause([*one, *other]) for one in product for other in clauses]
    return product


def _clause(atoms: Iterable[tuple[str, int]]) -> Clause:
    """Alternatives of one name together."""
    names: dict[str, int] = {}
    for name, bits in atoms:
        names[name] = names.get(name, 0) | bits
    return frozenset(names.items())


def _irredundant(clauses: Iterable[Clause]) -> Clauses:
    different = {frozenset((name, bits) for name, bits in clause if bits) for clause in clauses}
    return frozenset(
        one for one in different if not any(other is not one and _implies(other, one) for other in different)
    )


def _implies(one: Clause, other: Clause) -> bool:
    weaker = dict(other)
    return one != other and all(bits & ~weaker.get(name, 0) == 0 for name, bits in one)
