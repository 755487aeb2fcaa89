"""Every recipe of the public repository: parsed, printed, parsed again to the same value, and read as a recipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.opamfile.file import decode, parse
from xpkg.repo.opamfile.layout import format_file
from xpkg.repo.recipe_reader import read_recipe, recipe_of

SHARES = ("a", "b", "c", "d-f", "g-k", "l", "m", "n-o", "p", "q-s", "t-z", "else")
"""First letters of package names, so that a distributed run shares the work."""
UNREADABLE: dict[str, str] = {}
"""Versions (``name.version``) that are no recipe to us, each with the reason."""
FEWEST = 18_000


def share_of(name: str) -> str:
    first = name[0].lower()
    return next((share for share in SHARES[:-1] if share[0] <= first <= share[-1]), "else")


def recipes(repository: Path, share: str) -> Iterator[Path]:
    """The directories of the versions."""
    for package in sorted((repository / "packages").iterdir()):
        if share_of(package.name) == share:
            yield from sorted(path for path in package.iterdir() if (path / "opam").is_file())


def check(repository: Path, share: str, *, whole: bool) -> None:
    """``whole``: the repository has the files of the recipes, too."""
    count = 0
    problems: list[str] = []
    for directory in recipes(repository, share):
        count += 1
        name, _, version = directory.name.partition(".")
        data = (directory / "opam").read_bytes()
        try:
            file = parse(decode(data), str(directory / "opam"))
            for canonical in (False, True):
                printed = format_file(file, canonical=canonical)
                again = parse(printed, "printed")
                same = again.items == file.items if not canonical else set_of(again.items) == set_of(file.items)
                if not same:
                    problems.append(f"{directory.name}: printed, it says something else")
            if str(file).encode("utf-8", "surrogateescape") != data:
                problems.append(f"{directory.name}: its bytes are not kept")
            if whole:
                read_recipe(directory, name, version, "public")
            else:
                recipe_of(file, name=name, version=version, repository="public", directory=directory, original=file)
        except InputFileError as error:
            if directory.name not in UNREADABLE:
                problems.append(error.message)
    assert problems == []
    assert count > 0


def set_of(items: tuple[object, ...]) -> list[str]:
    return sorted(map(repr, items))


def test_the_shares_are_all_there_is(universe_directory: Path) -> None:
    packages = sorted(path.name for path in (universe_directory / "packages").iterdir())
    assert sum(len(list((universe_directory / "packages" / name).iterdir())) for name in packages) > FEWEST
    assert {share_of(name) for name in packages} == set(SHARES)


@pytest.mark.parametrize("share", SHARES)
def test_reduced_recipes(universe_directory: Path, share: str) -> None:
    check(universe_directory, share, whole=False)


@pytest.mark.parametrize("share", SHARES)
def test_full_recipes(full_repository: Path, share: str) -> None:
    check(full_repository, share, whole=True)
