"""Build systems other than dune, unmodified: make, ocamlbuild and its plugins, topkg, configures and setup scripts.

The packages are in tests/system/make; each is built for two targets, and what it made is run there.  XPKG_TEST_ROOT
names a state directory to use again; without it compilers are built anew.  A source that cannot be had skips the tests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.command_line import Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

TOYS = Path(__file__).parent / "make"
# What the toys call the machine they were compiled for.
MACHINES = {"linux-aarch64": (1, "arm64"), "linux-x86_64-musl": (0, "amd64")}


@pytest.fixture(scope="module", params=sorted(MACHINES))
def place(request: pytest.FixtureRequest, state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Xpkg:
    """The toys as the first repository, and a switch for one target."""
    target: str = request.param
    made = Xpkg(root=state_root, directory=tmp_path_factory.mktemp("make"), switch=f"make-{target}", target=target)
    made.add_repository("toys", TOYS, "--first")
    made.create_switch("--target", target)
    return made


def test_plain_make_with_stubs(place: Xpkg) -> None:
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
def test_what_was_built_runs_on_the_target(place: Xpkg, package: str, program: str, said: str) -> None:
    place.install(package)
    machine, arch = MACHINES[place.target]
    assert place.says(f"bin/{program}") == said.format(machine=machine, arch=arch) + "\n"


def test_a_makefile_that_runs_what_it_compiled(place: Xpkg) -> None:
    """It cannot work for another processor; the message says what was started, not what the kernel made of it."""
    if place.target != "linux-aarch64":
        pytest.skip("programs of this target run on the build machine too")
    done = place.run("install", "toy-generator", *place.there, "--yes")
    assert done.returncode == 31
    assert "generate" in done.stderr
    assert "program of linux-aarch64" in done.stderr
