"""Reading a lock: strictly, as whoever edits it by hand or merges two of them gets it wrong sooner or later.

What is read is of the right form and agrees with itself; whether it can be installed is for `xpkg.ops.locked`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.core.text import printable
from xpkg.ops.lock_file import (
    EXTRAS,
    FIRST_USE,
    FORMAT,
    PIN_KINDS,
    PINNED,
    REPOSITORY_KINDS,
    UNHASHED,
    Building,
    LockedInstance,
    LockedMachine,
    LockedPackage,
    LockedPin,
    LockedRepository,
    LockedSource,
    LockedTarget,
    LockFile,
    ordered,
)
from xpkg.ops.lock_table import LockTable
from xpkg.repo.machine_names import BUILD, NATIVE
from xpkg.repo.names import name_problem, path_problem, version_problem

MAX_SIZE = 32 << 20
"""Bytes; a lock of 20 targets with 300 packages each has 2 MiB."""

_SHA256 = re.compile(r"sha256=[0-9a-f]{64}")
_IDENTITY = re.compile(r"sha512=[0-9a-f]{128}|sha256=[0-9a-f]{64}|md5=[0-9a-f]{32}|git=(?:[0-9a-f]{40}|[0-9a-f]{64})")
_REVISION = re.compile(r"sha256=[0-9a-f]{64}|git=(?:[0-9a-f]{40}|[0-9a-f]{64})")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f]{40}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")

_ANEW = "take the file from version control again, or delete it and lock anew"

T = TypeVar("T")


def read_lock(path: Path) -> LockFile:
    """The lock in a file.

    NotFoundError ``no-lock`` when there is none.  InputFileError ``toml-syntax`` with line and column, ``lock-format``
    for one of another format, ``bad-lock`` for anything else that is wrong in it.
    """
    return parse_lock(_content(path), path)


def _content(path: Path) -> bytes:
    from xpkg.core.files import read_regular

    shown = printable(str(path))
    try:
        data = read_regular(path, MAX_SIZE + 1)
    except FileNotFoundError as error:
        raise NotFoundError(
            "there is no lock file",
            reference="no-lock",
            context=(("file", shown),),
            hint="xpkg lock PACKAGE... makes one",
        ) from error
    except OSError as error:
        raise InputFileError(
            f"the lock file cannot be read: {error.strerror or error}",
            reference="bad-lock",
            context=(("file", shown),),
        ) from error
    if len(data) > MAX_SIZE:
        raise InputFileError(
            f"the lock file has more than the {MAX_SIZE >> 20} MiB allowed",
            reference="bad-lock",
            context=(("file", shown),),
        )
    return data


def parse_lock(data: bytes, path: Path) -> LockFile:
    """The lock that ``data`` holds; ``path`` is its name for people.  See `read_lock` for what is raised."""
    top = LockTable.parse(data, path)
    _check_format(top)
    invariant = top.optional("invariant")
    build = top.table("build")
    building = Building(key_format=build.number("key-format"), isolation=build.text("isolation", _word))
    build.finish()
    targets = _several(top, "target", _target, lambda one: one.name)
    machines = _several(top, "machine", _machine, lambda one: one.name)
    pins = _several(top, "pin", _pin, lambda one: one.name)
    repositories = _several(top, "repository", _repository, lambda one: one.name)
    packages = _several(top, "package", _package, lambda one: (one.name, one.version))
    instances = _several(top, "instance", _instance, lambda one: one.place)
    top.finish()
    lock = ordered(
        building=building,
        targets=targets,
        machines=machines,
        repositories=repositories,
        packages=packages,
        instances=instances,
        pins=pins,
        invariant=invariant,
    )
    for problem in _disagreements(lock):
        raise top.wrong(problem, hint=_ANEW)
    return lock


def _check_format(top: LockTable) -> None:
    found = top.number("format")
    if found == FORMAT:
        return
    newer = found > FORMAT
    raise InputFileError(
        f"the lock file has format {found}, this xpkg reads format {FORMAT}",
        reference="lock-format",
        context=top.context,
        hint=f"it was made by a newer xpkg: use that, or {_ANEW}" if newer else _ANEW,
    )


def _several(top: LockTable, kind: str, read: Callable[[LockTable], T], same: Callable[[T], Hashable]) -> list[T]:
    """All blocks of one kind; no two of them may be about the same thing."""
    found: dict[Hashable, T] = {}
    for table in top.tables(kind):
        one = read(table)
        table.finish()
        if same(one) in found:
            raise table.wrong("it is there twice", hint=_ANEW)
        found[same(one)] = one
    return list(found.values())


def _target(table: LockTable) -> LockedTarget:
    name = table.text("name", _word)
    packages = table.texts("packages")
    extras = [(extra, table.texts(extra, name_problem)) for extra in EXTRAS]
    return LockedTarget(name=name, packages=packages, extras=tuple((extra, of) for extra, of in extras if of))


def _machine(table: LockTable) -> LockedMachine:
    return LockedMachine(name=table.text("name", _word), definition=table.text("definition", _sha256))


def _pin(table: LockTable) -> LockedPin:
    kind = table.choice("kind", PIN_KINDS)
    git = kind == "git"
    return LockedPin(
        name=table.text("name", name_problem),
        version=table.text("version", version_problem),
        kind=kind,
        address=table.text("address") if git else "",
        commit=table.text("commit", _form(_COMMIT, "a full commit")) if git else "",
    )


def _repository(table: LockTable) -> LockedRepository:
    name, kind = table.text("name", _word), table.choice("kind", REPOSITORY_KINDS)
    remote = kind in ("git", "web")
    revision = table.text("revision", _form(_REVISION, "git=COMMIT or sha256=HASH"))
    address = table.optional("address") if remote else ""
    return LockedRepository(name=name, kind=kind, address=address, revision=revision)


def _package(table: LockTable) -> LockedPackage:
    name, version = table.text("name", name_problem), table.text("version", version_problem)
    table.called(f"{name}.{version}")
    return LockedPackage(
        name=name,
        version=version,
        repository=table.text("repository", _origin),
        recipe=table.text("recipe", _sha256),
        opam=table.text("opam", _sha256),
        files=tuple(_file(table, one) for one in table.texts("files")),
        overlays=table.texts("overlays", _word),
        sources=tuple(_source(table, one) for one in table.texts("sources")),
    )


def _file(table: LockTable, text: str) -> tuple[str, str]:
    digest, _, name = text.partition(" ")
    problem = _sha256(digest) or path_problem(name)
    if problem is not None:
        raise table.error("files", f"{text[:80]!r}: {problem}")
    return name, digest


def _source(table: LockTable, text: str) -> LockedSource:
    """A line of `LockedSource`: what names its bytes, and what it is for."""
    words = text.split(" ")
    identity = []
    while words and _IDENTITY.fullmatch(words[0]):
        identity.append(words.pop(0))
    if not identity and words[:1] == [UNHASHED]:
        words.pop(0)
    elif not identity:
        raise table.error("sources", f"{text[:80]!r} begins with no digest, git=COMMIT or {UNHASHED}")
    first_use = words[:1] == [FIRST_USE]
    use = " ".join(words[first_use:])
    if use not in ("main", "alternative") and (not use.startswith("extra ") or path_problem(use[6:])):
        raise table.error("sources", f"{text[:80]!r} does not end in main, alternative or extra NAME")
    return LockedSource(use=use, identity=tuple(identity), first_use=first_use)


def _instance(table: LockTable) -> LockedInstance:
    target, name, machine = table.text("target", _word), table.text("name", name_problem), table.text("machine", _word)
    table.called(f"{name} for {target}")
    return LockedInstance(
        target=target,
        name=name,
        version=table.text("version", version_problem),
        machine=machine,
        requested=table.flag("requested"),
        depends=table.texts("depends", _dependency),
        key=table.text("key", _form(_KEY, "40 hexadecimal digits")),
    )


def _form(pattern: re.Pattern[str], form: str) -> Callable[[str], str | None]:
    return lambda text: None if pattern.fullmatch(text) else f"expected {form}"


def _origin(text: str) -> str | None:
    return None if text == PINNED else _word(text)


_sha256 = _form(_SHA256, "sha256= and 64 hexadecimal digits")
_word = _form(_WORD, "a name")


def _dependency(text: str) -> str | None:
    name, at, machine = text.partition("@")
    return name_problem(name) or ("the machine after @ is build" if at and machine != BUILD else None)


def _disagreements(lock: LockFile) -> Iterable[str]:
    """What the parts of a lock say that other parts of it deny."""
    targets, machines = _names(lock.targets), _names(lock.machines)
    recipes = {(one.name, one.version) for one in lock.packages}
    places = {one.place for one in lock.instances}
    for one in lock.instances:
        about = f"{one.name} for {one.target}"
        if one.target not in targets:
            yield f"{about}: there is no target {one.target} in it"
        if one.machine not in ((BUILD,) if one.target == NATIVE else (BUILD, one.target)):
            yield f"{about}: the machine {one.machine} is not one of that target's pair"
        if one.machine not in machines:
            yield f"{about}: nothing is said of the machine {one.machine}"
        if (one.name, one.version) not in recipes:
            yield f"{about}: nothing is said of the package {one.name}.{one.version}"
        missing = [needed for needed in one.depends if _place(one, needed) not in places]
        if missing:
            yield f"{about} depends on {', '.join(missing)}, which is not in it"
    yield from _loose_ends(lock)


def _place(one: LockedInstance, needed: str) -> tuple[str, str, str]:
    name, at, _ = needed.partition("@")
    return one.target, name, BUILD if at else one.machine


def _loose_ends(lock: LockFile) -> Iterable[str]:
    """Packages that no target has, and repositories that nothing is said of."""
    repositories, used = _names(lock.repositories), {(one.name, one.version) for one in lock.instances}
    for package in lock.packages:
        if (package.name, package.version) not in used:
            yield f"no target has the package {package.name}.{package.version}"
        for name in (package.repository, *package.overlays):
            if name not in repositories and name != PINNED:
                yield f"{package.name}.{package.version}: nothing is said of the repository {name}"


def _names(of: Sequence[LockedTarget] | Sequence[LockedMachine] | Sequence[LockedRepository]) -> frozenset[str]:
    return frozenset(one.name for one in of)
