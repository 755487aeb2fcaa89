"""Names that are hinted at: distances are those of the definition, and a slip of the hand is always understood."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from xpkg.core.text import distance, nearest

LETTERS = "ab-c"
WORDS = st.text(LETTERS, max_size=8)
NAMES = st.text("abcdefgh-", min_size=3, max_size=12)


def as_defined(one: str, other: str) -> int:
    """The recursion itself, over the ends of both."""

    @cache
    def of(i: int, j: int) -> int:
        if not i or not j:
            return i or j
        found = [of(i - 1, j) + 1, of(i, j - 1) + 1, of(i - 1, j - 1) + (one[i - 1] != other[j - 1])]
        if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
            found.append(of(i - 2, j - 2) + 1)
        return min(found)

    return of(len(one), len(other))


@given(WORDS, WORDS, st.integers(0, 9))
def test_distances(one: str, other: str, most: int) -> None:
    wanted = as_defined(one, other)
    assert distance(one, other, most) == (wanted if wanted <= most else None)


@given(NAMES, st.sets(NAMES, max_size=20), st.data())
def test_one_slip_is_understood(name: str, others: set[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("abcxyz"))
    slips = [name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :]]
    slips.append(name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :])
    typed = data.draw(st.sampled_from([one for one in slips if len(one) > 2]))
    found = nearest(typed, {name, *others}, most=99)
    assert name in found
    assert as_defined(typed, found[0]) <= 1


@given(NAMES, st.sets(NAMES, max_size=20))
def test_what_is_hinted_at_is_near_or_has_the_name_in_it(typed: str, known: set[str]) -> None:
    found = nearest(typed, known)
    assert len(found) <= 3
    mistyped = [one for one in found if as_defined(typed, one) <= max(1, len(typed) // 3)]
    assert all(one in mistyped or typed in one for one in found)
    away = [as_defined(typed, one) for one in mistyped if typed not in one]
    assert away == sorted(away)
