"""What a check says of versions that cannot be installed."""

from __future__ import annotations

from tests.unit.solver.toy import TARGET, Row, Table, atom, instance
from xpkg.repo.machine_names import BUILD
from xpkg.solver.covering import Cover
from xpkg.solver.model import Instance
from xpkg.solver.obstacles import obstacles
from xpkg.solver.survey import survey


def check(rows: dict[str, Row], beside: str = "") -> dict[str, str]:
    """Every version on the target that cannot be there, with what is said of it."""
    table = Table(rows)
    names = sorted({key.split()[0] for key in rows})
    found = survey([(name, TARGET) for name in names], table, TARGET, (atom(beside),) if beside else ())
    asked = {key: (instance(key),) for key in rows}
    questions = {key: found.variables(instances) for key, instances in asked.items()}
    open_ = [key for key, question in questions.items() if question is not None]
    impossible = Cover(found).impossible([questions[key] or () for key in open_], lambda more: None)
    failed = [key for key in rows if questions[key] is None or key in {open_[one] for one in impossible}]
    told = obstacles(found, table, {key: asked[key] for key in failed})
    return {key: f"{one.kind.value}: {one.reason}" for key, one in told.items()}


def test_nothing_to_say() -> None:
    assert check({"a 1": Row(depends="b"), "b 1": Row(), "b 2": Row(conflicts="a")}) == {}


def test_what_is_missing() -> None:
    rows = {"a 1": Row(depends="beta"), "a 2": Row(depends="b > 1"), "b 1": Row()}
    assert check(rows) == {
        "a 1": "missing: it needs beta, but no package is called beta",
        "a 2": "missing: it needs b > 1, but of b there is only 1",
    }


def test_what_is_not_for_the_machine() -> None:
    rows = {"a 1": Row(depends="b | c"), "b 1": Row(only=BUILD), "c 1": Row(only=BUILD)}
    assert check(rows) == {
        "a 1": "missing: it needs b or c, but b cannot be had on moon, but c cannot be had on moon",
        "b 1": "unavailable: it is only for build",
        "c 1": "unavailable: it is only for build",
    }


def test_what_needs_such_a_thing() -> None:
    rows = {"a 1": Row(depends="b"), "b 1": Row(depends="c"), "b 2": Row(depends="gone"), "c 1": Row(depends="gone")}
    found = check(rows)
    assert found["a 1"] == "dependency: it needs b, which cannot be installed itself"
    assert found["b 1"] == "dependency: it needs c, which cannot be installed itself"
    assert found["c 1"].startswith("missing: it needs gone")


def test_a_conflict_is_told_where_it_is() -> None:
    """What needs the version with the conflict is not in conflict itself."""
    rows = {"a 1": Row(depends="b"), "b 1": Row(depends="c,d"), "c 1": Row(conflicts="d"), "d 1": Row()}
    assert check(rows) == {
        "a 1": "dependency: it needs b, which cannot be installed itself",
        "b 1": "conflict: what it needs cannot be there together",
    }


def test_those_that_need_each_other_are_not_told_apart() -> None:
    rows = {"a 1": Row(depends="b!"), "b 1": Row(depends="a!,c,d"), "c 1": Row(conflicts="d"), "d 1": Row()}
    assert {key: one.split(":")[0] for key, one in check(rows).items()} == {"a 1": "conflict", "b 1": "conflict"}


def test_a_cycle_hinders_only_what_is_on_it() -> None:
    """What is optional orders builds where it is present: e alone can be had, f with e before and behind it cannot."""
    rows = {
        "a 1": Row(depends="b"),
        "b 1": Row(depends="a"),
        "c 1": Row(depends="a | d"),
        "d 1": Row(),
        "e 1": Row(optional="f"),
        "f 1": Row(depends="e"),
    }
    assert check(rows).keys() == {"a 1", "b 1", "f 1"}


def test_beside_something_else() -> None:
    rows = {"a 1": Row(depends="b < 2"), "b 1": Row(), "b 2": Row(), "c 1": Row(depends="b > 1")}
    assert set(check(rows, "a")) == {"b 2", "c 1"}


def test_variables_of_what_is_not_there() -> None:
    found = survey([("a", TARGET)], Table({"a 1": Row()}), TARGET)
    assert found.variables([instance("a 1")]) == (1,)
    assert found.variables([Instance(name="a", version="2", machine=TARGET)]) is None
