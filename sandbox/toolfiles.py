"""Files that tell build tools about the two machines: findlib, Meson and CMake.

Pure functions, text out; every path is one inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_OCAML_TOOLS = ("ocamlc", "ocamlopt", "ocamldep", "ocamlmklib")


def findlib_conf(*, prefix: str, library: str) -> str:
    """findlib's configuration for the build machine (findlib manual, "findlib.conf")."""
    return _lines(_findlib(prefix, library), "")


def findlib_toolchain_conf(*, name: str, prefix: str, library: str, commands: str, tools: str) -> str:
    """findlib's toolchain ``name`` for a target: its libraries, its standard library, its compilers in ``commands``.

    Scripts in OCaml (dune files in OCaml syntax) run on the build machine, so the toplevel is that of ``tools``.
    """
    return _lines({**_findlib(prefix, library, commands), "ocaml": f"{tools}/bin/ocaml"}, f"({name})")


def _findlib(prefix: str, library: str, commands: str = "bin") -> dict[str, str]:
    return {
        "path": f"{prefix}/{library}:{prefix}/lib/ocaml",
        "destdir": f"{prefix}/{library}",
        "stdlib": f"{prefix}/lib/ocaml",
        "ldconf": "ignore",
        **{tool: f"{prefix}/{commands}/{tool}" for tool in _OCAML_TOOLS},
    }


def _lines(values: Mapping[str, str], suffix: str) -> str:
    return "".join(f'{key}{suffix}="{value}"\n' for key, value in values.items())


def meson_cross_file(*, tools: Mapping[str, str], arch: str, system: str, runner: Sequence[str] = ()) -> str:
    """A Meson cross file; ``tools`` maps Meson's names (c, ar, ...) to programs, ``runner`` starts the target's."""
    binaries = "".join(f"{name} = {_meson_string(path)}\n" for name, path in sorted(tools.items()))
    if runner:
        binaries += f"exe_wrapper = [{', '.join(map(_meson_string, runner))}]\n"
    machine = {"system": system, "cpu_family": arch, "cpu": arch, "endian": "little"}
    host = "".join(f"{name} = {_meson_string(value)}\n" for name, value in machine.items())
    return f"[binaries]\n{binaries}\n[host_machine]\n{host}"


def cmake_toolchain_file(*, cc: str, ar: str, ranlib: str, system: str, processor: str, prefix: str) -> str:
    """A CMake toolchain file; programs come from the build machine, everything else from the target."""
    lines = [
        f"set(CMAKE_SYSTEM_NAME {system})",
        f"set(CMAKE_SYSTEM_PROCESSOR {processor})",
        f"set(CMAKE_C_COMPILER {cc})",
        f"set(CMAKE_AR {ar})",
        f"set(CMAKE_RANLIB {ranlib})",
        f"set(CMAKE_FIND_ROOT_PATH {prefix})",
        "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)",
        *(f"set(CMAKE_FIND_ROOT_PATH_MODE_{kind} ONLY)" for kind in ("LIBRARY", "INCLUDE", "PACKAGE")),
        # A freestanding target cannot link a program, which is what CMake tries first.
        "set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)",
    ]
    return "\n".join(lines) + "\n"


def _meson_string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
