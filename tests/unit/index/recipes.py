"""Repositories for the tests of the index: small recipes, and everything that a listing says as one value."""

from __future__ import annotations

from pathlib import Path

from xpkg.core.errors import InputFileError
from xpkg.repo.directory import Directory
from xpkg.repo.entries import NO_FACTS, Entry, entry_of, wrong_entry
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.repository import Listing

PLAIN = 'opam-version: "2.0"\nsynopsis: "{name}"\ndepends: ["ocaml" {{>= "4.08"}} "dune" {{build}}]\n'


def write(root: Path, name: str, version: str, text: str | None = None, *, flat: bool = False) -> Path:
    """File a recipe; its opam file."""
    packages = root / "packages"
    directory = packages / f"{name}.{version}" if flat else packages / name / f"{name}.{version}"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "opam"
    path.write_text(PLAIN.format(name=name) if text is None else text, "utf-8", "surrogateescape")
    return path


def said(entry: Entry) -> tuple[object, ...]:
    """All that an entry says."""
    return (
        entry.name,
        entry.version,
        entry.problem,
        entry.depends,
        entry.depopts,
        entry.conflicts,
        entry.conflict_class,
        entry.available,
        entry.available_text,
        entry.flags,
        entry.x_runs_on,
        entry.x_toolchain,
        entry.x_provides,
        tuple(entry.facts.values()) if entry.problem is None else NO_FACTS,
    )


def everything(listing: Listing) -> dict[str, list[tuple[object, ...]]]:
    """All that a listing says."""
    return {
        name: [said(listing.entry(name, version)) for version in listing.versions(name)] for name in listing.names()
    }


def without_index(root: Path) -> dict[str, list[tuple[object, ...]]]:
    """The same from the files alone, by the ordinary reader."""
    directory = Directory("test", root)
    found: dict[str, list[tuple[object, ...]]] = {}
    for name in sorted(directory.entries):
        from xpkg.repo.version_order import newest_first

        places = directory.places(name)
        found[name] = [said(_read(places[version], name, version)) for version in newest_first(places)]
    return found


def _read(directory: Path, name: str, version: str) -> Entry:
    try:
        return entry_of(read_recipe(directory, name, version, "test"))
    except InputFileError as error:
        return wrong_entry(name, version, "test", error)
