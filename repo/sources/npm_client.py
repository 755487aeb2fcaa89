"""``npm:NAME/VERSION``: packages of the npm registry that this machine's npm is set up for."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from xpkg.core.files import disk_errors
from xpkg.repo.sources.attempt import Attempt, AttemptFailed
from xpkg.repo.sources.client_process import run_client

_NAME = re.compile(r"(@[a-z0-9][a-z0-9._~-]*/)?[a-z0-9][a-z0-9._~-]*", re.IGNORECASE)
# npm's own defaults keep trying for minutes when there is no network.
_RETRIES = ("--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def fetch_npm(attempt: Attempt) -> None:
    """Leave the package's own archive in ``attempt.partial``; its scripts are not run."""
    name, _, version = attempt.url.removeprefix("npm:").rpartition("/")
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise AttemptFailed("an npm source is npm:NAME/VERSION with an exact version")
    npm = attempt.settings.tool("npm", attempt.url, "npm")
    state = attempt.root.clients / "npm"
    with disk_errors("download to", state):
        state.mkdir(parents=True, exist_ok=True)
        work = tempfile.TemporaryDirectory(prefix="npm-", dir=attempt.root.partial)
    with work as directory:
        done = run_client(
            [npm, "pack", "--ignore-scripts", "--loglevel=error", *_RETRIES, f"--cache={state}", f"{name}@{version}"],
            environment=attempt.settings.client_environment(),
            directory=Path(directory),
            stop=attempt.stop,
            seconds=attempt.settings.total_seconds,
        )
        packed = list(Path(directory).glob("*.tgz"))
        if done.code != 0 or len(packed) != 1:
            raise done.failure("npm")
        with disk_errors("download to", attempt.partial):
            packed[0].replace(attempt.partial)
