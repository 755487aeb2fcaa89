"""The main job, end to end: a kernel module with an OCaml program in it, from sources, and run.

XPKG_TEST_ROOT names a state directory to use again; without it everything is built anew, which takes as long as the
compilers take.  A source that cannot be fetched now skips the tests, with its name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.command_line import CLONE, Xpkg

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system")]

TARGET = "kfreebsd"
# Built a second time to compare; the rest of the store is lent, for compilers of the build machine take minutes.
ANEW = frozenset({"ocaml-kern", "cstruct", "lwt", "mirage-platform", "mirage-test"})
LIBRARIES = frozenset({".a", ".o", ".ko", ".cma", ".cmxa", ".cmx", ".cmo", ".cmi"})
SAYS = ("floats", "exceptions", "gc", "effects", "cstruct", "sleep")


@dataclass(frozen=True, kw_only=True)
class Place(Xpkg):
    """A state directory whose store is looked at."""

    def outputs(self) -> dict[str, Path]:
        """The store's outputs by key."""
        directory = self.root / "store" / "outputs"
        return {path.name: path for path in sorted(directory.iterdir())} if directory.is_dir() else {}


@pytest.fixture(scope="session")
def place(state_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(root=state_root, directory=tmp_path_factory.mktemp("home"), switch="default", target=TARGET)


@pytest.fixture(scope="session")
def prefix(place: Place) -> Path:
    """Where the first installation put the target's packages."""
    return place.install("mirage-test")


@pytest.fixture(scope="session")
def second(place: Place, prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Another state directory, which has the first one's sources and build-machine outputs."""
    assert prefix.is_dir()
    # Hard links need one file system.
    directory = (
        tmp_path_factory.mktemp("a-second-one-with-another-length")
        if "XPKG_TEST_ROOT" not in os.environ
        else place.root.with_name(place.root.name + "-second")
    )
    shutil.rmtree(directory, ignore_errors=True)
    other = Place(root=directory / "root", directory=directory / "home", switch="default", target=TARGET)
    (other.root / "store" / "outputs").mkdir(parents=True)
    other.directory.mkdir()
    subprocess.run(["cp", "-al", place.root / "cache", other.root / "cache"], check=True)
    for key, path in place.outputs().items():
        if record(path)["name"] not in ANEW or record(path)["machine"] == "build":
            subprocess.run(["cp", "-al", path, other.root / "store" / "outputs" / key], check=True)
    yield other
    if "XPKG_TEST_ROOT" in os.environ:
        subprocess.run(["chmod", "-R", "u+w", directory], check=False)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def kamlroot(second: Place) -> Path:
    """The same packages in a directory of the user's own."""
    chosen = second.directory / "okaml"
    assert second.install("mirage-test", "--prefix", str(chosen)) == chosen
    return chosen


def record(output: Path) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads((output / "record.json").read_bytes())["record"]
    return found


def contents(directory: Path) -> dict[str, bytes]:
    """Every file of a tree; links by their destination."""
    found: dict[str, bytes] = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = b"-> " + os.fsencode(os.readlink(path))
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def test_the_plan_shows_both_machines(place: Place) -> None:
    plan = json.loads(place.ok("install", "mirage-platform", *place.there, "--dry-run", "--json"))
    assert all(set(one) == {"action", "name", "version", "machine", "target", "reason"} for one in plan["actions"])
    assert {one["machine"] for one in plan["actions"]} <= {"build", TARGET}


def test_the_program_runs_inside_the_module(place: Place, prefix: Path) -> None:
    (module,) = prefix.rglob("mirage.ko")
    assert module.read_bytes()[:4] == b"\x7fELF"
    done = place.run("run", "mirage.ko", *place.there)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    lines = [line.strip() for line in said.splitlines()]
    assert any(re.search(r"OCaml 5\.\d+\.\d+ in the kernel", line) for line in lines), said
    for what in SAYS:
        assert any(re.search(rf"\b{what}\s+ok$", line) for line in lines), f"{what}\n{said}"
    assert any(line.endswith("goodbye") for line in lines), said
    assert "FAILED" not in said


def test_the_prefix_has_what_the_old_projects_expect(prefix: Path) -> None:
    for library in ("lwt", "cstruct", "mirage-platform"):
        assert (prefix / "lib" / "ocaml" / "site-lib" / library / "META").is_file()
    for program in ("ocamlfind", "ocamlopt", "ocamlc", "mirage-ko"):
        assert os.access(prefix / "bin" / program, os.X_OK)


def test_a_second_directory_gives_the_same_bytes(place: Place, prefix: Path, second: Place, kamlroot: Path) -> None:
    firsts, seconds = place.outputs(), second.outputs()
    compared = set()
    for key in sorted(firsts.keys() & seconds.keys()):
        name = record(firsts[key])["name"]
        if name in ANEW and record(firsts[key])["machine"] == TARGET:
            one, other = contents(firsts[key] / "files"), contents(seconds[key] / "files")
            assert one.keys() == other.keys(), name
            assert [path for path in one if one[path] != other[path]] == [], name
            compared.add(name)
    assert compared == ANEW
    one, other = contents(prefix), contents(kamlroot)
    assert one.keys() == other.keys()
    libraries = [path for path in one if Path(path).suffix in LIBRARIES]
    assert len(libraries) > 50
    assert [path for path in libraries if one[path] != other[path]] == []
    # What does differ knows its prefix, and nothing else.
    for path in one:
        if one[path] != other[path]:
            assert os.fsencode(kamlroot) in other[path] or os.fsencode(second.root) in other[path], path


def test_a_makefile_outside_xpkg(second: Place, kamlroot: Path, tmp_path: Path) -> None:
    """KAMLROOT, ocamlfind and make: nothing of xpkg is in the environment."""
    example = tmp_path / "kernel-hello"
    shutil.copytree(CLONE / "examples" / "kernel-hello", example)
    done = subprocess.run(
        ["make", f"KAMLROOT={kamlroot}"],
        cwd=example,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ran = second.run("run", "./hello.ko", *second.there, cwd=example)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "hello from the kernel" in ran.stdout + ran.stderr
    assert "goodbye" in ran.stdout + ran.stderr


def test_the_environment_of_a_switch_finds_the_targets_libraries(place: Place, prefix: Path) -> None:
    found = place.ok("exec", *place.there, "--", "ocamlfind", "-toolchain", TARGET, "query", "lwt")
    assert Path(found.strip()).resolve() == (prefix / "lib" / "ocaml" / "site-lib" / "lwt").resolve()


def test_again_it_is_instant(place: Place, prefix: Path) -> None:
    assert prefix.is_dir()
    answer = json.loads(place.ok("install", "mirage-test", *place.there, "--yes", "--json"))
    assert answer["actions"] == []
    assert answer["built"] == 0


def test_zz_removing_leaves_an_empty_prefix(second: Place, kamlroot: Path) -> None:
    """The last of this file, for the others use what it removes."""
    second.ok("remove", "mirage-test", *second.there, "--yes")
    current = second.root / "switches" / second.switch / "current"
    left = [path for tree in (TARGET, f"{TARGET}-tools") for path in (current / tree).rglob("*")]
    assert left == []
    assert not kamlroot.exists() or not list(kamlroot.iterdir())
