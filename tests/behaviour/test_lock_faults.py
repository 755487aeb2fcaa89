"""Locks that find the disk full or sealed, or meet another one: the file is the old or the new one, never a part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.behaviour.namespaces import run_script
from xpkg.ops.lock_reader import read_lock

CLONE = Path(__file__).parents[2]
COUNT = 60


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A state directory with a repository, in which each package needs all before it."""
    for number in range(COUNT):
        needs = " ".join(f'"p{before}"' for before in range(number))
        directory = tmp_path / "repository" / "packages" / f"p{number}" / f"p{number}.1"
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f'opam-version: "2.0"\nx-toolchain: "none"\ndepends: [{needs}]\n', "utf-8")
    made = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XPKG_ROOT": str(tmp_path / "root"),
        "PYTHONPATH": str(CLONE),
        "LC_ALL": "C.UTF-8",
    }
    command = [sys.executable, "-m", "xpkg", "repo", "add", "here", str(tmp_path / "repository")]
    subprocess.run(command, env=made, cwd=tmp_path, check=True, capture_output=True)
    return made


def test_full_disk(environment: dict[str, str], tmp_path: Path) -> None:
    """The lock is on a small file system of its own, which what is new does not fit into."""
    small = tmp_path / "small"
    small.mkdir()
    script = f"""
        mount -t tmpfs -o size=24k tmpfs {small} || exit 77
        cd {small} && "$0" -m xpkg lock p2 > /dev/null && cp xpkg.lock ../before || exit 78
        "$0" -m xpkg lock p{COUNT - 1}; echo "status $?"
        cmp xpkg.lock ../before && ls -A
    """
    done = run_script(script, environment, tmp_path)
    said = done.stdout + done.stderr
    assert "[disk-full]" in done.stderr, said
    assert done.stdout.endswith("status 31\nxpkg.lock\n"), said


def test_sealed_directory(environment: dict[str, str], tmp_path: Path) -> None:
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    script = f"""
        mount -t tmpfs -o size=1m tmpfs {sealed} && cd {sealed} || exit 77
        "$0" -m xpkg lock p2 > /dev/null && mount -o remount,ro {sealed} && cd {sealed} || exit 77
        "$0" -m xpkg lock --check; echo "status $?"
        "$0" -m xpkg lock p3; echo "status $?"; ls -A
    """
    done = run_script(script, environment, tmp_path)
    said = done.stdout + done.stderr
    assert "xpkg.lock is up to date\nstatus 0\n" in done.stdout, said
    assert "cannot write the lock file" in done.stderr, said
    assert done.stdout.endswith("status 31\nxpkg.lock\n"), said


def test_two_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    """Each makes the whole file; the one that comes later has the last word, and says so."""
    wanted = ["p10", "p20", "p30"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "xpkg", "lock", name],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in wanted
    ]
    said = [process.communicate(timeout=100)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    lock = read_lock(tmp_path / "xpkg.lock")
    (target,) = lock.targets
    assert target.packages[0] in wanted
    assert len(lock.instances) == int(target.packages[0].removeprefix("p")) + 1
    assert [path.name for path in tmp_path.glob(".tmp*")] == []
    # Whoever came second tells what it took the place of.
    assert sum("add" in output for output in said) >= 1
