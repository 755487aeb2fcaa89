"""From the bytes of a recipe to what an index keeps of it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from xpkg.core.errors import InputFileError, StoreError
from xpkg.core.files import read_regular
from xpkg.repo.entries import NO_FACTS, facts_of, needs_of, problem_of
from xpkg.repo.index.extraction import Extractor
from xpkg.repo.opamfile.file import decode
from xpkg.repo.recipe_reader import MAX_BYTES, read_recipe

Kept = tuple[str | None, tuple[Any, ...] | None, tuple[Any, ...]]
"""Problem, needs, facts."""


class RecipeIndexer:
    """Reads recipes of one repository for its index."""

    def __init__(self, repository: str) -> None:
        self._repository = repository
        self._extractor = Extractor()

    def read(self, directory: Path, name: str, version: str, data: bytes | None) -> Kept:
        """What is kept of a recipe; ``data`` is its opam file, None to have the ordinary reader tell what is wrong."""
        # Files are checked too where there are any, which is rare.
        if data is not None and len(data) <= MAX_BYTES and not os.path.lexists(f"{directory}/files"):
            found = self._extractor.entry(name, version, decode(data))
            if found is not None:
                return None, *found
        try:
            recipe = read_recipe(directory, name, version, self._repository, data=data)
        except (InputFileError, StoreError) as error:
            return problem_of(error), None, NO_FACTS
        return None, needs_of(recipe), facts_of(recipe)


def opam_bytes(directory: Path) -> bytes | None:
    """The opam file of a recipe, a little more than allowed of one that is too large; None when it cannot be read."""
    with suppress(OSError):
        return read_regular(directory / "opam", MAX_BYTES + 1)
    return None


def identity_of(data: bytes | None) -> bytes:
    """The identity of an opam file that no archive or git names."""
    return b"" if data is None else b"b" + hashlib.blake2b(data, digest_size=16).digest()
