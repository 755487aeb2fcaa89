"""Which entries a run is about: named ones, a tenth of them, those that changed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.corpus.entry import Entry
from tests.corpus.state import CLONE, NATIVE

TENTHS = 10


def git(*arguments: str) -> bytes:
    """What git prints in the clone; CalledProcessError when it fails."""
    return subprocess.run(["git", *arguments], cwd=CLONE, capture_output=True, check=True).stdout


def tenth_of_commit() -> int:
    """A number from 0 to 9 that is the same whenever this commit is tested and goes on with each commit."""
    return int(git("rev-list", "--count", "HEAD")) % TENTHS


def tenth(entries: Sequence[Entry], number: int) -> list[Entry]:
    """Every tenth entry in an order that has nothing to do with names, so that relatives are spread."""
    order = sorted(entries, key=lambda entry: hashlib.sha256(entry.name.encode()).digest())
    return sorted(order[number % TENTHS :: TENTHS], key=lambda entry: entry.name)


def changed(entries: Sequence[Entry], revision: str, target: str) -> list[Entry]:
    """Entries whose own files differ from the revision's, or whose derived steps for the target do."""
    paths = git("diff", "--name-only", revision, "--", "packages", "tests/corpus").decode().split()
    touched = {entry.name for entry in entries if any(path.startswith(tuple(_own_files(entry))) for path in paths)}
    with tempfile.TemporaryDirectory(prefix="xpkg-corpus-") as directory:
        before = Path(directory) / "before"
        _export(revision, before)
        old, new = (_steps(tree, entries, target) for tree in (before, CLONE))
    return [entry for entry in entries if entry.name in touched or old.get(entry.label) != new.get(entry.label)]


def _own_files(entry: Entry) -> list[str]:
    program = [] if entry.program is None else [f"tests/corpus/programs/{entry.program.name}"]
    return [
        f"packages/{entry.name}/{entry.label}/",
        f"tests/corpus/entries/{entry.name}.toml",
        f"tests/corpus/overlays/overlays/{entry.name}",
        *program,
    ]


def _export(revision: str, into: Path) -> None:
    into.mkdir()
    with tempfile.TemporaryFile() as stream:
        stream.write(git("archive", "--format=tar", revision))
        stream.seek(0)
        with tarfile.open(fileobj=stream) as archive:
            archive.extractall(into, filter="tar")


def _steps(tree: Path, entries: Iterable[Entry], target: str) -> dict[str, str]:
    """By label, the steps that a clone's xpkg derives; none for an entry that it does not know."""
    labels = [entry.label for entry in entries if (tree / "packages" / entry.name / entry.label).is_dir()]
    with tempfile.TemporaryDirectory(prefix="xpkg-corpus-") as root:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XPKG_")}
        environment |= {"PYTHONPATH": str(tree), "XPKG_ROOT": root}
        # All in one command; when that fails, one after another tells for which it does.
        return _shown(tree, environment, labels, target) or {
            label: steps for one in labels for label, steps in _shown(tree, environment, [one], target).items()
        }


def _shown(tree: Path, environment: Mapping[str, str], labels: Sequence[str], target: str) -> dict[str, str]:
    there = [] if target == NATIVE else ["--target", target]
    command = [sys.executable, "-m", "xpkg", "show", *labels, "--steps", *there, "--json"]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}
    value: Any = json.loads(done.stdout)
    shown = value if isinstance(value, list) else [value]
    return {label: json.dumps(steps, sort_keys=True) for label, steps in zip(labels, shown, strict=True)}
