"""Files that tell findlib about the two machines; those of Meson, CMake and autoconf: `c_files`.

Pure functions, text out; every path is one inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping

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
