"""``python -m tests.corpus``: build the corpus for its targets, run it there, tell what came out.

Everything that was built stays in the store of ``--root``: a run that is interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.corpus.driver import Driver
from tests.corpus.entry import DEFAULT_TARGETS, Entry, read_entries
from tests.corpus.report import page
from tests.corpus.results import LACKING, Run, Verdict
from tests.corpus.selection import TENTHS, changed, tenth, tenth_of_commit
from tests.corpus.state import CLONE, NATIVE, State

PAGE = CLONE / "docs" / "corpus.md"


def main() -> int:
    """0 when all that was tried works, 1 otherwise."""
    chosen = _arguments()
    entries = read_entries()
    targets = [target for target in chosen.target or _all_targets(entries) if target != NATIVE]
    selected = _selected(entries, chosen, targets)
    _say(f"{len(selected)} of {len(entries)} packages for {', '.join(targets) or NATIVE}; state in {chosen.root}")
    deadline = time.monotonic() + 60 * chosen.minutes if chosen.minutes else float("inf")
    with tempfile.TemporaryDirectory(prefix="xpkg-corpus-") as scratch:
        state = State(root=chosen.root.absolute(), jobs=chosen.jobs)
        # With a bound each package is followed through before the next is begun.
        single = chosen.one_at_a_time or bool(chosen.minutes)
        driver = Driver(state=state, scratch=Path(scratch), tell=_say, one_at_a_time=single, deadline=deadline)
        try:
            run = driver.go(selected, targets)
        except KeyboardInterrupt:
            _say("interrupted; what was built is kept, and the same command goes on from there")
            return 130
    if chosen.json:
        print(json.dumps(run.as_value(), indent=1))
    if chosen.write_docs and not any(one.verdict in LACKING for one in run.results):
        PAGE.write_text(page(run, selected, targets), "utf-8")
    return _verdict(run, selected, whole=selected == list(entries))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=(__doc__ or "").splitlines()[0])
    root = Path(os.environ.get("XPKG_ROOT", CLONE / "build" / "corpus"))
    parser.add_argument("--root", type=Path, default=root, help="state directory (default: XPKG_ROOT or build/corpus)")
    parser.add_argument(
        "--target",
        action="append",
        metavar="NAME",
        help="only this target; may be repeated (native: the build machine alone)",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these packages")
    parser.add_argument("--tenth", metavar="N/10|commit", help="only a tenth of the packages; the commit's own turn")
    parser.add_argument("--changed", metavar="REVISION", help="only, or also, what changed since a git revision")
    parser.add_argument("--jobs", "-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=0, help="begin nothing new after this time")
    parser.add_argument("--one-at-a-time", action="store_true", help="a plan for each package")
    parser.add_argument("--json", action="store_true", help="print the results as one JSON value")
    parser.add_argument("--write-docs", action="store_true", help=f"write {PAGE.relative_to(CLONE)}, of a whole run")
    chosen = parser.parse_args()
    if chosen.write_docs and (chosen.only or chosen.tenth or chosen.changed or chosen.target):
        parser.error("--write-docs is for a run of all packages for all targets")
    return chosen


def _all_targets(entries: Sequence[Entry]) -> list[str]:
    others = {target for entry in entries for target in entry.targets} - set(DEFAULT_TARGETS)
    return [*DEFAULT_TARGETS, *sorted(others)]


def _selected(entries: Sequence[Entry], chosen: argparse.Namespace, targets: Sequence[str]) -> list[Entry]:
    names: set[str] = set()
    if chosen.only:
        names |= set(chosen.only)
        if unknown := names - {entry.name for entry in entries}:
            sys.exit(f"no entry is named {', '.join(sorted(unknown))}")
    if chosen.tenth:
        number = tenth_of_commit() if chosen.tenth == "commit" else int(chosen.tenth.partition("/")[0]) % TENTHS
        names |= {entry.name for entry in tenth(entries, number)}
    if chosen.changed:
        names |= {entry.name for entry in changed(entries, chosen.changed, (*targets, NATIVE)[0])}
    if not (chosen.only or chosen.tenth or chosen.changed):
        return list(entries)
    return [entry for entry in entries if entry.name in names]


def _verdict(run: Run, entries: Sequence[Entry], *, whole: bool) -> int:
    for target in dict.fromkeys(one.target for one in run.results):
        counts = run.counts(target)
        _say(f"{target}: {', '.join(f'{counts[verdict]} {verdict}' for verdict in Verdict if counts[verdict])}")
    for one in run.results:
        if one.verdict in LACKING:
            _say(f"{one.verdict.upper()}: {one.name}.{one.version} [{one.target}]: {one.detail}")
    # Of a few packages chosen by name a share says nothing.
    problems = run.problems(entries if whole else [])
    for problem in problems:
        _say(f"FAILED: {problem}")
    return 1 if problems else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
