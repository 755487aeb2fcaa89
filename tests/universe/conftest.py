"""The public repository: the reduced copy beside this clone, and a full one where ``XPKG_OPAM_REPOSITORY`` names it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from filelock import FileLock

ARCHIVE = Path(__file__).parents[3] / "shared" / "data" / "opam-universe.tar.gz"


@pytest.fixture(scope="session")
def universe_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All recipes of the public repository, reduced, as a directory in opam's layout; extracted once a session."""
    if not ARCHIVE.is_file():
        pytest.skip(
            f"the public repository's recipes are not at hand: no {'/'.join(ARCHIVE.parts[-3:])} beside the clone"
        )
    base = tmp_path_factory.getbasetemp()
    # The workers of a distributed run have their directories side by side.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    directory = shared / "opam-universe"
    with FileLock(f"{directory}.lock"):
        if not directory.is_dir():
            partial = shared / "opam-universe.partial"
            with tarfile.open(ARCHIVE) as archive:
                archive.extractall(partial, filter="data")
            partial.rename(directory)
    return directory


@pytest.fixture(scope="session")
def full_repository() -> Path:
    """A copy of the full public repository."""
    named = os.environ.get("XPKG_OPAM_REPOSITORY")
    if not named:
        pytest.skip("XPKG_OPAM_REPOSITORY names no copy of the full public repository")
    directory = Path(named)
    if not (directory / "packages").is_dir():
        pytest.fail(f"XPKG_OPAM_REPOSITORY: {named} has no directory packages")
    return directory
