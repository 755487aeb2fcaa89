"""Commands by plain names that build scripts start: small scripts, first on PATH, that say for which machine.

dune and topkg are told the target by an option.  A Makefile, a configure written by hand or an OCaml script starts
ocamlfind, ocamlbuild, dune or a compiler itself, where no rule sees it.  These scripts are what it finds then.  What
runs while building (the toplevel, ocamlbuild's plugins) stays with the build machine's own tools.

Pure functions, text out; every path is one inside the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xpkg.core.values import value
from xpkg.sandbox.layout import ETC, TOOLS

DIRECTORY = f"{ETC}/bin"
"""Where the scripts are in the sandbox; their names begin with ``bin/`` among the generated files."""

CONFIGURE = f"{DIRECTORY}/configure-for-target"
"""Runs a configure script with ``--build`` and ``--host`` if it understands them."""


@value(kw_only=True)
class Commands:
    """What the scripts are made of.

    ``ocaml`` is the directory of the target's compiler commands, ``on_path`` whether only these are in it; ``lib`` is
    that of its libraries.  ``native`` are the names of the instances on the build machine, ``c_tools`` the target's C
    tools by their plain names.  ``shared`` says whether the target has shared objects.
    """

    name: str
    ocaml: str
    on_path: bool
    lib: str
    native: frozenset[str]
    c_tools: Mapping[str, str]
    shared: bool = True

    @property
    def path(self) -> str:
        """What stands before the rest of PATH; empty where there is nothing to put there."""
        has_scripts = bool(self.c_tools) or not self.native.isdisjoint(_WRITERS)
        return ":".join([*([DIRECTORY] if has_scripts else []), *([self.ocaml] if self.on_path else [])])


def scripts(commands: Commands) -> dict[str, str]:
    """The scripts by generated file; each only where the build machine has what it starts."""
    texts = {f"bin/{name}": write(commands) for name, write in _WRITERS.items() if name in commands.native}
    if not commands.on_path and "ocaml" in commands.native:
        # The directory of the compiler's commands has programs of the target as well.
        texts |= {f"bin/{name}": _script(f'exec {commands.ocaml}/{name} "$@"') for name in _COMPILERS}
    return texts | {f"bin/{name}": _script(f'exec {path} "$@"') for name, path in commands.c_tools.items()}


def configure_script() -> str:
    """``configure-for-target BUILD HOST [INTERPRETER ...] SCRIPT [ARGUMENT...]``.

    Only the text of a configure tells whether autoconf wrote it; one written by hand may stop at what it does not know.
    """
    return _script(
        "# autoconf calls the target the host. What is not autoconf's is told only what its text names.",
        "build=$1 host=$2",
        "shift 2",
        "script=",
        "for arg; do",
        "  case ${arg##*/} in configure|configure.sh|configure.gnu|Configure) script=$arg; break ;; esac",
        "done",
        'mentions() { grep -q -e "$1" -- "$script" 2>/dev/null; }',
        "autoconf=no",
        "if mentions 'enerated by GNU Autoconf' || mentions 'using autoconf version'; then autoconf=yes; fi",
        'if test $autoconf = yes || mentions "--build[=*)|]"; then set -- "$@" "--build=$build"; fi',
        'if test $autoconf = yes || mentions "--host[=*)|]"; then set -- "$@" "--host=$host"',
        'else echo "configure-for-target: $script knows no --host; it finds the target\'s tools by their names"; fi',
        'exec "$@"',
    )


def _script(*lines: str) -> str:
    return "#!/bin/sh\n" + "".join(f"{line}\n" for line in lines)


# findlib puts stub libraries there only if the directory exists already.
_INSTALL_SHARED = ('  for arg; do case $arg in *.so) mkdir -p "$stublibs"; break ;; esac; done',)
# Makefiles list what every machine of theirs has, by names or by patterns that then fit nothing.
_INSTALL_STATIC = (
    "  for arg; do",
    "    shift",
    '    case ${arg##*/} in dll*.so|"dll"*".*"|*.cmxs) test -e "$arg" || continue ;; esac',
    '    set -- "$@" "$arg"',
    "  done",
)


def _ocamlfind(commands: Commands) -> str:
    return _script(
        f"export OCAMLFIND_TOOLCHAIN={commands.name}",
        f"stublibs=${{OCAMLFIND_DESTDIR:-{commands.lib}}}/stublibs",
        'if test "${1-}" = install; then',
        *(_INSTALL_SHARED if commands.shared else _INSTALL_STATIC),
        "fi",
        f'exec {TOOLS}/bin/ocamlfind "$@"',
    )


def _ocaml(commands: Commands) -> str:
    del commands
    return _script(
        "# Scripts run on this machine and load its libraries; what they start is told the target again.",
        "unset OCAMLFIND_TOOLCHAIN",
        f'exec {TOOLS}/bin/ocaml "$@"',
    )


def _own_path(commands: Commands) -> str:
    own = f"{commands.path}:"
    return f'case $PATH in *"{own}"*) PATH=${{PATH%%"{own}"*}}${{PATH#*"{own}"}}; export PATH ;; esac'


def _ocamlbuild(commands: Commands) -> str:
    """A plugin is compiled for this machine first, by itself; the rest then is the target's, whatever it starts.

    ocamlbuild takes compilers from beside itself before those of PATH, so it has to be told; a plugin's are its own.
    """
    tools = " ".join(f"-{tool} {commands.ocaml}/{tool}" for tool in ("ocamlc", "ocamlopt", "ocamldep", "ocamlmklib"))
    with_findlib = f"-use-ocamlfind -toolchain {commands.name}"
    choice = with_findlib if "ocamlfind" in commands.native else tools
    return _script(
        "unset OCAMLFIND_TOOLCHAIN",
        f"options='{choice}'",
        "for arg; do",
        "  case $arg in",
        "    -toolchain|-ocamlc|-ocamlopt) options=; break ;;",
        f"    -no-ocamlfind) options='{tools}' ;;",
        "  esac",
        "done",
        "if test -f myocamlbuild.ml; then",
        f'  ({_own_path(commands)}; exec {TOOLS}/bin/ocamlbuild $options -just-plugin "$@") || exit',
        "fi",
        f'exec {TOOLS}/bin/ocamlbuild $options "$@"',
    )


def _dune(commands: Commands) -> str:
    """What the rules of `rules_dune` do to a recipe's own commands."""
    return _script(
        "unset OCAMLFIND_TOOLCHAIN",
        _own_path(commands),
        "told=no",
        "for arg; do case $arg in -x|--workspace*) told=yes ;; --) break ;; esac; done",
        "case $told-${1-} in",
        "  no-build|no-install|no-runtest|no-test)",
        "    first=$1",
        "    shift",
        "    for arg; do",
        "      shift",
        "      case $first-$arg in",
        f"        build-[-@]*|build-*-{commands.name}.install) ;;",
        f"        build-*.install) arg=${{arg%.install}}-{commands.name}.install ;;",
        "        install---create-install-files) continue ;;",
        "      esac",
        '      set -- "$@" "$arg"',
        "    done",
        '    test "$first" != install || set -- --create-install-files "$@"',
        f'    set -- "$first" -x {commands.name} "$@" ;;',
        "esac",
        f'exec {TOOLS}/bin/dune "$@"',
    )


_COMPILERS = ("ocamlc", "ocamlc.opt", "ocamldep", "ocamlmklib", "ocamlopt", "ocamlopt.opt")

# By command, which is in the package of the same name.
_WRITERS: Mapping[str, Callable[[Commands], str]] = {
    "ocaml": _ocaml,
    "ocamlfind": _ocamlfind,
    "ocamlbuild": _ocamlbuild,
    "dune": _dune,
}
