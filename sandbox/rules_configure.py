"""The rule for configure scripts, of autoconf and others."""

from __future__ import annotations

from xpkg.sandbox.cross_target import Argv, CrossTarget, program
from xpkg.sandbox.target_commands import CONFIGURE

_NAMES = ("configure", "configure.sh", "configure.gnu")
_SHELLS = ("sh", "bash", "dash", "env")
_STATED = ("--host", "--target", "-host", "-target")


def configure(argv: Argv, cross: CrossTarget) -> tuple[Argv, str] | None:
    """``--build`` and ``--host``: autoconf calls the target "host" (autoconf manual, "Specifying Target Triplets").

    A recipe does not say whether its configure is autoconf's.  The command that is put before it looks.
    """
    if not _runs_configure(argv) or any(word.partition("=")[0] in _STATED for word in argv):
        return None
    changed = (CONFIGURE, cross.build_triple, cross.triple, *argv)
    told = "configure: --build and --host name the two machines, if the script knows these options"
    if cross.pic or "--with-pic" not in argv:
        return changed, told
    # libtool takes the last of the two; a recipe asks for it because of the build machine's shared libraries.
    return (*changed, "--without-pic"), f"{told}; no code of this one is position-independent"


def _runs_configure(argv: Argv) -> bool:
    """``./configure ...``, or the same by way of a shell: options, settings of variables, then the script."""
    if program(argv) in _NAMES:
        return True
    if program(argv) not in _SHELLS:
        return False
    for place, word in enumerate(argv[1:], 1):
        if word in ("-c", "-ec", "-exc", "-xc"):
            return False
        if not word.startswith("-") and "=" not in word:
            return program(argv[place:]) in _NAMES or (program((word,)) in _SHELLS and _runs_configure(argv[place:]))
    return False
