"""Which commit a branch or tag of a git repository is now."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from xpkg.core.errors import SyncError
from xpkg.repo.sources.attempt import AttemptFailed, Stop, shown
from xpkg.repo.sources.client_process import Done, run_client
from xpkg.repo.sources.git_source import checked_address, hardened_command, hardened_environment
from xpkg.repo.sources.settings import FetchSettings

_ANY_COMMIT = "0" * 40
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}")


def resolve_head(address: str, settings: FetchSettings) -> str:
    """``git+...#<commit>`` for ``git+...`` (its HEAD) or ``git+...#<branch, tag or commit>``.

    SyncError when the repository cannot be asked or has no such name.
    """
    location, _, wanted = address.partition("#")
    try:
        plain, _, protocol = checked_address(f"{location}#{_ANY_COMMIT}")
    except AttemptFailed as error:
        raise SyncError(f"{shown(location)} cannot be fetched: {error}", reference="bad-address") from error
    if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", wanted):
        return address
    if wanted and _REF.fullmatch(wanted) is None:
        raise SyncError(f"{wanted!r} cannot name a branch or tag", reference="bad-address")
    names = [f"refs/heads/{wanted}", f"refs/tags/{wanted}^{{}}", f"refs/tags/{wanted}"] if wanted else ["HEAD"]
    git = settings.tool("git", shown(location), "git")
    try:
        done = run_client(
            [*hardened_command(git, protocol), "ls-remote", "--", plain, *names],
            environment=hardened_environment(settings, protocol),
            directory=Path("/"),
            stop=Stop(),
            seconds=settings.total_seconds,
        )
    except AttemptFailed as error:
        raise _unreadable(location, plain, error) from error
    found = dict(line.split("\t", 1)[::-1] for line in done.out.splitlines() if "\t" in line)
    commit = next((found[name] for name in names if name in found), None)
    if commit is None:
        raise _unreadable(location, plain, _why(done, wanted))
    return f"{location}#{commit}"


def _why(done: Done, wanted: str) -> AttemptFailed:
    return done.failure("git") if done.code != 0 else AttemptFailed(f"it has no {wanted or 'HEAD'}")


def _unreadable(location: str, plain: str, failure: AttemptFailed) -> SyncError:
    return SyncError(
        f"the git repository {shown(location)} cannot be read",
        reference="no-network" if failure.unreachable else "sync",
        context=(("host", urlsplit(plain).hostname or "this machine"), ("answer", failure.reason)),
    )
