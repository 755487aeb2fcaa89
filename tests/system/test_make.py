"""Build systems other than dune, unmodified: make, ocamlbuild and its plugins, topkg, configures and setup scripts.

The packages are in tests/system/make; each is built for two targets, and what it made is run there.  XPKG_TEST_ROOT
names a state directory to use again; without it compilers are built anew.  A source that cannot be had skips the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

CLONE = Path(__file__).parent.parent.parent
TOYS = Path(__file__).parent / "make"
SYNC_ERROR = 40
# What the toys call the machine they were compiled for.
MACHINES = {"linux-aarch64": (1, "arm64"), "linux-x86_64-musl": (0, "amd64")}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A state directory with the toys as its first repository, and a switch for one target."""

    root: Path
    target: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One xpkg command line.  Skips the test when a source cannot be had now."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("XPKG_", "OCAML"))}
        done = subprocess.run(
            [sys.executable, "-m", "xpkg", *arguments],
            cwd=CLONE,
            env=environment | {"XPKG_ROOT": str(self.root)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == SYNC_ERROR:
            pytest.skip(f"a source cannot be fetched now: {done.stderr}")
        return done

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, f"xpkg {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def install(self, package: str) -> Path:
        """Install for the target; its prefix."""
        answer = json.loads(self.ok("install", package, "--target", self.target, "--yes", "--json"))
        return Path(answer["prefix"])

    def says(self, program: str) -> str:
        """What a program in the target's bin prints there."""
        return self.ok("run", f"bin/{program}", "--target", self.target).strip()


@pytest.fixture(scope="module", params=sorted(MACHINES))
def place(request: pytest.FixtureRequest, state_root: Path) -> Place:
    made = Place(root=state_root, target=request.param)
    if "toys" not in made.ok("repo", "list"):
        made.ok("repo", "add", "toys", str(TOYS), "--first")
    name = f"make-{made.target}"
    made.run("switch", "create", name, "--target", made.target)
    made.ok("switch", "set", name)
    return made


def test_plain_make_with_stubs(place: Place) -> None:
    """Compilers, gcc, ar and ocamlmklib by their plain names; stub libraries where programs look for them."""
    prefix = place.install("toy-make")
    assert (prefix / "lib" / "toy-make" / "META").is_file()
    assert (prefix / "lib" / "toy-make" / "libtoymake_stubs.a").is_file()
    shared = place.target != "linux-x86_64-musl"
    assert (prefix / "lib" / "stublibs" / "dlltoymake_stubs.so").is_file() == shared
    assert (prefix / "lib" / "toy-make" / "toymake.cmxs").is_file() == shared


@pytest.mark.parametrize(
    ("package", "program", "said"),
    [
        ("toy-topkg", "toy_topkg", "topkg: machine {machine}, bits 64, built on 64"),
        ("toy-ocb", "toy_ocb", "ocamlbuild: machine {machine}, built on 64"),
        ("toy-ocb-alone", "toy_alone", "alone: 64, built on 64"),
        ("toy-configure", "toy_configure", "configure: {arch}, machine {machine}"),
        ("toy-configure", "toy_configure.byte", "configure: {arch}, machine {machine}"),
        ("toy-setup", "toy_setup", "setup: machine {machine}"),
        ("toy-make-dune", "toy_make_dune", "dune: machine {machine}, built on 64"),
    ],
)
def test_what_was_built_runs_on_the_target(place: Place, package: str, program: str, said: str) -> None:
    place.install(package)
    machine, arch = MACHINES[place.target]
    assert place.says(program) == said.format(machine=machine, arch=arch)


def test_a_makefile_that_runs_what_it_compiled(place: Place) -> None:
    """It cannot work for another processor; the message says what was started, not what the kernel made of it."""
    if place.target != "linux-aarch64":
        pytest.skip("programs of this target run on the build machine too")
    done = place.run("install", "toy-generator", "--target", place.target, "--yes")
    assert done.returncode == 31
    assert "generate" in done.stderr
    assert "program of linux-aarch64" in done.stderr
