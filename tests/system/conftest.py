"""One state directory for all system tests: compilers are built once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def state_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """XPKG_TEST_ROOT when that is set, so that a warm store can be used."""
    chosen = os.environ.get("XPKG_TEST_ROOT")
    return Path(chosen).absolute() if chosen else tmp_path_factory.mktemp("system") / "root"
