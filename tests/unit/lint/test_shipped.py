"""The recipes that travel with xpkg have no errors, and only warnings that are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.repo.lint.findings import Severity
from xpkg.repo.lint.reading import lint_path
from xpkg.repo.lint.registry import chosen
from xpkg.shipped import PACKAGES

RECIPES = sorted(PACKAGES.glob("*/*/opam"))
# A recipe's text is part of its build key: these warnings are not worth building everything again.
_OURS = ({"35", "36"}, "made here: the place of its home page and of its bug reports is this project's")
_LOOKS_THERE = ({"X20"}, "where programs find the files of the machine that they run on, which is in no prefix")
_PACKED = ({"37"}, "its source is what a registry of packages has, whose place the field url names")
EXCEPTIONS = {
    "elf-localize": _OURS,
    "elf-tools": _OURS,
    "kernel-harness": _OURS,
    "linux-runner": _OURS,
    "mirage-platform": _OURS,
    "mirage-test": _OURS,
    "run-as-target": _OURS,
    "cmake": _PACKED,
    "dune-target-tests": _PACKED,
    "libbz2": _PACKED,
    "libev": _PACKED,
    "libffi": _PACKED,
    "libgmp": _PACKED,
    "libncurses": _LOOKS_THERE,
    "libpcre": _PACKED,
    "libssl": _LOOKS_THERE,
    "linux-runner-arm64": _PACKED,
    "linux-runner-armhf": _PACKED,
    "linux-runner-riscv64": _PACKED,
    "meson": _PACKED,
    "ninja": _PACKED,
    "ocaml-32bit": _PACKED,
    "ocaml-base-compiler": _PACKED,
    "ocaml-cross": _PACKED,
    "ocaml-kern": _PACKED,
    "picolibc": _PACKED,
    "zig": _PACKED,
    "pkgconf": (
        {"37", "X20"},
        "packed as those above; and it is told the system's directories in order to leave them out of what it prints",
    ),
}


def test_there_are_recipes() -> None:
    assert len(RECIPES) > 25
    assert EXCEPTIONS.keys() <= {path.parent.parent.name for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.parent.name)
def test_shipped_recipe(path: Path) -> None:
    findings = lint_path(path, chosen())
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    codes, _ = EXCEPTIONS.get(path.parent.parent.name, (set(), ""))
    assert {one.code for one in findings} == codes
