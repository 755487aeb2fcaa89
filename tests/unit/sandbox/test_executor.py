"""The order of builds, how many run at once, and how the work ends early."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError
from xpkg.repo.targets import Target
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.executor import LocalExecutor
from xpkg.sandbox.record import OutputRecord
from xpkg.sandbox.store import StoredOutput
from xpkg.sandbox.task import BuildTask

MakeSubject = Callable[..., Subject]
Graph = dict[str, tuple[str, ...]]
"""For each key those that it requires directly."""

DIAMOND: Graph = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c"), "e": ()}


def done(task: BuildTask) -> StoredOutput:
    record = OutputRecord(name=task.key, version="1", machine="build", key=task.key, isolation="none")
    return StoredOutput(key=task.key, path=Path("/nowhere"), record=record)


def closure(graph: Graph, key: str) -> tuple[str, ...]:
    found = dict.fromkeys(graph[key])
    for one in graph[key]:
        found.update(dict.fromkeys(closure(graph, one) if one in graph else ()))
    return tuple(found)


@pytest.fixture
def tasks(subject: MakeSubject, native: Target) -> Callable[[Graph], list[BuildTask]]:
    del native
    one = subject()
    base = BuildTask(
        subject=one, steps=derive(one), key="", inputs={}, requires=(), tools=(), target=None, system_tools={}
    )

    def make(graph: Graph) -> list[BuildTask]:
        return [replace(base, key=key, requires=graph[key], tools=closure(graph, key)) for key in graph]

    return make


class Recorder:
    """Notes which builds ran when; each takes ``seconds``."""

    def __init__(self, seconds: float = 0.0, fails: str = "") -> None:
        self.seconds, self.fails = seconds, fails
        self.finished: list[str] = []
        self.running: set[str] = set()
        self.most = 0
        self._lock = threading.Lock()

    def __call__(self, task: BuildTask) -> StoredOutput:
        with self._lock:
            assert set(task.tools) & set(DIAMOND) <= set(self.finished), f"{task.key} began too early"
            self.running.add(task.key)
            self.most = max(self.most, len(self.running))
        time.sleep(self.seconds)
        with self._lock:
            self.running.discard(task.key)
            if task.key == self.fails:
                raise BuildError(f"{task.key} failed")
            self.finished.append(task.key)
        return done(task)


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_dependencies_come_first(tasks: Callable[[Graph], list[BuildTask]], jobs: int) -> None:
    build = Recorder(0.01)
    # The order given must not matter.
    LocalExecutor(jobs).execute(list(reversed(tasks(DIAMOND))), build, threading.Event())
    assert sorted(build.finished) == sorted(DIAMOND)
    assert build.most <= jobs


def test_alone_the_longest_chain_goes_first(tasks: Callable[[Graph], list[BuildTask]]) -> None:
    build = Recorder()
    LocalExecutor(1).execute(tasks(DIAMOND), build, threading.Event())
    assert build.finished == ["a", "b", "c", "d", "e"]


def test_of_equal_chains_the_first_given_goes_first(tasks: Callable[[Graph], list[BuildTask]]) -> None:
    build = Recorder()
    LocalExecutor(1).execute(tasks({"z": (), "m": (), "a": ()}), build, threading.Event())
    assert build.finished == ["z", "m", "a"]


def test_what_can_runs_at_once(tasks: Callable[[Graph], list[BuildTask]]) -> None:
    build = Recorder(0.2)
    LocalExecutor(2).execute(tasks(DIAMOND), build, threading.Event())
    assert build.most == 2


def test_dependencies_that_are_in_the_store_are_not_waited_for(tasks: Callable[[Graph], list[BuildTask]]) -> None:
    build = Recorder()
    build.finished = ["a"]
    LocalExecutor(2).execute([task for task in tasks(DIAMOND) if task.key != "a"], build, threading.Event())
    assert sorted(build.finished) == sorted(DIAMOND)


def test_one_task_needs_no_graph(tasks: Callable[[Graph], list[BuildTask]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "networkx", None)  # an import of it fails
    build = Recorder()
    LocalExecutor(2).execute(tasks({"e": ()}), build, threading.Event())
    assert build.finished == ["e"]
    with pytest.raises(ImportError):
        LocalExecutor(2).execute(tasks(DIAMOND), build, threading.Event())


def test_nothing_to_do(tasks: Callable[[Graph], list[BuildTask]]) -> None:
    LocalExecutor(2).execute(tasks({}), Recorder(), threading.Event())


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_failure_ends_the_work(tasks: Callable[[Graph], list[BuildTask]], jobs: int) -> None:
    build, cancelled = Recorder(0.05, fails="b"), threading.Event()
    with pytest.raises(BuildError, match="b failed"):
        LocalExecutor(jobs).execute(tasks(DIAMOND), build, cancelled)
    assert cancelled.is_set()
    assert "d" not in build.finished
    assert not build.running, "every started build has ended"


def test_cancelled_builds_are_waited_for(tasks: Callable[[Graph], list[BuildTask]]) -> None:
    cancelled, ended = threading.Event(), threading.Event()

    def build(task: BuildTask) -> StoredOutput:
        if task.key == "fails":
            raise BuildError("no")
        assert cancelled.wait(10)
        time.sleep(0.1)
        ended.set()
        return done(task)

    with pytest.raises(BuildError):
        LocalExecutor(2).execute(tasks({"fails": (), "long": ()}), build, cancelled)
    assert ended.is_set()
