"""The build key: what is in it, what is not, and that it never changes by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from xpkg.core.digests import Digest
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target
from xpkg.sandbox.buildkey import KEY_FORMAT, build_key, key_inputs
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject

MakeRecipe = Callable[..., Recipe]

RECORD: dict[str, object] = {
    "format": 1,
    "name": "thing",
    "version": "1.2",
    "machine": "toy",
    "recipe": "sha256=" + "1" * 64,
    "steps": {
        "environment": [["LC_ALL", "C"]],
        "generated": [["findlib.conf", 'path="é"\n']],
        "commands": [["build", "make", "-j\x00jobs\x00"]],
        "install_files": ["thing.install"],
    },
    "sources": ["sha256=" + "2" * 64],
    "dependencies": ["a" * 40, "b" * 40],
    "target": "sha256=" + "3" * 64,
    "isolation": "bubblewrap-1",
    "view": ["/xpkg/tools", "/xpkg/target", 1],
}
KEY = "d7056f00da9a8d0403cd9a19576cb38c80edf3b6"
"""Committed: another value means that every store loses its outputs.  Change it only with KEY_FORMAT."""


def test_the_key_of_a_fixed_record() -> None:
    assert RECORD["format"] == KEY_FORMAT
    assert build_key(RECORD) == KEY


def test_the_order_of_a_records_fields_does_not_matter() -> None:
    assert build_key(dict(reversed(RECORD.items()))) == KEY


def inputs(recipe: Recipe, machine: Target, native: Target, **changed: Any) -> dict[str, object]:
    subject = Subject(recipe=recipe, machine=machine, native=native, seen={}, tools_seen={})
    given: dict[str, Any] = {
        "sources": (Digest("sha256", "2" * 64),),
        "dependencies": ("a" * 40, "b" * 40),
        "isolation": "bubblewrap-1",
    }
    return key_inputs(recipe, machine, derive(subject), **(given | changed))


FIELDS = 'build: [make "-j%{jobs}%"]'


@pytest.mark.parametrize(
    "changed",
    [
        {"sources": (Digest("sha256", "4" * 64),)},
        {"sources": ()},
        {"dependencies": ("a" * 40,)},
        {"isolation": "none"},
    ],
    ids=str,
)
def test_every_given_input_changes_the_key(
    recipe: MakeRecipe, toy: Target, native: Target, changed: dict[str, Any]
) -> None:
    one = recipe(FIELDS)
    assert build_key(inputs(one, toy, native, **changed)) != build_key(inputs(one, toy, native))


def test_every_part_of_a_recipe_changes_the_key(recipe: MakeRecipe, toy: Target, native: Target) -> None:
    keys = [
        build_key(inputs(one, machine, native))
        for machine in (toy, native)
        for one in (
            recipe(FIELDS),
            recipe(FIELDS + "\n# another byte"),
            recipe(FIELDS, version="1.3"),
            recipe(FIELDS, name="other"),
            recipe(FIELDS, files={"fix.patch": "one"}),
            recipe(FIELDS, files={"fix.patch": "two"}),
            recipe(FIELDS, files={"other.patch": "two"}),
        )
    ]
    assert len(set(keys)) == len(keys)


def test_where_a_recipe_lies_is_no_input(recipe: MakeRecipe, toy: Target, native: Target) -> None:
    """Two copies of one recipe in two directories, and dependencies in whatever order."""
    first, second = recipe(FIELDS, files={"a": "1"}), recipe(FIELDS, files={"a": "1"})
    assert first.directory != second.directory
    key = build_key(inputs(first, toy, native))
    assert build_key(inputs(second, toy, native)) == key
    assert build_key(inputs(first, toy, native, dependencies=("b" * 40, "a" * 40))) == key
