"""What is told of repositories, to people and to programs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xpkg.cli.printer import Printer
from xpkg.core.errors import XpkgError
from xpkg.ops.home import Home
from xpkg.ops.repositories import Updated
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.remote.origin import Broken
from xpkg.repo.sources.attempt import shown

if TYPE_CHECKING:
    from xpkg.ops.repository_status import Status

_MOST_TOLD = 5  # broken recipes of one repository that an update tells in full


def shown_address(one: RepositorySettings) -> str:
    """The address without credentials, and the commit it is held at."""
    return shown(one.address) if one.commit is None else f"{shown(one.address)} at {one.commit}"


def marks(one: RepositorySettings) -> str:
    """What is special about a repository."""
    names = [f"for {','.join(one.names)}"] if one.names else []
    return ", ".join([*(["exclusive"] if one.exclusive else []), *names])


def versions_text(done: Updated) -> str:
    """How many versions a repository has."""
    return f"{done.changes.versions} version{'' if done.changes.versions == 1 else 's'}"


def settings_value(one: RepositorySettings) -> dict[str, Any]:
    """A repository of the settings for programs."""
    return {
        "name": one.name,
        "address": shown(one.address),
        "exclusive": one.exclusive,
        "commit": one.commit,
        "names": list(one.names),
    }


def update_value(done: Updated) -> dict[str, Any]:
    """What an update found, for programs."""
    if done.error is not None:
        error = done.error
        return {
            "name": done.name,
            "error": error.reference,
            "message": error.message,
            "context": [list(fact) for fact in error.context],
            "hint": error.hint,
        }
    changes = done.changes
    return {
        "name": done.name,
        "changed": done.changed,
        "revision": done.revision,
        "versions": changes.versions,
        "new": changes.added,
        "different": changes.changed,
        "removed": changes.removed,
        "broken": list(map(_broken_value, done.broken)),
        "left_out": list(done.left_out),
    }


def _broken_value(one: Broken) -> dict[str, str]:
    return {"name": one.name, "version": one.version, "problem": one.problem}


def tell_updated(printer: Printer, results: Sequence[Updated]) -> None:
    """A line for each repository."""
    printer.table([(one.name, _outcome(one), one.revision) for one in results])


def _outcome(done: Updated) -> str:
    if done.error is not None:
        return "failed"
    if not done.changed:
        return "up to date"
    changes = done.changes
    numbers = ((changes.added, "new"), (changes.changed, "changed"), (changes.removed, "removed"))
    said = ", ".join(f"{number} {what}" for number, what in numbers if number) or "no version differs"
    return f"updated: {said}; {versions_text(done)}"


def tell_problems(printer: Printer, home: Home, done: Updated) -> None:
    """Warnings: recipes that cannot be used, versions that went, paths that were left out."""
    if done.changes.lost_many:
        printer.warning(
            f"repository {done.name} lost {done.changes.removed} of its {done.changes.before} versions since the last "
            "update"
        )
    if done.left_out:
        more = f" and {len(done.left_out) - 1} more" if len(done.left_out) > 1 else ""
        printer.warning(
            f"repository {done.name}: left out {done.left_out[0]}{more}: "
            "links that lead to no file of the repository, submodules, or names that are no plain text"
        )
    if done.changed:
        _tell_broken(printer, home, done.name, done.broken, _MOST_TOLD)
    elif done.broken:
        printer.note(f"repository {done.name}: {_count(done.broken)}; see xpkg repo status {done.name}")


def _count(broken: Sequence[Broken]) -> str:
    return f"{len(broken)} recipe{'s' if len(broken) > 1 else ''} cannot be used"


def _tell_broken(printer: Printer, home: Home, name: str, broken: Sequence[Broken], most: int) -> None:
    from xpkg.ops.repository_status import explained

    for one in broken[:most]:
        error = explained(home, name, one)
        place = dict(error.context).get("source", "") if error is not None else ""
        what = f"{one.name}.{one.version} cannot be used: " if one.version else ""  # else the problem has the path
        text = f"repository {name}: {what}{one.problem}"
        printer.warning("\n    ".join([text, *place.splitlines()]))
    if len(broken) > most:
        printer.warning(f"repository {name}: {_count(broken)} in all; see xpkg repo status {name}")


def tell_error(printer: Printer, error: XpkgError) -> None:
    """An error of one of several repositories; for programs it is in the value."""
    if not printer.as_json:
        printer.error(error)


def status_value(one: Status) -> dict[str, Any]:
    """The state of a repository for programs; times in seconds since 1970."""
    return settings_value(one.settings) | {
        "rank": one.rank,
        "kind": one.kind,
        "revision": one.revision,
        "etag": one.etag,
        "fetched": one.fetched,
        "checked": one.checked,
        "versions": one.versions,
        "broken": list(map(_broken_value, one.broken)),
        "overlays": [
            {"path": str(wrong.path), "line": wrong.line, "problem": wrong.problem, "hint": wrong.hint}
            for wrong in one.overlays
        ],
        "left_out": list(one.left_out),
        "stale": one.stale,
        "newer": one.newer,
        "unasked": None if one.unasked is None else one.unasked.message,
    }


def tell_status(printer: Printer, home: Home, one: Status) -> None:
    """The state of a repository for people."""
    rows = [
        ("repository", one.settings.name),
        ("address", shown(one.settings.address)),
        ("priority", f"{one.rank}{', exclusive' if one.settings.exclusive else ''}"),
        ("names", ", ".join(one.settings.names)),
        ("held at", one.settings.commit or ""),
        ("commit" if one.kind == "git" else "sha256", one.revision),
        ("etag", one.etag),
        ("fetched", _time(one.fetched)),
        ("checked", _time(one.checked)),
        ("versions", str(one.versions)),
        ("broken", str(len(one.broken)) if one.broken else ""),
        ("left out", ", ".join(one.left_out)),
        ("stale", one.stale or ""),
        ("remote", _remote(one)),
    ]
    printer.table([row for row in rows if row[1]])
    if not printer.as_json:
        _tell_broken(printer, home, one.settings.name, one.broken, len(one.broken))
        for wrong in one.overlays:
            printer.warning(f"repository {one.settings.name}: {wrong}{f' ({wrong.hint})' if wrong.hint else ''}")


def _remote(one: Status) -> str:
    if one.unasked is not None:
        told = dict(one.unasked.context).get("answer")
        return f"{one.unasked.message}{f': {told}' if told else ''}"
    return "" if one.newer is None else "has something newer" if one.newer else "has nothing newer"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
