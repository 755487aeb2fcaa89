"""The version order on generated pairs, asked of the installed opam as filters that compare two texts.

The pairs of the public repository are in ``test_universe.py``.
"""

from __future__ import annotations

import random
from pathlib import Path

from tests.oracle.opam import Opam
from tests.oracle.probe import built, written
from xpkg.repo.version_order import compare

PAIRS = 100_000
_PARTS = (
    *("0", "00", "1", "01", "9", "10", "99999999999999999999", "a", "A", "b", "z", "Z", "alpha", "beta", "rc", "v"),
    *(
        "~",
        "~~",
        "-",
        "--",
        ".",
        "..",
        "+",
        "_",
        "",
        "~0",
        "-0",
        ".0",
        "a0",
        "0a",
        "0~",
        "+dfsg",
        "é",
        "ß",
        "/",
        " ",
        "@",
    ),
)
OPERATOR = {-1: "<", 0: "=", 1: ">"}


def _version(dice: random.Random) -> str:
    return "".join(dice.choice(_PARTS) for _ in range(dice.choice((1, 2, 3, 3, 4, 5, 6))))


def _changed(dice: random.Random, version: str) -> str:
    """A text of nearly the same: often equal, or apart by what is easy to get wrong."""
    place = dice.randrange(len(version) + 1)
    kind = dice.randrange(5)
    if kind == 0:
        return version[:place] + dice.choice(_PARTS) + version[place:]
    if kind == 1:
        return version[:place] + version[place + 1 :]
    if kind == 2:
        return version + dice.choice(("0", "-0", "-", "~", ".0", "00", "-~", "-0~", "+"))
    if kind == 3:
        return version.replace(dice.choice("019"), dice.choice(("0", "00", "01", "1")), 1)
    return version[:place] + version[place:].replace(dice.choice("-.~+"), dice.choice("-.~+"), 1)


def _pairs(dice: random.Random) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    while len(pairs) < PAIRS:
        one = _version(dice)
        pairs.append((one, _changed(dice, one) if dice.random() < 0.7 else _version(dice)))
    return pairs


def test_generated_pairs(opam: Opam, tmp_path: Path) -> None:
    """Of each pair one of ``<``, ``=`` and ``>`` must hold, the one that we find; the other two are then false."""
    pairs = _pairs(random.Random(1))
    orders = [compare(one, other) for one, other in pairs]
    asked = [
        f'"{number}" {{{written(one)} {OPERATOR[order]} {written(other)}}}'
        for number, ((one, other), order) in enumerate(zip(pairs, orders, strict=True))
    ]
    agreed = {
        int(number)
        for command in built(opam, [asked[start : start + 5000] for start in range(0, PAIRS, 5000)], tmp_path)
        for number in command
    }
    wrong = [(*pair, orders[number]) for number, pair in enumerate(pairs) if number not in agreed]
    assert wrong == []
    assert all(orders.count(order) > PAIRS / 20 for order in OPERATOR)
    distinct = sum(one != other for (one, other), order in zip(pairs, orders, strict=True) if order == 0)
    assert distinct > PAIRS / 100
