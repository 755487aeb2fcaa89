"""opam's own behaviour tests, replayed: each script agrees in exactly as many steps as agreement.toml says.

More agreement is a failure too, so that the list stays true; XPKG_ACCEPT=1 writes what the replay gave.

The replay asks the solver, and for more than any command of xpkg does yet: only from here are reached
``solver/dependencies_only.py``, ``solver/trimming.py`` as far as it acts on ``Request.related``, and ``best_effort``,
``fixup``, ``formulas`` and ``invariant`` of a request, ``with_dev_setup`` and ``developed`` of a context.  What agrees
in these is the solver's answer; nobody can ask for it on the command line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.proof import must_prove
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
from xpkg.core.errors import ConfigurationError, SyncError, XpkgError

RECORDED = read_agreement()
CLONE = "XPKG_TEST_OPAM_REPOSITORY"
"""Names a git clone of the public repository; with it the scripts that are about old commits of it run too."""


@pytest.fixture(scope="session")
def paths(request: pytest.FixtureRequest) -> Mapping[str, Path]:
    """The scripts by name."""
    cache = request.config.cache
    assert cache is not None
    found = _had(lambda: scripts(cache.mkdir("opam-reftests")), os.environ)
    return {path.name.removesuffix(".test"): path for path in found}


def _had(fetch: Callable[[], list[Path]], environment: Mapping[str, str]) -> list[Path]:
    """What ``fetch`` gives; skips without it, but a run that is to prove something only where no server answered."""
    try:
        return fetch()
    except XpkgError as error:
        told = f"the source of opam cannot be had from the Debian archive: {error.message} {error.context}"
        if must_prove(environment) and error.reference != "no-network":
            pytest.fail(told)
        pytest.skip(told)


@pytest.mark.parametrize(
    ("error", "fails"),
    [
        (SyncError("no network: no server could be reached", reference="no-network"), False),
        (SyncError("every source failed"), True),
        (SyncError("another hash than promised", reference="hash-mismatch"), True),
        (ConfigurationError("apt is not set up", reference="no-debian-archive"), True),
    ],
    ids=lambda value: value.reference if isinstance(value, XpkgError) else "",
)
def test_a_source_that_the_archive_lacks_is_loud_where_it_counts(error: XpkgError, fails: bool) -> None:
    def fetch() -> list[Path]:
        raise error

    with pytest.raises(pytest.fail.Exception if fails else pytest.skip.Exception, match="cannot be had"):
        _had(fetch, {"CI": "true"})
    with pytest.raises(pytest.skip.Exception, match="cannot be had"):
        _had(fetch, {"CI": "false"})


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
