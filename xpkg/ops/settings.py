"""The user's settings: one TOML file in the state directory, changed atomically."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from xpkg.core.errors import InputFileError, NotFoundError, UsageError
from xpkg.core.files import write_atomically
from xpkg.core.text import did_you_mean
from xpkg.core.values import value
from xpkg.repo.remote.locations import is_git

DEFAULT_SWITCH = "default"
SHIPPED = "xpkg"
"""Name of the repository that travels with xpkg; always the last in priority."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_INDEX = ".index"  # repos/<name>.index is the index of a directory
# Not compiled here: most commands need neither.
_GLOB = r"[A-Za-z0-9_+*?\[\]!-]{1,100}"
_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_REPOSITORY_KEYS = {"name", "address", "exclusive", "commit", "names"}


@value(kw_only=True)
class RepositorySettings:
    """A repository the user added.  Earlier in the list wins.

    ``address`` is an absolute directory, ``git+...[#BRANCH]`` or an http or https URL; ``commit`` the full commit
    that a git repository is held at.  ``names`` are globs of the package names it answers for, all when empty;
    names that an ``exclusive`` one has are looked up in no other.
    """

    name: str
    address: str
    exclusive: bool = False
    commit: str | None = None
    names: tuple[str, ...] = ()


@value(kw_only=True)
class Place:
    """Where in the list a repository goes: before another one, or by rank.

    Rank 1 is the one that decides first, -1 the one before the shipped repository (opam's ``--rank``).
    """

    rank: int = 1
    before: str | None = None


FIRST, LAST = Place(), Place(rank=-1)


@value(kw_only=True)
class Settings:
    """All settings, with their defaults."""

    switch: str = DEFAULT_SWITCH
    repositories: tuple[RepositorySettings, ...] = ()

    def with_repository(self, added: RepositorySettings, place: Place = FIRST) -> Settings:
        """The settings with one more repository.  UsageError when the name is taken or malformed."""
        check_repository(added)
        if any(other.name == added.name for other in self.repositories):
            raise UsageError(
                f"there is a repository named {added.name} already",
                reference="repository-exists",
                hint=f"xpkg repo set {added.name} changes it",
            )
        return replace(self, repositories=_inserted(self.repositories, added, place))

    def without_repository(self, name: str) -> Settings:
        """The settings without one repository, if it is there."""
        return replace(self, repositories=tuple(other for other in self.repositories if other.name != name))

    def with_changed(self, changed: RepositorySettings, place: Place | None = None) -> Settings:
        """The settings with another form of the repository of that name, in its place or a new one."""
        check_repository(changed)
        if place is None:
            kept = tuple(changed if other.name == changed.name else other for other in self.repositories)
            return replace(self, repositories=kept)
        return replace(self, repositories=_inserted(self.without_repository(changed.name).repositories, changed, place))

    def repository(self, name: str) -> RepositorySettings:
        """The repository of that name.  NotFoundError, or UsageError for the shipped one."""
        for one in self.repositories:
            if one.name == name:
                return one
        if name == SHIPPED:
            raise UsageError(f"the repository {SHIPPED} is part of xpkg and stays", reference="shipped-repository")
        raise NotFoundError(
            f"there is no repository named {name}",
            reference="unknown-repository",
            hint=did_you_mean(name, [one.name for one in self.repositories]),
        )


def _inserted(
    others: tuple[RepositorySettings, ...], added: RepositorySettings, place: Place
) -> tuple[RepositorySettings, ...]:
    names = [other.name for other in others]
    if place.before in (SHIPPED, added.name):
        at = len(others) if place.before == SHIPPED else -1
    elif place.before is not None:
        at = names.index(place.before) if place.before in names else -1
    else:
        at = place.rank - 1 if place.rank > 0 else max(0, len(others) + 1 + place.rank)
    if at < 0:
        raise NotFoundError(
            f"there is no other repository named {place.before}",
            reference="unknown-repository",
            hint=did_you_mean(place.before or "", names),
        )
    return (*others[:at], added, *others[at:])


def check_repository(one: RepositorySettings) -> None:
    """UsageError unless the name, the globs and the commit have their form."""
    problem = _name_problem(one.name)
    if problem is not None:
        raise UsageError(f"{one.name[:80]!r} cannot name a repository", reference="bad-name", hint=problem)
    for glob in one.names:
        if re.fullmatch(_GLOB, glob) is None:
            raise UsageError(
                f"{glob[:80]!r} is no pattern of package names",
                reference="bad-name",
                hint="letters, digits, '-', '_', '+', and *, ?, [...]; several with commas",
            )
    if one.commit is not None and re.fullmatch(_COMMIT, one.commit) is None:
        raise UsageError(
            f"{one.commit[:80]!r} is not a full commit",
            reference="bad-commit",
            hint="40 hexadecimal digits, as `git rev-parse` prints; a branch or tag goes after '#' in the address",
        )
    if one.commit is not None and not is_git(one.address):
        from xpkg.repo.sources.attempt import shown

        raise UsageError(
            f"only a git repository can be held at a commit, and {shown(one.address)} is none", reference="bad-commit"
        )


def _name_problem(name: str) -> str | None:
    """Why a name is not fit to be a directory's name of ours, or None."""
    if _NAME.fullmatch(name) is None:
        return "a letter or digit, then letters, digits, '_', '.', '-'; at most 64"
    if name == SHIPPED:
        return f"{SHIPPED} is the repository that comes with xpkg"
    if name.endswith(_INDEX):
        return f"names that end in {_INDEX} are files of xpkg's own"
    return None


def load(path: Path) -> Settings:
    """Read the settings; defaults when there is no file.  InputFileError says what is wrong in it."""
    import tomli

    try:
        data = tomli.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path, str(error)) from error
    unknown = set(data) - {"switch", "repository"}
    if unknown:
        raise _wrong(path, f"unknown key {sorted(unknown)[0]!r}")
    switch = data.get("switch", DEFAULT_SWITCH)
    entries = data.get("repository", [])
    if not isinstance(switch, str) or not isinstance(entries, list):
        raise _wrong(path, "switch must be a string and repository a list of tables")
    return Settings(switch=switch, repositories=_repositories(path, entries))


def save(path: Path, settings: Settings) -> None:
    """Write the settings in one step; an address may have a password in it."""
    import tomli_w

    entries = [_table(one) for one in settings.repositories]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, tomli_w.dumps({"switch": settings.switch, "repository": entries}).encode(), mode=0o600)


def _table(one: RepositorySettings) -> dict[str, Any]:
    table: dict[str, Any] = {"name": one.name, "address": one.address, "exclusive": one.exclusive}
    if one.commit is not None:
        table["commit"] = one.commit
    if one.names:
        table["names"] = list(one.names)
    return table


def _repositories(path: Path, entries: list[object]) -> tuple[RepositorySettings, ...]:
    found = tuple(_repository(path, entry) for entry in entries)
    for position, one in enumerate(found):
        if any(other.name == one.name for other in found[:position]):
            raise _wrong(path, f"two repositories are named {one.name}")
    return found


def _repository(path: Path, entry: object) -> RepositorySettings:
    if not isinstance(entry, dict) or set(entry) - _REPOSITORY_KEYS:
        raise _wrong(path, f"a repository has the keys {', '.join(sorted(_REPOSITORY_KEYS))}")
    name, address, exclusive = entry.get("name"), entry.get("address"), entry.get("exclusive", False)
    commit, names = entry.get("commit"), entry.get("names", [])
    if not isinstance(name, str) or not isinstance(address, str) or not isinstance(exclusive, bool):
        raise _wrong(path, "a repository needs a name and an address")
    if not isinstance(commit, str | None) or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        raise _wrong(path, "a commit is a string and names a list of strings")
    one = RepositorySettings(name=name, address=address, exclusive=exclusive, commit=commit, names=tuple(names))
    try:
        check_repository(one)
    except UsageError as error:
        raise _wrong(path, error.message) from error
    return one


def _wrong(path: Path, why: str) -> InputFileError:
    return InputFileError(
        f"the settings cannot be read: {why}",
        reference="bad-settings",
        context=(("file", str(path)),),
        hint="correct the file, or delete it to start from the defaults",
    )
