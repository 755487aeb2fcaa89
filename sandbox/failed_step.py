"""The error for a failed command of a build: the cause where it is known, the command, the rules that changed it."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.errors import BuildError
from xpkg.core.files import NotRegular, read_regular
from xpkg.repo.targets import Target
from xpkg.sandbox import diagnosis, elf
from xpkg.sandbox.layout import SOURCE, TARGET, TOOLS
from xpkg.sandbox.steps import Step
from xpkg.sandbox.task import BuildTask

_READ = 128 << 10
"""Bytes at the end of a log that are looked at."""

_MOST_FILES = 20_000
"""So many files of a source tree are looked through for a program by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the files that a build saw are here; ``files_of`` gives the packages of outputs' files by path."""

    source: Path
    output: Path
    tools: Sequence[Path]
    target: Sequence[Path]
    files_of: Callable[[Iterable[str]], Mapping[str, str]]

    @property
    def all(self) -> tuple[Path, ...]:
        """The tops of all these trees."""
        return (self.source, self.output, *self.tools, *self.target)


def failed(task: BuildTask, step: Step, argv: Sequence[str], status: int, log: Path, places: Places) -> BuildError:
    """What to raise for a command that ended with ``status``."""
    command = shlex.join(argv)
    finding = diagnosis.diagnose(
        diagnosis.Failure(
            step=step,
            subject=task.subject,
            lines=diagnosis.relevant(_end_of(log), command),
            tools=places.files_of(task.tools),
            target=places.files_of(task.target or ()),
            machine_of=lambda path: _machine_of(path, places, task.subject.machine),
        )
    )
    what = f"{task.label} failed to {step.phase}"
    rules = tuple(("rule", rule) for rule in step.rules)
    if finding is None:
        return BuildError(what, context=(("command", command), *rules, ("exit status", str(status))))
    return BuildError(
        f"{what}: {finding.cause}",
        context=(
            ("kind", finding.kind),
            ("command", command),
            *rules,
            ("exit status", str(status)),
            *([("seen", finding.seen)] if finding.seen else []),
        ),
        hint=finding.hint,
    )


def _end_of(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - _READ))
        return stream.read().decode("utf-8", "replace")


def _machine_of(path: str, places: Places, machine: Target) -> str | None:
    """See `diagnosis.Failure`: by the header of the file, wherever it is."""
    if "\0" in path or machine.objects is None:
        return None
    for file in _candidates(path, places):
        try:
            head = _head(file, places)
            header = elf.read_header(head)
        except elf.MalformedObject:
            return "target" if head[:2] == b"MZ" and machine.objects.format.startswith("pe") else None
        except OSError:
            continue
        known = elf.machine_number(machine.objects.machine)
        return "target" if (header.format, header.machine) == (machine.objects.format, known) else "build"
    return None


def _head(file: Path, places: Places) -> bytes:
    """The first bytes of a file of the build: of no pipe, and nothing outside, as the tree is a stranger's."""
    real = Path(os.path.realpath(file))  # a loop of links stays as it is, and cannot be opened
    if not any(real.is_relative_to(os.path.realpath(place)) for place in places.all):
        raise NotRegular(errno.ENOENT, "it is in no tree that the build saw", str(file))
    return read_regular(real, 64)


def _candidates(path: str, places: Places) -> Iterable[Path]:
    for prefix, layers in ((TARGET, (*places.target, places.output)), (TOOLS, tuple(places.tools))):
        if path.startswith(prefix + "/"):
            return [layer / path[len(prefix) + 1 :] for layer in layers]
    inside = os.path.normpath(path.removeprefix(SOURCE + "/"))
    if inside.startswith(("/", "..")):
        return ()
    return [places.source / inside, *_called(places.source, os.path.basename(inside))]


def _called(source: Path, name: str) -> Iterable[Path]:
    """The one file of that name: make's own directory may not be the top."""
    seen, found = 0, []
    for directory, _, files in os.walk(source):
        seen += len(files)
        if name in files:
            found.append(Path(directory, name))
        if seen > _MOST_FILES or len(found) > 1:
            return ()
    return found
