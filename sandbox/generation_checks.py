"""What is wrong with a generation that was read: names and addresses become paths and arguments of programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError
from xpkg.repo.names import name_problem, version_problem

if TYPE_CHECKING:
    from xpkg.sandbox.generations import Generation, Pin

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}")
"""What trees, machines and keys look like: each is one component of a path."""
_HEX = re.compile(r"[0-9a-f]{0,128}")


def problem(generation: Generation) -> str | None:
    """The first thing that no xpkg writes, or None."""
    return next(_problems(generation), None)


def _problems(generation: Generation) -> Iterator[str]:
    for name in sorted(set(_names(generation))):
        if found := name_problem(name):
            yield f"{name[:100]!r}: {found}"
    versions = {one.version for one in generation.installed} | {pin.version for pin in generation.pins}
    for version in sorted(versions):
        if found := version_problem(version):
            yield f"{version[:100]!r}: {found}"
    for word in sorted(set(_words(generation))):
        if _WORD.fullmatch(word) is None:
            yield f"{word[:100]!r} is no name of a target, a prefix or a build"
    for tree in generation.trees:
        if not _is_path(tree.prefix):
            yield f"the prefix {tree.prefix[:100]!r} is no absolute path"
    for pin in generation.pins:
        yield from _pin(pin)


def _names(generation: Generation) -> Iterable[str]:
    yield from (one.name for one in generation.installed)
    yield from (root.name for root in generation.roots)
    yield from (name for name, _ in generation.held)
    for pin in generation.pins:
        yield pin.name
        if pin.by:
            yield pin.by


def _words(generation: Generation) -> Iterable[str]:
    yield from generation.targets
    yield from (tree for _, tree in generation.held)
    for tree in generation.trees:
        yield from (tree.name, tree.tools)
    for root in generation.roots:
        yield from (root.machine, root.tree)
    for one in generation.installed:
        yield from (one.machine, one.tree, one.key)


def _pin(pin: Pin) -> Iterator[str]:
    if _HEX.fullmatch(pin.commit) is None or _HEX.fullmatch(pin.recipe) is None:
        yield f"the pin of {pin.name} names no commit or kept recipe that there can be"
    if not pin.address or _is_path(pin.address):
        return
    from xpkg.repo.remote.addresses import address_of  # only for pins to git repositories

    try:
        git = address_of(pin.address, Path("/")).location.startswith("git+")
    except UsageError as error:
        yield f"the pin of {pin.name}: {error.message}"
        return
    if not git:
        yield f"the pin of {pin.name}: {pin.address[:100]!r} is neither an absolute path nor of a git repository"


def _is_path(text: str) -> bool:
    return text.startswith("/") and "\0" not in text
