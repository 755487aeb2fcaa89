"""Reading objects in advance gives each position its own bytes, in whatever order they are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xpkg.repo.remote.read_ahead import ReadAhead
from xpkg.repo.sources.attempt import AttemptFailed


class Recorded:
    """Answers in the order of the questions, as git does."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.answered = 0

    def ask(self, names: Sequence[str]) -> None:
        assert not self.waiting
        self.waiting += names

    def answer(self, name: str, most: int | None = None) -> bytes:
        assert self.waiting.pop(0) == name
        self.answered += 1
        return name.encode()


def reader(objects: Recorded, count: int) -> ReadAhead:
    return ReadAhead(objects, [str(number) for number in range(count)])  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 59), max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_order(positions: list[int]) -> None:
    ahead = reader(Recorded(), 60)
    assert [ahead.read(position) for position in positions] == [str(position).encode() for position in positions]


def test_in_order_there_are_few_questions_and_no_wasted_answers() -> None:
    objects = Recorded()
    ahead = reader(objects, 3000)
    for position in range(3000):
        ahead.read(position)
    assert objects.answered == 3000


def test_here_and_there_little_is_read_in_vain() -> None:
    objects = Recorded()
    ahead = reader(objects, 3000)
    for position in range(0, 3000, 100):
        ahead.read(position)
    assert objects.answered == 30


def test_all_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xpkg.repo.remote.read_ahead.MOST_BYTES", 5)
    ahead = reader(Recorded(), 10)
    with pytest.raises(AttemptFailed, match="more than the limit of 5 bytes"):
        [ahead.read(position) for position in range(10)]
