"""What ``xpkg show`` tells: of one version, from its entry; the recipe's file is read only where it is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xpkg.ops.query_entries import Entries, Wrong, pinned_first
from xpkg.ops.query_names import is_glob, matching
from xpkg.ops.spelling import read_spelling

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.repo.entries import Entry
    from xpkg.repo.recipes import Recipe
    from xpkg.repo.universe import Universe

_NO_PINS: Mapping[str, str] = {}


def chosen(
    universe: Universe,
    spellings: Sequence[str],
    wrong: Wrong,
    *,
    all_versions: bool = False,
    pins: Mapping[str, str] = _NO_PINS,
) -> list[Entry]:
    """The versions that the user means: of a name or a constraint the newest, of a pattern the newest of each name.

    Of a name in ``pins`` it is that version, where it is among those meant.

    Of several, ``wrong`` is told of recipes that cannot be read.  UnknownPackage with the nearest names or the
    versions there are; InputFileError when the one version meant is wrong: an older one must not pass for it.
    """
    entries = Entries(universe, wrong)
    found: dict[tuple[str, str], Entry] = {}
    for spelling in spellings:
        for name, versions in _meant(universe, spelling):
            several = all_versions or is_glob(spelling)
            if pins and not all_versions:
                versions = pinned_first(name, versions, pins)
            for entry in _readable(entries, name, versions, several=several, all_versions=all_versions):
                found.setdefault((entry.name, entry.version), entry)
    return list(found.values())


def _meant(universe: Universe, spelling: str) -> list[tuple[str, tuple[str, ...]]]:
    if is_glob(spelling):
        found = [(name, versions) for name, versions in matching(universe, [spelling]).items() if versions]
        if not found:
            from xpkg.repo.universe import UnknownPackage

            raise UnknownPackage(f"no package matches {spelling}")
        return found
    wanted = read_spelling(spelling)
    return [(wanted.name, wanted.versions(universe))]


def _readable(
    entries: Entries, name: str, versions: Sequence[str], *, several: bool, all_versions: bool
) -> list[Entry]:
    if not several:
        wanted = entries.universe.entry(name, versions[0])
        if wanted.problem is not None:
            entries.universe.recipe(name, versions[0])  # raises, with the line and its caret
        return [wanted]
    usable = (entry for version in versions if (entry := entries.get(name, version)) is not None)
    return list(usable) if all_versions else [entry for entry in (next(usable, None),) if entry is not None]


def facts(home: Home, entry: Entry) -> dict[str, object]:
    """What people ask of a package first, by field; lists where several are possible."""
    from xpkg.ops.query_entries import texts

    told = entry.facts
    return {
        "name": entry.name,
        "version": entry.version,
        "versions": list(home.universe.versions(entry.name)),
        "repository": entry.repository,
        "overlays": [
            f"{one.reason} ({one.repository}: {one.path}:{one.line})"
            for one in home.universe.overlays_of(entry.name, entry.version)
        ],
        "synopsis": told["synopsis"],
        "description": told["description"].strip(),
        "license": list(told["license"]),
        "homepage": list(told["homepage"]),
        "bug-reports": list(told["bug_reports"]),
        "dev-repo": told["dev_repo"],
        "maintainer": list(told["maintainer"]),
        "authors": list(told["authors"]),
        "tags": list(told["tags"]),
        "flags": sorted(entry.flags),
        "runs-on": entry.x_runs_on,
        **{field: list(texts(entry, field)) for field in ("depends", "depopts", "conflicts")},
        "conflict-class": list(entry.conflict_class),
        "provides": [f"{name}.{version}" for name, version in entry.x_provides],
        "available": None if entry.available_text == "true" else entry.available_text,
        "sources": list(told["sources"]),
        "checksums": list(told["checksums"]),
        "patches": list(told["patches"]),
        "system-tools": list(told["system_tools"]),
        "unknown-fields": list(told["unknown_fields"]),
    }


def fields(home: Home, entry: Entry, names: Sequence[str]) -> dict[str, str]:
    """The texts of some fields; see ``query_fields.field_of``."""
    from xpkg.ops.query_fields import field_of

    return {name: field_of(home.universe, entry, name) for name in names}


def recipe_of(home: Home, entry: Entry) -> Recipe:
    """The recipe of an entry; InputFileError when it changed for the worse meanwhile."""
    return home.universe.recipe(entry.name, entry.version)


def raw_recipe(recipe: Recipe, *, original: bool = False) -> str:
    """The text of a recipe's file: what counts, with overlays applied, or as its repository has it."""
    return str(recipe.original if original else recipe.file)


def overlays(recipe: Recipe) -> list[dict[str, object]]:
    """Who changed the recipe, why, and where that is written."""
    return [
        {"repository": one.repository, "reason": one.reason, "file": str(one.path), "line": one.line}
        for one in recipe.overlays
    ]
