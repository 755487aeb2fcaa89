"""Building one task: from its fetched sources to a published output, or to a kept failure."""

from __future__ import annotations

import errno
import os
import shlex
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xpkg.core.errors import BuildError, InputFileError, StoreError, WorkInterrupted, XpkgError
from xpkg.core.files import disk_errors, remove_tree
from xpkg.core.paths import StateRoot
from xpkg.core.text import printable
from xpkg.sandbox import paths, toolchain
from xpkg.sandbox.dotinstall import install_file, install_files
from xpkg.sandbox.events import BuildEvents
from xpkg.sandbox.isolation import Isolation, View
from xpkg.sandbox.manifest import leaks, scan
from xpkg.sandbox.objects import Rules, check
from xpkg.sandbox.prepare import prepare_source
from xpkg.sandbox.record import Manifest, OutputRecord
from xpkg.sandbox.rules_dune import build_machine_files
from xpkg.sandbox.steps import Step
from xpkg.sandbox.store import Store, StoredOutput
from xpkg.sandbox.system_programs import gathered
from xpkg.sandbox.system_tools import locate
from xpkg.sandbox.task import BuildTask, SourceFiles

if TYPE_CHECKING:
    from xpkg.sandbox.failed_step import Places

LOG_TAIL = 20
"""How many lines of a failed build's log the error shows."""

_LEAST_SPACE = 64 << 10
"""Bytes; with fewer free a failed build is taken to have failed for want of space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What building needs, whoever schedules it.  ``jobs`` is the number of parallel jobs of one build.

    What has a key of ``again`` is built although the store has it.  ``built`` gathers the keys of what was built here,
    not by another process meanwhile; ``renewed`` those of them that the store had; ``replaced`` those of what was in
    the store and was not the same any more, or not the same as this time.
    """

    root: StateRoot
    store: Store
    isolation: Isolation
    events: BuildEvents
    jobs: int = 1
    cancelled: threading.Event = field(default_factory=threading.Event)
    again: frozenset[str] = frozenset()
    built: set[str] = field(default_factory=set)
    renewed: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)

    def build(self, task: BuildTask, sources: Callable[[BuildTask], SourceFiles]) -> StoredOutput:
        """The output of ``task``, built unless the store has it; ``sources`` is called when it must be.

        Of several processes that want one output, one builds and the others wait for it.
        """
        started = time.monotonic()
        with self.store.lock(task.key, lambda _: self.events.waiting(task), self._check_stopped):
            stored = self.store.has(task.key)
            reused = stored and task.key not in self.again
            output = self.store.output(task.key) if reused else self._build_new(task, sources(task))
        if not reused:
            self.built.add(task.key)
            if stored:
                self.renewed.add(task.key)
        self.events.finished(task, time.monotonic() - started, reused=reused)
        return output

    def _check_stopped(self) -> None:
        if self.cancelled.is_set():
            raise WorkInterrupted("interrupted")

    def _build_new(self, task: BuildTask, sources: SourceFiles) -> StoredOutput:
        if task.target is not None:
            layers = [self.store.path(key) / "files" for key in task.target]
            toolchain.check(task.recipe, task.subject.machine, layers)
        self.events.started(task)
        with self.store.staging(task.key) as staged:
            try:
                with disk_errors("build in", staged):
                    timings = self._run(task, sources, staged)
                    record = self._inspect(task, staged, timings)
            except (BuildError, InputFileError) as error:
                raise self._keep(task, staged, error) from error
            for name in ("src", "etc", "scratch"):
                remove_tree(staged / name)
            if self.store.has(task.key) and not self.store.intact(record):
                self.replaced.add(task.key)
                return self.store.replace(staged, record)
            return self.store.publish(staged, record)

    def _run(self, task: BuildTask, sources: SourceFiles, staged: Path) -> dict[str, float]:
        started = time.monotonic()
        prepare_source(task, sources, staged / "src", self.jobs, self.cancelled)
        _write_generated(task, staged / "etc")
        timings = {"prepare": time.monotonic() - started}
        view = self._view(task, staged)
        for step in task.steps.commands:
            timings[step.phase] = timings.get(step.phase, 0.0) + self._step(task, step, view, staged / "log")
        started = time.monotonic()
        listed = install_file(task.steps.install_files, staged / "src", task.recipe.name)
        if listed is not None:
            install_files(listed, staged / "src", staged / "files", task.subject)
        timings["files"] = time.monotonic() - started
        return timings

    def _view(self, task: BuildTask, staged: Path) -> View:
        def layers(keys: tuple[str, ...]) -> tuple[Path, ...]:
            return tuple(self.store.path(key) / "files" for key in keys)

        (staged / "scratch").mkdir()
        return View(
            scratch=staged / "scratch",
            source=staged / "src",
            generated=staged / "etc",
            output=staged / "files",
            tools=layers(task.tools),
            target=None if task.target is None else layers(task.target),
            programs=gathered(self.root, locate(task.system_tools)),
        )

    def _step(self, task: BuildTask, step: Step, view: View, log: Path) -> float:
        argv = step.command(self.jobs)
        with log.open("a", encoding="utf-8") as stream:
            stream.write(f"+ {shlex.join(argv)}\n")
        self.events.command(task, argv)
        finished = self.isolation.run(
            view,
            argv,
            task.steps.variables(self.jobs),
            log=log,
            cancelled=self.cancelled,
            output=lambda data: self.events.output(task, data),
        )
        if finished.status != 0:
            if _out_of_space(log):
                raise _disk_full(task, log, shlex.join(argv))
            from xpkg.sandbox.failed_step import failed

            raise failed(task, step, argv, finished.status, log, self._places(view))
        return finished.seconds

    def _places(self, view: View) -> Places:
        from xpkg.sandbox.failed_step import Places

        return Places(
            source=view.source,
            output=view.output,
            tools=view.tools,
            target=view.target or (),
            files_of=self._files_of,
        )

    def _files_of(self, keys: Iterable[str]) -> dict[str, str]:
        """The packages of all that outputs hold but directories, by path."""
        found: dict[str, str] = {}
        for key in keys:
            record = self.store.output(key).record
            found.update((entry.path, record.name) for entry in record.manifest if entry.kind != "directory")
        return found

    def _inspect(self, task: BuildTask, staged: Path, timings: Mapping[str, float]) -> OutputRecord:
        """Check what was installed against the rules, and describe it."""
        beneath = self._files_of(task.tools if task.target is None else task.target)
        manifest = scan(staged / "files", own=task.subject.prefix, package=task.recipe.name, beneath=beneath)
        _refuse_leaks(task, staged, manifest)
        machine = task.subject.machine
        allowed = build_machine_files(task.subject)
        if machine.objects is not None:
            check(
                staged / "files",
                manifest,
                Rules.of(machine.objects, machine),
                allowed=allowed,
                package=task.label,
            )
        if task.subject.cross:
            paths.check(staged / "files", manifest, machine, allowed=allowed, package=task.label)
        return OutputRecord(
            name=task.recipe.name,
            version=task.recipe.version,
            machine=task.machine,
            key=task.key,
            isolation=self.isolation.level,
            dependencies=tuple(sorted({*task.tools, *(task.target or ())})),
            requires=task.requires,
            inputs=dict(task.inputs),
            timings={phase: round(seconds, 3) for phase, seconds in timings.items()},
            manifest=manifest,
        )

    def _keep(self, task: BuildTask, staged: Path, error: BuildError | InputFileError) -> XpkgError:
        """Move the failed tree aside with all that is needed to look at it, and tell where.

        Nothing is kept of a build that came to no source tree; where that is the archive's fault, so the error stays.
        """
        from xpkg.sandbox import failures

        self.events.failed(task)
        tail = log_tail(staged / "log")
        remove_tree(staged / "scratch")
        if not (staged / "src").is_dir():  # its source could not even be unpacked
            kind = BuildError if isinstance(error, BuildError) else InputFileError
            return kind(error.message, reference=error.reference, context=error.context, hint=error.hint)
        view = failures.FailedView(
            label=task.label,
            environment=task.steps.variables(self.jobs),
            tools=task.tools,
            target=task.target,
            system_tools=task.system_tools,
        )
        with disk_errors("keep the failed build", staged):
            (staged / failures.RECORD).write_bytes(failures.encode(view))
        kept = self.store.keep_failed(staged, task.label)
        return BuildError(
            error.message,
            reference=error.reference,
            context=(
                *error.context,
                ("log", str(kept / "log")),
                ("directory kept", str(kept / "src")),
                *((("last lines", "\n" + tail),) if tail else ()),
            ),
            hint=f"{error.hint}; " * bool(error.hint) + f"to look at it from inside: xpkg shell --failed {task.label}",
        )


def _refuse_leaks(task: BuildTask, staged: Path, manifest: Manifest) -> None:
    """No output may know where on this machine it was built: it would differ elsewhere, and tell the user's name."""
    found = leaks(staged / "files", manifest, {"the build's directory": str(staged.parent).encode()})
    if found:
        raise BuildError(
            f"{task.label} installed files that name a directory of this machine",
            reference="leaked-path",
            context=tuple((path, f"names {label}") for path, label in found[:10]),
            hint="a declared input must have brought it in; the recipe has to remove it",
        )


def _out_of_space(log: Path) -> bool:
    """Whether a command failed for want of space: it said so (builds run with LC_ALL=C), or there is none left."""
    space = os.statvfs(log)
    return os.strerror(errno.ENOSPC) in log_tail(log) or space.f_bavail * space.f_frsize < _LEAST_SPACE


def _disk_full(task: BuildTask, log: Path, command: str) -> StoreError:
    """No build error: the tree is not kept, for it would take the little space there is."""
    return StoreError(
        f"{task.label} could not be built: no space is left on the device",
        reference="disk-full",
        context=(("path", str(log.parent)), ("command", command), ("last lines", "\n" + log_tail(log, 5))),
        hint="free some space and run the same command again; nothing was changed",
    )


def log_tail(log: Path, lines: int = LOG_TAIL) -> str:
    """The last lines of a log, safe to print; empty when there is none."""
    if not log.is_file():
        return ""
    with log.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - 32768))
        text = stream.read().decode("utf-8", "replace")
    return "\n".join(printable(line) for line in text.splitlines()[-lines:])


def _write_generated(task: BuildTask, directory: Path) -> None:
    directory.mkdir()
    for name, text in task.steps.generated:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        if name.startswith("bin/"):
            path.chmod(0o755)
