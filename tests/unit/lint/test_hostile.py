"""A file made to be slow to examine takes a time in proportion to its size."""

from __future__ import annotations

import time

import pytest

from tests.unit.lint.recipes import plus, put
from xpkg.repo.lint.reading import lint_text
from xpkg.repo.lint.registry import chosen

_SIZE = 200_000  # characters
_SECONDS = 10.0

RECIPES = {
    "openings": put("build", f'["{"%{" * (_SIZE // 2)}"]'),
    "openings in a bound": put("depends", f'["a" {{= "{"%{" * (_SIZE // 2)}"}}]'),
    "percent signs": put("build", f'["{"%" * _SIZE}"]'),
    "closings": put("build", f'["{"%{a}" * (_SIZE // 4)}"]'),
    "guards": put("build", "[[x] {" + " & ".join(f"a{n}:installed" for n in range(_SIZE // 16)) + "}]"),
    "licences": put("license", f'"{"(" * _SIZE}"'),
    "licence of many": put("license", f'"MIT{" AND MIT" * (_SIZE // 8)}"'),
    "directories": put("build", f'["{"=/usr/a" * (_SIZE // 7)}"]'),
    "triples": put("build", f'["{"x86_64-" * (_SIZE // 7)}"]'),
    "spaces": put("build", f'["sh" "-c" "{"git " + " " * _SIZE}"]'),
    "interpolated directories": put("build", f'["%{{a}}%{"/.." * (_SIZE // 3)}"]'),
    "dependencies": put("depends", "[" + " ".join(f'"a{n}" {{with-test}}' for n in range(_SIZE // 20)) + "]"),
    "address": plus(f'url {{ src: "https://{"/archive/" * (_SIZE // 9)}" }}'),
    "address with suffixes": plus(f'url {{ src: "https://{".git" * (_SIZE // 4)}" }}'),
}


@pytest.mark.parametrize("text", RECIPES.values(), ids=RECIPES)
def test_time_is_bounded(text: str) -> None:
    begin = time.process_time()
    lint_text(text, "opam", chosen())
    assert time.process_time() - begin < _SECONDS
