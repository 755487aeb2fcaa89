"""Rules for build systems of C that are told of the target by an option of their command."""

from __future__ import annotations

from xpkg.sandbox.cross_target import Argv, CrossTarget, program
from xpkg.sandbox.layout import ETC

_NATIVE_FILE = f"{ETC}/native.meson"

# Meson takes anything else for the arguments of "setup" (mesonbuild/mesonmain.py, known_commands).
_MESON_COMMANDS = (
    *("configure", "dist", "install", "introspect", "init", "test", "wrap", "subprojects", "rewrite", "compile"),
    *("devenv", "env2mfile", "format", "fmt", "reprotest", "help", "runpython", "unstable-coredata", "--internal"),
    *("-h", "--help", "-v", "--version"),
)


def meson(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``--cross-file``, ``--native-file`` for ``meson setup DIR`` and ``meson DIR`` (manual, "Cross-compilation")."""
    if program(argv) not in ("meson", "meson.py") or len(argv) < 2 or argv[1] in _MESON_COMMANDS:
        return None
    if any(argument.startswith("--cross-file") for argument in argv):
        return None
    place = 2 if argv[1] == "setup" else 1
    files = ["--cross-file", cross.meson_file]
    if not any(argument.startswith("--native-file") for argument in argv):
        files += ["--native-file", _NATIVE_FILE]
    changed = (*argv[:place], *files, *argv[place:])
    return changed, "meson: --cross-file describes the target, --native-file the build machine"
