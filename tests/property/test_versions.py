"""The version order: a total preorder that agrees with opam on known pairs."""

from __future__ import annotations

import time
from functools import cmp_to_key

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xpkg.repo.version_order import Ranking, compare, holds, members, newest_first, version_key
from xpkg.repo.versions import ANY_VERSION, AllOf, Compare, OneOf, VersionFormula, exactly

versions = st.text(alphabet="01259abzAZ~.+-_", max_size=12)


def reference(left: str, right: str) -> int:
    """OpamVersionCompare's algorithm, character by character, as independent of version_key as can be."""
    for first, second in zip(_split(left), _split(right), strict=True):
        if order := _chunks(first, second):
            return order
    return 0


def _split(text: str) -> tuple[str, str]:
    head, dash, tail = text.rpartition("-")
    return (head, tail) if dash else (text, "")


def _weight(character: str) -> tuple[int, str]:
    if character == "~":
        return (-1, "")
    if not character:
        return (0, "")
    return (1 if character.isalpha() else 2, character)


def _chunks(left: str, right: str) -> int:
    i = j = 0
    while i < len(left) or j < len(right):
        while (i < len(left) and not left[i].isdigit()) or (j < len(right) and not right[j].isdigit()):
            first = left[i] if i < len(left) and not left[i].isdigit() else ""
            second = right[j] if j < len(right) and not right[j].isdigit() else ""
            if _weight(first) != _weight(second):
                return -1 if _weight(first) < _weight(second) else 1
            i, j = i + 1, j + 1
        start_i, start_j = i, j
        while i < len(left) and left[i].isdigit():
            i += 1
        while j < len(right) and right[j].isdigit():
            j += 1
        first_number, second_number = int(left[start_i:i] or "0"), int(right[start_j:j] or "0")
        if first_number != second_number:
            return -1 if first_number < second_number else 1
    return 0


@given(versions, versions)
def test_key_orders_as_the_reference(left: str, right: str) -> None:
    assert compare(left, right) == reference(left, right)


@given(versions, versions, versions)
def test_total_preorder(a: str, b: str, c: str) -> None:
    assert compare(a, a) == 0
    assert compare(a, b) == -compare(b, a)
    ordered = sorted([a, b, c], key=version_key)
    assert ordered == sorted([a, b, c], key=cmp_to_key(compare))
    assert compare(ordered[0], ordered[2]) <= 0


@given(versions, versions)
def test_comparisons_are_consistent(a: str, b: str) -> None:
    assert holds("<", a, b) + holds("=", a, b) + holds(">", a, b) == 1
    assert holds("<=", a, b) == (not holds(">", a, b))
    assert holds("!=", a, b) == (not exactly(b).allows(a))


# From opam's manual ("Version ordering") and opamVersionCompare.ml's comments.
def test_the_manuals_sequence() -> None:
    sequence = ["~~", "~", "~beta2", "~beta10", "0.1", "1.0~beta", "1.0", "1.0-test", "1.0.1", "1.0.10", "dev", "trunk"]
    for position, older in enumerate(sequence):
        for newer in sequence[position + 1 :]:
            assert compare(older, newer) < 0, (older, newer)


@pytest.mark.parametrize(
    ("left", "right"),
    [("1.0", "1.00"), ("1", "1-0"), ("0", ""), ("1.", "1.0"), ("a01", "a1"), ("1-", "1"), ("1-0", "1-00")],
)
def test_distinct_texts_can_be_equal(left: str, right: str) -> None:
    assert compare(left, right) == 0
    assert version_key(left) == version_key(right)
    assert exactly(left).allows(right)


# What is not ASCII occurs in filters only; OCaml's strings are bytes (opamVersionCompare.ml, compare_chars).
@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1", "1.0"),
        ("v0.9.1", "v0.15.0"),
        ("4.14.1~rc1", "4.14.1"),
        ("4.14.1", "4.14.1+options"),
        ("1.2-3", "1.2-10"),
        ("1.2-3-1", "1.2-3-2"),
        ("1.0-a", "1.0+a"),
        ("8.19", "8.19+9.0"),
        ("1.0Z", "1.0a"),
        ("1.0a", "1.0+"),
        ("20230101", "v1"),
        ("0~", ""),
        ("1-0~", "1"),
        ("", "0a"),
        ("z", "é"),
        ("+", "é"),
        ("é", "ā"),
        ("\udcc3", "é"),
    ],
)
def test_known_pairs(older: str, newer: str) -> None:
    assert compare(older, newer) < 0


def test_numbers_of_any_size_and_long_texts_take_linear_time() -> None:
    started = time.process_time()
    assert compare("9" * 100_000, "1" + "0" * 100_000) < 0
    assert compare("1." * 50_000, "1." * 50_000 + "1") < 0
    assert compare("-" * 100_000, "0" * 100_000) != 0
    assert time.process_time() - started < 2


comparisons = st.builds(Compare, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), versions)
constraints: st.SearchStrategy[VersionFormula] = st.recursive(
    comparisons | st.just(ANY_VERSION),
    lambda parts: (
        st.builds(AllOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(OneOf, st.lists(parts, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=5,
)


@given(st.lists(versions, max_size=8), constraints)
def test_a_constraint_on_many_versions_at_once(texts: list[str], constraint: VersionFormula) -> None:
    ranking = Ranking(newest_first(texts))
    found = [ranking.versions[place] for place in members(constraint.among(ranking))]
    assert found == [version for version in ranking.versions if constraint.allows(version)]
