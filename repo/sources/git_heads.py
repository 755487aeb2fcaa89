"""Which commit a branch or tag of a git repository is now."""

from __future__ import annotations

import re
import subprocess
from urllib.parse import urlsplit

from xpkg.core.errors import SyncError
from xpkg.core.paths import StateRoot
from xpkg.repo.sources.attempt import AttemptFailed, shown
from xpkg.repo.sources.git_source import checked_address, hardened_command, hardened_environment
from xpkg.repo.sources.settings import FetchSettings

_ANY_COMMIT = "0" * 40
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}")


def resolve_head(address: str, root: StateRoot, settings: FetchSettings) -> str:
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
    git = settings.tool("git", shown(location), "git")
    names = [f"refs/heads/{wanted}", f"refs/tags/{wanted}^{{}}", f"refs/tags/{wanted}"] if wanted else ["HEAD"]
    done = subprocess.run(
        [*hardened_command(git, protocol), "ls-remote", "--", plain, *names],
        env=hardened_environment(settings, protocol),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=settings.total_seconds,
        cwd="/",
    )
    found = dict(line.split("\t", 1)[::-1] for line in done.stdout.splitlines() if "\t" in line)
    commit = next((found[name] for name in names if name in found), None)
    if commit is None:
        why = done.stderr.strip() or f"it has no {wanted or 'HEAD'}"
        raise SyncError(
            f"the git repository {shown(location)} cannot be read",
            context=(("host", urlsplit(plain).netloc or "this machine"), ("answer", why)),
        )
    return f"{location}#{commit}"
