"""The variables that are the same for every package of a machine (opam manual, "Global variables", and ours)."""

from __future__ import annotations

from collections.abc import Mapping

from xpkg.repo.interpolate import Value
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.targets import Target

OPAM_VERSION = "2.6.1"
"""The version of opam whose behaviour recipes may count on."""

_OFF = ("with-test", "with-doc", "with-dev-setup", "dev", "pinned")
"""False unless somebody asks for them for a package; undefined they would make ``!with-test`` undefined."""


def machine_variables(machine: Target, native: Target, *, jobs: str = "1") -> Mapping[str, Value]:
    """What filters see before anything is built: no directories, no packages.

    Ours are ``target`` (empty on the build machine), ``cross``, ``triple``, ``build-triple``, ``zig-target`` and
    ``cc-flags``.  A variable that the machine's file does not set is undefined.
    """
    cross = machine.name != NATIVE
    return {
        "exe": "",
        **machine.variables,
        "opam-version": native.variables.get("opam-version", OPAM_VERSION),
        "make": "make",
        **dict.fromkeys(_OFF, False),
        "jobs": jobs,
        "target": machine.name if cross else "",
        "cross": cross,
        "triple": machine.triple,
        "build-triple": native.triple,
        "zig-target": machine.toolchain.zig_target or "",
        "cc-flags": " ".join(machine.toolchain.cflags),
    }
