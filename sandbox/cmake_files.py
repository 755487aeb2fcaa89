"""CMake's toolchain file (manual, "cmake-toolchains"): pure, text out, every path inside the sandbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xpkg.sandbox.c_machines import CMachine


def toolchain_file(machine: CMachine, *, tools: Mapping[str, str], prefix: str, runner: Sequence[str] = ()) -> str:
    """Programs come from the build machine, everything else from the target.

    ``tools`` maps CMake's variables (``CMAKE_C_COMPILER``, ...) to programs.  ``runner`` is the command that programs
    of the target are run with, where they may be: in builds of tests.
    """
    return "".join(f"{line}\n" for line in _lines(machine, tools, prefix, runner))


def native_file(machine: CMachine, *, tools: Mapping[str, str], prefix: str) -> str:
    """For the build machine: no cross build, but the same defaults (by itself CMake would take lib64)."""
    lines = [*(f"set({variable} {_quoted(path)})" for variable, path in sorted(tools.items()))]
    return "".join(f"{line}\n" for line in (*lines, *_defaults(machine, prefix)))


def _lines(machine: CMachine, tools: Mapping[str, str], prefix: str, runner: Sequence[str]) -> Iterator[str]:
    yield f"set(CMAKE_SYSTEM_NAME {machine.cmake_system})"
    yield f"set(CMAKE_SYSTEM_PROCESSOR {machine.cpu})"
    for variable, path in sorted(tools.items()):
        yield f"set({variable} {_quoted(path)})"
    yield f"set(CMAKE_FIND_ROOT_PATH {_quoted(prefix)})"
    yield "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)"
    for kind in ("LIBRARY", "INCLUDE", "PACKAGE"):
        yield f"set(CMAKE_FIND_ROOT_PATH_MODE_{kind} ONLY)"
    yield from _defaults(machine, prefix)
    if runner:
        yield f"set(CMAKE_CROSSCOMPILING_EMULATOR {_quoted(';'.join(runner))})"


def _defaults(machine: CMachine, prefix: str) -> Iterator[str]:
    """What a recipe's own -D options come before."""
    # Cross builds have no /usr of their own, and /usr/local is never where to install.
    # No paths by type: of -DX=lib a cache entry of type PATH would make a path below the working directory.
    yield f'set(CMAKE_INSTALL_PREFIX {_quoted(prefix)} CACHE STRING "")'
    yield 'set(CMAKE_INSTALL_LIBDIR lib CACHE STRING "")'
    if machine.cmake_system == "Generic":
        # Else only systems with directories of their own are searched (Platform/UnixPaths.cmake).
        yield "list(APPEND CMAKE_SYSTEM_PREFIX_PATH /)"
    if not machine.hosted:
        # No program can be linked, which is what CMake tries first.
        yield "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)"
    if not machine.shared:
        # What a project calls SHARED becomes static (CMake manual, TARGET_SUPPORTS_SHARED_LIBS).
        yield "set_property(GLOBAL PROPERTY TARGET_SUPPORTS_SHARED_LIBS FALSE)"
        yield 'set(BUILD_SHARED_LIBS OFF CACHE BOOL "")'
    if machine.pic:
        # Static libraries are put into OCaml's stub libraries.
        yield 'set(CMAKE_POSITION_INDEPENDENT_CODE ON CACHE BOOL "")'


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'
