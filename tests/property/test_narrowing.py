"""Looking at few versions finds what looking at all finds, or says that it cannot know."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.unit.solver.toy import TARGET, Row, Table, atom
from xpkg.repo.machine_names import BUILD
from xpkg.solver import narrowing
from xpkg.solver.model import Instance, NoSolution, Preferences, Request
from xpkg.solver.protocol import Candidate
from xpkg.solver.solve import decided_by_all, solve

NAMES = ("a", "b", "c", "d")
VERSIONS = ("6", "5", "4", "3", "2", "1")


class Surveyed(Table):
    """A table that tells quickly what there is."""

    def at_hand(self, name: str, machine: str) -> Mapping[str, bool]:
        found = {}
        for version in self.versions(name):
            one = self.candidate(Instance(name=name, version=version, machine=machine), requested=False)
            if isinstance(one, Candidate):
                found[version] = one.avoided is not None
        return found


constraints = st.sampled_from(["", " = 1", " = 3", " >= 4", " < 5", " <= 2", " != 6"])
needs = st.builds(lambda name, constraint: name + constraint, st.sampled_from(NAMES), constraints)
rows = st.builds(
    lambda depends, conflicts, conflict_class, avoided, only: Row(
        depends=",".join(map("|".join, depends)),
        conflicts=",".join(conflicts),
        conflict_class=conflict_class,
        avoided=avoided,
        only=only,
    ),
    st.lists(st.lists(needs, min_size=1, max_size=2), max_size=2),
    st.lists(needs, max_size=1),
    st.sampled_from(["", "", "", "k"]),
    st.sampled_from([None, None, None, "avoid-version"]),
    st.sampled_from([None, None, None, TARGET]),
)
tables = st.fixed_dictionaries({f"{name} {version}": rows for name in NAMES for version in VERSIONS})


@settings(deadline=None, max_examples=200)
@given(tables, st.lists(needs, min_size=1, max_size=2), st.sampled_from(["default", "opam"]), st.integers(1, 2))
def test_few_versions_decide_as_all_do(table: dict[str, Row], asked: list[str], criteria: str, choices: int) -> None:
    context = Surveyed(table)
    request = Request(install=tuple(atom(text, BUILD) for text in asked))
    preferences = Preferences(criteria="opam" if criteria == "opam" else "default")
    with pytest.MonkeyPatch.context() as patch:
        for name, number in (("_CHOICES", choices), ("_MANY", 1000), ("_ROUNDS", 4), ("_MOST_STAND_INS", 100)):
            patch.setattr(narrowing, name, number)
        few = narrowing.decided_by_few(request, context, preferences)
    try:
        everything = decided_by_all(request, context, preferences)
    except NoSolution:
        assert few is None
        event("no solution")
        return
    if few is None:
        event("few cannot tell")
        return
    event("few decide, some unseen" if few.problem.unseen else "few decide, all seen")
    chosen = few.clauses.chosen(few.best.true)
    assert not [one for one in chosen if few.problem.candidates[one].origin != "table"]
    assert sorted(chosen) == sorted(everything.clauses.chosen(everything.best.true))
    names = [name for name, _ in few.wanted]
    counts = dict(zip(names, few.best.cost, strict=True))
    counts_of_all = dict(zip([name for name, _ in everything.wanted], everything.best.cost, strict=True))
    assert counts == {name: counts_of_all[name] for name in names}


def test_a_version_is_not_looked_at_that_cannot_be_chosen() -> None:
    table = Surveyed({**{f"a {version}": Row(depends="b") for version in "12"}, **{f"b {n}": Row() for n in VERSIONS}})
    few = narrowing.decided_by_few(Request(install=(atom("a", BUILD),)), table, Preferences())
    assert few is not None
    assert [str(one.version) for one in few.problem.usable["b", BUILD]] == ["6", "5", "4", "3", "2"]
    assert len(few.problem.unseen["b", BUILD].versions) == 2
    solution = solve(Request(install=(atom("a", BUILD),)), table)
    assert [(one.name, one.version) for one in solution.instances] == [("b", "6"), ("a", "2")]


def test_what_is_installed_takes_a_look_at_everything() -> None:
    table = Surveyed({"a 1": Row(), "a 2": Row()})
    installed = Request(install=(atom("a", BUILD),), installed=(Instance(name="a", version="1", machine=BUILD),))
    assert narrowing.decided_by_few(installed, table, Preferences()) is None
