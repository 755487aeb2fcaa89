"""A client that says too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.client_process import run_client


@pytest.mark.parametrize("command", ["yes", "yes >&2", "echo much; exit 0"])
def test_output_without_end_ends_the_client(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xpkg.repo.sources.client_process._MOST_OUTPUT", 4)
    with pytest.raises(AttemptFailed) as caught:
        run_client(
            ["/bin/sh", "-c", command],
            environment={"PATH": "/usr/bin:/bin"},
            directory=tmp_path,
            stop=Stop(),
            seconds=2,
        )
    assert caught.value.reason == "sh said more than 4 bytes"
