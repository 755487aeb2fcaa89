"""docs/corpus.md: what works where, for people."""

from __future__ import annotations

from collections.abc import Sequence

from tests.corpus.entry import Entry
from tests.corpus.results import Result, Run, Verdict
from tests.corpus.state import NATIVE

_HEAD = """# The corpus

Real packages with ordinary recipes, built for every target from the same recipe. Each has a small program, or is one.
It is compiled in the environment of the switch; where programs of the target can run, it runs there in the target's
runner, and what it prints is compared byte by byte with what it prints on the build machine. `make corpus` does all
that and writes this page; `python -m tests.corpus --only NAME` does it for one. An entry is a file in
`tests/corpus/entries/`; `tests/corpus/entry.py` says what it may hold. The seconds are those that the package's own
build took when it was built. A *tool* runs on the build machine: it was built there and asked again beside the target,
and nothing of it is the target's own.

"""


def page(run: Run, entries: Sequence[Entry], targets: Sequence[str]) -> str:
    """The whole page."""
    return _HEAD + "\n".join(
        [*_totals(run, entries, targets), "", *_table(run, entries, targets), *_notes(run, entries)]
    )


def _totals(run: Run, entries: Sequence[Entry], targets: Sequence[str]) -> list[str]:
    noted = sum(entry.exception is not None for entry in entries)
    lines = [f"{len(entries)} packages, {noted} with an exception.", ""]
    lines += [_row("target", *Verdict, "minutes"), _row(*["---"] * (len(Verdict) + 2))]
    for target in (NATIVE, *targets):
        counts = run.counts(target)
        minutes = sum(wall for place, wall in run.walls.items() if place.split()[0] == target) / 60
        lines.append(_row(_named(target), *(str(counts[verdict]) for verdict in Verdict), f"{minutes:.1f}"))
    return lines


def _table(run: Run, entries: Sequence[Entry], targets: Sequence[str]) -> list[str]:
    by_place = {(one.name, one.target): one for one in run.results}
    columns = (NATIVE, *targets)
    lines = [
        _row("package", "version", "OCaml", *map(_named, columns), "exception"),
        _row(*["---"] * (len(columns) + 4)),
    ]
    for entry in entries:
        cells = [_cell(by_place.get((entry.name, target))) for target in columns]
        compiler = "" if entry.kind == "c" else entry.ocaml
        lines.append(_row(entry.name, entry.version, compiler, *cells, "yes" if entry.exception else ""))
    return lines


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    time = "" if result.seconds is None or result.verdict is Verdict.TOOL else f" {result.seconds:.1f} s"
    return f"**{result.verdict}**" if result.verdict is Verdict.FAILED else f"{result.verdict}{time}"


def _notes(run: Run, entries: Sequence[Entry]) -> list[str]:
    lines = []
    exceptions = [f"- {entry.label}: {entry.exception.reason}" for entry in entries if entry.exception is not None]
    if exceptions:
        lines += ["", "## Exceptions", "", *exceptions]
    for verdict, heading in (
        (Verdict.SKIPPED, "Not tried"),
        (Verdict.NOT_REACHED, "Sources that no server gave"),
        (Verdict.FAILED, "Failed"),
    ):
        told: dict[tuple[str, str], list[str]] = {}
        for one in run.results:
            if one.verdict is verdict:
                first = (one.detail.splitlines() or [""])[0]
                told.setdefault((f"{one.name}.{one.version}", first), []).append(_named(one.target))
        if told:
            lines += ["", f"## {heading}", ""]
            lines += [f"- {label} ({', '.join(places)}): {detail}" for (label, detail), places in told.items()]
    return [*lines, ""]


def _named(target: str) -> str:
    return "build machine" if target == NATIVE else target


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
