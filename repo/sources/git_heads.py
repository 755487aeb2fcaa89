"""Which commit a branch or tag of a git repository is now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.client_process import run_client
from xpkg.repo.sources.git_client import hardened_command, hardened_environment, plain_address
from xpkg.repo.sources.settings import FetchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A name on a server and the commit it means now; ``ref`` is what to ask for to get it."""

    ref: str
    commit: str


class NoSuchHead(AttemptFailed):
    """The server has no branch or tag of that name."""


def heads_of(url: str, settings: FetchSettings, stop: Stop) -> tuple[str, ...]:
    """The names of all branches and tags, sorted; ``url`` and errors as for `head_of`."""
    listed = _listed(url, ["refs/heads/*", "refs/tags/*"], settings, stop)
    return tuple(sorted({name.split("/", 2)[2].removesuffix("^{}") for name in listed if name.count("/") >= 2}))


def head_of(url: str, wanted: str, settings: FetchSettings, stop: Stop) -> Head:
    """The commit of a branch or tag, or of HEAD when ``wanted`` is empty; one question to the server.

    ``url`` is a ``git+...`` URL without a fragment.  AttemptFailed when it cannot be asked or has no such name.
    """
    names = [f"refs/heads/{wanted}", f"refs/tags/{wanted}^{{}}", f"refs/tags/{wanted}"] if wanted else ["HEAD"]
    found = _listed(url, names, settings, stop)
    for name in names:
        if name in found:
            return Head(ref=name.removesuffix("^{}"), commit=found[name])
    raise NoSuchHead(f"it has no branch or tag {wanted}" if wanted else "it has no HEAD: no branch to take")


def _listed(url: str, patterns: list[str], settings: FetchSettings, stop: Stop) -> dict[str, str]:
    """Names on the server with their commits; more may come than ``patterns`` ask for, any that end like one."""
    plain, protocol = plain_address(url)
    git = settings.tool("git", url, "git")
    done = run_client(
        [*hardened_command(git, protocol), "ls-remote", "--", plain, *patterns],
        environment=hardened_environment(settings, protocol),
        directory=Path("/"),
        stop=stop,
        seconds=settings.total_seconds,
    )
    if done.code != 0:
        raise done.failure("git")
    return dict(line.split("\t", 1)[::-1] for line in done.out.splitlines() if "\t" in line)
