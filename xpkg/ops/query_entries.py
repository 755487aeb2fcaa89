"""Entries for queries: wrong recipes told once and left out, fields as texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from xpkg.core.errors import UsageError
from xpkg.core.text import did_you_mean

if TYPE_CHECKING:
    from xpkg.repo.entries import Entry
    from xpkg.repo.universe import Universe

Wrong = Callable[[str], None]
"""Is told of each recipe that cannot be read."""


def pinned_first(name: str, versions: Sequence[str], pins: Mapping[str, str]) -> tuple[str, ...]:
    """Versions in their order, but the pinned one first where it is one of them."""
    return tuple(sorted(versions, key=lambda version: version != pins.get(name)))


class Entries:
    """The entries of a universe, without those of recipes that cannot be read: ``wrong`` is told of each, once."""

    def __init__(self, universe: Universe, wrong: Wrong) -> None:
        self.universe = universe
        self._wrong = wrong
        self._told: set[tuple[str, str]] = set()

    def get(self, name: str, version: str) -> Entry | None:
        """One version, None when its recipe is wrong."""
        entry = self.universe.entry(name, version)
        if entry.problem is None:
            return entry
        if (name, version) not in self._told:
            self._told.add((name, version))
            self._wrong(f"{name}.{version} is left out: {entry.problem}")
        return None

    def newest(self, name: str, versions: Sequence[str] | None = None) -> Entry | None:
        """The first of ``versions`` (all, newest first) that can be read."""
        for version in self.universe.versions(name) if versions is None else versions:
            entry = self.get(name, version)
            if entry is not None:
                return entry
        return None


_TEXTS: dict[str, Callable[[Entry], str | None]] = {
    "name": lambda entry: entry.name,
    "version": lambda entry: entry.version,
    "package": lambda entry: f"{entry.name}.{entry.version}",
    "repository": lambda entry: entry.repository,
    "synopsis": lambda entry: entry.facts["synopsis"],
    "description": lambda entry: entry.facts["description"].strip(),
    "dev-repo": lambda entry: entry.facts["dev_repo"],
    "available": lambda entry: entry.available_text,
    "x-runs-on": lambda entry: entry.x_runs_on,
    "x-toolchain": lambda entry: entry.x_toolchain,
}
_LISTS: dict[str, Callable[[Entry], Sequence[str]]] = {
    "tags": lambda entry: entry.facts["tags"],
    "license": lambda entry: entry.facts["license"],
    "homepage": lambda entry: entry.facts["homepage"],
    "bug-reports": lambda entry: entry.facts["bug_reports"],
    "maintainer": lambda entry: entry.facts["maintainer"],
    "authors": lambda entry: entry.facts["authors"],
    "url.src": lambda entry: entry.facts["sources"],
    "url.checksum": lambda entry: entry.facts["checksums"],
    "patches": lambda entry: entry.facts["patches"],
    "flags": lambda entry: sorted(entry.flags),
    "conflict-class": lambda entry: entry.conflict_class,
}
_FORMULAS: dict[str, Literal["depends", "depopts", "conflicts"]] = {
    "depends": "depends",
    "depopts": "depopts",
    "conflicts": "conflicts",
}
FIELDS = (*_TEXTS, *_LISTS, *_FORMULAS)
"""What an entry tells without its recipe."""


def texts(entry: Entry, field: str) -> tuple[str, ...]:
    """A field of ``FIELDS`` as texts: one, or those of a list; none when it is empty.

    A formula gives its parts, which all must hold (of ``conflicts``: each of which excludes), in opam's syntax.
    """
    if field in _FORMULAS:
        return entry.written(_FORMULAS[field])
    if field in _LISTS:
        return tuple(_LISTS[field](entry))
    text = _TEXTS[field](entry)
    return (text,) if text else ()


def known_field(field: str, known: Sequence[str] = FIELDS) -> str:
    """The field, checked; UsageError with the nearest names."""
    if field not in known:
        raise UsageError(
            f"there is no column {field}",
            reference="unknown-column",
            context=(("columns", ", ".join(known)),),
            hint=did_you_mean(field, known),
        )
    return field
