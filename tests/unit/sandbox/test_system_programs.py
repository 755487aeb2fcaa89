"""The directories that builds see as /usr/bin."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from xpkg.core.paths import StateRoot
from xpkg.sandbox.system_programs import gathered


@pytest.fixture
def root(tmp_path: Path) -> StateRoot:
    return StateRoot(tmp_path / "state")


@pytest.fixture
def tools(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name in ("first", "second"):
        made[name] = tmp_path / f"{name}.program"
        made[name].write_text(f"#!/bin/sh\necho {name}\n", "utf-8")
        made[name].chmod(0o755)
    return made


def test_a_set_is_these_programs_by_their_names(root: StateRoot, tools: dict[str, Path]) -> None:
    directory = gathered(root, tools)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == {
        name: path.read_bytes() for name, path in tools.items()
    }
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o555}


def test_a_second_time_nothing_is_written(root: StateRoot, tools: dict[str, Path]) -> None:
    directory = gathered(root, tools)
    before = {path: path.stat().st_ino for path in root.programs.rglob("*")}
    assert gathered(root, tools) == directory
    assert {path: path.stat().st_ino for path in root.programs.rglob("*")} == before


def test_another_set_has_the_same_copies(root: StateRoot, tools: dict[str, Path]) -> None:
    one = gathered(root, {"first": tools["first"]})
    both = gathered(root, tools)
    assert one != both
    assert (one / "first").samefile(both / "first")


def test_one_program_by_two_names_is_copied_once(root: StateRoot, tools: dict[str, Path]) -> None:
    directory = gathered(root, {"first": tools["first"], "other": tools["first"]})
    assert (directory / "first").samefile(directory / "other")


def test_an_upgraded_program_is_copied_anew(root: StateRoot, tools: dict[str, Path]) -> None:
    before = gathered(root, tools)
    status = tools["first"].stat()
    tools["first"].write_text("#!/bin/sh\necho FIRST\n", "utf-8")
    os.utime(tools["first"], ns=(status.st_atime_ns, status.st_mtime_ns))
    after = gathered(root, tools)
    assert (after / "first").read_bytes() == tools["first"].read_bytes()
    assert (before / "first").read_text("utf-8") == "#!/bin/sh\necho first\n"
    assert (after / "second").samefile(before / "second")


def test_what_is_out_of_use_goes_when_another_is_made(root: StateRoot, tools: dict[str, Path]) -> None:
    old = gathered(root, {"first": tools["first"]})
    unfinished = root.programs / ".tmp-0-x"
    unfinished.mkdir()
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    recent = gathered(root, {"second": tools["second"]})
    assert sorted(root.programs.iterdir()) == sorted([recent, root.programs / "files"])
    assert [path.samefile(recent / "second") for path in (root.programs / "files").iterdir()] == [True]


def test_what_is_asked_for_again_is_in_use(root: StateRoot, tools: dict[str, Path]) -> None:
    first = gathered(root, {"first": tools["first"]})
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(first, (long_ago, long_ago))
    assert gathered(root, {"first": tools["first"]}) == first
    gathered(root, {"second": tools["second"]})
    assert (first / "first").is_file()
