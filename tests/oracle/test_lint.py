"""``opam lint`` finds in a recipe what our checks of opam's numbers find, and takes it as seriously.

With ``XPKG_OPAM_REPOSITORY`` (a directory with full recipes, see tests/universe) 2,000 of those are compared as well.
"""

from __future__ import annotations

import json
import os
import random
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.oracle.opam import Opam
from tests.property.test_lint import recipes
from tests.unit.lint.recipes import RECIPES
from xpkg.repo.lint.field_forms import FIELDS
from xpkg.repo.lint.reading import lint_path
from xpkg.repo.lint.registry import GROUPS

_SEED = 20
_BATCH = 500
"""Files in one call of opam."""

# Before opam 2.2 (the table in docs/lint.md says what each of these does there).
_OTHER = "29 41 47 56 57 59 62 63 65 67 68 69 70 71 72 73 74"
_OTHER_BEFORE_2_2 = frozenset(_OTHER.split())
_UNREAD_BEFORE_2_2 = {"x-locked is a number", "x-env-path-rewrite is a string"}
"""What opam 2.1 takes for extension fields of no meaning."""
_LATER = {"62": (2, 6), "63": (2, 4), "74": (2, 4)}
"""Checks that a later opam than 2.2 has or does in its present form (62: the list of licences)."""

Found = dict[Path, set[tuple[str, str]]]
"""Codes with their severities."""


def _incomparable(opam: Opam) -> frozenset[str]:
    """The numbers that this opam gives by other rules than opam 2.6."""
    if opam.version < (2, 2):
        return _OTHER_BEFORE_2_2
    return frozenset(code for code, since in _LATER.items() if opam.version < since)


def _by_opam(opam: Opam, files: Sequence[Path], place: Path) -> Found:
    found: Found = {}
    for start in range(0, len(files), _BATCH):
        answer = place / "lint.json"
        answer.unlink(missing_ok=True)
        opam.run("lint", f"--json={answer}", *map(str, files[start : start + _BATCH]), check=False)
        for one in json.loads(answer.read_text("utf-8", "surrogateescape"))["lint"]:
            found[Path(one["file"])] = {
                (str(int(entry["id"])), severity) for severity in ("error", "warning") for entry in one[f"{severity}s"]
            }
    return found


def _by_us(files: Iterable[Path]) -> Found:
    return {path: {(one.code, str(one.severity)) for one in lint_path(path, GROUPS["opam"])} for path in files}


def _differences(opam: Opam, files: Sequence[Path], place: Path) -> dict[str, tuple[set[str], set[str]]]:
    """For each file where the answers differ: what opam alone says, what we alone say."""
    theirs, ours = _by_opam(opam, files, place), _by_us(files)
    assert theirs.keys() == ours.keys()
    other = _incomparable(opam)
    found = {}
    for path in files:
        left, right = ({f"{s} {c}" for c, s in one[path] if c not in other} for one in (theirs, ours))
        if left != right:
            found[f"{path.parent.name} in {path.parent.parent.name}"] = (left - right, right - left)
    return found


def test_recipes_made_wrong_on_purpose(opam: Opam, tmp_path: Path) -> None:
    files = []
    for label, (text, _) in RECIPES.items():
        if opam.version < (2, 2) and label in _UNREAD_BEFORE_2_2:
            continue
        path = tmp_path / label.replace(" ", "-") / "p.1" / "opam"
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
        files.append(path)
    assert _differences(opam, files, tmp_path) == {}


def test_recipes_made_at_random(opam: Opam, tmp_path: Path) -> None:
    texts: set[str] = set()

    # In an extra-source opam leaves out without a word what has not its form.
    @settings(max_examples=350, derandomize=True, database=None, deadline=None)
    @given(recipes([*FIELDS, "x-a", "unknown"], ["url", "unknown"]))
    def collect(text: str) -> None:
        texts.add(text)

    collect()
    files = []
    for number, text in enumerate(sorted(texts)):
        path = tmp_path / str(number) / "p.1" / "opam"
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
        files.append(path)
    assert len(files) > 200
    assert _differences(opam, files, tmp_path) == {}


def test_recipes_of_the_public_repository(opam: Opam, universe_archive: Path, tmp_path: Path) -> None:
    with tarfile.open(universe_archive) as archive:
        every = {member.name: member for member in archive if member.isfile() and member.name.endswith("/opam")}
        for name in random.Random(_SEED).sample(sorted(every), 200):
            content = archive.extractfile(every[name])
            assert content is not None
            path = tmp_path / name
            path.parent.mkdir(parents=True)
            path.write_bytes(content.read())
    files = sorted(tmp_path.rglob("opam"))
    assert len(files) == 200
    assert _differences(opam, files, tmp_path) == {}


def test_full_recipes(opam: Opam, full_repository: Path, tmp_path: Path) -> None:
    every = sorted(full_repository.glob("packages/*/*/opam"))
    files = random.Random(_SEED).sample(every, min(2000, len(every)))
    assert _differences(opam, files, tmp_path) == {}


@pytest.fixture
def full_repository() -> Path:
    named = os.environ.get("XPKG_OPAM_REPOSITORY")
    if not named:
        pytest.skip("XPKG_OPAM_REPOSITORY names no directory with the full recipes of opam's repository")
    return Path(named)
