"""The tools that a target's file names: whether the packages of its toolchain installed them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from xpkg.core.errors import ConfigurationError
from xpkg.repo.recipes import Recipe
from xpkg.repo.targets import Target

_TOOLS = ("cc", "ar", "ranlib", "ld")


def check(recipe: Recipe, machine: Target, layers: Sequence[Path]) -> None:
    """ConfigurationError ``missing-toolchain`` before ``recipe`` is built for a target whose C tools are not there.

    ``layers`` are the trees of what it sees on its own machine.  What is built without the toolchain, or is part of
    it, needs none.
    """
    if not _uses(recipe, machine):
        return
    missing = [(tool, path) for tool, path in _named(machine) if not any(os.path.lexists(one / path) for one in layers)]
    if missing:
        tool, path = missing[0]
        raise ConfigurationError(
            f"the toolchain of the target {machine.name} lacks {path}, which its file names as {tool}",
            reference="missing-toolchain",
            context=(
                ("needed by", f"{recipe.name}.{recipe.version}"),
                ("packages of the toolchain", ", ".join(machine.toolchain.packages)),
                *((f"[toolchain] {tool}", path) for tool, path in missing),
                *_similar(missing[0][1], layers),
            ),
            hint=f"correct the path in the target's file (xpkg target show {machine.name} tells where it is), or name "
            "the package that has it in [toolchain] packages",
        )


def _uses(recipe: Recipe, machine: Target) -> bool:
    packages = machine.toolchain.packages
    part = recipe.name in packages or any(name in packages for name, _ in recipe.x_provides)
    return bool(packages) and recipe.x_toolchain != "none" and not part


def _named(machine: Target) -> Iterator[tuple[str, str]]:
    for tool in _TOOLS:
        path: str | None = getattr(machine.toolchain, tool)
        if path:
            yield tool, path


def _similar(path: str, layers: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """What is there instead, in the same directory and with the same ending."""
    directory, _, name = path.rpartition("/")
    ending = name.rpartition("-")[2]
    found = {
        f"{directory}/{entry}".lstrip("/")
        for layer in layers
        if (layer / directory).is_dir()
        for entry in os.listdir(layer / directory)
        if entry.rpartition("-")[2] == ending
    }
    if found:
        yield "there is", ", ".join(sorted(found)[:10])
