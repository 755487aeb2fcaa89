"""Which files of a directory are a package's source.

In a git work tree: what git has, and what it has not but does not ignore, as both are at the moment.  Elsewhere all
but what builds and version control leave behind, by opam's list (``OpamLocal.rsync_dirs``).  What ``xpkg build`` left
in a project (``_xpkg``) is no part of it in either case, nor is an editor's lock: a link called ``.#NAME`` to nothing,
whose text is who edits the file (GNU Emacs Manual, "Interlocking").
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xpkg.core.errors import InputFileError
from xpkg.core.files import disk_errors
from xpkg.core.text import printable
from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.client_process import run_client
from xpkg.repo.sources.git_client import hardened_command, hardened_environment
from xpkg.repo.sources.settings import FetchSettings

MOST_FILES = 200_000
MOST_BYTES = 4 << 30
_LEFT_OUT = frozenset({".git", ".hg", "_darcs", "_build", "_opam", "_xpkg"})
_LINK_STEPS = 40  # what Linux follows, and unpacking
_SECONDS = 300.0  # for git to list the files of one directory


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One name of a source tree by its path relative to the top; ``link`` is where a symbolic link leads."""

    path: str
    kind: Literal["file", "link", "directory"]
    executable: bool = False
    size: int = 0
    link: str = ""


def source_files(directory: Path, settings: FetchSettings, stop: Stop | None = None) -> tuple[TreeFile, ...]:
    """The files of a directory, sorted by the bytes of their paths; empty directories too where git is not asked.

    InputFileError for a link that leads out or round in a circle, for what is no plain file, and above MOST_FILES or
    MOST_BYTES.
    """
    found: list[TreeFile] = []
    size = 0
    with disk_errors("read the source in", directory):
        for path in _paths(directory, settings, stop or Stop()):
            one = _looked_at(directory, path)
            if one is None or _is_lock(directory, one):
                continue
            found.append(one)
            size += one.size
            if len(found) > MOST_FILES or size > MOST_BYTES:
                raise _refused(
                    directory,
                    "",
                    f"the directory has more than the {MOST_FILES} files or {MOST_BYTES >> 30} GiB allowed",
                    "pin the directory of one project; what git ignores does not count",
                )
    _check_links(directory, {one.path: one.link for one in found if one.kind == "link"})
    return tuple(sorted(found, key=lambda one: os.fsencode(one.path)))


def _looked_at(top: Path, path: str) -> TreeFile | None:
    """What is at a path; None for what git has and the user deleted."""
    try:
        status = (top / path).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISREG(status.st_mode):
        return TreeFile(path=path, kind="file", executable=bool(status.st_mode & 0o100), size=status.st_size)
    if stat.S_ISDIR(status.st_mode):
        return TreeFile(path=path, kind="directory")
    if not stat.S_ISLNK(status.st_mode):
        raise _refused(top, path, "it is neither a file nor a directory nor a link")
    return TreeFile(path=path, kind="link", link=os.readlink(top / path))


def _is_lock(top: Path, one: TreeFile) -> bool:
    return one.kind == "link" and os.path.basename(one.path).startswith(".#") and not (top / one.path).exists()


def _check_links(top: Path, links: Mapping[str, str]) -> None:
    """Follow each link inside the tree as unpacking does; where it ends there may be nothing."""
    for path in sorted(links):
        problem = _problem_of_link(path, links)
        if problem is not None:
            raise _refused(top, path, problem)


def _problem_of_link(path: str, links: Mapping[str, str]) -> str | None:
    at: list[str] = []
    pending = path.split("/")[::-1]
    steps = 0
    while pending:
        part = pending.pop()
        if part == "..":
            if not at:
                return f"the link leads out of the directory, to {printable(links[path])}"
            at.pop()
            continue
        if part in ("", "."):
            continue
        at.append(part)
        link = links.get("/".join(at))
        if link is None:
            continue
        steps += 1
        if steps > _LINK_STEPS:
            return "the link leads round in a circle, or through too many others"
        if link.startswith("/"):
            return f"the link leads out of the directory, to {printable(links[path])}"
        at.pop()
        pending += link.split("/")[::-1]
    return None


def _refused(top: Path, path: str, problem: str, hint: str | None = None) -> InputFileError:
    return InputFileError(
        f"this directory cannot be a source: {problem}",
        reference="bad-source-tree",
        context=(("directory", printable(str(top))), *((("path", printable(path)),) if path else ())),
        hint=hint or "remove it, or have git ignore it",
    )


def _paths(directory: Path, settings: FetchSettings, stop: Stop) -> Iterator[str]:
    listed = _known_to_git(directory, settings, stop) if _in_work_tree(directory) else None
    # Of a submodule that is not checked out git lists but the directory itself, whatever is in it.
    if not listed or "./" in listed:
        yield from _walked(directory, stop)
        return
    for path in listed:
        inner = path.rstrip("/")
        if (directory / inner).is_dir() and not (directory / inner).is_symlink():
            # Another repository inside: a submodule, or one that git has nothing of.
            yield from (f"{inner}/{one}" for one in _paths(directory / inner, settings, stop))
        else:
            yield inner


def _in_work_tree(directory: Path) -> bool:
    return any((one / ".git").exists() for one in (directory, *directory.parents))


def _known_to_git(directory: Path, settings: FetchSettings, stop: Stop) -> list[str] | None:
    """The paths that git would commit; None when the directory is in no work tree after all."""
    git = settings.tool("git", str(directory), "git")
    ignored = [f"--exclude={name}" for name in sorted(_LEFT_OUT)]
    # The directory is the user's choice, whoever owns it; nothing that its settings name is run.
    command = [*hardened_command(git, "file"), "-c", "safe.directory=*", "ls-files", "-z"]
    try:
        done = run_client(
            [*command, "--cached", "--others", "--exclude-standard", *ignored],
            environment=hardened_environment(settings, "file"),
            directory=directory,
            stop=stop,
            seconds=_SECONDS,
        )
    except AttemptFailed as error:
        raise _refused(directory, "", error.reason) from error
    if done.code != 0:
        if "not a git repository" in done.err:
            return None
        raise _refused(directory, "", done.failure("git").reason, "git status there may tell more")
    return sorted({path for path in done.out.split("\0") if path and not path.startswith("../")})


def _walked(directory: Path, stop: Stop) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        raise error

    for top, directories, names in os.walk(directory, onerror=unreadable):
        stop.check()
        links = [name for name in directories if Path(top, name).is_symlink()]
        directories[:] = [name for name in directories if name not in _LEFT_OUT and name not in links]
        relative = os.path.relpath(top, directory)
        start = "" if relative == "." else f"{relative}/"
        for name in (*names, *links):
            if name not in _LEFT_OUT:
                yield f"{start}{name}"
        if not directories and not names and not links and start:
            yield relative
