"""The scan pass: every rule on names, links, kinds and sizes, before anything is written.

The rules and where they come from: zip-slip; links and writing through them (CVE-2025-4517,
CVE-2025-4330, cpython#151558); reserved names (CVE-2022-36113); bombs (CVE-2022-36114); modes
(CVE-2023-38497); duplicates and names that a file system may take for one (Nix's nars.sh).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from xpkg.core.text import folded
from xpkg.repo.extract.members import Kind, Member, refused

_RESERVED = ".xpkg-"  # our own markers never come out of an archive
_DRIVE = re.compile(r"[A-Za-z]:")
# Most names: nothing in them needs a look at each component.
_EASY = re.compile(r"(?:[A-Za-z0-9_+~%@=^,-]++[./]?)+")
_LINK_STEPS = 40  # what Linux follows before ELOOP


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one archive, sizes in bytes; ``ratio`` is unpacked to packed and counts above ``ratio_floor``."""

    total: int = 16 << 30
    ratio: int = 300
    ratio_floor: int = 64 << 20
    members: int = 1_000_000
    path: int = 1024
    component: int = 255

    def unpacked(self, packed: int) -> int:
        """The most bytes that an archive of ``packed`` bytes may become."""
        return min(self.total, max(self.ratio_floor, self.ratio * packed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What to do for one member: ``path`` below the destination.

    ``target`` is a hard link's other path, ``link`` a symbolic link's text.
    """

    member: Member
    path: tuple[str, ...]
    target: tuple[str, ...] = ()
    link: str = ""


@dataclass(slots=True)
class _Node:
    """A name of the tree to be: a directory when ``children`` is not None."""

    kind: Kind
    link: str = ""
    children: dict[str, _Node] = field(default_factory=dict)
    folded: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Scan:
    limits: Limits
    bound: int
    root: _Node = field(default_factory=lambda: _Node(Kind.DIRECTORY))
    total: int = 0
    planned: list[Planned] = field(default_factory=list)

    def add(self, member: Member) -> None:
        if len(self.planned) >= self.limits.members:
            raise refused("archive-bomb", f"the archive has more than {self.limits.members} members")
        self.total += member.size
        if self.total > self.bound:
            raise refused("archive-bomb", f"the archive unpacks to more than {self.bound} bytes", member.name)
        path = safe_path(member.name, self.limits)
        if not path and member.kind is not Kind.DIRECTORY:
            raise refused("archive-path", "a member has no name", member.name)
        target: tuple[str, ...] = ()
        if member.kind is Kind.HARDLINK:
            target = safe_path(member.link, self.limits)
            self._check_hard_link(member, target)
        self._place(member, path)
        self.planned.append(Planned(member=member, path=path, target=target))

    def _place(self, member: Member, path: tuple[str, ...]) -> None:
        node = self.root
        for index, name in enumerate(path):
            last = index == len(path) - 1
            _check_collision(node, name, member)
            child = node.children.get(name)
            if child is None:
                child = _Node(member.kind if last else Kind.DIRECTORY, member.link if last else "")
                node.children[name] = child
            elif last and not (child.kind is member.kind is Kind.DIRECTORY):
                raise refused("archive-duplicate", "a path comes twice in the archive", member.name)
            elif child.kind is not Kind.DIRECTORY:
                raise refused("archive-through-link", f"a path leads through a {child.kind.value}", member.name)
            node = child

    def _check_hard_link(self, member: Member, target: tuple[str, ...]) -> None:
        node: _Node | None = self.root
        for name in target:
            node = node.children.get(name) if node is not None else None
        if node is None or node.kind not in (Kind.FILE, Kind.HARDLINK):
            raise refused("archive-link", "a hard link is not to an earlier regular file of the archive", member.name)


def plan(members: Iterable[Member], limits: Limits, packed: int, *, strip: bool, rooted: bool) -> list[Planned]:
    """Check all members and say what becomes of each, in the archive's order.

    ``packed`` is the archive's size in bytes.  ``strip`` drops a single top directory, as opam
    does.  ``rooted`` takes absolute symbolic links as relative to the archive's root (.deb).
    """
    scan = _Scan(limits, limits.unpacked(packed))
    for member in members:
        scan.add(member)
    top: str | None = None
    root = scan.root
    if strip and len(root.children) == 1:
        (name, only), *_ = root.children.items()
        if only.kind is Kind.DIRECTORY:
            top, root = name, only
    return [_finished(entry, root, top, rooted) for entry in scan.planned]


def _finished(entry: Planned, root: _Node, top: str | None, rooted: bool) -> Planned:
    path = entry.path if top is None else entry.path[1:]
    target = entry.target if top is None else entry.target[1:]
    link = ""
    if entry.member.kind is Kind.SYMLINK:
        link = _link_text(entry.member, path, rooted)
        _check_link(entry.member, root, path[:-1], link)
    return Planned(member=entry.member, path=path, target=target, link=link)


def safe_path(name: str, limits: Limits) -> tuple[str, ...]:
    """The components of a member's name; ArchiveError unless it is relative, plain and short."""
    if len(name) <= min(limits.component, limits.path) and _EASY.fullmatch(name):
        return tuple(name.rstrip("/").split("/"))
    return _checked_path(name, limits)


def _checked_path(name: str, limits: Limits) -> tuple[str, ...]:
    if "\0" in name:
        raise refused("archive-path", "a name contains a NUL", name)
    if len(_encoded(name)) > limits.path:
        raise refused("archive-path", f"a path is longer than {limits.path} bytes", name[:80] + "...")
    windows = name.replace("\\", "/")
    if name.startswith("/") or windows.startswith("/") or _DRIVE.match(name):
        raise refused("archive-path", "absolute paths are refused", name)
    if ".." in windows.split("/"):
        raise refused("archive-path", "paths with '..' are refused", name)
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    for part in parts:
        if len(_encoded(part)) > limits.component:
            raise refused("archive-path", f"a name is longer than {limits.component} bytes", name[:80] + "...")
        if part.casefold().startswith(_RESERVED):
            raise refused("archive-reserved-name", f"names starting with {_RESERVED!r} are xpkg's own", name)
    return parts


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _check_collision(directory: _Node, name: str, member: Member) -> None:
    other = directory.folded.setdefault(folded(name), name)
    if other != name:
        raise refused(
            "archive-collision", f"two names differ only by case or Unicode form: {other!r} and {name!r}", member.name
        )


def _link_text(member: Member, path: tuple[str, ...], rooted: bool) -> str:
    """What to write for a symbolic link: as it is, or made relative to the root for a .deb."""
    link = member.link
    if not link or "\0" in link or len(_encoded(link)) > 4095:
        raise refused("archive-link", "a symbolic link is empty, too long or contains a NUL", member.name)
    if not link.startswith("/"):
        return link
    if not rooted:
        raise refused("archive-link", f"a symbolic link is absolute: {link!r}", member.name)
    return "/".join([".."] * (len(path) - 1) + [part for part in link.split("/") if part]) or "."


def _check_link(member: Member, root: _Node, directory: tuple[str, ...], link: str) -> None:
    """Follow a link through the planned tree as the kernel would; leaving the tree or looping is refused."""
    at = list(directory)
    todo = link.split("/")[::-1]
    steps = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                raise refused("archive-link", f"a symbolic link leads out of the archive: {link!r}", member.name)
            at.pop()
            continue
        node = _find(root, [*at, part])
        if node is None or node.kind is not Kind.SYMLINK:
            at.append(part)
            continue
        steps += 1
        if steps > _LINK_STEPS or len(todo) > 4096:
            raise refused("archive-link", f"a chain of symbolic links does not end: {link!r}", member.name)
        if node.link.startswith("/"):
            at.clear()
        todo.extend(node.link.split("/")[::-1])


def _find(root: _Node, path: list[str]) -> _Node | None:
    node: _Node | None = root
    for name in path:
        node = node.children.get(name) if node is not None else None
    return node
