"""A rotating tenth of the corpus, and what changed since the commit before, for one target: real builds, real programs.

``make corpus`` is the whole of it.  The target rotates too, so that thirty commits see every package on all three.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.entry import DEFAULT_TARGETS
from tests.corpus.results import LACKING
from tests.corpus.selection import git, tenth_of_commit

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

CLONE = Path(__file__).parent.parent.parent
# On a machine with nothing in its store the cross compiler alone takes a third of it.
MINUTES = 12


def _before() -> list[str]:
    """The options that add what changed; none where the clone has no commit before this one."""
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD~1^{commit}")
    except subprocess.CalledProcessError:
        return []
    return ["--changed", "HEAD~1"]


def _corpus(root: Path, target: str) -> tuple[int, dict[str, Any], str]:
    """The exit status, the results, and all that was told meanwhile."""
    options = ["--root", str(root), "--target", target, "--tenth", "commit", "--minutes", str(MINUTES), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.corpus", *options, *_before()],
        cwd=CLONE,
        env=os.environ | {"PYTHONPATH": str(CLONE)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.stdout, done.stderr[-3000:]
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_tenth_and_what_changed_run_as_on_the_build_machine(state_root: Path) -> None:
    number = int(git("rev-list", "--count", "HEAD"))
    target = DEFAULT_TARGETS[number // 10 % len(DEFAULT_TARGETS)]
    status, answer, told = _corpus(state_root, target)
    here = [one for one in answer["results"] if one["target"] == target]
    assert status == 0, told[-6000:]
    assert here, f"tenth {tenth_of_commit()} is empty"
    missing = sorted(f"{one['name']}: {one['verdict']}" for one in here if one["verdict"] in LACKING)
    # The time may be up before the last of them, but not before the first.
    assert any(one["verdict"] in ("ran", "tool", "not reached") for one in here), (
        f"none of the {len(here)} ran: {missing}"
    )
    if missing:
        pytest.skip(f"{target}: {len(missing)} of {len(here)} could not be tried now: {', '.join(missing)}")
