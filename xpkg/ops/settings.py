"""The user's settings: one TOML file in the state directory, changed atomically."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xpkg.core.errors import InputFileError, UsageError
from xpkg.core.files import write_atomically

DEFAULT_SWITCH = "default"
SHIPPED = "xpkg"
"""Name of the repository that travels with xpkg; always the last in priority."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_REPOSITORY_KEYS = {"name", "address", "exclusive"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """A repository the user added; ``address`` is a directory or a URL.  Earlier in the list wins."""

    name: str
    address: str
    exclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, with their defaults."""

    switch: str = DEFAULT_SWITCH
    repositories: tuple[RepositorySettings, ...] = field(default=())

    def with_repository(self, added: RepositorySettings, *, first: bool = True) -> Settings:
        """The settings with one more repository.  UsageError when the name is taken or malformed."""
        check_repository_name(added.name)
        if added.name == SHIPPED or any(other.name == added.name for other in self.repositories):
            raise UsageError(f"there is a repository named {added.name} already", reference="repository-exists")
        others = self.repositories
        return replace(self, repositories=(added, *others) if first else (*others, added))

    def without_repository(self, name: str) -> Settings:
        """The settings without one repository, which must be there."""
        return replace(self, repositories=tuple(other for other in self.repositories if other.name != name))


def check_repository_name(name: str) -> None:
    """UsageError unless ``name`` is fit to be a directory's name."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(
            f"{name!r} cannot name a repository",
            reference="bad-name",
            hint="a letter or digit, then letters, digits, '_', '.', '-'; at most 64",
        )


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
    return Settings(switch=switch, repositories=tuple(_repository(path, entry) for entry in entries))


def save(path: Path, settings: Settings) -> None:
    """Write the settings in one step."""
    import tomli_w

    entries: list[dict[str, Any]] = [
        {"name": repo.name, "address": repo.address, "exclusive": repo.exclusive} for repo in settings.repositories
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, tomli_w.dumps({"switch": settings.switch, "repository": entries}).encode())


def _repository(path: Path, entry: object) -> RepositorySettings:
    if not isinstance(entry, dict) or set(entry) - _REPOSITORY_KEYS:
        raise _wrong(path, f"a repository has the keys {', '.join(sorted(_REPOSITORY_KEYS))}")
    name, address, exclusive = entry.get("name"), entry.get("address"), entry.get("exclusive", False)
    if not isinstance(name, str) or not isinstance(address, str) or not isinstance(exclusive, bool):
        raise _wrong(path, "a repository needs a name and an address")
    if _NAME.fullmatch(name) is None or name == SHIPPED:
        raise _wrong(path, f"{name!r} cannot name a repository")
    return RepositorySettings(name=name, address=address, exclusive=exclusive)


def _wrong(path: Path, why: str) -> InputFileError:
    return InputFileError(
        f"the settings cannot be read: {why}",
        reference="bad-settings",
        context=(("file", str(path)),),
        hint="correct the file, or delete it to start from the defaults",
    )
