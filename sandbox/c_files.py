"""What is derived for C's build systems: which files are written for one instance, and the variables that name them.

Each only where something is there that reads it: nothing else may change a build's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xpkg.repo.targets import Toolchain
from xpkg.sandbox import cmake_files, meson_files
from xpkg.sandbox.c_machines import c_machine
from xpkg.sandbox.config_site import config_site
from xpkg.sandbox.environment import Subject
from xpkg.sandbox.layout import ETC, TARGET, TOOLS

CXX_PACKAGE = "zig-cxx"
"""The package that has a C++ compiler with its library; commands beside the C compiler's."""

OVERRIDE_VARIABLE = "CCC_OVERRIDE_OPTIONS"
"""By which dune's builds, that compile C++ by the command of the C compiler (``cc -x c++``), get its headers."""

ELF_TOOLS = "elf-tools"
"""The package of ``nm`` and ``strip`` for the files of any machine, where something that is built asks for them."""

# The variable CCC_OVERRIDE_OPTIONS (clang/lib/Driver/Driver.cpp): "^" puts an option before all others, "#" has
# it not told.  The file names libc++'s headers, which have to come before those of C; for C they change nothing.
_OVERRIDE = "#^--config="

_PLAIN_CXX = "bin/c++-without-library"


def generated(subject: Subject, *, configures: bool, runner: Sequence[str] = ()) -> dict[str, str]:
    """The files by name; ``configures`` says that a configure script is among the commands.

    ``runner`` is what programs of the target are run with in a build of tests.
    """
    files: dict[str, str] = {}
    if _needs_plain_cxx(subject):
        files[_PLAIN_CXX] = _plain_cxx(subject.tool("cc"))
    machine = c_machine(subject.machine)
    if not subject.cross:
        if "cmake" in subject.seen:
            files["toolchain.cmake"] = cmake_files.native_file(machine, tools=_cmake_tools(subject), prefix=TOOLS)
        return files
    if "meson" in subject.tools_seen:
        files["cross.meson"] = meson_files.cross_file(
            machine, tools=_meson_tools(subject), prefix=TARGET, pkgconfig=_pkgconfig(TARGET), runner=runner
        )
        files["native.meson"] = meson_files.native_file(tools=_native_tools(subject), pkgconfig=_pkgconfig(TOOLS))
    if "cmake" in subject.tools_seen:
        files["toolchain.cmake"] = cmake_files.toolchain_file(
            machine, tools=_cmake_tools(subject), prefix=TARGET, runner=runner
        )
    if configures:
        files["config.site"] = config_site(machine, subject.machine.variables.get("libc", ""))
    return files


def environment(subject: Subject, *, configures: bool) -> dict[str, str]:
    """The variables that go with `generated`."""
    values: dict[str, str] = {}
    if compiler := _cxx(subject):
        values["CXX"] = compiler
    if not subject.cross and CXX_PACKAGE in subject.seen and "dune" in subject.seen:
        values[OVERRIDE_VARIABLE] = cxx_by_cc(subject.native.toolchain, subject.native.triple, TOOLS)
    if "cmake" in subject.tools_seen:
        values["CMAKE_TOOLCHAIN_FILE"] = f"{ETC}/toolchain.cmake"
    if subject.cross and configures:
        values["CONFIG_SITE"] = f"{ETC}/config.site"
    return values


def _cxx(subject: Subject) -> str:
    """The C++ compiler of the instance's machine; empty where nothing asks for one."""
    return cxx_with_library(subject) or (f"{ETC}/{_PLAIN_CXX}" if _needs_plain_cxx(subject) else "")


def cxx_with_library(subject: Subject) -> str:
    """The C++ compiler that a dependency of the package brought; empty where none did."""
    return _beside(subject.tool("cc")) if CXX_PACKAGE in subject.seen else ""


def _needs_plain_cxx(subject: Subject) -> bool:
    """CMake and Meson look for a C++ compiler in projects that have nothing in C++, when these do not say so."""
    asks = "cmake" in subject.tools_seen or "meson" in subject.tools_seen
    return asks and CXX_PACKAGE not in subject.seen and bool(subject.tool("cc"))


def _plain_cxx(cc: str) -> str:
    return (
        "#!/bin/sh\n"
        f"# C++ without a library; with one: the package {CXX_PACKAGE} (conf-g++, conf-c++).\n"
        f'exec {cc} --driver-mode=g++ -nostdlib++ "$@"\n'
    )


def _beside(cc: str) -> str:
    return f"{cc.removesuffix('cc')}c++" if cc.endswith("cc") else ""


def cxx_by_cc(chain: Toolchain, triple: str, prefix: str) -> str:
    """Makes the commands of the C compiler right for C++ as well, as clang's variable; see `_OVERRIDE`."""
    bin_directory, _, name = (chain.cc or "").rpartition("/")
    if not name or not bin_directory.endswith("bin"):
        return ""
    return f"{_OVERRIDE}{prefix}/{bin_directory.removesuffix('bin')}lib/{CXX_PACKAGE}/{triple}/c++.cfg"


def _meson_tools(subject: Subject) -> dict[str, str]:
    tools = {"c": subject.tool("cc"), "cpp": _cxx(subject), "ar": subject.tool("ar"), "ranlib": subject.tool("ranlib")}
    return {name: path for name, path in (tools | _shared_tools(subject)).items() if path}


def _native_tools(subject: Subject) -> dict[str, str]:
    chain = subject.native.toolchain
    tools = {"c": chain.cc, "ar": chain.ar, "cpp": _beside(chain.cc or "") if CXX_PACKAGE in subject.tools_seen else ""}
    return {name: f"{TOOLS}/{path}" for name, path in tools.items() if path} | _shared_tools(subject)


def _shared_tools(subject: Subject) -> dict[str, str]:
    """Programs of the build machine that serve both machines, by Meson's names."""
    found = {"cmake": ("cmake", "cmake"), "pkg-config": ("pkgconf", "pkg-config"), "strip": (ELF_TOOLS, "strip")}
    return {name: f"{TOOLS}/bin/{file}" for name, (package, file) in found.items() if package in subject.tools_seen}


def _cmake_tools(subject: Subject) -> Mapping[str, str]:
    tools = {
        "CMAKE_C_COMPILER": subject.tool("cc"),
        "CMAKE_CXX_COMPILER": _cxx(subject),
        "CMAKE_AR": subject.tool("ar"),
        "CMAKE_RANLIB": subject.tool("ranlib"),
        "CMAKE_STRIP": _shared_tools(subject).get("strip", ""),
        "PKG_CONFIG_EXECUTABLE": _shared_tools(subject).get("pkg-config", ""),
    }
    return {name: path for name, path in tools.items() if path}


def _pkgconfig(prefix: str) -> tuple[str, str]:
    return f"{prefix}/lib/pkgconfig", f"{prefix}/share/pkgconfig"
