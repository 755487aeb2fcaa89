"""``python -m tests.reftests``: what agrees with opam, by category; with names of scripts, every step that does not."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.reftests.agreement import read_agreement, table_of, totals
from tests.reftests.archive import scripts
from tests.reftests.replay import replay
from tests.reftests.script import read_script
from tests.reftests.verdict import AGREES, Verdict


def main(names: list[str]) -> None:
    recorded = read_agreement()
    clone = os.environ.get("XPKG_TEST_OPAM_REPOSITORY")
    tables = {}
    for path in scripts(Path(".pytest_cache/d/opam-reftests").resolve()):
        script = read_script(path)
        if names and script.name not in names:
            continue
        with tempfile.TemporaryDirectory() as directory:
            verdicts = replay(script, Path(directory) / "test", None if clone is None else Path(clone))
        tables[script.name] = table_of(verdicts, recorded.get(script.name, {}))
        for one in verdicts if names else ():
            _tell(one)
    for category, counts in totals(tables).items():
        print(f"{category}: {counts.total()} steps")
        for what, count in sorted(counts.items()):
            print(f"  {count:5} {what}")


def _tell(one: Verdict) -> None:
    if one.verdict != AGREES:
        told = one.detail if one.reason is None else one.reason.value
        print(f"  {one.number}: {one.verdict}: {one.command}\n      {told}")


if __name__ == "__main__":
    main(sys.argv[1:])
