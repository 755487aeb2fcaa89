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


# Configurations/10-main.conf, by the first word of a triple. What is missing there has no name of its own either.
_OPENSSL_LINUX = {
    "aarch64": "linux-aarch64",
    "arm": "linux-armv4",
    "i386": "linux-x86",
    "i686": "linux-x86",
    "loongarch64": "linux64-loongarch64",
    "powerpc64le": "linux-ppc64le",
    "riscv64": "linux64-riscv64",
    "s390x": "linux64-s390x",
    "x86_64": "linux-x86_64",
}
_OPENSSL_NAMES = ("linux", "BSD", "android", "darwin", "ios", "solaris", "mingw", "Cygwin", "VC-", "aix", "hpux")


def openssl(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """OpenSSL's own ``Configure``, in Perl, asks uname unless the machine is named (INSTALL.md, "Configuration")."""
    place = 1 if program(argv) == "Configure" else 2
    if place == 2 and not (program(argv) == "perl" and program(argv[1:]) == "Configure"):
        return None
    processor, _, system = cross.triple.partition("-")
    name = _OPENSSL_LINUX.get(processor) if system.startswith("linux") else None
    if name is None or any(word.startswith(_OPENSSL_NAMES) for word in argv[place:]):
        return None
    return (*argv[:place], name, *argv[place:]), "OpenSSL's Configure: the target by OpenSSL's name"
