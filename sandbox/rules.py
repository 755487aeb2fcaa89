"""What cross-building adds to a recipe's own commands, one rule a build system.

A rule looks at one command of a target instance and either leaves it alone or returns it with what
is missing.  Rules never take a recipe's own words away: a command that already says for which
machine it builds is left as it is.
"""

from __future__ import annotations

from xpkg.sandbox.cross_target import Argv, CrossTarget, Rule
from xpkg.sandbox.rules_c import meson, openssl
from xpkg.sandbox.rules_configure import configure
from xpkg.sandbox.rules_dune import dune, dune_install, dune_install_file
from xpkg.sandbox.rules_ocaml import ocamlbuild, topkg


def apply_rules(argv: Argv, cross: CrossTarget) -> tuple[Argv, tuple[str, ...]]:
    """The command for the target, and the name and reason of every rule that changed it."""
    applied: list[str] = []
    for rule in RULES:
        change = rule(argv, cross)
        if change is not None:
            argv, reason = change
            applied.append(reason)
    return argv, tuple(applied)


RULES: tuple[Rule, ...] = (dune, dune_install, dune_install_file, topkg, ocamlbuild, configure, openssl, meson)
