"""The build key: the hash of one record that names every input of a build, and nothing else.

Two builds with equal keys give equal outputs, whoever makes them and where (design: "Builds").
"""

from __future__ import annotations

from collections.abc import Iterable

from xpkg.core.digests import Digest, of_value
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target
from xpkg.sandbox.layout import SOURCE_DATE_EPOCH, TARGET, TOOLS
from xpkg.sandbox.steps import Steps

KEY_FORMAT = 1
"""Raised whenever the same record would no longer give the same output."""


def key_inputs(
    recipe: Recipe,
    machine: Target,
    steps: Steps,
    *,
    sources: Iterable[Digest],
    dependencies: Iterable[str],
    isolation: str,
) -> dict[str, object]:
    """The record.  ``sources`` are in the recipe's order; ``dependencies`` are the keys of all instances seen."""
    return {
        "format": KEY_FORMAT,
        "name": recipe.name,
        "version": recipe.version,
        "machine": machine.machine,
        "recipe": str(recipe.digest),
        "steps": steps.as_value(),
        "sources": [str(digest) for digest in sources],
        "dependencies": sorted(dependencies),
        "target": str(machine.digest),
        "isolation": isolation,
        "view": [TOOLS, TARGET, SOURCE_DATE_EPOCH],
    }


def build_key(inputs: dict[str, object]) -> str:
    """The key: 40 hexadecimal digits (160 bits) of the record's sha256."""
    return of_value(inputs).hex[:40]
