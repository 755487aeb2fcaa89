"""Files for Meson, CMake and autoconf: read back, or looked at line by line."""

from __future__ import annotations

import configparser
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from xpkg.repo.targets import Target, load_targets
from xpkg.sandbox import c_files
from xpkg.sandbox.c_machines import CMachine, c_machine
from xpkg.sandbox.cmake_files import toolchain_file
from xpkg.sandbox.config_site import config_site
from xpkg.sandbox.derive import derive
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.meson_files import cross_file, native_file

MakeSubject = Callable[..., Subject]

SHIPPED = load_targets([Path(__file__).resolve().parents[3] / "targets"])
CONFIGURE = 'build: ["./configure" "--prefix=%{prefix}%"]'
PLAIN = "build: [make]"


def machine_of(name: str) -> CMachine:
    return c_machine(SHIPPED[name])


@pytest.mark.parametrize(
    ("target", "cpu", "family", "meson", "cmake", "flags"),
    [
        # hosted, shared, pic
        ("linux-aarch64", "aarch64", "aarch64", "linux", "Linux", (True, True, True)),
        ("linux-riscv64", "riscv64", "riscv64", "linux", "Linux", (True, True, True)),
        ("linux-armv7", "arm", "arm", "linux", "Linux", (True, True, True)),
        ("linux-x86_64-musl", "x86_64", "x86_64", "linux", "Linux", (True, False, True)),
        # opam's name of its system is freebsd, but nothing of FreeBSD's user land is there.
        ("kfreebsd", "x86_64", "x86_64", "none", "Generic", (False, False, False)),
    ],
)
def test_machines(target: str, cpu: str, family: str, meson: str, cmake: str, flags: tuple[bool, bool, bool]) -> None:
    machine = machine_of(target)
    assert (machine.cpu, machine.cpu_family) == (cpu, family)
    assert (machine.meson_system, machine.cmake_system) == (meson, cmake)
    assert (machine.hosted, machine.shared, machine.pic) == flags
    assert machine.endian == "little"


def _renamed(target: Target, triple: str, system: str, form: str) -> Target:
    assert target.objects is not None
    variables = {**target.variables, "os": system}
    return replace(target, triple=triple, variables=variables, objects=replace(target.objects, format=form))


@pytest.mark.parametrize(
    ("triple", "system", "form", "expected"),
    [
        ("i686-w64-mingw32", "win32", "elf32-little", ("x86", "little", "windows", "Windows")),
        ("powerpc64-unknown-freebsd14", "freebsd", "elf64-big", ("ppc64", "big", "freebsd", "FreeBSD")),
        ("loongarch64-linux-gnu", "linux", "elf64-little", ("loongarch64", "little", "linux", "Linux")),
        ("xtensa-esp32-none-elf", "esp-idf", "elf32-little", ("xtensa", "little", "esp-idf", "Generic")),
    ],
)
def test_names_of_other_machines(triple: str, system: str, form: str, expected: tuple[str, ...]) -> None:
    machine = c_machine(_renamed(SHIPPED["linux-aarch64"], triple, system, form))
    assert (machine.cpu_family, machine.endian, machine.meson_system, machine.cmake_system) == expected


def parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return parser


def test_a_cross_file_of_meson() -> None:
    tools = {"c": "/p/bin/it's", "ar": "/p/bin/ar"}
    found = parsed(cross_file(machine_of("linux-aarch64"), tools=tools, prefix="/t", pkgconfig=("/t/a", "/t/b")))
    assert dict(found["binaries"]) == {"c": r"'/p/bin/it\'s'", "ar": "'/p/bin/ar'"}
    assert dict(found["properties"]) == {"needs_exe_wrapper": "true", "pkg_config_libdir": "'/t/a:/t/b'"}
    assert dict(found["built-in options"]) == {"prefix": "'/t'", "libdir": "'lib'"}
    assert dict(found["host_machine"]) == {
        "system": "'linux'",
        "cpu_family": "'aarch64'",
        "cpu": "'aarch64'",
        "endian": "'little'",
    }


def test_meson_runs_programs_of_the_target_in_test_builds_only() -> None:
    text = cross_file(machine_of("linux-aarch64"), tools={}, prefix="/t", pkgconfig=(), runner=("linux-run", "-x"))
    assert parsed(text)["binaries"]["exe_wrapper"] == "['linux-run', '-x']"


def test_meson_makes_no_shared_library_that_nothing_could_load() -> None:
    for target in ("linux-x86_64-musl", "kfreebsd"):
        options = parsed(cross_file(machine_of(target), tools={}, prefix="/t", pkgconfig=()))["built-in options"]
        assert options["default_library"] == "'static'"
        assert options.get("b_staticpic") == ("false" if target == "kfreebsd" else None)


def test_a_native_file_of_meson() -> None:
    found = parsed(native_file(tools={"c": "/b/cc"}, pkgconfig=("/b/lib/pkgconfig",)))
    assert found["binaries"]["c"] == "'/b/cc'"
    assert found["properties"]["pkg_config_libdir"] == "'/b/lib/pkgconfig'"
    assert "host_machine" not in found


def test_a_toolchain_file_of_cmake() -> None:
    lines = toolchain_file(
        machine_of("linux-aarch64"), tools={"CMAKE_C_COMPILER": "/p/bin/cc"}, prefix="/t"
    ).splitlines()
    assert "set(CMAKE_SYSTEM_NAME Linux)" in lines
    assert "set(CMAKE_SYSTEM_PROCESSOR aarch64)" in lines
    assert 'set(CMAKE_C_COMPILER "/p/bin/cc")' in lines
    assert 'set(CMAKE_FIND_ROOT_PATH "/t")' in lines
    assert "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)" in lines
    assert 'set(CMAKE_POSITION_INDEPENDENT_CODE ON CACHE BOOL "")' in lines
    assert not any("CACHE PATH" in line for line in lines)
    # Checks for functions really link where they can.
    assert not any("TRY_COMPILE_TARGET_TYPE" in line or "EMULATOR" in line for line in lines)


def test_cmake_links_nothing_where_nothing_can_be_linked() -> None:
    lines = toolchain_file(machine_of("kfreebsd"), tools={}, prefix="/t").splitlines()
    assert "set(CMAKE_SYSTEM_NAME Generic)" in lines
    assert "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)" in lines
    assert "set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)" in lines


def test_cmake_runs_programs_of_the_target_in_test_builds_only() -> None:
    text = toolchain_file(machine_of("linux-aarch64"), tools={}, prefix="/t", runner=("/b/linux-run", "-x"))
    assert 'set(CMAKE_CROSSCOMPILING_EMULATOR "/b/linux-run;-x")' in text.splitlines()


def answers(text: str, **given: str) -> Mapping[str, str]:
    """What a shell has after it read the file."""
    script = "".join(f"{name}={value}\n" for name, value in given.items()) + text + "set\n"
    done = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, check=True)
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value.strip("'") for name, _, value in pairs}


def test_answers_for_configure() -> None:
    glibc = answers(config_site(machine_of("linux-aarch64"), "glibc"))
    assert glibc["ac_cv_func_malloc_0_nonnull"] == "yes"
    assert glibc["ac_cv_func_fnmatch_gnu"] == "yes"
    assert glibc["with_pic"] == "yes"
    assert "enable_shared" not in glibc
    musl = answers(config_site(machine_of("linux-x86_64-musl"), "musl"))
    assert musl["ac_cv_func_malloc_0_nonnull"] == "yes"
    assert "ac_cv_func_fnmatch_gnu" not in musl
    assert musl["enable_shared"] == "no"
    # Nothing is known of what a kernel has.
    kernel = answers(config_site(machine_of("kfreebsd"), ""))
    assert "ac_cv_func_malloc_0_nonnull" not in kernel
    assert "with_pic" not in kernel
    assert kernel["enable_shared"] == "no"


def test_what_is_said_to_configure_comes_before_its_answers() -> None:
    text = config_site(machine_of("linux-x86_64-musl"), "musl")
    found = answers(text, enable_shared="yes", ac_cv_func_malloc_0_nonnull="no")
    assert (found["enable_shared"], found["ac_cv_func_malloc_0_nonnull"]) == ("yes", "no")


def test_files_are_written_for_what_reads_them(subject: MakeSubject) -> None:
    assert not c_files.generated(subject(PLAIN, cross=True), configures=False)
    assert not c_files.generated(subject(CONFIGURE), configures=True)
    steps = derive(subject(CONFIGURE, cross=True))
    assert "config.site" in dict(steps.generated)
    assert dict(steps.environment)["CONFIG_SITE"] == "/xpkg/etc/config.site"
    compiler = derive(subject(f"flags: compiler\n{CONFIGURE}", cross=True))
    assert "config.site" not in dict(compiler.generated)
    assert "CONFIG_SITE" not in dict(compiler.environment)


def test_a_cxx_compiler_is_there_where_projects_look_for_one(subject: MakeSubject) -> None:
    for tool in ("cmake", "meson"):
        one = subject(PLAIN, cross=True, tools_seen={tool: "1"})
        script = dict(derive(one).generated)["bin/c++-without-library"]
        assert f"exec {one.tool('cc')} --driver-mode=g++ -nostdlib++" in script
        assert dict(derive(one).environment)["CXX"] == "/xpkg/etc/bin/c++-without-library"
    assert "CXX" not in dict(derive(subject(PLAIN, cross=True)).environment)


def test_a_package_with_the_library_of_cxx_is_taken_instead(subject: MakeSubject) -> None:
    one = subject(PLAIN, cross=True, seen={"zig-cxx": "1"}, tools_seen={"cmake": "1", "meson": "1", "zig-cxx": "1"})
    steps = derive(one)
    generated = dict(steps.generated)
    assert "bin/c++-without-library" not in generated
    assert dict(steps.environment)["CXX"] == f"{TARGET}/bin/toy-c++"
    assert f'set(CMAKE_CXX_COMPILER "{TARGET}/bin/toy-c++")' in generated["toolchain.cmake"].splitlines()
    assert parsed(generated["native.meson"])["binaries"]["cpp"] == f"'{TOOLS}/bin/c++'"


def test_pkg_config_is_named_where_it_is(subject: MakeSubject) -> None:
    tools = {"cmake": "1", "meson": "1"}
    without = dict(derive(subject(PLAIN, cross=True, tools_seen=tools)).generated)
    assert "pkg-config" not in without["cross.meson"]
    found = dict(derive(subject(PLAIN, cross=True, tools_seen={**tools, "pkgconf": "1"})).generated)
    assert parsed(found["cross.meson"])["binaries"]["pkg-config"] == f"'{TOOLS}/bin/pkg-config'"
    assert f'set(PKG_CONFIG_EXECUTABLE "{TOOLS}/bin/pkg-config")' in found["toolchain.cmake"].splitlines()
    directories = parsed(found["cross.meson"])["properties"]["pkg_config_libdir"]
    assert directories == f"'{TARGET}/lib/pkgconfig:{TARGET}/share/pkgconfig'"


def test_strip_is_that_of_any_machine(subject: MakeSubject) -> None:
    steps = derive(subject(PLAIN, cross=True, tools_seen={"cmake": "1", "meson": "1", "elf-tools": "1"}))
    generated = dict(steps.generated)
    assert f'set(CMAKE_STRIP "{TOOLS}/bin/strip")' in generated["toolchain.cmake"].splitlines()
    assert parsed(generated["cross.meson"])["binaries"]["strip"] == f"'{TOOLS}/bin/strip'"


def test_cmake_has_the_same_defaults_on_the_build_machine(subject: MakeSubject) -> None:
    steps = derive(subject(PLAIN, seen={"cmake": "1"}))
    lines = dict(steps.generated)["toolchain.cmake"].splitlines()
    assert 'set(CMAKE_INSTALL_LIBDIR lib CACHE STRING "")' in lines
    assert f'set(CMAKE_INSTALL_PREFIX "{TOOLS}" CACHE STRING "")' in lines
    # It is a build for this machine: CMake may run what it compiled.
    assert not any(line.startswith(("set(CMAKE_SYSTEM_NAME", "set(CMAKE_FIND_ROOT_PATH")) for line in lines)
    assert dict(steps.environment)["CMAKE_TOOLCHAIN_FILE"] == "/xpkg/etc/toolchain.cmake"
