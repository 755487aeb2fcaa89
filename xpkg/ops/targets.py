"""The user's own targets: files that are checked, kept in the state directory, and go before all others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import ConfigurationError, ExitCode, InputFileError, NotFoundError, UsageError, XpkgError
from xpkg.core.files import disk_errors, read_regular, write_atomically
from xpkg.core.locks import locked
from xpkg.core.text import did_you_mean, printable
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.tables import MAX_SIZE
from xpkg.repo.targets import Target, parse_target
from xpkg.sandbox.abi import expected_abi
from xpkg.sandbox.objects import Rules
from xpkg.shipped import TARGETS

if TYPE_CHECKING:
    from xpkg.ops.home import Home

OWN, SHIPPED = "own", "shipped"


class TargetInUse(XpkgError):
    """A switch has a prefix for the target."""

    reference = "target-in-use"
    exit_code = ExitCode.ABORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A target by its name; ``origin`` is ``own``, ``shipped`` or a repository's name.

    ``hides`` names the origins of the files for the same name that do not count; ``problem`` says why its own file is
    wrong, ``target`` is None then.
    """

    name: str
    origin: str
    path: Path
    hides: tuple[str, ...] = ()
    target: Target | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A target that is the user's own now; ``hides`` says whose it stands for, ``doubts`` what it lacks still."""

    target: Target
    path: Path
    changed: bool
    hides: tuple[str, ...]
    doubts: tuple[str, ...]


def listed(home: Home) -> Iterator[Listed]:
    """All targets by name; one whose file is wrong is among them."""
    for name in home.targets:
        yield _listed(home, name)


def find(home: Home, name: str) -> Listed:
    """One target; NotFoundError ``unknown-target``, or InputFileError when its file is wrong."""
    home.target(name)
    return _listed(home, name)


def _listed(home: Home, name: str) -> Listed:
    origins = tuple(origin for origin, directory in _places(home) if (directory / f"{name}.toml").is_file())
    path = home.targets.path(name)
    target, problem = None, None
    try:
        target = home.targets[name]
    except InputFileError as error:
        problem = error.message
    own, *hidden = origins or (SHIPPED,)
    return Listed(name=name, origin=own, path=path, hides=tuple(hidden), target=target, problem=problem)


def _places(home: Home) -> Iterator[tuple[str, Path]]:
    yield OWN, home.root.targets
    for repository in home.repositories[:-1]:
        if not repository.globs:
            yield repository.name, repository.root / "targets"
    yield SHIPPED, TARGETS


def add(home: Home, file: Path, *, force: bool = False) -> Added:
    """Check a target's file and keep a copy of it.

    NotFoundError ``no-file``, InputFileError for what is wrong in it, UsageError ``target-exists`` for a name that
    there is already, unless ``force``; the build machine's name is never given away.
    """
    data = _content(file)
    target = parse_target(data, file)
    if target.objects is not None:
        Rules.of(target.objects, target)
    if target.name == NATIVE:
        raise UsageError(
            f"{NATIVE} is the build machine, which is as it is",
            reference="target-exists",
            hint="give the target another name, and its file the same",
        )
    place = home.root.targets / f"{target.name}.toml"
    with locked(home.root.locks, "targets"):
        present = _present(place)
        others = tuple(
            origin for origin, directory in _places(home) if origin != OWN and (directory / place.name).is_file()
        )
        if present == data:
            return Added(target=target, path=place, changed=False, hides=others, doubts=doubts(home, target))
        if not force and (present is not None or others):
            whose = "of yours" if present is not None else f"from {others[0]}" if others[0] != SHIPPED else "shipped"
            raise UsageError(
                f"there is a target {target.name} already, {whose}",
                reference="target-exists",
                context=(("file", str(place if present is not None else home.targets.path(target.name))),),
                hint="--force has yours stand for it" if present is None else "--force replaces it",
            )
        with disk_errors("make the directory of targets", place):
            place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, data)
    home.__dict__.pop("targets", None)
    return Added(target=target, path=place, changed=True, hides=others, doubts=doubts(home, target))


def _content(file: Path) -> bytes:
    if not file.exists():
        raise NotFoundError(
            f"there is no file {printable(str(file))}", reference="no-file", hint="the name of a target's TOML file"
        )
    try:
        return read_regular(file, MAX_SIZE + 1)
    except OSError as error:
        raise InputFileError(
            f"the target's file cannot be read: {error.strerror}", context=(("file", printable(str(file))),)
        ) from error


def _present(place: Path) -> bytes | None:
    if not place.is_file():
        return None
    with disk_errors("read the target's file", place):
        return read_regular(place, MAX_SIZE + 1)


def remove(home: Home, name: str, *, force: bool = False) -> Listed | None:
    """Forget one of the user's own targets; what counts under its name now, if anything.

    NotFoundError ``unknown-target`` for what is none of them; TargetInUse when switches have it, unless ``force``.
    """
    place = home.root.targets / f"{name}.toml"
    own = sorted(path.stem for path in home.root.targets.glob("*.toml")) if home.root.targets.is_dir() else []
    if name not in own:
        there = name in home.targets
        raise NotFoundError(
            f"{printable(name)} is {'no target of your own' if there else 'no target'}",
            reference="unknown-target",
            context=(("own targets", ", ".join(own) or "none"),),
            hint="targets of repositories and shipped ones stay as they are" if there else did_you_mean(name, own),
        )
    with locked(home.root.locks, "targets"):
        users = _switches_with(home, name)
        others = any((directory / place.name).is_file() for origin, directory in _places(home) if origin != OWN)
        if users and not others and not force:
            raise TargetInUse(
                f"the target {name} is in use",
                context=(("switches", ", ".join(users)),),
                hint=f"xpkg remove ... --target {name} empties a prefix, xpkg switch remove a switch; --force removes "
                "the target all the same, and its prefixes stay as they are",
            )
        with disk_errors("remove the target's file", place):
            place.unlink(missing_ok=True)
    home.__dict__.pop("targets", None)
    return _listed(home, name) if name in home.targets else None


def _switches_with(home: Home, target: str) -> list[str]:
    from xpkg.sandbox import switches

    found = []
    for name in switches.names(home.root):
        try:
            used = {one.machine for one in switches.find(home.root, name).current().installed}
        except XpkgError:
            continue  # a damaged switch is told of by whoever uses it
        if target in used:
            found.append(name)
    return found


def doubts(home: Home, target: Target) -> tuple[str, ...]:
    """What a target's file names and no repository has; a repository that is added later may have it."""
    return tuple(f"{where} names {name}, which no repository has" for where, name in _missing(home, target))


def _missing(home: Home, target: Target) -> Iterator[tuple[str, str]]:
    chain = target.toolchain
    named = [("[toolchain] packages", name) for name in chain.packages]
    named += [("[toolchain] compiler", chain.compiler)] if chain.compiler else []
    named += [("[run] package", target.run.package)] if target.run else []
    for where, name in named:
        if not home.universe.repositories_of(name) and not home.universe.providers(name):
            yield where, name


def check_toolchain(home: Home, target: Target) -> None:
    """ConfigurationError ``missing-toolchain`` when the packages that are the target's toolchain do not exist."""
    missing = [(where, name) for where, name in _missing(home, target) if where != "[run] package"]
    if missing:
        names = ", ".join(dict.fromkeys(name for _, name in missing))
        raise ConfigurationError(
            f"the toolchain of the target {target.name} is missing: no repository has {names}",
            reference="missing-toolchain",
            context=(("target's file", str(home.targets.path(target.name))), *(missing)),
            hint=did_you_mean(missing[0][1], home.universe.names())
            or "xpkg repo add the repository that has it, or correct the target's file",
        )


def facts(home: Home, one: Listed) -> dict[str, object]:
    """All that defines a target, by field; None and empty lists where its file says nothing."""
    target = one.target
    assert target is not None, one.problem
    chain, layout, objects, run = target.toolchain, target.layout, target.objects, target.run
    return {
        "name": target.name,
        "description": target.description,
        "origin": one.origin,
        "hides": list(one.hides),
        "file": str(one.path),
        "triple": target.triple,
        "findlib-name": target.findlib_name,
        "variables": dict(target.variables),
        "toolchain": list(chain.packages),
        "compiler": chain.compiler,
        "commands": chain.ocaml,
        "zig-target": chain.zig_target,
        **{tool: getattr(chain, tool) for tool in _tools()},
        "cflags": list(chain.cflags),
        "lib": layout.lib,
        "stublibs": layout.stublibs,
        "objects": None if objects is None else f"{objects.format} {objects.machine}",
        "abi": expected_abi(target),
        "types": [] if objects is None else list(objects.types),
        "run": None if run is None else [run.package, *run.command],
        "products": [] if run is None else list(run.products),
        "digest": str(target.digest),
    }


def _tools() -> tuple[str, ...]:
    known = {"packages", "compiler", "zig_target", "cflags", "ocaml"}
    from xpkg.repo.targets import Toolchain

    return tuple(one.name for one in fields(Toolchain) if one.name not in known)
