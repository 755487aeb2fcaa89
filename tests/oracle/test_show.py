"""``opam show --raw`` and ``--field`` of 500 packages, with the fields as we read and print them.

opam prints what it understood, so that this compares the readers: order, comments and layout are its own.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle.opam import Opam, Package
from xpkg.ops.query_text import field_text
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.values import Field, Group, List, Logical, Option, Prefix, Relation, Section, String, Value
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.recipes import Recipe

COUNT = 500
_NEW_FLAGS = {"avoid-version", "deprecated"}
"""opam 2.1 leaves out flags that it does not know."""


FIELDS = ("depends", "depopts", "conflicts", "conflict-class", "license", "tags")


def _sample(opam: Opam, universe_archive: Path) -> Mapping[Package, Recipe]:
    """One version each of 500 names: opam takes several of one name as conditions on one package."""
    packages = opam.unpack(universe_archive) / "packages"
    dice = random.Random(10)
    names = dice.sample(sorted(path.name for path in packages.iterdir()), COUNT)
    chosen = [dice.choice(sorted((packages / name).iterdir())) for name in sorted(names)]
    recipes = {}
    for directory in chosen:
        name, _, version = directory.name.partition(".")
        recipes[name, version] = read_recipe(directory, name, version, "universe")
    return recipes


def _meaning(value: Value) -> Value:
    """The value without what opam's printer changes: brackets and parentheses around one item or one operator."""
    match value:
        case List(items=(item,)) | Group(items=(item,)):
            return _meaning(item)
        case List() | Group():
            return replace(value, items=tuple(map(_meaning, value.items)))
        case Option(options=()):
            return _meaning(value.value)
        case Option():
            return replace(value, value=_meaning(value.value), options=tuple(map(_meaning, value.options)))
        case Logical():
            inner = [_meaning(item) for item in value.items]
            flat = [
                part
                for item in inner
                for part in (item.items if isinstance(item, Logical) and item.operator == value.operator else (item,))
            ]
            return replace(value, items=tuple(flat))
        case Relation():
            return replace(value, left=_meaning(value.left), right=_meaning(value.right))
        case Prefix():
            return replace(value, value=_meaning(value.value))
        case String():
            return replace(value, value=value.value.strip())
    return value


def _sorted(value: Value) -> Value:
    """``depexts`` with the names of each entry sorted, as they are a set to opam."""
    match value:
        case List(items=items) if all(isinstance(item, String) for item in items):
            return replace(value, items=tuple(sorted(items, key=repr)))
        case List():
            return replace(value, items=tuple(map(_sorted, value.items)))
        case Option():
            return replace(value, value=_sorted(value.value))
    return value


def _fields(file: OpamFile) -> dict[str, Value]:
    """All fields that hold something, those of sections with a point."""
    found = {}
    for item in file.items:
        match item:
            case Field():
                found[item.name] = _meaning(item.value)
            case Section():
                found |= {
                    f"{item.kind}.{one.name}": _meaning(one.value) for one in item.items if isinstance(one, Field)
                }
    if "depexts" in found:
        found["depexts"] = _sorted(found["depexts"])
    return {name: value for name, value in found.items() if value != List(0, 0, ())}


def _check_raw(opam: Opam, sample: Mapping[Package, Recipe]) -> None:
    said = opam.run("show", "--raw", *map(".".join, sample))
    files = [parse(text, "opam") for text in re.split(r"^(?=opam-version: )", said, flags=re.MULTILINE)[1:]]
    assert len(files) == COUNT
    wrong = {}
    compared = 0
    for package, file in zip(sample, files, strict=True):
        ours, theirs = _fields(sample[package].file), _fields(file)
        assert theirs["name"] == String(0, 0, package[0])
        assert theirs["version"] == String(0, 0, package[1])
        for name in ours.keys() | theirs.keys() - {"name", "version"}:
            old = opam.version < (2, 2) and name == "flags" and sample[package].flags & _NEW_FLAGS
            compared += 1
            if not old and ours.get(name) != theirs.get(name):
                wrong[package, name] = [field_text(one) if one else "" for one in (ours.get(name), theirs.get(name))]
    assert wrong == {}
    assert compared > 5 * COUNT


def _check_field(opam: Opam, sample: Mapping[Package, Recipe], field: str) -> None:
    """What ``xpkg show --field`` prints, word by word but for parentheses, of all packages one after the other."""
    having = {package: recipe for package, recipe in sample.items() if field in recipe.fields}
    said = opam.run("show", f"--field={field}", *map(".".join, having))
    ours = "\n".join(field_text(recipe.fields[field]) for recipe in having.values())
    assert _words(ours) == _words(said)
    assert having


def _words(text: str) -> list[str]:
    # Parentheses and empty braces are not kept.
    return re.sub(r"(?<=[!?]) +|\{ *\}", "", re.sub("[()]", " ", text)).split()


@pytest.mark.timeout(900)
def test_show(opam: Opam, universe_archive: Path) -> None:
    """One test, so that the universe is unpacked once, however tests are spread over processes."""
    sample = _sample(opam, universe_archive)
    _check_raw(opam, sample)
    for field in FIELDS:
        _check_field(opam, sample, field)
