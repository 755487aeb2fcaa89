"""Build systems of C, unmodified: plain make, autoconf's way, CMake, Meson, pkg-config, and C++.

The packages are in tests/system/c; each is built for two targets, and what it made is run there.  XPKG_TEST_ROOT names
a state directory to use again.  A source that cannot be had skips the tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.command_line import Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

TOYS = Path(__file__).parent / "c"
# What the toys call the machine they were compiled for.
MACHINES = {"linux-aarch64": "arm64", "linux-x86_64-musl": "amd64"}


@pytest.fixture(scope="module", params=sorted(MACHINES))
def place(request: pytest.FixtureRequest, state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Xpkg:
    """The toys as a repository, and a switch for one target."""
    target: str = request.param
    made = Xpkg(root=state_root, directory=tmp_path_factory.mktemp("c"), switch=f"c-{target}", target=target)
    made.add_repository("c-toys", TOYS)
    made.create_switch("--target", target)
    return made


def test_what_was_built_runs_on_the_target(place: Xpkg) -> None:
    """A generator compiled by a makefile, or by Meson as native, is the build machine's; all else is the target's."""
    machine = f"{MACHINES[place.target]}, generated on amd64"
    place.install("toy-c-autoconf")
    assert place.says("bin/toy_c_autoconf") == f"autoconf: {machine}\n"
    place.install("toy-c-meson")
    assert place.says("bin/toy_c_meson") == f"meson: {machine}, table on amd64\n"
    prefix = place.install("toy-c-cmake")
    assert place.says("bin/toy_c_cmake") == f"cmake: {machine}, bits 64\n"
    assert place.says("bin/toy_c_pkg_config") == f"cmake: {machine}, bits 64\n"
    assert (prefix / "lib" / "libpart.a").is_file()
    assert (prefix / "include" / "part.h").is_file()
    # Nothing could load a shared library where programs are static.
    assert (prefix / "lib" / "libmpart.so").is_file() == (place.target != "linux-x86_64-musl")


def test_cxx(place: Xpkg) -> None:
    if place.target != "linux-aarch64":
        pytest.skip("once is enough: the library takes minutes to compile")
    place.install("toy-cxx")
    assert place.says("bin/toy_cxx") == "c++: caught, of 3\n"
