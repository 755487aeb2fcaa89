"""The store under arbitrary sequences of work and of ends at the worst moment."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from xpkg.core.errors import StoreError
from xpkg.core.paths import StateRoot
from xpkg.sandbox.layout import TARGET
from xpkg.sandbox.manifest import scan
from xpkg.sandbox.record import OutputRecord
from xpkg.sandbox.store import Store

STEPS = ("rename", "mkdir", "unlink", "rmdir", "chmod", "utime", "open")
keys = st.sampled_from(["k1", "k2", "k3"])
trees = st.dictionaries(st.sampled_from(["bin/x", "lib/a/b", "lib/c", "z"]), st.binary(max_size=20), max_size=4)


class Stopped(BaseException):
    """Ctrl-C."""


def stop() -> None:
    raise Stopped


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def die() -> None:
    os._exit(9)


def failing(number: int, fail: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the ``number``-th change of the file system fail."""
    count = 0

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                fail()
            return original(*args, **kwargs)

        return step

    for name in STEPS:
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


def dies(number: int, work: Callable[[], None]) -> None:
    """Do the work in another process, which is gone at the ``number``-th change of the file system."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with pytest.MonkeyPatch.context() as monkeypatch:
                failing(number, die, monkeypatch)
                work()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) in (0, 9)


class StoreMachine(RuleBasedStateMachine):
    """``published`` is what a user was told; ``maybe`` is what a dying process may have finished."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.root = StateRoot(Path(self.directory.name))
        self.published: dict[str, dict[str, bytes]] = {}
        self.maybe: dict[str, list[dict[str, bytes]]] = {}

    def teardown(self) -> None:
        self.directory.cleanup()

    @property
    def store(self) -> Store:
        """A process of its own every time: nothing is remembered."""
        return Store(self.root)

    def publish(self, key: str, tree: dict[str, bytes]) -> None:
        store = self.store
        with store.lock(key):
            if store.has(key):
                return
            with store.staging(key) as staged:
                for name, content in tree.items():
                    (staged / "files" / name).parent.mkdir(parents=True, exist_ok=True)
                    (staged / "files" / name).write_bytes(content)
                record = OutputRecord(
                    name="a",
                    version="1",
                    machine="kfreebsd",
                    key=key,
                    isolation="none",
                    manifest=scan(staged / "files", own=TARGET, package="a"),
                )
                store.publish(staged, record)

    def tried(self, key: str, tree: dict[str, bytes]) -> None:
        if key not in self.published:
            self.maybe.setdefault(key, []).append(tree)

    @rule(key=keys, tree=trees)
    def publishes(self, key: str, tree: dict[str, bytes]) -> None:
        if not self.store.has(key):
            self.published[key] = tree
        self.publish(key, tree)

    @rule(key=keys, tree=trees, number=st.integers(1, 60), fail=st.sampled_from([stop, full]))
    def is_stopped(self, key: str, tree: dict[str, bytes], number: int, fail: Callable[[], None]) -> None:
        self.tried(key, tree)
        before = self.staged()
        with pytest.MonkeyPatch.context() as monkeypatch:
            failing(number, fail, monkeypatch)
            with suppress(Stopped, StoreError, OSError):
                self.publish(key, tree)
        self.settle(key)
        assert self.staged() <= before  # what the dead left may stay when cleaning is what was stopped

    @rule(key=keys, tree=trees, number=st.integers(1, 60))
    def is_killed(self, key: str, tree: dict[str, bytes], number: int) -> None:
        self.tried(key, tree)
        dies(number, lambda: self.publish(key, tree))
        self.settle(key)

    @rule(key=keys)
    def removes(self, key: str) -> None:
        with self.store.lock(key):
            self.store.remove(key)
        self.published.pop(key, None)

    @rule(key=keys, number=st.integers(1, 20))
    def is_killed_removing(self, key: str, number: int) -> None:
        dies(number, lambda: self.store.remove(key))
        if not self.store.has(key):
            self.published.pop(key, None)

    @rule()
    def cleans(self) -> None:
        self.store.clean_staging()
        staging = self.root.store / "staging"
        assert not staging.exists() or os.listdir(staging) == []

    def staged(self) -> set[str]:
        """The names of the trees in the staging directory."""
        staging = self.root.store / "staging"
        return {name for name in os.listdir(staging) if (staging / name).is_dir()} if staging.exists() else set()

    def settle(self, key: str) -> None:
        """What a dying process may have finished is complete, or absent."""
        candidates = self.maybe.pop(key, [])
        if key not in self.published and self.store.has(key):
            found = self.read(key)
            assert found in candidates
            self.published[key] = found

    def read(self, key: str) -> dict[str, bytes]:
        output = self.store.output(key)
        return {
            entry.path: (output.files / entry.path).read_bytes()
            for entry in output.record.manifest
            if entry.kind == "file"
        }

    @invariant()
    def published_outputs_are_whole_and_others_absent(self) -> None:
        assert set(self.store.keys()) == set(self.published)
        for key, tree in self.published.items():
            assert self.store.verify(key) == ()
            assert self.read(key) == tree


TestStore = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")(StoreMachine.TestCase)
TestStore.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
