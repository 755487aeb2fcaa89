"""Any lock can be written and read back, and equal locks are equal bytes."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from xpkg.core.errors import InputFileError
from xpkg.ops.lock_file import (
    EXTRAS,
    PIN_KINDS,
    Building,
    LockedInstance,
    LockedMachine,
    LockedPackage,
    LockedPin,
    LockedRepository,
    LockedSource,
    LockedTarget,
    LockFile,
    PinKind,
    RepositoryKind,
    ordered,
)
from xpkg.ops.lock_reader import parse_lock
from xpkg.ops.lock_text import lock_text

FILE = Path("xpkg.lock")
WORDS = st.sampled_from(["native", "a", "kfreebsd", "x.y_z+1-2", "none-x86_64", "Z9"])
NAMES = st.sampled_from(["lwt", "a", "0install", "ocaml-base-compiler", "_x", "C++", "conf-gmp"])
VERSIONS = st.sampled_from(["1", "1.0", "v0.17.0", "~dev", "2024-01-01", "1.0+ox", "base"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
PATHS = st.sampled_from(["fix.patch", "a b.txt", " ", "first-use", "sha256=x", "\u00fc/\u4e2d.ml", 'q"uote', "dir/x"])


def hexes(digits: int) -> st.SearchStrategy[str]:
    return st.sampled_from("0123456789abcdef").map(lambda digit: digit * digits)


SHA256 = hexes(64).map("sha256={}".format)
IDENTITIES = st.one_of(
    SHA256, hexes(128).map("sha512={}".format), hexes(32).map("md5={}".format), hexes(40).map("git={}".format)
)
USES = st.one_of(st.sampled_from(["main", "alternative"]), PATHS.map("extra {}".format))
SOURCES = st.builds(
    LockedSource, use=USES, identity=st.lists(IDENTITIES, max_size=3).map(tuple), first_use=st.booleans()
)


@st.composite
def locks(draw: st.DrawFn) -> LockFile:
    """A lock whose parts agree with each other."""
    targets = draw(st.lists(WORDS.filter(lambda name: name != "build"), min_size=1, max_size=3, unique=True))
    repositories = [_repository(draw, name) for name in draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))]
    instances: list[LockedInstance] = []
    versions: dict[tuple[str, str], str] = {}
    for target in targets:
        machines = ["build"] if target == "native" else ["build", target]
        places = draw(st.lists(st.tuples(NAMES, st.sampled_from(machines)), max_size=6, unique=True))
        for name, machine in places:
            version = versions.setdefault((target, name), draw(VERSIONS))
            depends = [other if on == machine else f"{other}@build" for other, on in places if on in (machine, "build")]
            needed = draw(st.lists(st.sampled_from(depends), unique=True)) if depends else []
            instances.append(
                LockedInstance(
                    target=target,
                    name=name,
                    version=version,
                    machine=machine,
                    key=draw(hexes(40)),
                    depends=tuple(sorted(needed)),
                    requested=draw(st.booleans()),
                )
            )
    known = [one.name for one in repositories]
    return ordered(
        building=Building(key_format=draw(st.integers(0, 9)), isolation=draw(WORDS)),
        targets=[_target(draw, name) for name in targets],
        machines=[LockedMachine(name=name, definition=draw(SHA256)) for name in ("build", *targets)],
        repositories=repositories,
        packages=[_package(draw, *one, known) for one in sorted({(one.name, one.version) for one in instances})],
        instances=instances,
        pins=[_pin(draw, name) for name in draw(st.lists(NAMES, max_size=2, unique=True))],
        invariant=draw(st.just("") | TEXTS),
    )


def _target(draw: st.DrawFn, name: str) -> LockedTarget:
    wanted = draw(st.sets(st.sampled_from(EXTRAS)))
    extras = [(extra, tuple(draw(st.lists(NAMES, min_size=1, max_size=2)))) for extra in EXTRAS if extra in wanted]
    return LockedTarget(name=name, packages=tuple(draw(st.lists(TEXTS, max_size=3))), extras=tuple(extras))


def _repository(draw: st.DrawFn, name: str) -> LockedRepository:
    kind: RepositoryKind = draw(st.sampled_from(["git", "web", "directory", "shipped"]))
    address = draw(TEXTS) if kind in ("git", "web") else ""
    return LockedRepository(name=name, kind=kind, address=address, revision=draw(SHA256))


def _package(draw: st.DrawFn, name: str, version: str, repositories: list[str]) -> LockedPackage:
    return LockedPackage(
        name=name,
        version=version,
        repository=draw(st.sampled_from(repositories)),
        recipe=draw(SHA256),
        opam=draw(SHA256),
        files=tuple(draw(st.lists(st.tuples(PATHS, SHA256), max_size=2))),
        overlays=tuple(draw(st.lists(st.sampled_from(repositories), max_size=2))),
        sources=tuple(draw(st.lists(SOURCES, max_size=3))),
    )


def _pin(draw: st.DrawFn, name: str) -> LockedPin:
    kind: PinKind = draw(st.sampled_from(PIN_KINDS))
    git = kind == "git"
    return LockedPin(
        name=name,
        version=draw(VERSIONS),
        kind=kind,
        address=draw(TEXTS) if git else "",
        commit=draw(hexes(40)) if git else "",
    )


@settings(max_examples=50)
@given(locks())
def test_what_is_written_is_read_back(lock: LockFile) -> None:
    assert parse_lock(lock_text(lock).encode(), FILE) == lock


@settings(max_examples=30)
@given(locks(), st.randoms())
def test_the_order_things_are_found_in_does_not_show(lock: LockFile, chance: random.Random) -> None:
    def shuffled(items: tuple[object, ...]) -> list[object]:
        return chance.sample(items, len(items))

    again = ordered(
        building=lock.building,
        targets=shuffled(lock.targets),  # type: ignore[arg-type]
        machines=shuffled(lock.machines),  # type: ignore[arg-type]
        repositories=shuffled(lock.repositories),  # type: ignore[arg-type]
        packages=shuffled(lock.packages),  # type: ignore[arg-type]
        instances=shuffled(lock.instances),  # type: ignore[arg-type]
        pins=shuffled(lock.pins),  # type: ignore[arg-type]
        invariant=lock.invariant,
    )
    assert lock_text(again) == lock_text(lock)


@given(st.lists(TEXTS, min_size=1))
def test_texts_are_toml(texts: list[str]) -> None:
    """Whatever is in a text, a TOML reader finds it again."""
    lock = ordered(
        building=Building(key_format=1, isolation="x"),
        targets=[LockedTarget(name="native", packages=tuple(texts))],
        machines=[],
        repositories=[],
        packages=[],
        instances=[],
    )
    assert tomli.loads(lock_text(lock))["target"][0]["packages"] == texts


@settings(max_examples=60)
@given(locks(), st.randoms())
def test_a_damaged_lock_is_refused_or_read_never_worse(lock: LockFile, chance: random.Random) -> None:
    data = bytearray(lock_text(lock).encode())
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data))
        data[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
    with suppress(InputFileError):
        parse_lock(bytes(data), FILE)
