"""What opam hands its solver (``opam config cudf-universe``), and a judge of states over it.

The judge knows nothing of our solver: formulas, conflicts and properties are opam's own, and the criteria are read from
the text that opam reports.  What a criterion counts is written from the manual ("External solvers") and from what mccs
does: a name is *removed* when it was there and no version is any more, *new* when it was not there, *changed* when its
version is another than before or it came or went.  ``count[PROPERTY,SCOPE]`` adds up a property of the packages of the
final state: of all (``solution``, in old syntax ``false``), of those whose version was not there (``changed``, in old
syntax ``true``), or of those whose name the request mentions (``request``).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

State = Mapping[str, str]
"""The version of each name that is there."""

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_CRITERION = re.compile(r"([+-])(\w+)(?:\[([\w-]+):?,(\w+)\])?")
_SCOPES = {"true": "changed", "false": "solution"}


@dataclass(frozen=True, slots=True)
class Bound:
    """A name, and what its number is compared with if anything."""

    name: str
    operator: str = ""
    number: int = 0

    def met(self, numbers: Mapping[str, int]) -> bool:
        if self.name not in numbers:
            return False
        return not self.operator or _COMPARE[self.operator](numbers[self.name], self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    number: int
    depends: Sequence[Sequence[Bound]]
    conflicts: Sequence[Bound]
    properties: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cudf:
    """The packages that opam's solver may choose, by name and version."""

    packages: Mapping[tuple[str, str], Package] = field(repr=False)

    def broken(self, state: State) -> list[str]:
        """What is wrong with a state; nothing when all formulas and conflicts are respected."""
        unknown = [
            f"{name}.{version} is not there" for name, version in state.items() if (name, version) not in self.packages
        ]
        if unknown:
            return unknown
        chosen = {name: self.packages[name, version] for name, version in state.items()}
        numbers = {name: package.number for name, package in chosen.items()}
        wrong = []
        for name, package in chosen.items():
            for clause in package.depends:
                if not any(bound.met(numbers) for bound in clause):
                    wrong.append(f"{name}.{state[name]} lacks {clause}")
            for bound in package.conflicts:
                if bound.name != name and bound.met(numbers):
                    wrong.append(f"{name}.{state[name]} excludes {bound}")
        return wrong

    def cost(self, criteria: str, before: State, after: State, mentioned: Iterable[str]) -> tuple[int, ...]:
        """The value of each criterion, the most important first; the smaller the better."""
        matches = list(_CRITERION.finditer(criteria))
        assert ",".join(match[0] for match in matches) == criteria, criteria
        return tuple(
            (1 if match[1] == "-" else -1) * self._value(match, before, after, frozenset(mentioned))
            for match in matches
        )

    def _value(self, match: re.Match[str], before: State, after: State, mentioned: frozenset[str]) -> int:
        _, kind, counted, scope = match.groups()
        if kind == "removed":
            return len(before.keys() - after.keys())
        if kind == "new":
            return len(after.keys() - before.keys())
        if kind == "changed":
            return sum(before.get(name) != after.get(name) for name in before.keys() | after.keys())
        assert kind == "count", kind
        return sum(
            self.packages[name, version].properties.get(counted, 0)
            for name, version in after.items()
            if _counts(_SCOPES.get(scope, scope), name, version, before, mentioned)
        )


def _counts(scope: str, name: str, version: str, before: State, mentioned: frozenset[str]) -> bool:
    if scope == "request":
        return name in mentioned
    assert scope in ("changed", "solution"), scope
    return scope == "solution" or before.get(name) != version


def read_cudf(said: str) -> Cudf:
    """The answer to ``opam config cudf-universe``."""
    packages = {}
    for stanza in said.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        if "package" not in fields:
            continue
        numbers = {name: int(value) for name, value in fields.items() if value.isdigit()}
        packages[fields["opam-name"], fields["opam-version"]] = Package(
            number=numbers.pop("version"),
            depends=[_clause(one, " | ") for one in fields.get("depends", "").split(" , ") if one],
            conflicts=_clause(fields.get("conflicts", ""), " , "),
            properties=numbers,
        )
    return Cudf(packages)


def _clause(text: str, separator: str) -> list[Bound]:
    return [_bound(one.strip()) for one in text.split(separator) if one.strip()]


def _bound(text: str) -> Bound:
    if text == "false!":
        return Bound("\0nothing")
    name, *constraint = text.split(" ")
    if not constraint:
        return Bound(unquote(name))
    return Bound(unquote(name), constraint[0], int(constraint[1]))
