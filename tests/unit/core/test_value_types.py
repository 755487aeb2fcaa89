"""Value types: the same to their users as frozen data classes with slots."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, is_dataclass, replace
from typing import Any

import msgspec
import pytest

from xpkg.core.values import value


@value
class Pair:
    """A pair."""

    left: int
    right: str = "r"

    @property
    def both(self) -> str:
        return f"{self.left}{self.right}"


@value(kw_only=True, order=True)
class Named:
    name: str
    number: int = 0


@value
class Nothing:
    pass


@dataclass(frozen=True, slots=True)
class Other:
    left: int
    right: str = "r"


def test_values_are_compared_hashed_and_shown_by_their_fields() -> None:
    assert Pair(1) == Pair(1, "r") == Pair(left=1, right="r")
    assert hash(Pair(1)) == hash(Pair(1, right="r"))
    assert Pair(1) != Pair(2)
    other: object = Other(1)
    assert Pair(1) != other
    assert {Pair(1), Pair(1)} == {Pair(1)}
    assert repr(Pair(1)) == "Pair(left=1, right='r')"
    assert Nothing() == Nothing()
    assert Pair(1).both == "1r"
    assert Pair.__doc__ == "A pair."


def test_values_cannot_be_changed_and_have_no_other_attributes() -> None:
    one: Any = Pair(1)
    for name in ("left", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, 2)
    with pytest.raises(FrozenInstanceError):
        del one.left
    assert not hasattr(one, "__dict__")


def test_order_is_that_of_the_fields() -> None:
    low, high = Named(name="a", number=2), Named(name="b")
    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    with pytest.raises(TypeError):
        _ = low < Pair(1)  # type: ignore[operator]


def test_patterns_match_by_place() -> None:
    match Pair(1):
        case Pair(left, right):
            assert (left, right) == (1, "r")


@pytest.mark.parametrize("already", [0, 100])
def test_wrong_arguments_are_told(already: int) -> None:
    """By the quick way of the first values, and by the one compiled later."""

    @value
    class Fresh:
        left: int
        right: str = "r"

    made: Any = Fresh
    for _ in range(already):
        assert made(1).right == "r"
    for args, kwargs in (((), {}), ((1, "a", 2), {}), ((1,), {"left": 2}), ((1,), {"other": 2})):
        with pytest.raises(TypeError, match="__init__"):
            made(*args, **kwargs)
        assert made(1, "a") == made(right="a", left=1)
    named: Any = Named
    with pytest.raises(TypeError, match="positional"):
        named("a")


def test_data_class_tools_know_it() -> None:
    assert is_dataclass(Pair(1))
    assert [field.name for field in fields(Named)] == ["name", "number"]
    assert replace(Named(name="a"), number=3) == Named(name="a", number=3)
    assert asdict(Pair(1)) == {"left": 1, "right": "r"}
    with pytest.raises(TypeError):
        replace(Pair(1), other=1)  # type: ignore[call-arg]


def test_copies_and_encodings() -> None:
    one = Named(name="a", number=3)
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.copy(one) == copy.deepcopy(one) == one
    assert msgspec.json.decode(msgspec.json.encode(one), type=Named) == one
    assert msgspec.json.decode(b'{"name": "b"}', type=Named) == Named(name="b")
