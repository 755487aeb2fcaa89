"""The scripts that stand before the build machine's tools: run, with tools that tell how they were started."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.sandbox.layout import ETC, TARGET, TOOLS
from xpkg.sandbox.target_commands import Commands, configure_script, scripts

Run = Callable[..., list[str]]

# Prints its name, the toolchain, whether the scripts are on PATH, and its arguments.
_TELL = """#!/bin/sh
case :$PATH: in *:{etc}/bin:*) own=target ;; *) own=tools ;; esac
echo "${{0##*/}} ${{OCAMLFIND_TOOLCHAIN-none}} $own $*"
"""


def commands(*native: str, on_path: bool = True, shared: bool = True) -> Commands:
    return Commands(
        name="toy",
        ocaml=f"{TARGET}/cross/bin",
        on_path=on_path,
        lib=f"{TARGET}/lib",
        native=frozenset(native),
        c_tools={"cc": f"{TARGET}/cross/bin/toy-cc"},
        shared=shared,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(command, *arguments, native=(...), files={...})``: what the tools behind the scripts say."""

    def place(text: str) -> str:
        for name, path in ((TOOLS, "tools"), (TARGET, "target"), (ETC, "etc")):
            text = text.replace(name, str(tmp_path / path))
        return text

    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o755)

    def start(
        command: str,
        *arguments: str,
        native: tuple[str, ...] = (),
        files: tuple[str, ...] = (),
        shared: bool = True,
    ) -> list[str]:
        told = commands(*native, shared=shared)
        for name, text in (*scripts(told).items(), ("bin/configure-for-target", configure_script())):
            write(tmp_path / "etc" / name, place(text))
        for name in ("ocaml", "ocamlfind", "ocamlbuild", "dune"):
            write(tmp_path / "tools" / "bin" / name, _TELL.format(etc=tmp_path / "etc"))
        write(tmp_path / "target" / "cross" / "bin" / "toy-cc", _TELL.format(etc=tmp_path / "etc"))
        for name in files:
            write(tmp_path / "src" / name, "")
        (tmp_path / "src").mkdir(exist_ok=True)
        path = f"{place(told.path)}:{tmp_path}/tools/bin:/usr/bin:/bin"
        answer = subprocess.run(
            [command, *arguments],
            cwd=tmp_path / "src",
            env={"PATH": path, "OCAMLFIND_TOOLCHAIN": "toy"},
            executable=str(tmp_path / "etc" / "bin" / command),
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.replace(str(tmp_path), "").splitlines()

    return start


ALL = ("ocaml", "ocamlfind", "ocamlbuild", "dune")


def test_scripts_are_there_for_what_the_build_machine_has() -> None:
    assert sorted(scripts(commands("ocaml", "ocamlfind", "gmp"))) == ["bin/cc", "bin/ocaml", "bin/ocamlfind"]
    assert commands("ocaml").path == f"{ETC}/bin:{TARGET}/cross/bin"
    assert commands("ocaml", on_path=False).path == f"{ETC}/bin"


def test_a_compiler_among_programs_of_the_target() -> None:
    texts = scripts(commands("ocaml", on_path=False))
    assert set(texts) >= {"bin/ocamlc", "bin/ocamlopt", "bin/ocamlopt.opt", "bin/ocamldep", "bin/ocamlmklib"}
    assert f"exec {TARGET}/cross/bin/ocamlopt.opt " in texts["bin/ocamlopt.opt"]


def test_nothing_stands_before_path_where_there_is_nothing_to_start() -> None:
    """The toolchain's own package: its build is the same as ever."""
    nothing = Commands(name="toy", ocaml="/x", on_path=False, lib="/y", native=frozenset({"zig"}), c_tools={})
    assert nothing.path == ""
    assert scripts(nothing) == {}


def test_findlib_is_told_the_target_whoever_starts_it(run: Run) -> None:
    assert run("ocamlfind", "query", "x y", native=ALL) == ["ocamlfind toy target query x y"]


def test_stub_libraries_have_a_directory(run: Run, tmp_path: Path) -> None:
    run("ocamlfind", "install", "thing", "META", "thing.cma", native=ALL)
    assert not (tmp_path / "target" / "lib").exists()
    run("ocamlfind", "install", "thing", "META", "dllthing.so", native=ALL)
    assert (tmp_path / "target" / "lib" / "stublibs").is_dir()


def test_what_a_target_without_shared_objects_cannot_have_is_not_missed(run: Run, tmp_path: Path) -> None:
    listed = ("META", "a.cma", "dlla.so", "dllb_stubs.*", "sub/a.cmxs", "there.cmxs", "gone.cmi", "a b")
    said = run("ocamlfind", "install", "thing", *listed, native=ALL, files=("there.cmxs",), shared=False)
    assert said == ["ocamlfind toy target install thing META a.cma there.cmxs gone.cmi a b"]
    assert run("ocamlfind", "query", "dlla.so", native=ALL, shared=False) == ["ocamlfind toy target query dlla.so"]
    assert "dlla.so" in run("ocamlfind", "install", "thing", "dlla.so", native=ALL)[0]


def test_the_toplevel_finds_the_build_machines_libraries(run: Run) -> None:
    assert run("ocaml", "setup.ml", "-configure", native=ALL) == ["ocaml none target setup.ml -configure"]


def test_a_c_compiler_by_its_plain_name_is_the_targets(run: Run) -> None:
    assert run("cc", "-c", "a.c", native=ALL) == ["toy-cc toy target -c a.c"]


TOOL_OPTIONS = " ".join(
    f"-{tool} /target/cross/bin/{tool}" for tool in ("ocamlc", "ocamlopt", "ocamldep", "ocamlmklib")
)


@pytest.mark.parametrize(
    ("native", "arguments", "options"),
    [
        (ALL, "a.native", "-use-ocamlfind -toolchain toy"),
        (ALL, "-use-ocamlfind a.native", "-use-ocamlfind -toolchain toy"),
        (ALL, "-no-ocamlfind a.native", TOOL_OPTIONS),
        (("ocaml", "ocamlbuild"), "a.native", TOOL_OPTIONS),
        (ALL, "-toolchain other a.native", ""),
        (ALL, "-ocamlopt mine a.native", ""),
    ],
)
def test_ocamlbuild_is_told_the_compilers(run: Run, native: tuple[str, ...], arguments: str, options: str) -> None:
    said = " ".join(part for part in (options, arguments) if part)
    assert run("ocamlbuild", *arguments.split(), native=native) == [f"ocamlbuild none target {said}"]


def test_a_plugin_of_ocamlbuild_is_compiled_for_the_build_machine(run: Run) -> None:
    assert run("ocamlbuild", "a.native", native=ALL, files=("myocamlbuild.ml",)) == [
        "ocamlbuild none tools -use-ocamlfind -toolchain toy -just-plugin a.native",
        "ocamlbuild none target -use-ocamlfind -toolchain toy a.native",
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("build -p x @install", "build -x toy -p x @install"),
        ("build x.install @a -j 2", "build -x toy x-toy.install @a -j 2"),
        ("build x-toy.install --only=y.install", "build -x toy x-toy.install --only=y.install"),
        ("install --prefix /p x", "install -x toy --create-install-files --prefix /p x"),
        ("install x --create-install-files", "install -x toy --create-install-files x"),
        ("build -x other", "build -x other"),
        ("build --workspace=w", "build --workspace=w"),
        ("test a -- -x", "test -x toy a -- -x"),
        ("exec ./a.exe", "exec ./a.exe"),
        ("subst", "subst"),
        ("--version", "--version"),
    ],
)
def test_dune_that_a_script_starts(run: Run, given: str, expected: str) -> None:
    assert run("dune", *given.split(), native=ALL) == [f"dune none tools {expected}"]


_AUTOCONF = '#!/bin/sh\n# Generated by GNU Autoconf 2.71 for thing.\necho "$@"\n'
_OLD_AUTOCONF = '#!/bin/sh\n# Generated automatically using autoconf version 2.13\necho "$@"\n'
_HAND = '#!/bin/sh\n# Neither autoconf nor automake.\ncase $1 in -prefix) ;; *) exit 2 ;; esac\necho "$@"\n'
_HOST_ONLY = '#!/bin/sh\nfor arg; do case $arg in --host=*) ;; *) exit 2 ;; esac; done\necho "$@"\n'


@pytest.mark.parametrize(
    ("script", "command", "answer"),
    [
        (_AUTOCONF, "./configure --prefix=/x", ["--prefix=/x --build=b --host=h"]),
        (_AUTOCONF, "sh -e ./configure", ["--build=b --host=h"]),
        (_OLD_AUTOCONF, "env X=1 sh ./configure", ["--build=b --host=h"]),
        (_HAND, "./configure -prefix", ["knows no --host", "-prefix"]),
        (_HOST_ONLY, "./configure", ["--host=h"]),
    ],
)
def test_a_configure_is_told_what_it_understands(
    run: Run, tmp_path: Path, script: str, command: str, answer: list[str]
) -> None:
    place = tmp_path / "src" / "configure"
    place.parent.mkdir()
    place.write_text(script)
    place.chmod(0o755)
    lines = run("configure-for-target", "b", "h", *command.split())
    assert len(lines) == len(answer)
    for line, expected in zip(lines, answer, strict=True):
        assert line == expected or (" " in expected and expected in line and not line.startswith("-"))
