"""opam's own behaviour tests, replayed: each script agrees in exactly as many steps as agreement.toml says.

More agreement is a failure too, so that the list stays true; XPKG_ACCEPT=1 writes what the replay gave.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.reftests.agreement import (
    CATEGORIES,
    EXPLANATIONS,
    UNEXPLAINED,
    read_agreement,
    table_of,
    write_agreement,
)
from tests.reftests.archive import scripts
from tests.reftests.replay import replay
from tests.reftests.script import SELF_CONTAINED, read_script
from xpkg.core.errors import XpkgError

RECORDED = read_agreement()
CLONE = "XPKG_TEST_OPAM_REPOSITORY"
"""Names a git clone of the public repository; with it the scripts that are about old commits of it run too."""


@pytest.fixture(scope="session")
def paths(request: pytest.FixtureRequest) -> Mapping[str, Path]:
    """The scripts by name."""
    assert request.config.cache is not None
    try:
        found = scripts(request.config.cache.mkdir("opam-reftests"))
    except XpkgError as error:
        pytest.skip(f"the source of opam cannot be had from the Debian archive: {error.message}")
    return {path.name.removesuffix(".test"): path for path in found}


def _clone() -> Path | None:
    named = os.environ.get(CLONE)
    return None if named is None else Path(named)


def test_every_script_is_listed(paths: Mapping[str, Path], tmp_path: Path) -> None:
    if os.environ.get("XPKG_ACCEPT"):
        tables = {}
        clone = _clone()
        for name, path in paths.items():
            script = read_script(path)
            recorded = RECORDED.get(name, {})
            if script.repository != SELF_CONTAINED and clone is None and recorded:
                tables[name] = recorded
            else:
                tables[name] = table_of(replay(script, tmp_path / name, clone), recorded)
        write_agreement(tables)
        return
    assert sorted(RECORDED) == sorted(paths)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_script(name: str, paths: Mapping[str, Path], tmp_path: Path) -> None:
    if os.environ.get("XPKG_ACCEPT"):
        return
    script = read_script(paths[name])
    clone = _clone()
    if script.repository != SELF_CONTAINED and clone is None:
        pytest.skip(f"needs the public repository at {script.repository}: {CLONE} must name a git clone of it")
    verdicts = replay(script, tmp_path / "test", clone)
    table = table_of(verdicts, RECORDED[name])
    told = [f"{one.number}: {one.command}: {one.detail}" for one in verdicts if one.detail]
    assert table == RECORDED[name], "\n".join(told)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_every_difference_is_explained(name: str) -> None:
    assert RECORDED[name]["category"] in CATEGORIES
    for one in RECORDED[name].get("differs", ()):
        assert one["reason"] != UNEXPLAINED, f"line {one['line']}"
        assert one["reason"] in EXPLANATIONS
        assert one["words"]
