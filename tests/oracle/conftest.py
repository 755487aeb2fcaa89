"""The installed opam as the oracle of what opam files mean.

``XPKG_TEST_OPAM`` names another program than the ``opam`` of the path, to compare with another version.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.oracle.opam import Opam

UNIVERSE = Path(__file__).parents[3] / "shared" / "data" / "opam-universe.tar.gz"


@pytest.fixture(scope="session")
def opam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opam]:
    """opam with a private root, an empty repository and one empty switch."""
    program = os.environ.get("XPKG_TEST_OPAM") or shutil.which("opam")
    if program is None:
        pytest.skip("no opam is installed to compare with: apt-get install --no-install-recommends opam")
    place = tmp_path_factory.mktemp("opam")
    yield Opam(Path(program), place / "root")
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def universe_archive() -> Path:
    """All recipes of the public repository at one commit, reduced to the fields that opam's solver reads."""
    if not UNIVERSE.is_file():
        pytest.skip(f"there is no {UNIVERSE.name} beside the clone, in ../shared/data")
    return UNIVERSE
