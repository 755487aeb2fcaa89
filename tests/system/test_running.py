"""Products of Linux targets run here, and packages' own tests with them: by dune, make, Meson, topkg, in bytecode.

The projects are in tests/system/running, with recipes of public packages that have their tests.  XPKG_TEST_ROOT names a
state directory to use again; without it compilers are built anew.  What cannot be fetched now, and a machine without
the emulator, skip the tests.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.system.command_line import Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

PROJECTS = Path(__file__).parent / "running"
EMULATED = "linux-aarch64"
DIRECT = "linux-x86_64-musl"
# What the projects' programs call the machine that they were compiled for.
MACHINES = {EMULATED: "aarch64", DIRECT: "x86_64-musl"}
_EMULATORS = {
    EMULATED: "qemu-aarch64",
    "linux-riscv64": "qemu-riscv64",
    "linux-armv7": "qemu-arm",
}


@dataclass(frozen=True, kw_only=True)
class Place(Xpkg):
    """The directory has copies of the projects to change."""

    def tested(self, what: str, target: str) -> tuple[int, dict[str, Any]]:
        """The exit code of ``xpkg test`` and what it tells of the one package."""
        done = self.run("test", what, "--target", target, "--json")
        answer = json.loads(done.stdout)
        assert "results" in answer, done.stdout + done.stderr
        return done.returncode, answer["results"][0]

    def expect(self, project: str, machine: str) -> None:
        """Have the files of a project say which machine its programs are to be for."""
        for path in (PROJECTS / project).rglob("*"):
            if path.is_file():
                copy = self.directory / path.relative_to(PROJECTS)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(path.read_text().replace("MACHINE", machine))


@pytest.fixture
def place(state_root: Path, tmp_path: Path) -> Place:
    found = Place(root=state_root, directory=tmp_path)
    found.add_repository("running", PROJECTS / "repository")
    return found


def needs_emulator(target: str) -> None:
    name = _EMULATORS.get(target)
    if name is not None and shutil.which(name) is None:
        pytest.skip(f"{name} is not on this machine (Debian: qemu-user)")


def passed_there_and_failed_here(place: Place, project: str, target: str) -> str:
    """Have the project's tests expect the target, then this machine: were they run, they fail; the log of that."""
    place.expect(project, MACHINES[target])
    code, answer = place.tested(f"./{project}", target)
    assert (code, answer["result"]) == (0, "passed"), answer
    place.expect(project, "this machine")
    code, answer = place.tested(f"./{project}", target)
    assert (code, answer["result"]) == (1, "failed"), answer
    return Path(dict(answer["error"]["context"])["log"]).read_text()


@pytest.mark.parametrize("target", [EMULATED, DIRECT])
def test_dune_runs_the_targets_tests(place: Place, target: str) -> None:
    """Stanzas, expected output, aliases, rules that write output, programs by name, cram."""
    needs_emulator(target)
    log = passed_there_and_failed_here(place, "dune-project", target)
    for said in ("plain", "expected", "other"):
        assert f"{said} {'ran ' if said == 'plain' else ''}on {MACHINES[target]}" in log
    assert "+  " + MACHINES[target] in log  # of the cram test
    assert "this machine\n" not in log.replace("-expected on this machine\n", "").replace(
        "-other on this machine\n", ""
    ).replace("-  this machine\n", "").replace("-  other on this machine\n", "")


@pytest.mark.parametrize("target", [EMULATED, DIRECT])
def test_make_runs_the_targets_tests(place: Place, target: str) -> None:
    needs_emulator(target)
    passed_there_and_failed_here(place, "make-project", target)


@pytest.mark.parametrize("target", [EMULATED, DIRECT])
def test_meson_runs_the_targets_tests(place: Place, target: str) -> None:
    needs_emulator(target)
    place.expect("meson-project", "")
    code, answer = place.tested("./meson-project", target)
    assert (code, answer["result"]) == (0, "passed"), answer


@pytest.mark.parametrize("package", ["tested-astring", "tested-num", "tested-ocplib-endian"])
def test_public_packages_pass_their_tests(place: Place, package: str) -> None:
    """With topkg and ocamlbuild; with make, in bytecode and native code; with dune and a preprocessor."""
    needs_emulator(EMULATED)
    code, answer = place.tested(package, EMULATED)
    assert (code, answer["result"]) == (0, "passed"), answer


@pytest.mark.parametrize("target", [EMULATED, DIRECT, "linux-riscv64", "linux-armv7"])
def test_a_product_has_input_status_and_signals(place: Place, target: str) -> None:
    needs_emulator(target)
    place.expect("make-project", "")
    place = replace(place, switch=f"running-{target}", target=target)
    place.create_switch()
    place.install("./make-project")
    here = place.there
    # The program is linked with a library of the prefix.
    assert (done := place.run("run", "add", *here, "--", "1", "2")).stdout.endswith("3\n"), done.stderr
    assert place.run("run", "bin/add", *here, "--", "1", "3").returncode == 3
    assert place.run("run", "add", *here, given="1 2\n").stdout.endswith("3\n")
    assert place.run("run", "add", *here, "--", "abort").returncode == 128 + signal.SIGABRT
    assert place.run("run", "nothing", *here).returncode == 5
    process = subprocess.Popen(
        [sys.executable, "-m", "xpkg", "run", "add", *here, "--", "wait"],
        env=place.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30)[0] == "told\n"
    assert process.returncode == 6


def test_a_product_outside_of_every_switch(place: Place, tmp_path: Path) -> None:
    needs_emulator(EMULATED)
    place.expect("make-project", "")
    place.ok("build", "./make-project", "--target", EMULATED, "--output", str(tmp_path / "out"))
    program = next((tmp_path / "out").rglob("bin/add"))
    library = next((tmp_path / "out").rglob("libadd.so")).parent
    command = ("run", str(program), "--target", EMULATED, "--", "1", "2")
    done = place.run(*command, variables={"LD_LIBRARY_PATH": str(library)})
    assert done.stdout == "3\n", done.stderr
    refused = place.run("run", sys.executable, "--target", EMULATED)
    assert (refused.returncode, "[wrong-objects]" in refused.stderr) == (31, True)
