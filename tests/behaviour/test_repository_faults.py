"""Updates of repositories that are killed, meet another one, or find the disk full: old or new, never a part."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.behaviour.namespaces import run_script
from xpkg.ops.home import Home

CLONE = Path(__file__).parents[2]
COUNT = 150


class Place:
    """A state directory with one git repository in it, whose versions are all of one number."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.root, self.upstream = directory, directory / "root", directory / "upstream"
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(directory),
            "XPKG_ROOT": str(self.root),
            "PYTHONPATH": str(CLONE),
            "LC_ALL": "C.UTF-8",
        }
        self.running: list[subprocess.Popen[str]] = []
        self.upstream.mkdir()
        self.git("init", "-q")
        self.publish(1)
        self.ok("repo", "add", "far", f"git+file://{self.upstream}")

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
        subprocess.run(["git", *identity, *arguments], cwd=self.upstream, check=True, capture_output=True)

    def publish(self, number: int) -> None:
        """Commit another form of every recipe."""
        for index in range(COUNT):
            path = self.upstream / "packages" / f"p{index}" / f"p{index}.1" / "opam"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f'opam-version: "2.0"\nsynopsis: "{number}"\n', "utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", str(number))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "xpkg", *arguments],
            env=self.environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def ok(self, *arguments: str) -> str:
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=100)
        assert process.returncode == 0, output
        return output

    def seen(self) -> set[str]:
        """The numbers that a reader finds who reads everything now."""
        repository = Home(self.root).repositories[0]
        names = repository.names()
        assert len(names) == COUNT
        return {repository.entry(name, "1").facts["synopsis"] for name in names}

    def left(self) -> list[str]:
        return sorted(path.name for path in (self.root / "repos").iterdir() if path.name.startswith(".tmp"))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def test_killed_at_any_moment(place: Place) -> None:
    """By SIGKILL, at moments spread over an update."""
    place.publish(2)
    started = time.monotonic()
    place.ok("update")
    whole = time.monotonic() - started
    assert place.seen() == {"2"}
    for number in range(3, 11):
        place.publish(number)
        before = place.seen()
        process = place.start("update")
        time.sleep(whole * (number - 2) / 9)
        process.kill()
        process.communicate()
        assert place.seen() in (before, {str(number)})
    place.publish(11)
    place.ok("update")
    assert place.seen() == {"11"}
    assert place.left() == []


def test_two_at_once(place: Place) -> None:
    place.publish(2)
    both = [place.start("update") for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("updated: " in output for output in outputs) == 1
    assert sum("up to date" in output for output in outputs) == 1
    assert place.seen() == {"2"}


def test_added_twice_at_once(place: Place) -> None:
    address = f"git+file://{place.upstream}"
    both = [place.start("repo", "add", "twice", address) for _ in range(2)]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], outputs
    assert sum("[repository-exists]" in output for output in outputs) == 1
    assert [one.name for one in Home(place.root).settings.repositories] == ["twice", "far"]


def test_a_reader_during_updates(place: Place) -> None:
    """It stays with the copy that it began with, of which one is kept for it."""
    reader = Home(place.root).repositories[0]
    names = reader.names()
    place.publish(2)
    place.ok("update")
    assert {reader.entry(name, "1").facts["synopsis"] for name in names} == {"1"}
    assert {reader.recipe(name, "1").synopsis for name in names} == {"1"}


def test_full_disk(place: Place) -> None:
    """The state directory on a small file system of its own, in a namespace of its own."""
    script = f"""
        mount -t tmpfs -o size=4m tmpfs {place.root} || exit 77
        "$0" -m xpkg repo add far git+file://{place.upstream} || exit 78
        cd {place.upstream}
        mkdir -p packages/big/big.1/files && head -c 8000000 /dev/urandom > packages/big/big.1/files/big &&
            printf 'opam-version: "2.0"' > packages/big/big.1/opam || exit 78
        git add -A && git -c user.name=a -c user.email=a@b.example commit -q -m big || exit 78
        "$0" -m xpkg update; echo "status $?"
        "$0" -m xpkg show p1 | grep synopsis; ls -A {place.root}/repos | grep -c tmp
    """
    done = run_script(script, place.environment, place.directory)
    said = done.stdout + done.stderr
    assert "status 0" not in said, said
    assert "status " in said, said
    assert "o space left" in said or "[disk-full]" in said, said
    assert "Traceback" not in said, said
    assert "synopsis    1" in done.stdout, said
    assert done.stdout.rstrip().endswith("\n0"), said
    assert os.listdir(place.root / "repos")
