"""Targets: the machines that products run on, each described by one ``targets/<name>.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.digests import Digest

BUILD = "build"
"""How the build machine is called in plans; its definition is the target ``native``."""
NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """The C tools and the compiler package.  Paths are relative to the prefix of the build machine's tools."""

    packages: tuple[str, ...] = ()
    compiler: str | None = None
    zig_target: str | None = None
    cc: str | None = None
    ar: str | None = None
    ranlib: str | None = None
    ld: str | None = None
    cflags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where libraries go, relative to the target's prefix."""

    lib: str = "lib"
    stublibs: str = "lib/stublibs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """What every object file of the target must be."""

    format: str
    machine: str
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How a product of the target is run: a build-machine package's command, ``{product}`` replaced."""

    package: str
    command: tuple[str, ...]
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A machine.  ``variables`` are opam's global ones; ``digest`` covers all but the description."""

    name: str
    description: str
    triple: str
    variables: Mapping[str, str]
    toolchain: Toolchain
    layout: Layout
    objects: Objects | None
    run: Run | None
    digest: Digest

    @property
    def machine(self) -> str:
        """The name in instances and plans: ``build`` for the build machine."""
        return BUILD if self.name == NATIVE else self.name


def load_targets(directories: tuple[Path, ...]) -> dict[str, Target]:
    """All targets by name; an earlier directory decides."""
    raise NotImplementedError
