"""Running products: which file is meant, whether it is the target's, and linux-run itself with real programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.ops.linux_programs import program
from tests.unit.ops.quiet import Quiet
from xpkg.core.errors import BuildError, NotFoundError
from xpkg.ops.building import Options
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.run import Product, check_machine, find_product, prepare_runner, run_here, run_product, runner_of
from xpkg.repo.targets import Run
from xpkg.sandbox import switches
from xpkg.shipped import PACKAGES

LINUX_RUN = PACKAGES / "linux-runner/linux-runner.1.0.0/files/linux-run"
ARM = Pair(target="linux-aarch64")


def put(path: Path, machine: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(program(machine))
    path.chmod(0o755)
    return path


def linux_run(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(LINUX_RUN), *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_path_needs_no_switch(tmp_path: Path) -> None:
    home = Home(tmp_path / "root", "nowhere")
    path = put(tmp_path / "product", "aarch64")
    assert find_product(home, ARM, runner_of(home, ARM), str(path)) == Product(path=path, prefix=None)


def test_a_name_is_one_of_the_prefix(tmp_path: Path) -> None:
    home = Home(tmp_path / "root")
    run = Run(package="runner", command=("run", "{product}"), products=("bin/*",))
    switch = home.find_switch()
    prefix = switch.prefix("linux-aarch64")
    put(prefix / "bin/hello", "aarch64")
    put(prefix / "lib/hello", "aarch64")
    assert find_product(home, ARM, run, "hello").path == prefix / "bin/hello"
    assert find_product(home, ARM, run, "bin/hello").path == prefix / "bin/hello"
    with pytest.raises(NotFoundError) as refused:
        find_product(home, ARM, run, "hallo")
    assert (refused.value.reference, dict(refused.value.context)["products"]) == ("unknown-product", "bin/hello")


def test_a_program_of_another_machine_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path / "root")
    check_machine(home, ARM, Product(path=put(tmp_path / "right", "aarch64"), prefix=None))
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    check_machine(home, ARM, Product(path=script, prefix=None))
    with pytest.raises(BuildError) as refused:
        check_machine(home, ARM, Product(path=put(tmp_path / "wrong", "riscv64"), prefix=None))
    assert refused.value.reference == "wrong-objects"


def test_the_runner_may_be_a_name_that_a_package_provides(tmp_path: Path) -> None:
    recipe = tmp_path / "repository/packages/real-runner/real-runner.1/opam"
    recipe.parent.mkdir(parents=True)
    recipe.write_text(
        'opam-version: "2.0" x-toolchain: "none" x-provides: ["some-runner"]\n'
        'install: ["sh" "-c" "mkdir -p %{bin}% && echo here > %{bin}%/start"]\n'
    )
    root = tmp_path / "root"
    root.mkdir()
    (root / "settings.toml").write_text(f'[[repository]]\nname = "test"\naddress = "{tmp_path / "repository"}"\n')
    run = Run(package="some-runner", command=("start", "{product}"))
    place = prepare_runner(Home(root), run, Options(), Quiet())
    assert (place / "bin/start").read_text() == "here\n"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_program_of_this_machine_is_run_as_it_is(tmp_path: Path) -> None:
    home = Home(tmp_path / "root")
    switch = home.find_switch()
    said = tmp_path / "said"
    there = script(switch.prefix("build") / "bin/greet", f'echo "$XPKG_PREFIX $@" > {said}; exit 5')
    assert runner_of(home, Pair()) is None
    found = find_product(home, Pair(), None, "greet")
    assert found == Product(path=there, prefix=switch.prefix("build"))
    assert run_here(home, found, ["a", "b"], {"PATH": "/usr/bin:/bin"}) == 5
    assert said.read_text() == f"{switch.prefix('build')} a b\n"


def test_a_path_of_this_machine_needs_no_switch_either(tmp_path: Path) -> None:
    home = Home(tmp_path / "root", "nowhere")
    path = script(tmp_path / "program", 'test -z "$XPKG_PREFIX"')
    assert run_here(home, find_product(home, Pair(), None, str(path)), [], {"PATH": "/usr/bin:/bin"}) == 0
    path.chmod(0o644)
    with pytest.raises(BuildError, match="program cannot be started: Permission denied"):
        run_here(home, Product(path=path, prefix=None), [], {})


def test_who_left_out_the_target_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path / "root")
    switch = switches.create(home.root, "default", ["linux-aarch64"])
    put(switch.prefix("linux-aarch64") / "bin/greet", "aarch64")
    with pytest.raises(NotFoundError) as refused:
        find_product(home, Pair(), None, "greet")
    assert refused.value.hint == "there is one of a target: xpkg run greet --target linux-aarch64"


def test_the_command_line_is_filled_in_once(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "bin").mkdir(parents=True)
    said = tmp_path / "said"
    (place / "bin/show").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {said}; exit 9\n')
    (place / "bin/show").chmod(0o755)
    run = Run(package="show", command=("show", "--prefix={prefix}", "{product}"))
    product = Product(path=Path("/odd/{prefix}"), prefix=Path("/some where"))
    assert run_product(place, run, product, ["-x", "{product}"], {}) == 9
    assert said.read_text().splitlines() == ["--prefix=/some where", "/odd/{prefix}", "-x", "{product}"]


def test_linux_run_starts_programs_of_this_machine_directly(tmp_path: Path) -> None:
    assert linux_run("x86_64", put(tmp_path / "own", "x86_64")).returncode == 42


@pytest.mark.parametrize("machine", ["aarch64", "riscv64"])
def test_linux_run_starts_others_in_the_emulator(tmp_path: Path, machine: str) -> None:
    if shutil.which(f"qemu-{machine}") is None:
        pytest.skip(f"qemu-{machine} is not on this machine (Debian: qemu-user)")
    path = put(tmp_path / "with blank" / "program", machine)
    assert linux_run(machine, path).returncode == 42
    # Bytecode names its interpreter in the first line, or has a shell start it where that is too long.
    direct, by_shell = tmp_path / "direct", tmp_path / "by-shell"
    interpreter = put(tmp_path / "interpreter", machine)
    direct.write_text(f"#!{interpreter}\n")
    by_shell.write_text(f'#!/bin/sh\nexec \'{interpreter}\' "$0" "$@"\n')
    for script in (direct, by_shell):
        script.chmod(0o755)
        assert linux_run(machine, script).returncode == 42


def test_linux_run_refuses_what_it_cannot_run(tmp_path: Path) -> None:
    path = put(tmp_path / "program", "riscv64")
    assert "is no program of aarch64" in linux_run("aarch64", path).stderr
    assert "no such file" in linux_run("aarch64", tmp_path / "nothing").stderr
    assert "programs of vax cannot be run" in linux_run("vax", path).stderr
    assert linux_run("aarch64").returncode == 127


def test_linux_run_says_what_is_missing(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("od", "sed", "uname", "dirname", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [str(programs / "sh"), str(LINUX_RUN), "aarch64", str(put(tmp_path / "program", "aarch64"))],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 127
    assert "apt-get install qemu-user" in done.stderr
