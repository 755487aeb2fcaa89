"""Sets of versions in few words."""

from __future__ import annotations

import pytest

from xpkg.solver.version_ranges import condensed, listed, shortly_listed

KNOWN = ("9", "8", "7", "6", "5", "4", "3", "2", "1")


@pytest.mark.parametrize(
    ("versions", "told"),
    [
        ("5", "5"),
        ("53", "5 and 3"),
        ("357", "7, 5 and 3"),
        ("5678", "5 to 8 (4 versions)"),
        ("568", "8, 6 and 5"),
        ("2568", "2 to 8 (4 of the 7 versions)"),
        ("6789", "6 and newer (4 versions)"),
        ("1234", "4 and older (4 versions)"),
        ("123456789", "1 to 9 (all 9 versions)"),
        ("1239", "1 to 9 (4 of the 9 versions)"),
    ],
)
def test_some_of_the_known_versions(versions: str, told: str) -> None:
    assert condensed(tuple(versions), KNOWN) == told


def test_what_is_not_known_is_named() -> None:
    assert condensed(("5", "gone"), KNOWN) == "5 and gone"


def test_nothing() -> None:
    assert condensed((), KNOWN) == ""
    assert listed((), "and") == ""


def test_of_many_words_the_first_ones() -> None:
    words = [str(number) for number in range(1, 13)]
    assert shortly_listed(words[:2]) == "1 and 2"
    assert shortly_listed(words[:11]) == listed(words[:11], "and")  # nothing gained by "1 others"
    assert shortly_listed(words) == "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 others"
