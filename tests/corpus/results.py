"""What came out for each package on each target, and whether that is good enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from tests.corpus.entry import Entry

ALLOWED_EXCEPTIONS = 0.1


class Verdict(StrEnum):
    """In the order of a report."""

    RAN = "ran"  # built, its program printed there what it prints here
    BUILT = "built"  # built and its program linked, where no program runs
    TOOL = "tool"  # it runs on the build machine, also beside this target: nothing of it is for the target
    SKIPPED = "skipped"  # its entry says why
    NOT_TRIED = "not tried"  # the time was up
    NOT_REACHED = "not reached"  # a server did not give a source
    FAILED = "failed"


LACKING = (Verdict.NOT_TRIED, Verdict.NOT_REACHED)
"""Nothing came out: what is told of these packages is nobody's fault, and no proof either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One package on one target; ``seconds`` is the time of its own build, None when it came to none."""

    name: str
    version: str
    ocaml: str
    target: str
    verdict: Verdict
    seconds: float | None = None
    detail: str = ""
    exception: str | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """All results, the seconds on the wall by place, and what the run was asked for."""

    results: list[Result] = field(default_factory=list)
    walls: dict[str, float] = field(default_factory=dict)

    def counts(self, target: str) -> Counter[Verdict]:
        """How many of each verdict on one target."""
        return Counter(one.verdict for one in self.results if one.target == target)

    def as_value(self) -> dict[str, object]:
        """For JSON."""
        return {
            "results": [asdict(one) for one in self.results],
            "seconds": {place: round(wall, 1) for place, wall in self.walls.items()},
            "totals": {target: dict(self.counts(target)) for target in sorted({one.target for one in self.results})},
        }

    def problems(self, entries: Sequence[Entry]) -> list[str]:
        """Why the run is a failure; empty when it is none.  ``entries`` are those of a run of the whole, else none."""
        found = [
            f"{one.name}.{one.version} [{one.target}]: {one.detail}"
            for one in self.results
            if one.verdict is Verdict.FAILED
        ]
        if entries:  # of a part of them what could not be had now says nothing
            found += [
                f"{one.name}.{one.version} [{one.target}]: {one.verdict}"
                for one in self.results
                if one.verdict in LACKING
            ]
        noted = [entry.name for entry in entries if entry.exception is not None]
        if len(noted) > ALLOWED_EXCEPTIONS * len(entries):
            found.append(f"{len(noted)} of {len(entries)} packages need an exception: {', '.join(noted)}")
        return found
