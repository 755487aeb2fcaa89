"""The programs of the build machine's own system that a build may run.

A build finds no other: /usr/bin is replaced by exactly these, so an undeclared tool is "not found"
on every machine alike.  More come by conf packages (field ``x-system-tools``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from xpkg.core.errors import ConfigurationError

# Debian package -> the programs of it.  POSIX's utilities and GNU make, as autoconf (manual,
# "Portable Shell") and every opam recipe assume them; no compiler, linker or interpreter.
_BASE: Mapping[str, str] = {
    "bash": "bash",
    "bzip2": "bunzip2 bzcat bzip2",
    "coreutils": "[ arch b2sum base64 basename cat chmod chown chgrp cksum comm cp csplit cut date dd dir dirname du"
    " echo env expand expr factor false fmt fold groups head id install join link ln ls md5sum mkdir mkfifo mktemp"
    " mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf pwd readlink realpath rm rmdir seq sha1sum"
    " sha256sum sha512sum shuf sleep sort split stat stty sum sync tac tail tee test timeout touch tr true truncate"
    " tsort tty uname unexpand uniq unlink wc whoami yes",
    "dash": "sh",
    "debianutils": "which",
    "diffutils": "cmp diff diff3",
    "findutils": "find xargs",
    "grep": "egrep fgrep grep",
    "gzip": "gunzip gzip zcat",
    "make": "make",
    "mawk": "awk",
    "patch": "patch",
    "sed": "sed",
    "tar": "tar",
    "xz-utils": "unxz xz xzcat",
}
BASE_TOOLS: Mapping[str, str] = {tool: package for package, tools in _BASE.items() for tool in tools.split()}
_SEARCH = "/usr/bin:/bin:/usr/sbin:/sbin"


def locate(declared: Mapping[str, str]) -> dict[str, Path]:
    """The file behind every base tool and every declared one, links resolved.

    ``declared`` gives for each declared tool the system package that has it.  Raises
    ConfigurationError naming all that are missing and how to get them.
    """
    owners = {**declared, **BASE_TOOLS}
    found: dict[str, Path] = {}
    missing: list[str] = []
    for tool in sorted({*BASE_TOOLS, *declared}):
        path = _program(tool)
        if path is None:
            missing.append(tool)
        else:
            found[tool] = Path(path)
    if missing:
        wanted = sorted({owners.get(tool, tool) for tool in missing})
        raise ConfigurationError(
            f"missing system tool{'s' if len(missing) > 1 else ''}: {', '.join(missing)}",
            reference="missing-system-tool",
            context=(("searched", _SEARCH),),
            hint=f"on Debian: apt-get install {' '.join(wanted)}",
        )
    return found


def _program(name: str) -> str | None:
    """As shutil.which, without the work that it does anew for each name."""
    for directory in _SEARCH.split(":"):
        path = f"{directory}/{name}"
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.realpath(path) if os.path.islink(path) or os.path.islink(directory) else path
    return None
