"""``python -m tests.reftests [NAME...]``: what agrees with opam, by file; with names, every step that does not."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.reftests.archive import scripts
from tests.reftests.replay import replay
from tests.reftests.script import read_script
from tests.reftests.verdict import AGREES, DIFFERS, SKIPPED


def main(names: list[str]) -> None:
    for path in scripts(Path(".pytest_cache/d/opam-reftests").resolve()):
        if names and path.name.removesuffix(".test") not in names:
            continue
        with tempfile.TemporaryDirectory() as directory:
            verdicts = replay(read_script(path), Path(directory) / "test")
        counts = {word: sum(one.verdict == word for one in verdicts) for word in (AGREES, DIFFERS, SKIPPED)}
        print(f"{path.name:40} {counts[AGREES]:4} agree {counts[DIFFERS]:4} differ {counts[SKIPPED]:4} not compared")
        for one in verdicts if names else ():
            if one.verdict != AGREES:
                told = one.detail if one.reason is None else one.reason.value
                print(f"  {one.number}: {one.verdict}: {one.command}\n      {told}")


if __name__ == "__main__":
    main(sys.argv[1:])
