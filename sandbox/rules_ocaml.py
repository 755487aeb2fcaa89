"""Rules for OCaml's build systems other than dune: topkg and ocamlbuild.

What a Makefile or a script starts by itself no rule sees: `target_commands`.
"""

from __future__ import annotations

from xpkg.sandbox.cross_target import Argv, CrossTarget, program


def topkg(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``--toolchain TARGET`` for topkg's build (topkg's ``Conf.toolchain``)."""
    if not _builds_with_topkg(argv) or "--toolchain" in argv:
        return None
    end = argv.index("--") if "--" in argv else len(argv)
    changed = (*argv[:end], "--toolchain", cross.name, *argv[end:])
    return changed, f"topkg: --toolchain {cross.name} selects the findlib toolchain"


def _builds_with_topkg(argv: Argv) -> bool:
    """``ocaml [OPTION...] pkg/pkg.ml build``, ``pkg/pkg.ml build`` or ``topkg build``."""
    for place, word in enumerate(argv[:-1]):
        if argv[place + 1] == "build" and word.endswith("pkg/pkg.ml"):
            return place == 0 or program(argv) == "ocaml"
    return program(argv) == "topkg" and argv[1:2] == ("build",)


def ocamlbuild(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``-toolchain TARGET``: a plugin is compiled without it (ocamlbuild manual, ``-toolchain``).

    Without ``-use-ocamlfind`` there is no toolchain to select: the command ocamlbuild of the target names compilers.
    """
    if program(argv) != "ocamlbuild" or "-toolchain" in argv or "-use-ocamlfind" not in argv:
        return None
    changed = (argv[0], "-toolchain", cross.name, *argv[1:])
    return changed, f"ocamlbuild: -toolchain {cross.name} selects the findlib toolchain, but for the plugin"
