"""Versions in opam's order.

The order is opam's (``opamVersionCompare.ml``), which is Debian's without epochs: the revision is what follows
the rightmost ``-``; digits compare as numbers, everything else by character, with ``~`` before the end of the
text, then letters, then the other characters.  Distinct texts can be equal: ``1.0`` and ``1.00``, ``1`` and ``1-0``.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

VersionKey = tuple[tuple[str | int, ...], tuple[str | int, ...]]

_CHUNK = re.compile(r"([^0-9]*+)0*+([0-9]*+)")
_TILDE, _END = "\x01", "\x02"
# '~' sorts before the end, the end before letters, letters before all other bytes; those above ASCII stay the last.
_NO_DIGITS = [character for character in map(chr, range(128)) if not character.isdigit()]
_NO_DIGITS.sort(key=lambda character: not character.isalpha())
_WEIGHTS = {ord(character): chr(3 + place) for place, character in enumerate(_NO_DIGITS)}
_WEIGHTS[ord("~")] = _TILDE
_LAST: tuple[str | int, ...] = (_END, 0, "")


def _chunks(text: str) -> tuple[str | int, ...]:
    """The text as a sequence whose order is the text's: non-digits, length of the number, number, ..."""
    key: list[str | int] = []
    for match in _CHUNK.finditer(text):
        if match.end() == match.start():
            break
        rest, digits = match.groups()
        # The length goes first, so that numbers of any size compare without conversion.
        key += (rest.translate(_WEIGHTS) + _END, len(digits), digits)
    return (*(key or _LAST), *_LAST)


# The empty text is a lone zero: both are older than "0a" and newer than "0~".
_NOTHING = _chunks("")


@lru_cache(maxsize=1 << 16)
def version_key(text: str) -> VersionKey:
    """A value that sorts as opam sorts versions; equal keys mean equal versions.

    Filters compare any texts so: what is not ASCII counts by the bytes of its UTF-8.
    """
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    if "-" not in text:
        return _chunks(text), _NOTHING
    rest, _, revision = text.rpartition("-")
    return _chunks(rest), _chunks(revision)


def newest_first(versions: Iterable[str]) -> tuple[str, ...]:
    """Sorted versions.  Distinct texts can be equal: the text decides then, so that the order is always the same."""
    return tuple(sorted(versions, key=lambda text: (version_key(text), text), reverse=True))


def compare(left: str, right: str) -> int:
    """Negative, zero or positive as ``left`` is older than, equal to or newer than ``right``."""
    left_key, right_key = version_key(left), version_key(right)
    return (left_key > right_key) - (left_key < right_key)


def holds(operator: str, left: str, right: str) -> bool:
    """Whether ``left operator right`` in version order; the operator is one of = != < <= > >=."""
    order = compare(left, right)
    match operator:
        case "=":
            return order == 0
        case "!=":
            return order != 0
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case ">=":
            return order >= 0
    raise ValueError(f"not a comparison: {operator!r}")


class Ranking:
    """The versions of one package, newest first, for questions about all of them at once.

    A set of them is a number whose bit N stands for the version at position N: sets join as bits do, and the versions
    that a comparison holds for are found by bisection instead of one by one.
    """

    def __init__(self, newest_first: Sequence[str]) -> None:
        self.versions = newest_first

    @property
    def all(self) -> int:
        """The set of all versions."""
        return (1 << len(self.versions)) - 1

    @cached_property
    def _oldest_first(self) -> list[VersionKey]:
        return [version_key(version) for version in reversed(self.versions)]

    def where(self, operator: str, version: str) -> int:
        """The versions for which ``holds(operator, one, version)``."""
        key, keys = version_key(version), self._oldest_first
        count = len(keys)
        match operator:
            case ">=":
                return _first(count - bisect_left(keys, key))
            case ">":
                return _first(count - bisect_right(keys, key))
            case "<":
                return self.all ^ _first(count - bisect_left(keys, key))
            case "<=":
                return self.all ^ _first(count - bisect_right(keys, key))
        equal = _first(count - bisect_left(keys, key)) ^ _first(count - bisect_right(keys, key))
        if operator == "=":
            return equal
        if operator == "!=":
            return self.all ^ equal
        raise ValueError(f"not a comparison: {operator!r}")


def _first(count: int) -> int:
    return (1 << count) - 1


def members(numbers: int) -> Sequence[int]:
    """The positions in a set of versions, rising."""
    if not numbers:
        return ()
    first, end = (numbers & -numbers).bit_length() - 1, numbers.bit_length()
    if numbers == _first(end) ^ _first(first):
        return range(first, end)
    return [position for position in range(first, end) if numbers >> position & 1]
