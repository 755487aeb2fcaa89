"""The list of what an output consists of, and the rules that a finished tree must keep."""

from __future__ import annotations

import hashlib
import mmap
import os
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xpkg.core.errors import BuildError
from xpkg.core.text import folded, printable
from xpkg.sandbox import links
from xpkg.sandbox.layout import DIRECTORY_MODE, TARGET, TOOLS
from xpkg.sandbox.record import Entry, Manifest
from xpkg.sandbox.relocate import Buffer, examine, mentions
from xpkg.sandbox.sealed import file_mode

PATH_LIMIT = 1024
"""Bytes of a path inside an output.  With a prefix before it, it is well below the 4096 that Linux takes."""

_SMALL = 1 << 16
_SHOWN = 10
_OVERLAY = "user.overlay."


@dataclass(slots=True)
class _Scan:
    """The state of one walk."""

    own: str
    package: str
    beneath: Mapping[str, str]
    entries: list[Entry] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    occupied: dict[str, str] = field(default_factory=dict)

    def refuse(self, path: str, why: str) -> None:
        self.problems.append((path, why))


def scan(tree: Path, *, own: str, package: str, beneath: Mapping[str, str] | None = None) -> Manifest:
    """List the tree that ``package`` installed into the prefix ``own`` (TOOLS or TARGET).

    Absolute links into ``own`` become relative ones on disk, and overlayfs' marks are removed.
    ``beneath`` maps the paths of the dependencies' files to their packages, to name whose file the
    build deleted or replaced.
    BuildError ``bad-output`` for what no output may hold, with every such file.
    """
    walk = _Scan(own=own, package=package, beneath=beneath or {})
    for path, owner in walk.beneath.items():
        while (path := os.path.dirname(path)) and path not in walk.occupied:
            walk.occupied[path] = owner
    _directory(walk, tree, "")
    for path in walk.links:
        why = links.problem(path, walk.links)
        if why is not None:
            walk.refuse(path, f"the link to {walk.links[path]} {why}")
    if walk.problems:
        raise _bad_output(package, sorted(walk.problems))
    return tuple(walk.entries)


def leaks(tree: Path, manifest: Manifest, private: Mapping[str, bytes]) -> tuple[tuple[str, str], ...]:
    """The files of a tree that name a path of the user's machine: (path, label).

    ``private`` labels the paths to look for, such as the user's home and the store.
    """
    found: list[tuple[str, str]] = []
    for entry in manifest:
        if entry.kind == "link":
            found += [(entry.path, label) for label in mentions(os.fsencode(entry.link), private)]
        elif entry.kind == "file" and entry.size:
            with _content(str(tree / entry.path)) as data:
                found += [(entry.path, label) for label in mentions(data, private)]
    return tuple(found)


def _directory(walk: _Scan, tree: Path, inside: str) -> None:
    with os.scandir(tree / inside) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    known: dict[str, str] = {}
    for entry in entries:
        path = f"{inside}/{entry.name}" if inside else entry.name
        if not _name_allowed(walk, path, entry.name, known):
            continue
        status = entry.stat(follow_symlinks=False)
        _attributes(walk, path, entry.path)
        if stat.S_ISDIR(status.st_mode):
            if status.st_mode & 0o700 != 0o700:
                os.chmod(entry.path, DIRECTORY_MODE)
            if path in walk.beneath:
                walk.refuse(path, f"replaces a file of package {walk.beneath[path]}")
            walk.entries.append(Entry(path=path, kind="directory", mode=DIRECTORY_MODE))
            _directory(walk, tree, path)
        else:
            _leaf(walk, path, entry.path, status)


def _leaf(walk: _Scan, path: str, where: str, status: os.stat_result) -> None:
    mode = status.st_mode
    owner = walk.beneath.get(path) or walk.occupied.get(path)
    if stat.S_ISCHR(mode) and status.st_rdev == 0:
        walk.refuse(path, f"deletes a file of package {owner or '(unknown)'}")
    elif owner is not None:
        walk.refuse(path, f"replaces a file of package {owner}")
    elif stat.S_ISLNK(mode):
        _link(walk, path, where)
    elif not stat.S_ISREG(mode):
        walk.refuse(path, f"is a {_kind(mode)}; packages hold files, directories and links")
    elif mode & (stat.S_ISUID | stat.S_ISGID):
        walk.refuse(path, "is setuid or setgid")
    else:
        _file(walk, path, where, mode)


def _file(walk: _Scan, path: str, where: str, mode: int) -> None:
    if not mode & stat.S_IRUSR:
        os.chmod(where, file_mode(mode))
    with _content(where) as data:
        found = examine(data)
        digest = hashlib.sha256(data).hexdigest()
        length = len(data)
    for problem in found.problems:
        walk.refuse(path, f"cannot be moved to a real prefix: {problem}")
    walk.entries.append(
        Entry(
            path=path,
            kind="file",
            mode=file_mode(mode),
            size=length,
            sha256=digest,
            tools=found.tools,
            target=found.target,
            text=found.text,
        )
    )


@contextmanager
def _content(where: str) -> Iterator[Buffer]:
    """The bytes of a file, never through a link; large ones are mapped, not read."""
    with open(os.open(where, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
        if os.fstat(stream.fileno()).st_size < _SMALL:
            yield stream.read()
        else:
            with mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as mapped:
                yield mapped


def _link(walk: _Scan, path: str, where: str) -> None:
    destination = os.readlink(where)
    if destination == walk.own or destination.startswith(walk.own + "/"):
        destination = links.relative(path, destination[len(walk.own) + 1 :])
        os.unlink(where)
        os.symlink(destination, where)
    if not _is_utf8(destination):
        walk.refuse(path, "is a link to a name that is not UTF-8")
        return
    tools, target = (destination == fixed or destination.startswith(fixed + "/") for fixed in (TOOLS, TARGET))
    if destination.startswith("/") and not (tools or target):
        walk.refuse(path, f"is a link to the absolute path {destination}")
    elif (tools or target) and ".." in destination.split("/"):
        walk.refuse(path, f"is a link with '..' after the fixed prefix: {destination}")
    else:
        walk.links[path] = destination
        walk.entries.append(
            Entry(
                path=path,
                kind="link",
                mode=0o777,
                link=destination,
                tools=(0,) if tools else (),
                target=(0,) if target else (),
            )
        )


def _name_allowed(walk: _Scan, path: str, name: str, known: dict[str, str]) -> bool:
    """File names are short and UTF-8 without control characters, and differ by more than case or composition."""
    if not _is_utf8(name):
        walk.refuse(path.encode("utf-8", "backslashreplace").decode(), "has a name that is not UTF-8")
        return False
    if len(path.encode()) > PATH_LIMIT:
        walk.refuse(f"{path[:80]}...", f"has a path longer than {PATH_LIMIT} bytes")
        return False
    if any(unicodedata.category(character) == "Cc" for character in name):
        walk.refuse(path, "has a control character in its name")
        return False
    other = known.setdefault(folded(name), name)
    if other != name:
        walk.refuse(path, f"differs from {other} by case or composition only")
        return False
    return True


def _is_utf8(text: str) -> bool:
    """Whether a name as the file system gives it is UTF-8, which records are written in."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _attributes(walk: _Scan, path: str, where: str) -> None:
    """Act on extended attributes: overlayfs' marks for deleted things, and capabilities."""
    try:
        names = os.listxattr(where, follow_symlinks=False)
    except OSError:  # the file system has none
        return
    for name in names:
        if name == "security.capability":
            walk.refuse(path, "has file capabilities")
        if not name.startswith(_OVERLAY):
            continue
        kind = name.removeprefix(_OVERLAY)
        if kind in ("whiteout", "redirect", "metacopy"):
            walk.refuse(path, f"deletes or renames a file of package {walk.beneath.get(path, '(unknown)')}")
        # The kernel also marks new directories opaque, where that hides nothing (fs/overlayfs/dir.c).
        elif kind == "opaque" and path in walk.occupied and os.getxattr(where, name, follow_symlinks=False) == b"y":
            walk.refuse(path, f"deletes a directory with files of package {walk.occupied[path]}")
        else:
            _strip(where, name)


def _strip(where: str, name: str) -> None:
    """Remove an attribute; of a read-only file too, whose mode the walk does not need any more."""
    mode = stat.S_IMODE(os.lstat(where).st_mode)
    os.chmod(where, mode | stat.S_IWUSR)
    os.removexattr(where, name, follow_symlinks=False)
    os.chmod(where, mode)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return kinds.get(stat.S_IFMT(mode), "special file")


def _bad_output(package: str, problems: list[tuple[str, str]]) -> BuildError:
    more = len(problems) - _SHOWN
    shown = tuple((printable(path, keep=""), printable(problem, keep="")) for path, problem in problems[:_SHOWN])
    return BuildError(
        f"{package} installed what a package must not hold: {' '.join(shown[0])}",
        reference="bad-output",
        context=shown + ((("and", f"{more} more"),) if more > 0 else ()),
    )
