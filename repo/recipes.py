"""A recipe as a value: an opam file and its ``files/``, every field parsed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xpkg.core.digests import Digest
from xpkg.repo.filters import Environment, Filter
from xpkg.repo.formulas import Formula


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """One argument; a bare identifier (``make``) is a variable, which may yield several arguments."""

    text: str
    filter: Filter | None = None
    variable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An argument vector with filters; never a shell line."""

    args: tuple[Arg, ...]
    filter: Filter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One set of bytes: where it may be had, and its digests (none when the recipe has none)."""

    urls: tuple[str, ...]
    digests: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSource:
    """A further file put into the source tree under ``name``."""

    name: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """A file name or text with an optional filter (patches, substs, messages)."""

    text: str
    filter: Filter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvUpdate:
    """One change of the environment: name, opam's operator (``=``, ``+=``, ``=+``, ``:=``, ``=:``), text."""

    name: str
    operator: str
    value: str
    filter: Filter | None = None


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One version of one package.

    ``sources`` lists alternatives in the order to try them: any one of them will do.
    """

    name: str
    version: str
    repository: str
    directory: Path
    depends: Formula
    depopts: Formula
    conflicts: Formula
    conflict_class: tuple[str, ...]
    available: Filter
    flags: frozenset[str]
    build: tuple[Command, ...]
    install: tuple[Command, ...]
    patches: tuple[Filtered, ...]
    substs: tuple[str, ...]
    setenv: tuple[EnvUpdate, ...]
    build_env: tuple[EnvUpdate, ...]
    sources: tuple[Source, ...]
    extra_sources: tuple[ExtraSource, ...]
    depexts: tuple[tuple[tuple[str, ...], Filter], ...]
    synopsis: str
    description: str
    x_runs_on: Literal["build", "target", "both"] | None
    x_toolchain: Literal["none"] | None
    x_build_machine_files: tuple[str, ...]
    x_system_tools: tuple[str, ...]
    fields: Mapping[str, object]
    files: tuple[tuple[str, Path], ...]

    @property
    def digest(self) -> Digest:
        """Of the opam file's bytes and of everything in ``files/``."""
        raise NotImplementedError


def commands(recipe_commands: tuple[Command, ...], environment: Environment) -> list[list[str]]:
    """The argument vectors left after filters, with variables replaced."""
    raise NotImplementedError
