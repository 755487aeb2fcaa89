"""What dune's two contexts are told, and what its commands mean for a target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from xpkg.repo.targets import Run, Target
from xpkg.sandbox.cross_target import CrossTarget
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import ETC, TARGET, TOOLS
from xpkg.sandbox.rules import apply_rules
from xpkg.sandbox.rules_dune import build_machine_files

DUNE = 'build: ["dune" "build" "-p" name]'


def test_each_context_of_dune_has_the_tools_of_its_own_machine(subject: Callable[..., Subject]) -> None:
    generated = dict(derive(subject(DUNE, cross=True, tools_seen={"dune": "3.17.2"})).generated)
    native, target = generated["findlib.conf"], generated["findlib.conf.d/toy.conf"]
    assert f'CC(env)="{TOOLS}/bin/cc"\n' in native
    assert f'CC(env,toy)="{TARGET}/bin/toy-cc"\n' in target
    assert f'PKG_CONFIG_LIBDIR(env)="{TOOLS}/lib/pkgconfig:{TOOLS}/share/pkgconfig"\n' in native
    assert f'PKG_CONFIG_LIBDIR(env,toy)="{TARGET}/lib/pkgconfig:{TARGET}/share/pkgconfig"\n' in target
    assert 'OCAMLFIND_TOOLCHAIN(env,toy)="toy"\n' in target
    assert "OCAMLFIND_TOOLCHAIN" not in native
    # What a machine has not is empty: the other one's must not show through.
    assert 'RANLIB(env)=""\n' in native
    assert 'LD(env,toy)=""\n' in target


def test_cxx_by_the_command_of_the_c_compiler_has_the_headers_of_each_machine(subject: Callable[..., Subject]) -> None:
    """dune compiles C++ by ``cc -x c++``, which is not told where zig-cxx has the library."""
    both = {"zig-cxx": "1"}
    generated = dict(derive(subject(DUNE, cross=True, seen=both, tools_seen={"dune": "3", **both})).generated)
    name = "CCC_OVERRIDE_OPTIONS"
    native = f"#^--config={TOOLS}/lib/zig-cxx/x86_64-linux-gnu/c++.cfg"
    target = f"#^--config={TARGET}/lib/zig-cxx/riscv64-toy-none/c++.cfg"
    assert f'{name}(env)="{native}"\n' in generated["findlib.conf"]
    assert f'{name}(env,toy)="{target}"\n' in generated["findlib.conf.d/toy.conf"]
    here = derive(subject(DUNE, seen={"dune": "3", **both}, tools_seen={"dune": "3", **both}))
    assert dict(here.environment)[name] == native
    # Nothing else may see it: without the package there is no such file, and others are told CXX.
    without = derive(subject(DUNE, cross=True, tools_seen={"dune": "3"}))
    assert name not in dict(without.generated)["findlib.conf"]
    assert name not in dict(derive(subject("build: [make]", seen=both, tools_seen=both)).environment)


def test_without_a_target_there_is_one_context_only(subject: Callable[..., Subject]) -> None:
    generated = dict(derive(subject(DUNE, tools_seen={"dune": "3.17.2"})).generated)
    assert "(env)" not in generated["findlib.conf"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("dune build thing.install", "dune build -x toy thing-toy.install"),
        ("dune build ./sub/thing.install @install", "dune build -x toy ./sub/thing-toy.install @install"),
        ("dune build -x toy thing-toy.install", "dune build -x toy thing-toy.install"),
        ("dune build --promote-install-files @install", "dune build -x toy --promote-install-files @install"),
    ],
)
def test_an_install_file_is_that_of_the_target(command: str, expected: str) -> None:
    cross = CrossTarget(name="toy", triple="riscv64-toy-none", build_triple="x86_64-linux-gnu", meson_file="/m")
    assert apply_rules(tuple(command.split()), cross)[0] == tuple(expected.split())


def test_dune_is_told_of_the_runner_a_package_depends_on(subject: Callable[..., Subject], toy: Target) -> None:
    run = Run(package="toy-runner", command=("toy-run", "--at={prefix}", "{product}"))
    plain = replace(subject(DUNE, cross=True, tools_seen={"dune": "3.17.2"}), machine=replace(toy, run=run))
    assert "DUNE_TARGET_RUNNER" not in dict(derive(plain).environment)
    steps = derive(replace(plain, tools_seen={"dune": "3.17.2", "toy-runner": "1"}))
    assert dict(steps.environment)["DUNE_TARGET_RUNNER"] == f"{ETC}/bin/run-product"
    assert f'exec {TOOLS}/bin/toy-run --at={TARGET} "$@"' in dict(steps.generated)["bin/run-product"]


def test_the_driver_of_a_rewriter_is_the_build_machines(subject: Callable[..., Subject]) -> None:
    recipe = f'{DUNE}\nx-build-machine-files: ["cross/bin/*"]'
    drivers = "lib/ocaml/site-lib/*/ppx.exe"
    assert build_machine_files(subject(recipe, cross=True, tools_seen={"dune": "1"})) == ("cross/bin/*", drivers)
    assert build_machine_files(subject(recipe, cross=True)) == ("cross/bin/*",)
