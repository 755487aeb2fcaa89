"""Which system packages this machine lacks, as far as that can be known.

A plan does not depend on the machine that makes it, unless somebody asks: then packages whose ``depexts`` are here are
preferred where opam would prefer them (its criterion ``missing-depexts``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from xpkg.core.files import disk_errors
from xpkg.core.processes import run_logged
from xpkg.repo.machine_names import NATIVE
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe
from xpkg.repo.variables import machine_variables

MissingDepexts = Callable[[str, str], int]
"""For a name and a version, how many system packages its recipe wants on the build machine that are not there."""

_QUERY = ("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Provides}\n")
_OS_RELEASE = Path("/etc/os-release")  # os-release(5)
_ANY = "linux"  # the distribution that target native names: none in particular


def missing_depexts(universe: Universe) -> MissingDepexts | None:
    """What is missing for a recipe; None where that cannot be known, as there is no dpkg to ask.

    Recipes are read when somebody asks for them. One that cannot be read wants nothing: it is not chosen anyway.
    """
    installed = installed_packages()
    if installed is None:
        return None
    native = universe.targets[NATIVE]
    variables = {**machine_variables(native, native), **_distribution(native.variables)}

    repositories = {one.name: one for one in universe.repositories}

    @cache
    def missing(name: str, version: str) -> int:
        entry = universe.entry(name, version)
        if entry.problem is not None or not _may_want(repositories[entry.repository], name, version, universe.overlaid):
            return 0
        wanted = universe.recipe(name, version).depexts_for(variables.get)
        return sum(one not in installed for one in wanted)

    return missing


def _may_want(repository: Repository, name: str, version: str, overlaid: frozenset[str]) -> bool:
    """Whether a recipe may have depexts: one in twenty does, and reading all of them takes ten times as long."""
    if name in overlaid:
        return True
    directory, data = repository.place(name, version)
    with disk_errors("read", directory):
        return b"depexts" in (data if data is not None else (directory / "opam").read_bytes())


def installed_packages() -> frozenset[str] | None:
    """The names of the installed system packages and of what they provide; None without dpkg."""
    said = bytearray()
    try:
        ended = run_logged(_QUERY, log=Path(os.devnull), output=said.extend)
    except FileNotFoundError:
        return None
    return None if ended.status else parse_installed(said.decode("utf-8", "replace").splitlines())


def parse_installed(lines: Iterable[str]) -> frozenset[str]:
    """The names in lines ``STATUS PACKAGE PROVIDED[:ARCHITECTURE] [(= VERSION)], ...`` whose status is installed."""
    found: set[str] = set()
    for line in lines:
        status, _, rest = line.partition(" ")
        if status == "installed":
            package, _, provided = rest.partition(" ")
            found.add(package)
            found.update(re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", provided))
    return frozenset(found)


def _distribution(described: Mapping[str, object]) -> dict[str, str]:
    """opam's variables that tell this machine's distribution (``OpamSysPoll``), unless others were described."""
    if described.get("os-distribution") not in (None, _ANY):
        return {}
    release: dict[str, str] = {}
    with suppress(OSError):
        for line in _OS_RELEASE.read_text(errors="replace").splitlines():
            name, _, value = line.partition("=")
            release[name] = value.strip().strip("\"'")
    distribution = release.get("ID", "debian")
    family = release.get("ID_LIKE", distribution).split() or [distribution]
    told = {"os-distribution": distribution, "os-family": family[0]}
    return told | ({"os-version": release["VERSION_ID"]} if release.get("VERSION_ID") else {})
