"""A recipe as a value: an opam file and its ``files/``, overlays applied, every field parsed and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xpkg.core.digests import Digest, of_bytes, of_file, of_value
from xpkg.core.files import disk_errors
from xpkg.repo.filters import Environment, Filter, is_true
from xpkg.repo.formulas import Formula
from xpkg.repo.interpolate import Warn, as_text, interpolate, look_up, parse_variable
from xpkg.repo.opamfile.file import OpamFile
from xpkg.repo.opamfile.values import Value
from xpkg.repo.source_values import Source

if TYPE_CHECKING:
    from xpkg.repo.overlays.values import AppliedOverlay

RunsOn = Literal["build", "target", "both"]
RUNS_ON: tuple[RunsOn, ...] = ("build", "target", "both")
Provided = tuple[str, str]
"""A name that a package provides beside its own, and in which version."""
NO_TOOLCHAIN: tuple[Literal["none"], ...] = ("none",)


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Recipe:
    """One version of one package; compared by identity, as each is read once.

    ``sources`` lists alternatives in the order to try them: any one of them will do; it is empty for a recipe
    without source.  ``fields`` has every top-level field as written, ``unknown_fields`` the names of those that
    are neither opam's nor begin with ``x-``.  ``file`` and ``files`` are what counts: ``original``, the file as the
    repository has it, changed by ``overlays`` in their order.  ``developed`` says that the source is somebody's working
    tree or a branch, ``own_contexts`` that this has a ``dune-workspace`` with contexts.  No slots, so that the digest
    can be kept once computed.
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
    run_test: tuple[Command, ...]
    patches: tuple[Filtered, ...]
    substs: tuple[str, ...]
    setenv: tuple[EnvUpdate, ...]
    build_env: tuple[EnvUpdate, ...]
    sources: tuple[Source, ...]
    extra_sources: tuple[ExtraSource, ...]
    depexts: tuple[tuple[tuple[str, ...], Filter], ...]
    synopsis: str
    description: str
    x_runs_on: RunsOn | None
    x_toolchain: Literal["none"] | None
    x_build_machine_files: tuple[str, ...]
    x_system_tools: tuple[str, ...]
    x_provides: tuple[Provided, ...]
    fields: Mapping[str, Value]
    unknown_fields: tuple[str, ...]
    file: OpamFile
    files: tuple[tuple[str, Path], ...]
    original: OpamFile
    overlays: tuple[AppliedOverlay, ...] = ()
    developed: bool = False
    own_contexts: bool = False

    @cached_property
    def digest(self) -> Digest:
        """Of the opam file's bytes and of everything in ``files/``, with the right to execute."""
        opam = of_bytes(self.file.text.encode("utf-8", "surrogateescape"))
        with disk_errors("read the files of a recipe", self.directory):
            files = {name: [of_file(path).hex, os.access(path, os.X_OK)] for name, path in self.files}
        return of_value({"opam": opam.hex, "files": files})

    def depexts_for(self, environment: Environment) -> tuple[str, ...]:
        """The system packages wanted on the system that ``environment`` describes, without repeats."""
        wanted = (names for names, condition in self.depexts if is_true(condition, environment))
        return tuple(dict.fromkeys(name for names in wanted for name in names))


def commands(
    recipe_commands: tuple[Command, ...], environment: Environment, warn: Warn | None = None
) -> list[list[str]]:
    """The argument vectors left after filters, with variables replaced (``OpamFilter.commands``).

    An undefined variable becomes empty, as in opam, and is told to ``warn``.
    """
    vectors = (
        [text for arg in command.args if is_true(arg.filter, environment) for text in _texts(arg, environment, warn)]
        for command in recipe_commands
        if is_true(command.filter, environment)
    )
    return [vector for vector in vectors if vector]


def _texts(arg: Arg, environment: Environment, warn: Warn | None) -> list[str]:
    """What one argument becomes; a variable that is a list gives several."""
    if not arg.variable:
        return [interpolate(arg.text, environment, warn)]
    value = look_up(parse_variable(arg.text), environment)
    if isinstance(value, list):
        return value
    if value is None and warn is not None:
        warn(f"undefined variable {arg.text}")
    return [""] if value is None else [as_text(value)]
