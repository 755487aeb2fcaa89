"""A run: for each compiler the build machine first, whose output is the expected one, then each target."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.corpus.entry import Entry
from tests.corpus.places import Place
from tests.corpus.program import ProgramFailed, Workshop
from tests.corpus.results import LACKING, Result, Run, Verdict
from tests.corpus.state import NATIVE, NOT_REACHED, CommandFailed, State

Outcome = tuple[Verdict, str]
_NO_PROBLEM: Outcome = (Verdict.RAN, "")


@dataclass(slots=True, kw_only=True)
class Driver:
    """``deadline`` is a moment of time.monotonic() after which nothing new is begun."""

    state: State
    scratch: Path
    tell: Callable[[str], None]
    one_at_a_time: bool = False
    deadline: float = float("inf")
    run: Run = field(default_factory=Run)

    def go(self, entries: Sequence[Entry], targets: Sequence[str]) -> Run:
        """Every entry on those of the targets that it is for; without targets, on the build machine alone."""
        for group in [[entry] for entry in entries] if self.one_at_a_time else [list(entries)]:
            for ocaml in sorted({entry.ocaml for entry in group}, reverse=True):
                self._compiler(ocaml, [entry for entry in group if entry.ocaml == ocaml], targets)
        return self.run

    def _compiler(self, ocaml: str, entries: Sequence[Entry], targets: Sequence[str]) -> None:
        expected: dict[str, bytes] = {}
        without: dict[str, Outcome] = {}
        for target in (NATIVE, *targets):
            asked = targets if target == NATIVE else (target,)
            here = [entry for entry in entries if not targets or set(entry.targets) & set(asked)]
            if here:
                place = Place(state=self.state, target=target, ocaml=ocaml)
                outcomes = self._place(place, here, expected, without)
                without |= {name: outcome for name, outcome in outcomes.items() if outcome[0] in LACKING}

    def _place(
        self, place: Place, entries: Sequence[Entry], expected: dict[str, bytes], without: Mapping[str, Outcome]
    ) -> dict[str, Outcome]:
        """What came out, by name; ``without`` has the packages that the build machine could not be given."""
        started = time.monotonic()
        outcomes = {entry.name: without[entry.name] for entry in entries if entry.name in without}
        skipped = {entry.name: entry.skip[place.target] for entry in entries if place.target in entry.skip}
        outcomes |= {name: (Verdict.SKIPPED, reason) for name, reason in skipped.items()}
        tried = [entry for entry in entries if entry.name not in outcomes]
        self.tell(f"{place.target}, OCaml {place.ocaml}: {len(tried)} packages")
        outcomes |= self._install(place, tried)
        there = [entry for entry in tried if entry.name not in outcomes]
        outcomes |= self._programs(place, there, expected)
        times = place.build_times() if there else {}
        for entry in entries:
            time_of_build = times.get(entry.name) if entry in there else None
            self._record(place, entry, outcomes[entry.name], time_of_build)
        name = f"{place.target} {place.ocaml}"
        self.run.walls[name] = self.run.walls.get(name, 0.0) + time.monotonic() - started
        return outcomes

    def _record(self, place: Place, entry: Entry, outcome: Outcome, seconds: float | None) -> None:
        verdict, detail = outcome
        self.run.results.append(
            Result(
                name=entry.name,
                version=entry.version,
                ocaml=place.ocaml,
                target=place.target,
                verdict=verdict,
                seconds=seconds,
                detail=detail,
                exception=None if entry.exception is None else entry.exception.reason,
            )
        )
        self.tell(f"  {entry.label}: {verdict}{': ' + detail.splitlines()[0] if detail else ''}")

    def _install(self, place: Place, entries: Sequence[Entry]) -> dict[str, Outcome]:
        """What could not be installed.  All together; what a failure concerns is left out, and the rest tried again."""
        if not entries:
            return {}
        if not self._may_begin():
            return {entry.name: (Verdict.NOT_TRIED, "the time was up") for entry in entries}
        try:
            place.prepare(entries)
        except CommandFailed as error:
            return {entry.name: _failed(error) for entry in entries}
        try:
            place.install(entries)
        except CommandFailed as error:
            if len(entries) == 1:
                return {entries[0].name: _failed(error)}
            self.tell(f"  not all at once: {error.text.splitlines()[0]}")
            concerned = [entry for entry in entries if place.needs(entry, error)]
            outcomes = {entry.name: _failed(error) for entry in concerned}
            left = [entry for entry in entries if entry.name not in outcomes]
            # Where no package is to blame for the failure, one after another tells more.
            for group in [left] if concerned else [[entry] for entry in left]:
                outcomes |= self._install(place, group)
            return outcomes
        return {}

    def _programs(self, place: Place, entries: Sequence[Entry], expected: dict[str, bytes]) -> dict[str, Outcome]:
        if not entries:
            return {}
        try:
            environment = place.environment()
        except CommandFailed as error:
            return {entry.name: _failed(error) for entry in entries}
        workshop = Workshop(place=place, environment=environment, directory=self.scratch / place.switch)
        workshop.directory.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(self.state.jobs) as pool:
            done = pool.map(lambda entry: self._program(workshop, entry, expected), entries)
            return dict(zip((entry.name for entry in entries), done, strict=True))

    def _program(self, workshop: Workshop, entry: Entry, expected: dict[str, bytes]) -> Outcome:
        try:
            printed = workshop.run(entry, workshop.make(entry))
        except ProgramFailed as error:
            return Verdict.FAILED, str(error)
        except subprocess.TimeoutExpired as error:
            return Verdict.FAILED, f"still running after {error.timeout:.0f} s: {error.cmd}"
        if printed is None:
            return Verdict.BUILT, ""
        if workshop.place.target == NATIVE:
            expected[entry.name] = printed
            return (Verdict.RAN, "") if printed else (Verdict.FAILED, "the program prints nothing to compare")
        verdict, detail = _compared(printed, entry.name, expected)
        return (Verdict.TOOL, "") if entry.on_build and verdict is Verdict.RAN else (verdict, detail)

    def _may_begin(self) -> bool:
        return time.monotonic() < self.deadline


def _compared(printed: bytes, name: str, expected: Mapping[str, bytes]) -> Outcome:
    if name not in expected:
        return Verdict.FAILED, "nothing to compare with: it did not run on the build machine"
    if printed == expected[name]:
        return _NO_PROBLEM
    ours, theirs = printed.decode(errors="replace"), expected[name].decode(errors="replace")
    pairs = zip([*ours.splitlines(), "(end)"], [*theirs.splitlines(), "(end)"], strict=False)
    there, here = next((pair for pair in pairs if pair[0] != pair[1]), ("", "other line ends"))
    return Verdict.FAILED, f"other output: {there!r}, on the build machine {here!r}"


def _failed(error: CommandFailed) -> Outcome:
    return (Verdict.NOT_REACHED if error.reference in NOT_REACHED else Verdict.FAILED), error.text
