"""Symbolic links inside a tree, followed on paper: nothing is read from the file system."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

_MOST_STEPS = 400  # components; the kernel gives up after 40 links


def problem(path: str, links: Mapping[str, str]) -> str | None:
    """Why the link at ``path`` (relative to the tree) must not be there, or None.

    ``links`` has every link of the tree with its destination; absolute destinations name other
    trees and end the walk.
    """
    pending = list(reversed(links[path].split("/")))
    place = [part for part in posixpath.dirname(path).split("/") if part]
    for _ in range(_MOST_STEPS):
        if not pending:
            return None
        part = pending.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not place:
                return "points outside the prefix"
            place.pop()
            continue
        place.append(part)
        link = links.get("/".join(place))
        if link is not None:
            if link.startswith("/"):
                return None
            place.pop()
            pending += reversed(link.split("/"))
    return "is part of a loop of links"


def relative(path: str, destination: str) -> str:
    """The link at ``path`` that leads to ``destination``, both relative to one tree."""
    return posixpath.relpath(destination or ".", posixpath.dirname(path) or ".")
