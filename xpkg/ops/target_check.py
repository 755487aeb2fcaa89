"""``xpkg target check``: whether a target's toolchain makes C and OCaml programs, and whether its runner runs them.

The probes are packages (``target-probe-c``, ``target-probe-ocaml``) that are planned and built as any other, apart from
every switch.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xpkg.core.errors import WorkInterrupted, XpkgError
from xpkg.core.processes import run_logged
from xpkg.core.text import printable
from xpkg.ops.building import Options, build_all
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import Plan
from xpkg.ops.requests import install_atoms
from xpkg.ops.run import Product, command_line, prepare_runner
from xpkg.ops.solving import plan_request
from xpkg.ops.targets import check_toolchain, find
from xpkg.repo.targets import Target
from xpkg.sandbox.build import log_tail
from xpkg.solver.model import Request

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.progress import Progress
    from xpkg.sandbox.store import StoredOutput

State = Literal["ok", "failed", "not run"]

TIME_LIMIT = 120.0
"""Seconds that a probe may run; an emulator on a busy machine takes a few."""

_MOST = 64 << 10
"""Bytes that a probe may print; it should print one line."""

_LONGEST = 200
"""Characters of that line that are told when it is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One step.  ``said`` is what came of it, or why it failed or was not run; ``error`` the whole of a failure."""

    step: str
    state: State
    said: str
    error: XpkgError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """A probe.  ``expected`` is what its program prints."""

    name: str
    package: str
    expected: re.Pattern[str]


_C = _Language(name="C", package="target-probe-c", expected=re.compile(r"(?:32|64) bits, sum 5050, third 1683\.333"))
_OCAML = _Language(
    name="OCaml",
    package="target-probe-ocaml",
    expected=re.compile(r"OCaml \S+, (?:32|64) bits, sum 5050, third 1683\.333, found 42"),
)


class TargetCheck:
    """The check of one target; ``finished`` is told each outcome as it comes."""

    def __init__(
        self,
        home: Home,
        name: str,
        options: Options,
        progress: Progress,
        finished: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self._home, self._options, self._progress, self._finished = home, options, progress, finished
        self._listed = find(home, name)
        self._pair = Pair.of(name)
        self._outcomes: list[Outcome] = []

    @property
    def _target(self) -> Target:
        assert self._listed.target is not None  # find() raises what is wrong
        return self._listed.target

    def run(self) -> tuple[Outcome, ...]:
        """All steps in order.  What fails is an outcome; only an interruption is raised."""
        self._note("target's file", "ok", str(self._listed.path))
        usable = self._try("toolchain", self._toolchain)
        for language, lacking in (
            (_C, None if self._target.toolchain.cc else "the target's file names no C compiler (cc)"),
            (_OCAML, None if self._target.toolchain.compiler else "the target's file names no compiler package"),
        ):
            self._language(language, lacking if usable else "its toolchain is missing")
        return tuple(self._outcomes)

    def _note(self, step: str, state: State, said: str, error: XpkgError | None = None) -> None:
        outcome = Outcome(step=step, state=state, said=said, error=error)
        self._outcomes.append(outcome)
        self._finished(outcome)

    def _try(self, step: str, work: Callable[[], str]) -> bool:
        try:
            said = work()
        except WorkInterrupted:
            raise
        except XpkgError as error:
            self._note(step, "failed", error.message, error)
            return False
        self._note(step, "ok", said)
        return True

    def _toolchain(self) -> str:
        check_toolchain(self._home, self._target)
        chain = self._target.toolchain
        return ", ".join([*chain.packages, *([chain.compiler] if chain.compiler else [])]) or "none is named"

    def _language(self, language: _Language, lacking: str | None) -> None:
        """Compile a probe, link its program, run that."""
        compiling, linking, running = (f"{language.name} {what}" for what in ("compiler", "program", "run"))
        if lacking is not None:
            for step in (compiling, linking, running):
                self._note(step, "not run", lacking)
            return
        built: list[StoredOutput] = []

        def compile_probe() -> str:
            built.append(self._build(language))
            record = built[0].record
            return f"{record.name}.{record.version} compiled, its objects are the target's"

        if not self._try(compiling, compile_probe):
            for step in (linking, running):
                self._note(step, "not run", "nothing was compiled")
            return
        program = built[0].files / "bin" / language.package
        if not program.is_file():
            self._unlinked(linking, built[0].files / "share" / language.package / "link.log")
            self._note(running, "not run", "there is no program")
            return
        self._note(linking, "ok", "linked")
        if self._target.run is None and self._pair.target is not None:
            self._note(running, "not run", "the target's file says no way to run its products ([run])")
            return
        self._try(running, lambda: self._run(language, program))

    def _unlinked(self, step: str, log: Path) -> None:
        """A target whose objects can only be relocatable has no programs; elsewhere it is a failure."""
        types = () if self._target.objects is None else self._target.objects.types
        if types and not {"EXEC", "DYN"}.intersection(types):
            self._note(
                step, "not run", f"products of this target are no programs ([objects] types: {', '.join(types)})"
            )
            return
        last = log_tail(log, 5)
        lines = [line for line in last.splitlines() if line.strip()]
        error = next(
            (line for line in lines if "error" in line.lower()), lines[-1] if lines else "the linker said nothing"
        )
        self._note(step, "failed", error)

    def _build(self, language: _Language) -> StoredOutput:
        request = Request(target=self._pair.target, install=install_atoms(self._home, self._pair, [language.package]))
        plan = Plan((plan_request(self._home, self._pair, request),))
        (part,) = build_all(self._home, plan, self._options, self._progress).plan.parts
        return self._home.store.output(part.keys[part.asked(language.package).instance])

    def _run(self, language: _Language, program: Path) -> str:
        """What the program printed; XpkgError when it is not what it should be."""
        run = self._target.run
        command, through = [str(program)], "here"
        if run is not None:
            place = prepare_runner(self._home, run, self._options, self._progress)
            command, through = command_line(place, run, Product(path=program, prefix=None)), f"by {run.package}"
        status, said = output_of(command, self._home.environment, through)
        text = said.decode("utf-8", "replace").strip()
        last = last_line(text)
        if status != 0:
            raise ProbeFailed(f"it ended with status {status}, run {through}, and said: {last}")
        if not language.expected.fullmatch(text):
            raise ProbeFailed(f"run {through} it printed what is not right: {last}")
        return f"{through}: {text}"


def last_line(text: str) -> str:
    """The end of what a probe said, for a message."""
    last = text.splitlines()[-1] if text else "nothing"
    return printable(last[:_LONGEST], keep="") + ("..." if len(last) > _LONGEST else "")


def output_of(command: Sequence[str], environment: Mapping[str, str], through: str) -> tuple[int, bytes]:
    """Exit status and output of a probe.  ProbeFailed when it does not end or prints without an end: it is killed then,
    with all that it started.
    """
    said, late = bytearray(), threading.Event()

    def keep(data: bytes) -> None:
        said.extend(data)
        if len(said) > _MOST:
            raise ProbeFailed(f"it printed more than {_MOST >> 10} KiB, run {through}")

    timer = threading.Timer(TIME_LIMIT, late.set)
    timer.start()
    try:
        done = run_logged(command, log=Path(os.devnull), environment=environment, cancelled=late, output=keep)
    except WorkInterrupted as error:
        raise ProbeFailed(f"it did not end within {TIME_LIMIT:.0f} s, run {through}") from error
    except OSError as error:
        raise ProbeFailed(f"it cannot be started: {error.strerror}", context=(("command", command[0]),)) from error
    finally:
        timer.cancel()
    return done.status, bytes(said)


class ProbeFailed(XpkgError):
    """A probe's program did not do what it should."""

    reference = "probe-failed"
