"""The examples of docs/lock.md, as they are written: one after another, with nothing but what comes with xpkg."""

from __future__ import annotations

import shlex
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

CLONE = Path(__file__).parents[2]


def test_the_examples_work_one_after_another(tmp_path: Path) -> None:
    """What would be built is only planned."""
    lines = (CLONE / "docs" / "lock.md").read_text("utf-8").split("\n")
    first = next(number for number, line in enumerate(lines) if line.startswith("    xpkg "))
    examples = [shlex.split(line, comments=True) for line in takewhile(str.strip, lines[first:])]
    assert len(examples) > 5
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XPKG_ROOT": str(tmp_path / "root"),
        "PYTHONPATH": str(CLONE),
        "LC_ALL": "C.UTF-8",
    }
    for name, *rest in examples:
        assert name == "xpkg"
        planned = ["--dry-run"] if rest[0] == "install" else []
        done = subprocess.run(
            [sys.executable, "-m", "xpkg", *rest, *planned],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), (rest, done.stderr)
        assert "kfreebsd" in done.stdout or "--target" not in rest, done.stdout
