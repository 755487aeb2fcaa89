"""A context that is a table, written as short text: enough to test the engine without any recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from xpkg.core.text import nearest
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Atom, Instance
from xpkg.solver.protocol import AllOf, AnyOf, Candidate, Formula, Need, Rejection

TARGET = "moon"

_TEST = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
}


@dataclass(frozen=True, slots=True)
class Compared:
    """Versions, as whole numbers, compared with one."""

    operator: str
    version: int

    def allows(self, version: str) -> bool:
        return bool(_TEST[self.operator](int(version), self.version))

    def __str__(self) -> str:
        return f"{self.operator} {self.version}"


def need(text: str, machine: str) -> Need:
    """``a``, ``a >= 2``, ``a@build``, ``a@build = 1``, ``a!`` (post)."""
    match = re.fullmatch(r"([\w-]+)(@build|@both)?(!)?(?: (\S+) (\d+))?", text.strip())
    assert match, text
    name, where, post, operator, version = match.groups()
    return Need(
        name=name,
        machine=BUILD if where == "@build" else machine,
        versions=Compared(operator, int(version)) if operator else None,
        post=post is not None,
        reason="the table says so",
    )


def formula(text: str, machine: str) -> Formula:
    """Needs joined by ``,`` (and) of ``|`` (or)."""
    parts: list[Formula] = []
    for conjunct in filter(None, text.split(",")):
        alternatives = tuple(need(one, machine) for one in conjunct.split("|"))
        parts.append(alternatives[0] if len(alternatives) == 1 else AnyOf(alternatives))
    return AllOf(tuple(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    depends: str = ""
    optional: str = ""
    conflicts: str = ""
    conflict_class: str = ""
    avoided: str | None = None
    only: str | None = None
    missing_depexts: int = 0


@dataclass(slots=True)
class Table:
    """``{"a 1": Row(...)}``; the same row serves both machines unless ``only`` names one."""

    rows: Mapping[str, Row]
    remarks: Mapping[str, str] = field(default_factory=dict)

    def versions(self, name: str) -> Sequence[str]:
        found = [key.split()[1] for key in self.rows if key.split()[0] == name]
        return sorted(found, key=int, reverse=True)

    def candidate(self, instance: Instance, *, requested: bool) -> Candidate | Rejection:
        row = self.rows[f"{instance.name} {instance.version}"]
        if row.only not in (None, instance.machine):
            return Rejection(instance=instance, reason=f"it is only for {row.only}")
        machine = instance.machine
        return Candidate(
            instance=instance,
            depends=formula(row.depends, machine),
            optional=tuple(need(one, machine) for one in row.optional.split(",") if one),
            conflicts=tuple(need(one, machine) for one in row.conflicts.split(",") if one),
            conflict_classes=tuple(row.conflict_class.split()),
            avoided=row.avoided,
            origin="table",
            missing_depexts=row.missing_depexts,
        )

    def remark(self, instance: Instance) -> str | None:
        return self.remarks.get(str(instance))

    def nearest(self, name: str) -> Sequence[str]:
        return nearest(name, {key.split()[0] for key in self.rows})


def atom(text: str, machine: str = TARGET) -> Atom:
    wanted = need(text, machine)
    return Atom(name=wanted.name, machine=wanted.machine, versions=wanted.versions)


def instance(text: str) -> Instance:
    """``a 1`` on the target, ``a 1@build`` on the build machine."""
    plain, at, _ = text.partition("@")
    name, version = plain.split()
    return Instance(name=name, version=version, machine=BUILD if at else TARGET)
