"""What has nothing to do with a request stays, but what must hold in any case is brought about."""

from __future__ import annotations

from tests.unit.solver.toy import Row, Table, formula
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Instance, Request
from xpkg.solver.solve import solve

TABLE = Table(
    {
        "base 1": Row(),
        "base 2": Row(),
        "left 1": Row(depends="base"),
        "right 1": Row(depends="base"),
        "other 1": Row(),
        "other 2": Row(),
    }
)


def _of(*names: str) -> tuple[Instance, ...]:
    return tuple(Instance(name=one.split()[0], version=one.split()[1], machine=BUILD) for one in names)


def _changes(request: Request) -> list[str]:
    return [f"{one.action} {one.instance.name} {one.instance.version}" for one in solve(request, TABLE).actions]


def test_of_an_invariant_with_alternatives_another_one_is_installed() -> None:
    request = Request(
        installed=_of("base 1", "left 1"),
        roots=_of("left 1"),
        remove=(("left", BUILD),),
        related=frozenset({("left", BUILD)}),
        prune=True,
        invariant=formula("left|right", BUILD),
    )
    assert _changes(request) == ["remove left 1", "install right 1"]


def test_an_invariant_not_met_yet_is_brought_about_by_any_request() -> None:
    request = Request(
        installed=_of("base 1", "other 1"),
        install=(),
        related=frozenset({("left", BUILD)}),
        invariant=formula("base = 2", BUILD),
    )
    assert _changes(request) == ["upgrade base 2"]


def test_a_pin_not_met_yet_too() -> None:
    request = Request(
        installed=_of("base 2", "other 1"), related=frozenset({("other", BUILD)}), pins=(("base", "1"), ("left", "1"))
    )
    assert _changes(request) == ["downgrade base 1"]


def test_an_invariant_that_is_met_moves_nothing() -> None:
    request = Request(
        installed=_of("base 1", "left 1", "other 1"),
        upgrade=True,
        related=frozenset({("other", BUILD)}),
        invariant=formula("left,base >= 1", BUILD),
    )
    assert _changes(request) == ["upgrade other 2"]
