"""``xpkg search``: the packages that some words are about, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xpkg.core.errors import UsageError
from xpkg.ops.query_entries import Entries, Wrong, pinned_first

if TYPE_CHECKING:
    from xpkg.ops.home import Home
    from xpkg.repo.entries import Entry


class Found:
    """A package that was found; versions newest first."""

    __slots__ = ("name", "synopsis", "version", "versions")

    def __init__(self, entry: Entry, versions: Sequence[str], synopsis: str) -> None:
        self.name, self.version, self.versions, self.synopsis = entry.name, entry.version, tuple(versions), synopsis


Rank = Callable[[str, str, str], int | None]
"""How well a word fits a name, a synopsis and the remaining text: 0 is best, None when not at all."""


def search(home: Home, words: Sequence[str], wrong: Wrong, *, regex: bool = False) -> list[Found]:
    """The packages whose name, synopsis, description, tags or provided names hold every word, whatever the case.

    The newest version that can be read speaks for a package; ``wrong`` is told of those that cannot.  Best are names
    that are the word, then those that begin with it or hold it, then synopses, then the rest.  With ``regex`` the words
    are Python's regular expressions; UsageError ``bad-regex``.
    """
    ranks = [_pattern(word) if regex else _word(word.lower()) for word in words]
    entries = Entries(home.universe, wrong)
    pins = home.pinned_versions
    found: list[tuple[int, Found]] = []
    for name in home.universe.names():
        versions = home.universe.versions(name)
        entry = entries.newest(name, pinned_first(name, versions, pins) if name in pins else versions)
        if entry is None:
            continue
        facts = entry.facts
        provided = [one for one, _ in entry.x_provides]
        rest = f"{facts['description']}\n{' '.join((*facts['tags'], *provided))}"
        rank = _together(ranks, name, facts["synopsis"], rest)
        if rank is not None:
            found.append((rank, Found(entry, versions, facts["synopsis"])))
    return [one for _, one in sorted(found, key=lambda one: (one[0], one[1].name))]


def _together(ranks: Sequence[Rank], name: str, synopsis: str, rest: str) -> int | None:
    total = 0
    for rank in ranks:
        found = rank(name, synopsis, rest)
        if found is None:
            return None
        total += found
    return total


def _word(word: str) -> Rank:
    def rank(name: str, synopsis: str, rest: str) -> int | None:
        lower = name.lower()
        if lower == word:
            return 0
        if lower.startswith(word):
            return 1
        if word in lower:
            return 2
        if word in synopsis.lower():
            return 3
        return 4 if word in rest.lower() else None

    return rank


def _pattern(text: str) -> Rank:
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise UsageError(f"{text!r} is no regular expression: {error}", reference="bad-regex") from error

    def rank(name: str, synopsis: str, rest: str) -> int | None:
        if pattern.fullmatch(name):
            return 0
        match = pattern.search(name)
        if match is not None:
            return 1 if match.start() == 0 else 2
        if pattern.search(synopsis):
            return 3
        return 4 if pattern.search(rest) else None

    return rank
