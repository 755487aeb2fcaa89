"""What one command asks for, the same for each of its targets."""

from __future__ import annotations

from typing import Literal

from xpkg.core.values import value

Verb = Literal["install", "upgrade", "reinstall", "remove"]


@value(kw_only=True)
class Ask:
    """A verb with what it is about, as on the command line.

    ``upgrade`` without packages means all that is installed.  ``with_test``, ``with_doc`` and ``with_dev_setup`` reach
    only the packages named.  ``dependencies_only`` asks for what the packages need and not for themselves,
    ``best_effort`` for as many of them as can be had together.  ``reuse`` prefers what the store has, ``check_depexts``
    what needs no further system packages.  ``criteria`` names the rules for the best answer, ``bound_s`` seconds are
    spent to find it.  ``update_invariant`` lets the switch's invariant give way.

    ``repositories`` (all when None) and ``variables`` of the build machine (name, value) are for plans that are only
    looked at.
    """

    verb: Verb = "install"
    packages: tuple[str, ...] = ()
    with_test: bool = False
    with_doc: bool = False
    with_dev_setup: bool = False
    dependencies_only: bool = False
    best_effort: bool = False
    reuse: bool = False
    check_depexts: bool = False
    update_invariant: bool = False
    criteria: Literal["default", "opam"] = "default"
    bound_s: float = 60.0
    repositories: tuple[str, ...] | None = None
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def extras(self) -> frozenset[str]:
        """The variables of opam that are true for the packages named."""
        wanted = {"with-test": self.with_test, "with-doc": self.with_doc, "with-dev-setup": self.with_dev_setup}
        return frozenset(name for name, is_wanted in wanted.items() if is_wanted)
