"""An entry's program: compiled in the environment of a switch, looked at, run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from tests.corpus.entry import Entry
from tests.corpus.places import Place, prefix_of
from tests.corpus.state import NATIVE

_COMPILE_S, _RUN_S = 300, 120
_CXX = frozenset((".cc", ".cpp", ".cxx"))


class ProgramFailed(Exception):
    """``step`` is what went wrong: compile, objects, run."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(f"{step}: {text}")
        self.step = step
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A place with its environment, and a directory for what is compiled there."""

    place: Place
    environment: Mapping[str, str]
    directory: Path

    def make(self, entry: Entry) -> Path:
        """The program of an entry for this machine, after a look at its ELF header.  ProgramFailed."""
        if entry.on_build:
            return Path(self.environment["XPKG_TOOLS"]) / "bin" / entry.command[0]
        made = self._installed(entry) if entry.program is None else self._compiled(entry, entry.program)
        self._check(made)
        return made

    def run(self, entry: Entry, program: Path) -> bytes | None:
        """What the program prints; None on a target without processes.  ProgramFailed when it does not end with 0."""
        arguments = entry.command[1:]
        command = [str(program), *arguments] if entry.on_build else self.place.command(program, arguments)
        if command is None:
            return None
        environment = self.environment if entry.on_build or self.place.target == NATIVE else None
        done = subprocess.run(
            command,
            env=environment or self.place.state.environment,
            cwd=self.directory,
            input=entry.input.encode(),
            capture_output=True,
            timeout=_RUN_S,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramFailed("run", f"ended with {done.returncode}: {_tail(done.stderr or done.stdout)}")
        return done.stdout

    def _installed(self, entry: Entry) -> Path:
        path = prefix_of(self.environment) / "bin" / entry.command[0]
        if not path.is_file():
            raise ProgramFailed("objects", f"bin/{entry.command[0]} is not there")
        return path

    def _compiled(self, entry: Entry, source: Path) -> Path:
        tree = self.directory / entry.name
        tree.mkdir(parents=True)
        if source.is_dir():
            return self._dune(tree, source)
        # Under a name of no library's module.
        main = Path(shutil.copy(source, tree / f"main{source.suffix}"))
        return self._c(entry, main) if entry.kind == "c" else self._ocaml(entry, main)

    def _ocaml(self, entry: Entry, source: Path) -> Path:
        name = self.place.toolchain
        toolchain = () if name is None else ("-toolchain", name)
        # A target without processes has nothing to link a program with: one object holds all.
        linked = self.place.command(source, ()) is not None
        product = source.with_suffix(".exe" if linked else ".o")
        whole = () if linked else ("-output-complete-obj",)
        packages = ("-package", ",".join(entry.link), "-linkpkg") if entry.link else ()
        command = ["ocamlfind", *toolchain, "ocamlopt", *packages, *entry.flags, *whole, source.name]
        self._call([*command, "-o", product.name], source.parent)
        return product

    def _dune(self, tree: Path, source: Path) -> Path:
        name = self.place.toolchain
        cross, context = ((), "default") if name is None else (("-x", name), f"default.{name}")
        shutil.copytree(source, tree, dirs_exist_ok=True)
        self._call(["dune", "build", "--root", ".", "--cache=disabled", *cross, "./main.exe"], tree)
        return tree / "_build" / context / "main.exe"

    def _c(self, entry: Entry, source: Path) -> Path:
        variable, name = ("CXX", "c++") if source.suffix in _CXX else ("CC", "cc")
        words: list[str] = []
        if entry.link:
            words = self._call(["pkg-config", "--static", "--cflags", "--libs", *entry.link], source.parent).split()
        product = source.with_suffix(".exe")
        compiler = self.environment.get(variable, name)
        self._call([compiler, source.name, "-o", product.name, *entry.flags, *words], source.parent)
        return product

    def _call(self, command: Sequence[str], tree: Path) -> str:
        # Searched for here: the search path of the new environment holds for what the command starts.
        program = shutil.which(command[0], path=self.environment["PATH"])
        if program is None:
            raise ProgramFailed("compile", f"there is no {command[0]}")
        done = subprocess.run(
            [program, *command[1:]],
            cwd=tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMPILE_S,
            check=False,
        )
        if done.returncode != 0:
            raise ProgramFailed("compile", f"{' '.join(command)}\n{_tail(done.stderr + done.stdout)}")
        return done.stdout.decode(errors="replace")

    def _check(self, program: Path) -> None:
        machine = self.place.elf_machine()
        try:
            with program.open("rb") as stream:
                found = ELFFile(stream)["e_machine"]
        except (OSError, ELFError) as error:
            raise ProgramFailed("objects", f"{program.name}: {error}") from None
        if found != machine:
            raise ProgramFailed("objects", f"{program.name} is for {found}, not {machine}")


def _tail(output: bytes) -> str:
    return output.decode(errors="replace").strip()[-1500:]
