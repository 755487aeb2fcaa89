"""Faults from outside, on real processes: signals, death, full disks, other runs, machines that lack something.

Each ends with one clear message, its documented exit code, and the switch as it was; the same command succeeds when
the fault is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.namespaces import run_script

HERE = Path(__file__).parent
CLONE = HERE.parent.parent

SLOW = """
x-toolchain: "none"
build: [
  ["sh" "-c" "echo started; sleep 30 & child=$!; sleep {seconds}; kill $child"]
]
install: ["sh" "-c" "mkdir -p %{{share}}% && echo done > %{{share}}%/{name}"]
"""
FILLING = """
x-toolchain: "none"
build: ["sh" "-c" "{command}"]
install: ["sh" "-c" "mkdir -p %{{share}}% && echo done > %{{share}}%/{name}"]
"""


@dataclass(kw_only=True)
class Place:
    """A state directory with one repository, and the processes started in it."""

    directory: Path
    running: list[subprocess.Popen[Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.directory / "home").mkdir()
        (self.repository / "packages").mkdir(parents=True)
        self.recipe(
            "ground", 'x-toolchain: "none"\ninstall: ["sh" "-c" "mkdir -p %{share}% && echo ground > %{share}%/ground"]'
        )
        self.ok("repo", "add", "here", str(self.repository))
        self.ok("install", "-j1", "ground")

    @property
    def root(self) -> Path:
        return self.directory / "root"

    @property
    def repository(self) -> Path:
        return self.directory / "repository"

    @property
    def prefix(self) -> Path:
        return self.root / "switches" / "default" / "current" / "build"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.directory / "home"),
            "XPKG_ROOT": str(self.root),
            "PYTHONPATH": str(CLONE),
            "LC_ALL": "C.UTF-8",
        }

    def recipe(self, name: str, body: str) -> None:
        path = self.repository / "packages" / name / f"{name}.1" / "opam"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'opam-version: "2.0"\nsynopsis: "{name}"\n{body}\n', "utf-8")

    def start(self, *arguments: str, wrapper: Sequence[str] = (), **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "xpkg", *arguments],
            env=self.environment | variables,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def run(self, *arguments: str, wrapper: Sequence[str] = (), **variables: str) -> tuple[int, str]:
        return ended(self.start(*arguments, wrapper=wrapper, **variables))

    def ok(self, *arguments: str) -> str:
        status, output = self.run(*arguments)
        assert status == 0, output
        return output

    def holds(self) -> set[str]:
        return {path.name for path in (self.prefix / "share").iterdir()}

    def staged(self) -> list[str]:
        staging = self.root / "store" / "staging"
        return sorted(path.name for path in staging.iterdir()) if staging.is_dir() else []


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=100)
    return process.returncode, output


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(directory=tmp_path)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def building(place: Place) -> bool:
    """Whether a build's own command has said something."""
    for log in (place.root / "store" / "staging").glob("*/log"):
        with suppress(FileNotFoundError):
            if "started" in log.read_text("utf-8").splitlines():
                return True
    return False


def sleepers(place: Place) -> list[str]:
    """Processes that belong to builds of this place, by what their mount points or arguments name."""
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit() or int(directory.name) == os.getpid():
            continue
        try:
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            mounts = (directory / "mountinfo").read_text("utf-8", "replace")
        except OSError:
            continue
        if str(place.root) in command or ("/xpkg/src" in mounts and str(place.root) in mounts):
            found.append(f"{directory.name} {command}")
    return found


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted; the switch is as it was [interrupted]"),
        (signal.SIGTERM, 130, "interrupted; the switch is as it was [interrupted]"),
        (signal.SIGHUP, 129, "the terminal hung up; the switch is as it was [hung-up]"),
    ],
)
def test_interrupted_while_building(place: Place, number: signal.Signals, code: int, said: str) -> None:
    place.recipe("slow", SLOW.format(name="slow", seconds=20))
    process = place.start("install", "-j1", "slow")
    until(lambda: building(place))
    assert sleepers(place)
    process.send_signal(number)
    status, output = ended(process)
    assert status == code, output
    assert output.count(said) == 1
    assert "Traceback" not in output
    until(lambda: not sleepers(place), 5)
    assert place.holds() == {"ground"}
    place.recipe("slow", SLOW.format(name="slow", seconds=0))
    place.ok("install", "-j1", "slow")
    assert place.holds() == {"ground", "slow"}
    assert place.staged() == []


@pytest.mark.parametrize("command", ["build", "test"])
def test_interrupted_where_no_switch_is_concerned(place: Place, command: str) -> None:
    project = place.directory / "project"
    project.mkdir()
    slow = SLOW.format(name="slow", seconds=20)
    (project / "slow.opam").write_text(f'opam-version: "2.0"\n{slow}run-test: ["true"]\n', "utf-8")
    process = place.start(command, "-j1", "./project")
    until(lambda: building(place))
    process.send_signal(signal.SIGINT)
    status, output = ended(process)
    assert status == 130, output
    assert "interrupted; what was built before that is kept [interrupted]" in output
    assert "switch" not in output


def test_the_terminal_goes_away(place: Place) -> None:
    """What is told then can be written nowhere; that is no mistake of ours."""
    place.recipe("slow", SLOW.format(name="slow", seconds=20))
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", sys.executable, "-m", "xpkg", "install", "-y", "-j1", "slow"],
        env=place.environment | {"TMPDIR": str(place.directory)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    place.running.append(process)
    os.close(theirs)
    until(lambda: building(place))
    os.close(ours)
    assert process.wait(30) == 129
    assert not list(place.directory.glob("xpkg-report-*"))
    until(lambda: not sleepers(place), 5)
    assert place.holds() == {"ground"}


def test_hanging_up_is_ignored_under_nohup(place: Place) -> None:
    place.recipe("slow", SLOW.format(name="slow", seconds=2))
    process = place.start("install", "-j1", "slow", wrapper=["nohup"])
    until(lambda: building(place))
    process.send_signal(signal.SIGHUP)
    status, output = ended(process)
    assert status == 0, output
    assert place.holds() == {"ground", "slow"}


@pytest.mark.parametrize("times", [2, 5])
def test_interrupted_again_and_again(place: Place, times: int) -> None:
    """An impatient user: the second Ctrl-C must not leave anything behind either."""
    place.recipe("slow", SLOW.format(name="slow", seconds=20))
    process = place.start("install", "-j1", "slow")
    until(lambda: building(place))
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    status, output = ended(process)
    assert status == 130, output
    assert "Traceback" not in output
    until(lambda: not sleepers(place), 5)
    assert place.holds() == {"ground"}
    place.ok("remove", "ground")


def test_interrupted_at_any_moment(place: Place) -> None:
    """Ctrl-C at moments spread over a whole installation: the old state or the new one, never another."""
    place.recipe("quick", SLOW.format(name="quick", seconds=0))
    started = time.monotonic()
    place.ok("install", "-j1", "quick")
    whole = time.monotonic() - started
    place.ok("remove", "quick")
    for step in range(8):
        place.recipe("quick", SLOW.format(name="quick", seconds=0) + f"# {step}\n")
        process = place.start("install", "-j1", "quick")
        time.sleep(whole * (step + 1) / 9)
        process.send_signal(signal.SIGINT)
        status, output = ended(process)
        # Before Python runs our code, the signal is Python's own: it dies of it, or says KeyboardInterrupt.
        assert status in (0, 130, -signal.SIGINT, 1 if "KeyboardInterrupt" in output else 0), output
        assert place.holds() in ({"ground"}, {"ground", "quick"}), output
        place.ok("list")
        until(lambda: not sleepers(place), 5)
        if status == 130:
            assert "[interrupted]" in output or "KeyboardInterrupt" in output, output
    place.ok("install", "-j1", "quick")
    assert place.holds() == {"ground", "quick"}
    assert place.staged() == []


def test_killed_while_building(place: Place) -> None:
    """kill -9 leaves a staging directory, which the next run clears; the builds die with their parent."""
    place.recipe("slow", SLOW.format(name="slow", seconds=20))
    process = place.start("install", "-j1", "slow")
    until(lambda: building(place))
    process.kill()
    ended(process)
    until(lambda: not sleepers(place), 5)
    assert place.holds() == {"ground"}
    assert place.staged()
    place.recipe("slow", SLOW.format(name="slow", seconds=0))
    place.ok("install", "-j1", "slow")
    assert place.holds() == {"ground", "slow"}
    assert place.staged() == []


def test_two_at_once_build_once(place: Place) -> None:
    place.recipe("slow", SLOW.format(name="slow", seconds=2))
    first = place.start("install", "-j1", "slow")
    until(lambda: building(place))
    second = place.start("install", "-j1", "slow")
    outputs = [ended(first), ended(second)]
    assert [status for status, _ in outputs] == [0, 0], outputs
    said = "".join(output for _, output in outputs)
    assert said.count("slow.1 [build]: built in") == 1, said
    assert "another process is building it; waiting" in said
    assert place.holds() == {"ground", "slow"}


def test_two_at_once_of_different_packages(place: Place) -> None:
    """Neither loses what the other installed."""
    for name in ("one", "two"):
        place.recipe(name, SLOW.format(name=name, seconds=1))
    outputs = [ended(process) for process in [place.start("install", "-j1", name) for name in ("one", "two")]]
    assert [status for status, _ in outputs] == [0, 0], outputs
    assert place.holds() == {"ground", "one", "two"}


@pytest.mark.parametrize(
    "command",
    [
        "dd if=/dev/zero of=big bs=1M count=100",
        "yes > /dev/stdout",
        "mkdir -p %{{share}}% && dd if=/dev/zero of=%{{share}}%/big bs=1M count=100",
    ],
    ids=["source", "log", "output"],
)
def test_full_disk(place: Place, command: str) -> None:
    """The state directory on a small file system of its own, in a namespace of its own."""
    place.recipe("big", FILLING.format(name="big", command=command.replace("{{", "{").replace("}}", "}")))
    script = f"""
        mount -t tmpfs -o size=64m tmpfs {place.root} || exit 77
        "$0" -m xpkg repo add here {place.repository} && "$0" -m xpkg install -j1 ground >/dev/null || exit 78
        "$0" -m xpkg install -j1 big; echo "status $?"
        cat {place.prefix}/share/ground; ls {place.prefix}/share
        df --output=avail {place.root} | tail -n 1
        "$0" -m xpkg list; echo "status $?"
    """
    done = run_script(script, place.environment, place.directory)
    said = done.stdout + done.stderr
    assert "status 31" in done.stdout, said
    assert "[disk-full]" in done.stderr, said
    assert "no space is left" in done.stderr
    assert "ground\nground\n" in done.stdout
    assert done.stdout.rstrip().endswith("status 0"), said
    assert "Traceback" not in said
    assert "internal" not in said


def test_a_disk_too_small_for_the_systems_programs(place: Place) -> None:
    script = f"""
        mount -t tmpfs -o size=8m tmpfs {place.root} || exit 77
        "$0" -m xpkg repo add here {place.repository} || exit 78
        "$0" -m xpkg install -j1 ground; echo "status $?"
        mount -o remount,size=64m {place.root}
        "$0" -m xpkg install -j1 ground >/dev/null; echo "status $?"
        cat {place.prefix}/share/ground; find {place.root} -name '.tmp-*'
    """
    done = run_script(script, place.environment, place.directory)
    said = done.stdout + done.stderr
    assert "xpkg: cannot copy the system's programs: no space is left on the device [disk-full]" in done.stderr, said
    assert done.stdout.endswith("status 31\nstatus 0\nground\n"), said


def fake(directory: Path, name: str, text: str) -> str:
    """A search path on which ``name`` is the given script."""
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    program.chmod(0o755)
    return f"{directory}:/usr/bin:/bin"


def test_no_user_namespaces(place: Place) -> None:
    """As the kernel answers when they are switched off."""
    place.recipe("more", SLOW.format(name="more", seconds=0))
    limited = ["unshare", "-Urm", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"]
    status, output = place.run("install", "-j1", "more", wrapper=limited)
    assert status == 50, output
    assert "[no-user-namespaces]" in output
    assert "max_user_namespaces" in output
    assert place.holds() == {"ground"}
    assert not list((place.root / "store").glob("failed/*"))


def test_unshare_is_refused(place: Place) -> None:
    """As under a container's seccomp profile."""
    place.recipe("more", SLOW.format(name="more", seconds=0))
    path = fake(place.directory / "fake", "unshare", "echo 'unshare failed: Operation not permitted' >&2; exit 1")
    status, output = place.run("install", "-j1", "more", PATH=path)
    assert status == 50, output
    assert "[no-user-namespaces]" in output
    assert "Operation not permitted" in output
    assert place.holds() == {"ground"}


def test_a_state_directory_that_cannot_hold_an_overlay(place: Place) -> None:
    """As in a container whose own root is an overlay."""
    place.recipe("more", SLOW.format(name="more", seconds=0))
    layers = place.directory / "layers"
    script = f"""
        mkdir -p {layers}/upper {layers}/work &&
        mount -t overlay overlay -o lowerdir={place.root},upperdir={layers}/upper,workdir={layers}/work,userxattr \\
            {place.root} || exit 77
        "$0" -m xpkg install -j1 more; echo "status $?"; "$0" -m xpkg list
    """
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, sys.executable],
        env=place.environment,
        cwd=place.directory,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(f"no overlay can be mounted here: {done.stderr}")
    said = done.stdout + done.stderr
    assert "status 50" in done.stdout, said
    assert "[no-overlay]" in done.stderr, said
    assert "more" not in done.stdout.partition("status")[2], said


@pytest.mark.parametrize(("missing", "package"), [("bwrap", "bubblewrap"), ("unshare", "util-linux")])
def test_a_program_of_xpkg_is_missing(place: Place, missing: str, package: str) -> None:
    place.recipe("more", SLOW.format(name="more", seconds=0))
    programs = place.directory / "programs"
    programs.mkdir()
    for path in Path("/usr/bin").iterdir():
        if path.name != missing:
            (programs / path.name).symlink_to(path)
    status, output = place.run("install", "-j1", "more", PATH=str(programs))
    assert status == 50, output
    assert f"missing system tool: {missing} [missing-system-tool]" in output
    assert f"apt-get install {package}" in output
    assert place.holds() == {"ground"}


def test_a_file_of_the_store_is_gone(place: Place) -> None:
    """An output that lost a file is not passed on as if it were whole."""
    for record in (place.root / "store" / "outputs").glob("*/record.json"):
        record.chmod(0o644)
        record.write_bytes(record.read_bytes()[:-40])
    place.recipe("more", SLOW.format(name="more", seconds=0))
    status, output = place.run("install", "-j1", "more")
    assert status == 31, output
    assert "[record-damaged]" in output
    assert place.holds() == {"ground"}


def test_a_build_that_leaves_daemons(place: Place) -> None:
    """What a build starts in the background ends with it."""
    place.recipe(
        "daemon",
        'x-toolchain: "none"\n'
        'build: ["sh" "-c" "(setsid sleep 300 > /dev/null 2>&1 &) ; echo started"]\n'
        'install: ["sh" "-c" "mkdir -p %{share}% && echo done > %{share}%/daemon"]',
    )
    started = time.monotonic()
    place.ok("install", "-j1", "daemon")
    assert time.monotonic() - started < 60
    until(lambda: not sleepers(place), 5)
    assert place.holds() == {"ground", "daemon"}
