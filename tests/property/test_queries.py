"""What a formula says of each name is what its disjunctive normal form says (``OpamFormula.verifies``)."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from xpkg.ops.query_edges import mentions_of
from xpkg.repo.formulas import And, Need, Or, Resolved
from xpkg.repo.versions import ANY_VERSION, Compare

VERSIONS = ("1", "2", "3")
needs = st.builds(
    Need,
    st.sampled_from("abc"),
    st.one_of(
        st.just(ANY_VERSION), st.builds(Compare, st.sampled_from(["=", "!=", "<", ">="]), st.sampled_from(VERSIONS))
    ),
)


def _joined(parts: st.SearchStrategy[Resolved]) -> st.SearchStrategy[Resolved]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(several.map(And), several.map(Or))


formulas: st.SearchStrategy[Resolved] = st.recursive(needs, _joined, max_leaves=7)


def alternatives(formula: Resolved) -> list[tuple[Need, ...]]:
    """The disjunctive normal form."""
    match formula:
        case Need():
            return [(formula,)]
        case Or(items):
            return [one for item in items for one in alternatives(item)]
        case And(items):
            return [tuple(need for one in chosen for need in one) for chosen in product(*map(alternatives, items))]


@given(formulas)
def test_each_name_is_as_in_the_normal_form(formula: Resolved) -> None:
    found = mentions_of(formula)
    normal = alternatives(formula)
    assert set(found) == {need.name for one in normal for need in one}
    for name, (bound, spared) in found.items():
        naming = [[need for need in one if need.name == name] for one in normal]
        assert spared == ([] in naming)
        for version in VERSIONS:
            expected = any(one and all(need.versions.allows(version) for need in one) for one in naming)
            assert bound.allows(version) == expected
