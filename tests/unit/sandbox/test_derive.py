"""From a recipe to steps: variables, environment, generated files, cross rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject, build_environment, variables
from xpkg.sandbox.layout import SOURCE, TARGET, TOOLS
from xpkg.sandbox.steps import JOBS
from xpkg.sandbox.updates import updated

MakeSubject = Callable[..., Subject]

DUNE = 'build: ["dune" "build" "-p" name "-j" jobs]'
PLAIN = 'build: [make "-j%{jobs}%" "PREFIX=%{prefix}%"]\ninstall: [make "install"]'


def test_the_build_machine_runs_a_recipe_as_it_is(subject: MakeSubject) -> None:
    steps = derive(subject(DUNE))
    assert [step.argv for step in steps.commands] == [("dune", "build", "-p", "thing", "-j", JOBS)]
    assert steps.commands[0].command(8) == ["dune", "build", "-p", "thing", "-j", "8"]
    assert steps.commands[0].rules == ()
    assert steps.install_files == ("thing.install",)
    assert dict(steps.environment)["CC"] == f"{TOOLS}/bin/cc"
    assert "OCAMLFIND_TOOLCHAIN" not in dict(steps.environment)
    assert [name for name, _ in steps.generated] == ["findlib.conf"]


def test_a_target_gets_what_dune_needs(subject: MakeSubject) -> None:
    steps = derive(subject(DUNE, cross=True))
    assert steps.commands[0].argv == ("dune", "build", "-x", "toy", "-p", "thing", "-j", JOBS)
    assert "dune: -x toy" in steps.commands[0].rules[0]
    assert steps.install_files == ("thing-toy.install", "thing.install")
    environment = dict(steps.environment)
    # dune must not see it: it would take the target's tools for its build-machine context.
    assert "OCAMLFIND_TOOLCHAIN" not in environment
    assert environment["CC"] == f"{TARGET}/bin/toy-cc" or environment["CC"] == f"{TOOLS}/bin/toy-cc"
    assert environment["CC_FOR_BUILD"] == f"{TOOLS}/bin/cc"
    generated = dict(steps.generated)
    assert f'destdir(toy)="{TARGET}/lib/ocaml/site-lib"' in generated["findlib.conf.d/toy.conf"]
    assert f'ocamlopt(toy)="{TARGET}/bin/ocamlopt"' in generated["findlib.conf.d/toy.conf"]
    assert f'path="{TOOLS}/lib:{TOOLS}/lib/ocaml"' in generated["findlib.conf"]
    assert sorted(generated) == ["findlib.conf", "findlib.conf.d/toy.conf"]
    assert "CMAKE_TOOLCHAIN_FILE" not in environment


def test_files_for_build_tools_are_made_where_the_tool_is(subject: MakeSubject) -> None:
    steps = derive(subject(PLAIN, cross=True, tools_seen={"meson": "1.0", "cmake": "3.0"}))
    generated = dict(steps.generated)
    assert "cpu_family = 'riscv64'" in generated["cross.meson"]
    assert "CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER" in generated["toolchain.cmake"]
    assert dict(steps.environment)["CMAKE_TOOLCHAIN_FILE"] == "/xpkg/etc/toolchain.cmake"


def test_a_compiler_sees_no_toolchain_of_its_own(subject: MakeSubject) -> None:
    steps = derive(subject(f"flags: compiler\n{PLAIN}", cross=True))
    assert [name for name, _ in steps.generated] == ["findlib.conf"]
    assert "OCAMLFIND_TOOLCHAIN" not in dict(steps.environment)


def test_a_target_without_dune_selects_the_findlib_toolchain(subject: MakeSubject) -> None:
    steps = derive(subject(PLAIN, cross=True))
    assert dict(steps.environment)["OCAMLFIND_TOOLCHAIN"] == "toy"
    assert [(step.phase, step.argv) for step in steps.commands] == [
        ("build", ("make", f"-j{JOBS}", f"PREFIX={TARGET}")),
        ("install", ("make", "install")),
    ]


def test_the_derivation_is_a_function(subject: MakeSubject) -> None:
    one = subject(DUNE, cross=True)
    assert derive(one) == derive(one)
    assert derive(one).as_value() == derive(one).as_value()


def test_jobs_stand_in_no_value(subject: MakeSubject) -> None:
    """The number of jobs differs from machine to machine and must not reach the build key."""
    step = derive(subject(PLAIN)).commands[0]
    assert step.command(1) != step.command(2)
    assert JOBS in step.argv[1]


@pytest.mark.parametrize(
    ("name", "here", "there"),
    [
        ("name", "thing", "thing"),
        ("version", "1.2", "1.2"),
        ("_:name", "thing", "thing"),
        ("_:version", "1.2", "1.2"),
        ("prefix", TOOLS, TARGET),
        ("lib", f"{TOOLS}/lib", f"{TARGET}/lib/ocaml/site-lib"),
        ("stublibs", f"{TOOLS}/lib/stublibs", f"{TARGET}/lib/ocaml/site-lib/stublibs"),
        ("bin", f"{TOOLS}/bin", f"{TARGET}/bin"),
        ("tools", TOOLS, TOOLS),
        ("os", "linux", "toy"),
        ("arch", "x86_64", "riscv64"),
        ("triple", "x86_64-linux-gnu", "riscv64-toy-none"),
        ("build-triple", "x86_64-linux-gnu", "x86_64-linux-gnu"),
        ("target", "", "toy"),
        ("cross", False, True),
        ("jobs", JOBS, JOBS),
        ("with-test", False, False),
        # A directory, as in opam: no filter can be made of it.
        ("build", SOURCE, SOURCE),
        ("_:build", SOURCE, SOURCE),
        ("linked:build", None, None),
        ("post", None, None),
        ("pinned", False, False),
        ("_:pinned", False, False),
        ("absent:pinned", False, False),
        ("linked:dev", False, False),
        ("absent:dev", None, None),
        ("installed", False, False),
        ("exe", "", ""),
        ("linked:installed", True, True),
        ("linked:version", "3", "3"),
        ("linked:lib", f"{TOOLS}/lib/linked", f"{TARGET}/lib/ocaml/site-lib/linked"),
        ("absent:installed", False, False),
        ("absent:version", None, None),
        ("absent:lib", None, None),
        ("thing:version", "1.2", "1.2"),
        ("thing:installed", False, False),
        ("_:lib", f"{TOOLS}/lib/thing", f"{TARGET}/lib/ocaml/site-lib/thing"),
        ("no-such-variable", None, None),
    ],
)
def test_variables(subject: MakeSubject, name: str, here: object, there: object) -> None:
    seen = {"linked": "3"}
    assert variables(subject(seen=seen))(name) == here
    assert variables(subject(seen=seen, tools_seen={"runner": "9"}, cross=True))(name) == there


def test_what_runs_while_building_is_found_in_the_tools(subject: MakeSubject) -> None:
    value = variables(subject(seen={"both": "2"}, tools_seen={"runner": "9", "both": "2"}, cross=True))
    assert value("runner:installed") is True
    assert value("runner:version") == "9"
    assert value("runner:bin") == f"{TOOLS}/bin"
    assert value("runner:lib") == f"{TOOLS}/lib/runner"
    # The own machine's instance is meant where there are two.
    assert value("both:lib") == f"{TARGET}/lib/ocaml/site-lib/both"


@pytest.mark.parametrize("cross", [False, True])
def test_the_environment_is_closed(subject: MakeSubject, monkeypatch: pytest.MonkeyPatch, cross: bool) -> None:
    """Nothing of the user's own environment gets in."""
    one = subject(cross=cross)
    before = build_environment(one)
    monkeypatch.setenv("CFLAGS", "-O3")
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("OCAMLPATH", "/somewhere")
    assert build_environment(one) == before
    assert before["SOURCE_DATE_EPOCH"] == "1"
    assert before["HOME"] == "/xpkg/home"
    assert before["PATH"] == f"{TOOLS}/bin:/usr/bin"
    assert before["LC_ALL"] == "C"
    assert before["TZ"] == "UTC"
    assert all(isinstance(value, str) for value in before.values())


@pytest.mark.parametrize(
    ("operator", "results"),
    [
        # The value before: unset, "a:b", ":a", "a:".
        ("=", ["x", "x", "x", "x"]),
        ("+=", ["x", "x:a:b", "x::a", "x:a:"]),
        ("=+", ["x", "a:b:x", ":a:x", "a::x"]),
        (":=", ["x:", "x:a:b", ":x:a", "x:a:"]),
        ("=:", [":x", "a:b:x", ":a:x", "a:x:"]),
        ("=+=", ["x", "x:a:b", "x::a", "x:a:"]),
    ],
)
def test_operators_of_updates(operator: str, results: list[str]) -> None:
    assert [updated(present, operator, "x") for present in ("", "a:b", ":a", "a:")] == results


BUILD_ENV = """
build-env: [
  [PATH += "%{prefix}%/libexec"] [NEW := "%{name}%.%{version}%"] [PKG_CONFIG_LIBDIR =: "/more"]
  [CROSS = "yes"] {cross} [LEVEL = "%{jobs}%"] [EMPTY = "%{no-such-variable}%"]
]
"""


@pytest.mark.parametrize(("cross", "prefix"), [(False, TOOLS), (True, TARGET)])
def test_a_build_has_its_own_environment(subject: MakeSubject, cross: bool, prefix: str) -> None:
    steps = derive(subject(BUILD_ENV, cross=cross))
    environment = dict(steps.environment)
    assert environment["PATH"] == f"{prefix}/libexec:{TOOLS}/bin:/usr/bin"
    assert environment["NEW"] == "thing.1.2:"
    assert environment["PKG_CONFIG_LIBDIR"].endswith("/share/pkgconfig:/more")
    assert ("CROSS" in environment) == cross
    assert environment["EMPTY"] == ""
    assert environment["LEVEL"] == JOBS
    assert steps.variables(7)["LEVEL"] == "7"


def test_dependencies_set_variables_with_their_own_values(subject: MakeSubject) -> None:
    setenv = 'setenv: [[PLACE += "%{lib}%:%{_:version}%:%{dune:installed}%"] [OWN = "%{name}%"]]'
    setting = (subject(setenv), subject(setenv, cross=True, seen={"dune": "3"}))
    one = replace(subject('build-env: OWN += "mine"', cross=True), setting=setting)
    environment = dict(derive(one).environment)
    assert environment["PLACE"] == f"{TARGET}/lib/ocaml/site-lib:1.2:true:{TOOLS}/lib:1.2:false"
    assert environment["OWN"] == "mine:thing"
    # Only what it sees sets anything: its own setenv is for those that depend on it.
    assert "PLACE" not in dict(derive(subject(setenv)).environment)
