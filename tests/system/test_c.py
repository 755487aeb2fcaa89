"""Build systems of C, unmodified: plain make, autoconf's way, CMake, Meson, pkg-config, and C++.

The packages are in tests/system/c; each is built for two targets, and what it made is run there.  XPKG_TEST_ROOT names
a state directory to use again.  A source that cannot be had skips the tests.
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
TOYS = Path(__file__).parent / "c"
SYNC_ERROR = 40
# What the toys call the machine they were compiled for.
MACHINES = {"linux-aarch64": "arm64", "linux-x86_64-musl": "amd64"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A state directory with the toys as a repository, and a switch for one target."""

    root: Path
    target: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One xpkg command line.  Skips the test when a source cannot be had now."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XPKG_")}
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
        options = ("--switch", f"c-{self.target}", "--target", self.target)
        answer = json.loads(self.ok("install", package, *options, "--yes", "--json"))
        return Path(answer["prefix"])

    def says(self, program: str) -> str:
        """What a program in the target's bin prints there."""
        options = ("--switch", f"c-{self.target}", "--target", self.target)
        return self.ok("run", f"bin/{program}", *options).strip()


@pytest.fixture(scope="module", params=sorted(MACHINES))
def place(request: pytest.FixtureRequest, state_root: Path) -> Place:
    made = Place(root=state_root, target=request.param)
    if "c-toys" not in made.ok("repo", "list"):
        made.ok("repo", "add", "c-toys", str(TOYS))
    made.run("switch", "create", f"c-{made.target}", "--target", made.target)
    return made


def test_what_was_built_runs_on_the_target(place: Place) -> None:
    """A generator compiled by a makefile, or by Meson as native, is the build machine's; all else is the target's."""
    machine = f"{MACHINES[place.target]}, generated on amd64"
    place.install("toy-c-autoconf")
    assert place.says("toy_c_autoconf") == f"autoconf: {machine}"
    place.install("toy-c-meson")
    assert place.says("toy_c_meson") == f"meson: {machine}, table on amd64"
    prefix = place.install("toy-c-cmake")
    assert place.says("toy_c_cmake") == f"cmake: {machine}, bits 64"
    assert place.says("toy_c_pkg_config") == f"cmake: {machine}, bits 64"
    assert (prefix / "lib" / "libpart.a").is_file()
    assert (prefix / "include" / "part.h").is_file()
    # Nothing could load a shared library where programs are static.
    assert (prefix / "lib" / "libmpart.so").is_file() == (place.target != "linux-x86_64-musl")


def test_cxx(place: Place) -> None:
    if place.target != "linux-aarch64":
        pytest.skip("once is enough: the library takes minutes to compile")
    place.install("toy-cxx")
    assert place.says("toy_cxx") == "c++: caught, of 3"
