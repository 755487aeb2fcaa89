"""What cross-building adds to commands, rule by rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xpkg.sandbox.cross_target import CrossTarget, program
from xpkg.sandbox.rules import apply_rules

CROSS = CrossTarget(
    name="toy", triple="riscv64-toy-none", build_triple="x86_64-linux-gnu", meson_file="/xpkg/etc/cross.meson"
)
CONFIGURE = "/xpkg/etc/bin/configure-for-target x86_64-linux-gnu riscv64-toy-none"
MESON = "--cross-file /xpkg/etc/cross.meson --native-file /xpkg/etc/native.meson"
CHANGED = [
    ("dune build -p lwt -j 2", "dune build -x toy -p lwt -j 2"),
    ("/usr/bin/dune build @install", "/usr/bin/dune build -x toy @install"),
    ("dune install --prefix /x lwt", "dune install --create-install-files -x toy --prefix /x lwt"),
    ("dune install --create-install-files -p lwt", "dune install -x toy --create-install-files -p lwt"),
    ("jbuilder build -p old", "jbuilder build -x toy -p old"),
    ("ocaml pkg/pkg.ml build --dev-pkg false", "ocaml pkg/pkg.ml build --dev-pkg false --toolchain toy"),
    ("topkg build --pinned true", "topkg build --pinned true --toolchain toy"),
    ("pkg/pkg.ml build", "pkg/pkg.ml build --toolchain toy"),
    ("ocaml -w +a pkg/pkg.ml build", "ocaml -w +a pkg/pkg.ml build --toolchain toy"),
    ("ocaml pkg/pkg.ml build -- doc", "ocaml pkg/pkg.ml build --toolchain toy -- doc"),
    ("ocamlbuild -use-ocamlfind a.native", "ocamlbuild -toolchain toy -use-ocamlfind a.native"),
    ("./configure --prefix=/x", f"{CONFIGURE} ./configure --prefix=/x"),
    ("../src/configure", f"{CONFIGURE} ../src/configure"),
    ("sh ./configure -q", f"{CONFIGURE} sh ./configure -q"),
    ("bash -e ./configure", f"{CONFIGURE} bash -e ./configure"),
    ("./configure --hostname=a --target-dir=/x", f"{CONFIGURE} ./configure --hostname=a --target-dir=/x"),
    ("env CFLAGS=-O2 ./configure", f"{CONFIGURE} env CFLAGS=-O2 ./configure"),
    ("env CC=cc sh -x ./configure", f"{CONFIGURE} env CC=cc sh -x ./configure"),
    ("meson setup build --prefix=/x", f"meson setup {MESON} build --prefix=/x"),
    ("meson build --prefix=/x", f"meson {MESON} build --prefix=/x"),
    ("meson --prefix=/x build", f"meson {MESON} --prefix=/x build"),
    (
        "meson setup --native-file=own.meson build",
        "meson setup --cross-file /xpkg/etc/cross.meson --native-file=own.meson build",
    ),
]
UNCHANGED = [
    "dune subst",
    "dune",
    "dune build -x other -p lwt",
    "dune exec -p lwt discover.exe -- --save",
    "dune build --workspace=own.workspace",
    "ocaml pkg/pkg.ml test",
    "ocaml pkg/pkg.ml build --toolchain other",
    "ocaml setup.ml -configure",
    "ocaml pkg/build.ml build",
    "ocaml pkg/pkg.ml",
    "topkg lint",
    "cat pkg/pkg.ml build",
    "ocamlbuild -toolchain other -use-ocamlfind a.native",
    "ocamlbuild a.native",
    "sh -c ./configure",
    "sh -ec ./configure",
    "sh ./build.sh configure",
    "sh",
    "env",
    "./configure --host=other-machine",
    "./configure --target=riscv64-toy-none",
    "./configure -host riscv64-toy-none",
    "meson compile -C build",
    "meson install -C build --no-rebuild",
    "meson --version",
    "meson setup --cross-file=own.meson build",
    "make -j2 all",
    "sh -c dune build",
    "cmake -B build",
]


@pytest.mark.parametrize(("command", "expected"), CHANGED)
def test_what_a_rule_adds(command: str, expected: str) -> None:
    argv, reasons = apply_rules(tuple(command.split()), CROSS)
    assert argv == tuple(expected.split())
    assert len(reasons) >= 1
    assert set(command.split()) <= set(argv), "rules take nothing away"


@pytest.mark.parametrize("command", UNCHANGED)
def test_what_says_for_itself_is_left_alone(command: str) -> None:
    assert apply_rules(tuple(command.split()), CROSS) == (tuple(command.split()), ())


@pytest.mark.parametrize(("command", "_"), CHANGED)
def test_rules_apply_once(command: str, _: str) -> None:
    once, _reasons = apply_rules(tuple(command.split()), CROSS)
    assert apply_rules(once, CROSS) == (once, ())


def test_no_program() -> None:
    assert program(()) == ""
    assert apply_rules((), CROSS) == ((), ())


def test_position_independent_code_is_asked_for_only_where_there_is_any() -> None:
    argv = ("./configure", "--with-pic", "--prefix=/x")
    wanted = (*CONFIGURE.split(), *argv)
    assert apply_rules(argv, CROSS)[0] == wanted
    assert apply_rules(argv, replace(CROSS, pic=False))[0] == (*wanted, "--without-pic")
    assert apply_rules(argv[:1], replace(CROSS, pic=False))[0] == (*CONFIGURE.split(), "./configure")


AARCH64 = CrossTarget(
    name="a", triple="aarch64-linux-gnu", build_triple="x86_64-linux-gnu", meson_file="/xpkg/etc/cross.meson"
)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("./Configure no-shared --prefix=/x", "./Configure linux-aarch64 no-shared --prefix=/x"),
        ("perl ./Configure no-shared", "perl ./Configure linux-aarch64 no-shared"),
        ("./Configure linux-generic64 no-shared", "./Configure linux-generic64 no-shared"),
        ("perl ./other.pl Configure", "perl ./other.pl Configure"),
    ],
)
def test_openssl_is_told_the_machine_by_its_own_name(command: str, expected: str) -> None:
    changed, rules = apply_rules(tuple(command.split()), AARCH64)
    assert " ".join(changed) == expected
    assert bool(rules) == (command != expected)


@pytest.mark.parametrize(
    ("triple", "name"),
    [
        ("x86_64-linux-musl", "linux-x86_64"),
        ("riscv64-linux-gnu", "linux64-riscv64"),
        ("arm-linux-gnueabihf", "linux-armv4"),
    ],
)
def test_names_of_openssl(triple: str, name: str) -> None:
    cross = CrossTarget(name="t", triple=triple, build_triple="x86_64-linux-gnu", meson_file="/x")
    assert apply_rules(("./Configure",), cross)[0] == ("./Configure", name)


@pytest.mark.parametrize("triple", ["x86_64-unknown-freebsd14", "riscv64-toy-none", "sh4-linux-gnu"])
def test_machine_without_a_name_of_openssl(triple: str) -> None:
    cross = CrossTarget(name="t", triple=triple, build_triple="x86_64-linux-gnu", meson_file="/x")
    assert apply_rules(("./Configure",), cross) == (("./Configure",), ())
