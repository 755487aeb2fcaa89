"""Executors run the graph of builds; `LocalExecutor` on this machine's cores.

An executor knows keys and order only.  A task starts when the outputs it sees are in the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from xpkg.sandbox.store import StoredOutput
from xpkg.sandbox.task import BuildTask

Build = Callable[[BuildTask], StoredOutput]


class Executor(Protocol):
    """Runs tasks in dependency order.  Callers may not assume where or in which thread."""

    def execute(self, tasks: Sequence[BuildTask], build: Build, cancelled: threading.Event) -> None:
        """Build all tasks; on the first failure cancel what runs and raise it."""


class LocalExecutor:
    """At most ``jobs`` builds at a time, those on the longest chain of what is left first, else in the order given."""

    def __init__(self, jobs: int) -> None:
        self._jobs = max(1, jobs)

    def execute(self, tasks: Sequence[BuildTask], build: Build, cancelled: threading.Event) -> None:
        """Build all tasks; whatever ends it early, every started build has ended when this returns."""
        left = {task.key: task for task in tasks}
        priority = _heights(tasks)
        running: dict[Future[StoredOutput], str] = {}
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="build") as pool:
            try:
                while left or running:
                    pending = {*left, *running.values()}
                    ready = [key for key, task in left.items() if pending.isdisjoint(_seen(task))]
                    ready.sort(key=lambda key: -priority[key])  # stable: keys differ from machine to machine
                    for key in ready[: self._jobs - len(running)]:
                        running[pool.submit(build, left.pop(key))] = key
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        del running[future]
                        future.result()
            except BaseException:
                cancelled.set()
                raise


def _seen(task: BuildTask) -> tuple[str, ...]:
    return (*task.tools, *(task.target or ()))


def _heights(tasks: Sequence[BuildTask]) -> dict[str, int]:
    """For each task the length of the longest chain of tasks that wait for it (critical path first)."""
    if len(tasks) < 2:  # the most frequent case; importing networkx takes as long as a small build
        return {task.key: 1 for task in tasks}
    import networkx

    graph: networkx.DiGraph[str] = networkx.DiGraph()
    graph.add_nodes_from(task.key for task in tasks)
    known = set(graph)
    graph.add_edges_from((key, task.key) for task in tasks for key in task.requires if key in known)
    heights: dict[str, int] = {}
    for key in reversed(list(networkx.topological_sort(graph))):
        heights[key] = 1 + max((heights[after] for after in graph.successors(key)), default=0)
    return heights
