"""Sets of versions in few words: "5.0.0 to 5.9.2 (27 versions)" instead of all 27."""

from __future__ import annotations

from collections.abc import Collection, Sequence

_MOST_NAMED = 3
_MOST_LISTED = 10


def condensed(versions: Collection[str], known: Sequence[str]) -> str:
    """Some of ``known`` (newest first) in words; gaps are told by "27 of the 30 versions".

    Up to three are named.  What is not among ``known`` is named, too.
    """
    inside = [place for place, version in enumerate(known) if version in versions]
    outside = sorted(set(versions).difference(known))
    if len(inside) + len(outside) <= _MOST_NAMED or outside:
        return listed([*(known[place] for place in inside), *outside], "and")
    newest, oldest = inside[0], inside[-1]
    between = oldest - newest + 1
    count = f"{len(inside)} versions" if between == len(inside) else f"{len(inside)} of the {between} versions"
    if newest == 0 and oldest == len(known) - 1:
        return f"{known[oldest]} to {known[newest]} (all {count})" if between == len(inside) else _span(known, inside)
    if newest == 0:
        return f"{known[oldest]} and newer ({count})"
    if oldest == len(known) - 1:
        return f"{known[newest]} and older ({count})"
    return f"{known[oldest]} to {known[newest]} ({count})"


def _span(known: Sequence[str], inside: Sequence[int]) -> str:
    return f"{known[inside[-1]]} to {known[inside[0]]} ({len(inside)} of the {len(known)} versions)"


def listed(words: Sequence[str], last: str) -> str:
    """``a, b and c``."""
    return " ".join(words) if len(words) < 2 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def shortly_listed(words: Sequence[str]) -> str:
    """``a, b and c``, of many the first ones and how many more there are."""
    more = len(words) - _MOST_LISTED
    return listed(words, "and") if more < 2 else listed([*words[:_MOST_LISTED], f"{more} others"], "and")
