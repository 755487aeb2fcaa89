"""A shell script where it may mount a file system: as root of namespaces of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

NOT_MOUNTED = 77
"""What the script ends with when it cannot mount one."""


def run_script(script: str, environment: Mapping[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    """How the script ended; ``$0`` in it is this Python.  The test is skipped where nothing can be mounted."""
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, sys.executable],
        env=environment,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode == NOT_MOUNTED:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr}")
    return done
