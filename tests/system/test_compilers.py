"""The cross compilers, by programs: what they make does the same on the target as here.

Every program is compiled by the build machine's compiler of the same version as well, and its output compared.
XPKG_TEST_ROOT names a state directory to use again; XPKG_TEST_COMPILERS only some of the pairs below
("5.4.1:linux-aarch64 4.14.1:linux-armv7").
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from xpkg.repo.targets import read_target

# Compilers may have to be built first.
pytestmark = [pytest.mark.system, pytest.mark.xdist_group("system"), pytest.mark.timeout(7200)]

CLONE = Path(__file__).parent.parent.parent
SOURCES = Path(__file__).parent / "compilers"
SYNC_ERROR = 40
PAIRS = (
    ("5.4.1", "linux-aarch64"),
    ("5.4.1", "linux-x86_64-musl"),
    ("5.4.1", "linux-riscv64"),
    ("4.14.1", "linux-armv7"),
    ("4.14.1", "linux-aarch64"),
)


@dataclass(frozen=True, kw_only=True)
class Compilers:
    """One machine's commands, and how a program of it is started."""

    commands: Path
    ocamlrun: Path
    runner: tuple[str, ...]
    directory: Path

    def command(self, name: str, *arguments: str) -> str:
        """Run one of the commands; what it says."""
        return succeed([str(self.commands / name), *arguments], self.directory)

    def run(self, program: str, *arguments: str) -> str:
        """Run a product of the compilers."""
        return succeed([*self.runner, str(self.directory / program), *arguments], self.directory)

    def bytecode(self, program: str, *arguments: str) -> str:
        return succeed([*self.runner, str(self.ocamlrun), program, *arguments], self.directory)

    @property
    def five(self) -> bool:
        return not self.command("ocamlc", "-version").startswith("4")

    def libraries(self, extension: str, *names: str) -> list[str]:
        """Options that link these libraries."""
        paths = names if self.five else tuple({"threads"} & {*names})
        return [*(word for name in paths for word in ("-I", f"+{name}")), *(f"{name}.{extension}" for name in names)]


def succeed(argv: list[str], directory: Path) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C", "TMPDIR": str(directory)}
    environment["CAML_LD_LIBRARY_PATH"] = str(directory)
    done = subprocess.run(
        argv, cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def chosen() -> list[tuple[str, str]]:
    """The pairs asked for, or all of them; KeyError for one that there is not."""
    known = {":".join(pair): pair for pair in PAIRS}
    wanted = os.environ.get("XPKG_TEST_COMPILERS", "").split()
    return [known[name] for name in wanted] or [*PAIRS]


@pytest.fixture(scope="module", params=chosen(), ids=":".join)
def both(
    request: pytest.FixtureRequest, state_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Compilers, Compilers]:
    """The build machine's compilers and the target's, each with a directory that has the sources."""
    version, target = request.param
    described = read_target(CLONE / "targets" / f"{target}.toml")
    assert described.run is not None
    switch = f"compilers-{version}-{target}"
    home = tmp_path_factory.mktemp("home")
    xpkg(state_root, home, "install", f"ocaml={version}", "--target", target, "--switch", switch, new=switch)
    runner = xpkg(state_root, home, "install", described.run.package, "--switch", "compilers-run", new="compilers-run")
    prefixes = state_root / "switches" / switch / "current"
    words = {"prefix": str(prefixes / target), "product": ""}
    command = [word.format(**words) for word in described.run.command]
    native = prefixes / f"{target}-tools"
    return (
        Compilers(commands=native / "bin", ocamlrun=native / "bin/ocamlrun", runner=(), directory=copied(home, "here")),
        Compilers(
            commands=prefixes / target / described.toolchain.ocaml,
            ocamlrun=prefixes / target / "bin/ocamlrun",
            runner=(str(runner / "bin" / command[0]), *(word for word in command[1:] if word)),
            directory=copied(home, "there"),
        ),
    )


def copied(home: Path, name: str) -> Path:
    return Path(shutil.copytree(SOURCES, home / name))


def xpkg(root: Path, home: Path, *arguments: str, new: str) -> Path:
    """Install into a switch of its own; the prefix."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XPKG_", "OCAML"))}
    environment |= {"HOME": str(home), "XPKG_ROOT": str(root), "PYTHONPATH": str(CLONE)}
    command = [sys.executable, "-m", "xpkg"]
    if not (root / "switches" / new).is_dir():
        subprocess.run([*command, "switch", "create", new], env=environment, cwd=home, check=True, capture_output=True)
    done = subprocess.run(
        [*command, *arguments, "--yes", "--json"],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == SYNC_ERROR:
        pytest.skip(f"a source cannot be fetched now: {done.stderr}")
    assert done.returncode == 0, f"xpkg {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return Path(json.loads(done.stdout)["prefix"])


def same(both: tuple[Compilers, Compilers], name: str, *libraries: str) -> None:
    """The program, in native code and in bytecode, says on the target what it says here."""
    said = []
    for one in both:
        one.command("ocamlopt", *one.libraries("cmxa", *libraries), f"{name}.ml", "-o", name)
        said.append(one.run(name))
        # Without shared objects, libraries with C code need a bytecode interpreter made for the program.
        custom = bool(libraries) and not shared(one)
        more = ["-custom"] if custom else []
        one.command("ocamlc", *more, *one.libraries("cma", *libraries), f"{name}.ml", "-o", f"{name}.bc")
        said.append(one.run(f"{name}.bc") if custom else one.bytecode(f"{name}.bc"))
    assert said[0]
    assert said == [said[0]] * 4


def test_numbers_exceptions_and_memory(both: tuple[Compilers, Compilers]) -> None:
    same(both, "core")


def test_stack_overflow(both: tuple[Compilers, Compilers]) -> None:
    there = both[1]
    there.command("ocamlc", "overflow.ml", "-o", "overflow.bc")
    assert there.bytecode("overflow.bc") == "Stack_overflow\n10000\n" * 2
    if there.command("ocamlopt", "-config-var", "architecture").strip() == "arm":
        pytest.skip(
            "OCaml 4.14 does not notice it in native code of 32-bit ARM (its configure.ac: HAS_STACK_OVERFLOW...)"
        )
    same(both, "overflow")


def test_processes_threads_and_regular_expressions(both: tuple[Compilers, Compilers]) -> None:
    same(both, "libraries", "unix", "str", "threads")


def test_domains_and_effects(both: tuple[Compilers, Compilers]) -> None:
    if not both[0].five:
        pytest.skip("OCaml 4 has none")
    same(both, "five")


def test_the_size_of_a_word_is_the_targets(both: tuple[Compilers, Compilers]) -> None:
    there = both[1]
    there.command("ocamlopt", "words.ml", "-o", "words")
    there.command("ocamlc", "words.ml", "-o", "words.bc")
    assert there.run("words") == there.bytecode("words.bc")
    narrow = (there.directory / "words").read_bytes()[4] == 1  # ELFCLASS32
    expected = "1073741823 31 32 32" if narrow else "4611686018427387903 63 64 64"
    assert there.run("words").splitlines()[0] == expected


def test_literals_too_large_for_the_target_are_refused(both: tuple[Compilers, Compilers]) -> None:
    there = both[1]
    narrow = there.command("ocamlc", "-config-var", "word_size").strip() == "32"
    (there.directory / "large.ml").write_text("let () = print_int 0x7fffffffff\n")
    if narrow:
        with pytest.raises(AssertionError, match="exceeds the range"):
            there.command("ocamlopt", "-c", "large.ml")
    else:
        there.command("ocamlopt", "-c", "large.ml")


def test_c_stubs_by_ocamlmklib(both: tuple[Compilers, Compilers]) -> None:
    said = []
    for one in both:
        one.command("ocamlopt", "-c", "stubs.c")
        one.command("ocamlmklib", "-o", "stubs", "stubs.o")
        one.command("ocamlopt", "-I", ".", "-cclib", "-lstubs", "stubbed.ml", "-o", "stubbed")
        one.command("ocamlc", "-custom", "-I", ".", "-cclib", "-lstubs", "stubbed.ml", "-o", "stubbed.custom")
        said += [one.run("stubbed"), one.run("stubbed.custom")]
        if (one.directory / "dllstubs.so").exists():
            one.command("ocamlc", "-dllib", "-lstubs", "stubbed.ml", "-o", "stubbed.bc")
            said.append(one.bytecode("stubbed.bc"))
    assert "through C" in said[0]
    assert set(said) == {said[0]}
    assert shared(both[1]) == (both[1].directory / "dllstubs.so").exists()


def test_plugins(both: tuple[Compilers, Compilers]) -> None:
    said = []
    for one in both:
        one.command("ocamlc", "-c", "registry.ml", "plugin.ml")
        one.command(
            "ocamlc", *one.libraries("cma", "dynlink"), "-linkall", "registry.cmo", "loader.ml", "-o", "loader.bc"
        )
        said.append(one.bytecode("loader.bc", "plugin.cmo"))
        if shared(one):
            one.command("ocamlopt", "-c", "registry.ml")
            one.command("ocamlopt", "-shared", "plugin.ml", "-o", "plugin.cmxs")
            one.command(
                "ocamlopt", *one.libraries("cmxa", "dynlink"), "-linkall", "registry.cmx", "loader.ml", "-o", "loader"
            )
            said.append(one.run("loader", "plugin.cmxs"))
            assert "Name: Plugin" in one.command("ocamlobjinfo", "plugin.cmxs")
    assert "loaded 1.5\n42" in said[0]
    assert set(said) == {said[0]}


def test_an_object_for_a_program_in_c(both: tuple[Compilers, Compilers]) -> None:
    said = []
    for one in both:
        one.command("ocamlopt", "-output-complete-obj", "embedded.ml", "-o", "embedded.o")
        one.command("ocamlc", "-output-complete-exe", "embedded.ml", "-o", "embedded.exe")
        compiler = one.command("ocamlopt", "-config-var", "native_c_compiler").split()
        libraries = one.command("ocamlopt", "-config-var", "native_c_libraries").split()
        headers = one.command("ocamlc", "-where").strip()
        succeed([*compiler, "-I", headers, "-o", "c", "startup.c", "embedded.o", *libraries], one.directory)
        said.append(one.run("c") + one.run("embedded.exe"))
    assert said == ["started 42\nstarted "] * 2


def shared(compilers: Compilers) -> bool:
    """Whether the machine's programs load shared objects."""
    return compilers.command("ocamlopt", "-config-var", "supports_shared_libraries").strip() == "true"
