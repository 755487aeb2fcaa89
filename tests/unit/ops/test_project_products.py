"""Products of a project: what is replaced, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import StoreError
from xpkg.core.paths import StateRoot
from xpkg.ops.project_products import place_products, prepare


def _place(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return prepare(project)


def test_what_xpkg_made_is_replaced(tmp_path: Path) -> None:
    root, place = StateRoot(tmp_path / "root"), _place(tmp_path)
    assert place_products(root, place, "build", (), ()).changed
    (place / "build" / "left").write_text("by an earlier build")
    (place / ".build.json").write_text("{}")  # as an interrupted build leaves it
    assert place_products(root, place, "build", (), ()).changed
    assert not (place / "build" / "left").exists()
    assert not place_products(root, place, "build", (), ()).changed


def test_what_somebody_else_made_is_not(tmp_path: Path) -> None:
    root, place = StateRoot(tmp_path / "root"), _place(tmp_path)
    (place / "build").mkdir()
    (place / "build" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError) as refused:
        place_products(root, place, "build", (), ())
    assert refused.value.reference == "not-ours"
    assert (place / "build" / "thesis.tex").read_text() == "years of work"
