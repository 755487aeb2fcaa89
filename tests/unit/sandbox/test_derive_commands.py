"""What stands before PATH where a build system is not told the target by an option."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject, variables
from xpkg.sandbox.layout import ETC, TARGET

MakeSubject = Callable[..., Subject]

COMPILERS = ("ocamlc", "ocamlc.opt", "ocamldep", "ocamlmklib", "ocamlopt", "ocamlopt.opt")
TOOLS_SEEN = {"ocaml": "5", "ocamlfind": "1", "ocamlbuild": "0", "topkg": "1"}


def generated(subject: Subject) -> list[str]:
    """The names of the scripts that are written, but for the compilers'."""
    names = [name.removeprefix("bin/") for name, _ in derive(subject).generated if name.startswith("bin/")]
    return [name for name in names if name not in COMPILERS]


def test_make_finds_the_targets_tools_by_plain_names(subject: MakeSubject) -> None:
    one = subject('build: [make "all"]', cross=True, tools_seen=TOOLS_SEEN)
    assert generated(one) == ["ar", "cc", "gcc", "ocaml", "ocamlbuild", "ocamlfind", "ranlib"]
    environment = dict(derive(one).environment)
    assert environment["PATH"].startswith(f"{ETC}/bin:")
    assert environment["OCAMLFIND_TOOLCHAIN"] == environment["TOPKG_CONF_TOOLCHAIN"] == "toy"


def test_makefiles_find_the_targets_cxx_by_plain_names(subject: MakeSubject) -> None:
    """Else g++ would be the build machine's, which the same dependency brings."""
    one = subject("build: [make]", cross=True, seen={"zig-cxx": "1"}, tools_seen={"zig-cxx": "1"})
    assert generated(one) == ["ar", "c++", "cc", "g++", "gcc", "ranlib"]
    assert f'exec {TARGET}/bin/toy-c++ "$@"' in dict(derive(one).generated)["bin/g++"]


def test_on_the_build_machine_there_is_nothing(subject: MakeSubject) -> None:
    one = subject('build: [make "all"]', seen=TOOLS_SEEN)
    assert generated(one) == []
    assert ETC not in dict(derive(one).environment)["PATH"]


def test_a_configure_picks_its_c_tools_itself(subject: MakeSubject) -> None:
    """It is told them by variables, and may look for a compiler of the build machine by its plain name."""
    one = subject('build: [["./configure"] [make]]', cross=True, tools_seen=TOOLS_SEEN)
    assert generated(one) == ["configure-for-target", "ocaml", "ocamlbuild", "ocamlfind"]


@pytest.mark.parametrize(
    "build",
    [
        '["dune" "build" "-p" name]',
        '["ocaml" "pkg/pkg.ml" "build"]',
        '[["rm" "-f" "old"] ["dune" "build"] ["cp" "a" "b"]]',
    ],
)
def test_who_is_told_by_an_option_sees_nothing_else(subject: MakeSubject, build: str) -> None:
    one = subject(f"build: {build}", cross=True, tools_seen=TOOLS_SEEN)
    assert generated(one) == []
    assert not {"OCAMLFIND_TOOLCHAIN", "TOPKG_CONF_TOOLCHAIN"} & set(dict(derive(one).environment))


@pytest.mark.parametrize("build", ['[["dune" "build"] [make "install"]]', '[["sh" "-c" "dune build"]]'])
def test_one_step_that_is_not_told_is_enough(subject: MakeSubject, build: str) -> None:
    one = subject(f"build: {build}", cross=True, tools_seen={"dune": "3", "ocaml": "5"})
    assert {"dune", "ocaml"} <= set(generated(one))


@pytest.mark.parametrize(
    ("variable", "here", "there"),
    [
        ("ocaml:native", True, True),
        ("ocaml:native-tools", True, True),
        ("ocaml:preinstalled", False, False),
        ("ocaml:native-dynlink", True, True),
        ("ocaml:version", "5.4.1", "5.4.1"),
        ("other:native", None, None),
    ],
)
def test_what_the_compiler_can_do(subject: MakeSubject, variable: str, here: object, there: object) -> None:
    seen = {"ocaml": "5.4.1", "other": "1"}
    assert variables(subject(seen=seen))(variable) == here
    assert variables(subject(seen=seen, cross=True))(variable) == there
    assert variables(subject(tools_seen=seen, cross=True))(variable) == there
