"""Which fields of a recipe changed since it was locked, where the git objects of that time are still here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from xpkg.core.digests import of_bytes
from xpkg.core.errors import ConfigurationError, InputFileError
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.opamfile.values import Field
from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.git_client import BareRepository
from xpkg.repo.sources.settings import FetchSettings

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.ops.lock_file import LockedPackage, LockFile

_LONGEST = 1 << 20  # bytes of an opam file


def changed_fields(home: Home, lock: LockFile, package: LockedPackage, now: OpamFile) -> tuple[str, ...] | None:
    """The fields and sections of a package's opam file that are not as they were locked, sorted.

    None where the file of that time is not here; empty when only its comments and its layout changed.
    """
    repository = lock.repository(package.repository)
    if repository is None or repository.kind != "git" or not (home.root.git / repository.name).is_dir():
        return None
    commit = repository.revision.removeprefix("git=")
    data = next(filter(None, _contents(home, repository.name, commit, package)), None)
    if data is None or str(of_bytes(data)) != package.opam:
        return None
    try:
        was = parse(decode(data), "opam")
    except InputFileError:
        return None
    old, new = _parts(was), _parts(now)
    return tuple(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))


def _contents(home: Home, name: str, commit: str, package: LockedPackage) -> Iterator[bytes | None]:
    """What the opam file may have been, in the places where a repository can have it."""
    settings = FetchSettings(environment=home.environment)
    full = f"{package.name}.{package.version}"
    with suppress(AttemptFailed, ConfigurationError, OSError, ValueError):
        git = settings.tool("git", "the recipe that was locked", "git")
        bare = BareRepository(home.root.git / name, git=git, protocol="none", settings=settings, stop=Stop())
        for place in (f"{package.name}/{full}", full):
            with suppress(AttemptFailed), bare.objects() as objects:
                yield objects.blob(f"{commit}:packages/{place}/opam", _LONGEST)


def _parts(file: OpamFile) -> dict[str, str]:
    """What each field and each section says, without comments and layout."""
    found: dict[str, str] = {}
    for item in file.items:
        if isinstance(item, Field):
            found[item.name] = print_value(item.value)
        else:
            name = item.kind if item.name is None else f"{item.kind} {item.name}"
            said = [(one.name, print_value(one.value)) for one in item.items if isinstance(one, Field)]
            found[name] = repr(sorted(said))
    return found
