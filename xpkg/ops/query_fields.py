"""Any field of a recipe: its value, and the texts in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from xpkg.core.errors import NotFoundError
from xpkg.core.text import did_you_mean
from xpkg.ops.query_entries import texts
from xpkg.ops.query_text import field_text
from xpkg.repo.opamfile.values import (
    Bool,
    Group,
    Ident,
    Integer,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    String,
    Update,
    Value,
)

if TYPE_CHECKING:
    from xpkg.repo.entries import Entry
    from xpkg.repo.recipes import Recipe
    from xpkg.repo.universe import Universe

_OF_THE_ENTRY = ("name", "version", "package", "repository", "synopsis", "description")
"""Printed bare, without a recipe."""
_WHOLE = "opam-file"


def field_of(universe: Universe, entry: Entry, field: str) -> str:
    """The text of one field of one version; empty when the recipe does not have it.

    ``name``, ``version``, ``package``, ``repository``, ``synopsis``, ``description``, ``versions`` (or opam's
    ``all-versions``) and ``opam-file`` are bare, every other as ``opam show --field`` prints its value.  A trailing
    ``:`` asks for the value as written also of the former, as in opam.  InputFileError for a wrong recipe,
    NotFoundError ``unknown-field`` for a field that neither opam nor the recipe knows.
    """
    plain = field.removesuffix(":")
    if field in ("versions", "all-versions"):
        return "  ".join(reversed(universe.versions(entry.name)))
    if field in _OF_THE_ENTRY:
        return "\n".join(texts(entry, field))
    recipe = universe.recipe(entry.name, entry.version)
    if plain == _WHOLE:
        return str(recipe.file).rstrip("\n")
    value = value_of(recipe, plain)
    return "" if value is None else field_text(value)


def value_of(recipe: Recipe, field: str) -> Value | None:
    """The field's value, a section's field as ``url.src``; None when it is absent.  NotFoundError ``unknown-field``."""
    kind, dot, inner = field.partition(".")
    if dot:
        for section in recipe.file.sections(kind):
            found = section.get(inner)
            if found is not None:
                return found
        return None
    found = recipe.fields.get(field)
    if found is None and not field.startswith("x-"):
        from xpkg.repo.recipe_reader import KNOWN_FIELDS

        if field not in KNOWN_FIELDS:
            known = sorted({*KNOWN_FIELDS, *recipe.fields, *_OF_THE_ENTRY})
            raise NotFoundError(
                f"there is no field {field}", reference="unknown-field", hint=did_you_mean(field, known)
            )
    return found


def strings_of(recipe: Recipe, field: str) -> tuple[str, ...]:
    """The strings and names in a field's value."""
    value = value_of(recipe, field)
    return () if value is None else tuple(_strings(value))


def _strings(value: Value) -> Iterator[str]:
    match value:
        case String():
            yield value.value
        case Ident():
            yield value.name
        case List() | Group() | Logical():
            for item in value.items:
                yield from _strings(item)
        case Option():
            for item in (value.value, *value.options):
                yield from _strings(item)
        case Relation() | Update():
            yield from _strings(value.left)
            yield from _strings(value.right)
        case PrefixRelation() | Prefix():
            yield from _strings(value.value)
        case Bool() | Integer():
            return
