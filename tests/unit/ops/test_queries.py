"""Queries: who needs whom over all versions, ranks of a search, drawn trees, patterns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from xpkg.core.errors import NotFoundError, UsageError
from xpkg.ops.query_edges import Conflicts, Edges, Kinds, Versions, mentions_of
from xpkg.ops.query_entries import Entries
from xpkg.ops.query_list import Row, _sorted
from xpkg.ops.query_names import matching
from xpkg.ops.query_search import _pattern, _word
from xpkg.ops.query_text import filter_text
from xpkg.ops.query_tree import Graph, Place, draw, tops
from xpkg.ops.spelling import read_spelling, read_spellings
from xpkg.repo.formulas import And, Need, Or, Resolved
from xpkg.repo.repository import Repository
from xpkg.repo.universe import Universe, UnknownPackage
from xpkg.repo.versions import ANY_VERSION, Compare
from xpkg.solver.model import Edge

HEAD = 'opam-version: "2.0"\n'
PACKAGES = {
    "base.1": "",
    "base.2": "",
    "old.1": 'depends: ["base" {< "2"}]',
    "new.1": 'depends: ["base" {>= "2"}]\nconflicts: ["old"]\nconflict-class: "one"',
    "tool.1": 'depends: ["new" {build} "extra" {with-test}]',
    "extra.1": 'depopts: ["old"]\nconflict-class: "one"',
    "either.1": 'depends: ["old" | "tool"]',
    "follower.1": 'depends: ["either" {= version} "absent" {os = "none"}]',
    "loop.1": 'depends: ["pool" {post}]',
    "pool.1": 'depends: ["loop"]',
    "broken.1": "depends: [",
}


@pytest.fixture(scope="module")
def universe(tmp_path_factory: pytest.TempPathFactory) -> Universe:
    root = tmp_path_factory.mktemp("repository")
    for package, text in PACKAGES.items():
        directory = root / "packages" / package.partition(".")[0] / package
        directory.mkdir(parents=True)
        (directory / "opam").write_text(HEAD + text + "\n")
    return Universe([Repository(name="test", root=root)], {})


def edges(universe: Universe, wrong: list[str] | None = None, **kinds: bool) -> Edges:
    told = [] if wrong is None else wrong
    return Edges(Entries(universe, told.append), {"os": "linux"}, Kinds(**kinds))


def names(found: Versions) -> set[str]:
    return {f"{name}.{version}" for name, versions in found.items() for version in versions}


def dependents(asked: Edges, *spellings: str, recursive: bool = False) -> set[str]:
    return names(asked.dependents(read_spellings(spellings), recursive=recursive))


def needed(asked: Edges, *spellings: str, recursive: bool = False) -> set[str]:
    return names(asked.needed(read_spellings(spellings), recursive=recursive))


def test_direct_needs_look_at_versions(universe: Universe) -> None:
    assert dependents(edges(universe), "base") == {"old.1", "new.1"}
    assert dependents(edges(universe), "base>=2") == {"new.1"}
    assert dependents(edges(universe), "base.1") == {"old.1"}
    assert needed(edges(universe), "old") == {"base.1"}
    assert needed(edges(universe), "either") == {"old.1", "tool.1"}
    assert dependents(edges(universe), "base.1,new") == {"old.1", "tool.1"}


def test_recursion_keeps_to_the_versions_reached(universe: Universe) -> None:
    assert dependents(edges(universe), "base.2", recursive=True) == {
        "base.2",
        "new.1",
        "tool.1",
        "either.1",
        "follower.1",
    }
    assert needed(edges(universe), "tool", recursive=True) == {"tool.1", "new.1", "base.2"}


def test_kinds_of_needs(universe: Universe) -> None:
    assert needed(edges(universe), "tool") == {"new.1"}
    assert needed(edges(universe, build=False), "tool") == set()
    assert needed(edges(universe, test=True), "tool") == {"new.1", "extra.1"}
    assert needed(edges(universe), "extra") == set()
    assert needed(edges(universe, depopts=True), "extra") == {"old.1"}
    assert needed(edges(universe), "loop") == set()
    assert needed(edges(universe, post=True), "loop") == {"pool.1"}


def test_a_cycle_ends(universe: Universe) -> None:
    assert dependents(edges(universe, post=True), "loop", recursive=True) == {"loop.1", "pool.1"}
    assert needed(edges(universe, post=True), "loop", recursive=True) == {"loop.1", "pool.1"}


def test_a_bound_may_name_the_packages_own_version(universe: Universe) -> None:
    assert needed(edges(universe), "follower") == {"either.1"}


def test_what_does_not_exist_is_told(universe: Universe) -> None:
    with pytest.raises(UnknownPackage) as caught:
        dependents(edges(universe), "bas")
    assert caught.value.hint == "did you mean base?"
    with pytest.raises(UnknownPackage, match="no version of base"):
        needed(edges(universe), "base>3")
    with pytest.raises(UsageError):
        needed(edges(universe), "base > 3")


def test_a_wrong_recipe_is_told_once(universe: Universe) -> None:
    wrong: list[str] = []
    asked = edges(universe, wrong)
    assert needed(asked, "broken", "base") == set()
    assert needed(asked, "broken", recursive=True) == {"broken.1"}
    assert len(wrong) == 1
    assert wrong[0].startswith("broken.1 is left out: ")


def test_conflicts_go_both_ways_and_by_class(universe: Universe) -> None:
    entries = Entries(universe, pytest.fail)

    def conflicting(spelling: str) -> set[str]:
        found = Conflicts(entries, {}, [read_spelling(spelling)])
        known = [name for name in universe.names() if name != "broken"]
        return {name for name in known if found.hold(universe.entry(name, universe.versions(name)[0]))}

    assert conflicting("old") == {"new"}
    assert conflicting("new") == {"old", "extra"}
    assert conflicting("base") == set()


def test_conflicts_know_no_kinds_of_needs(tmp_path: Path) -> None:
    """``build`` and the like are undefined in a conflict, whatever kinds the question is about."""
    texts = {
        "a.1": 'conflicts: ["b" {build} "c" {!build} "d" {build | os = "linux"} "e" {with-test & < "2"} "f"]',
        **{f"{name}.1": "" for name in "bcdef"},
    }
    for package, text in texts.items():
        directory = tmp_path / "packages" / package
        directory.mkdir(parents=True)
        (directory / "opam").write_text(f"{HEAD}{text}\n")
    universe = Universe([Repository(name="test", root=tmp_path)], {})
    variables: Mapping[str, bool | str | list[str] | None] = {"os": "linux", "build": True, "with-test": True}
    found = Conflicts(Entries(universe, pytest.fail), variables, [read_spelling("a")])
    assert [name for name in "bcdef" if found.hold(universe.entry(name, "1"))] == ["d", "f"]


def test_alternatives_of_a_formula() -> None:
    low, high = Compare("<", "2"), Compare(">=", "1")
    a, b = Need("a", low), Need("a", high)
    assert mentions_of(And((a, b)))["a"][0].allows("1.5")
    assert not mentions_of(And((a, b)))["a"][0].allows("3")
    assert mentions_of(Or((a, b)))["a"][0].allows("3")
    free: Or[Resolved] = Or((a, Need("c", ANY_VERSION)))
    assert mentions_of(free)["a"][1]
    assert mentions_of(And((free, b)))["a"][0].allows("3")
    assert mentions_of(And(())) == {}


def test_patterns(universe: Universe) -> None:
    assert set(matching(universe, ["b*"])) == {"base", "broken"}
    assert matching(universe, ["BASE"]) == {"base": ("2", "1")}
    assert matching(universe, ["base.1", "base.2"]) == {"base": ("2", "1")}
    assert matching(universe, ["base.[1]"]) == {"base": ("1",)}
    assert matching(universe, ["zzz*"]) == {}
    with pytest.raises(UnknownPackage, match="no version of base is = 3"):
        matching(universe, ["base.3"])
    with pytest.raises(UnknownPackage, match="no package named zzz"):
        matching(universe, ["zzz"])
    for text in ("", ".1", "base."):
        with pytest.raises(UsageError):
            matching(universe, [text])


@pytest.mark.parametrize(
    ("name", "rank"), [("lwt", 0), ("lwt_ppx", 1), ("cohttp-lwt", 2), ("mirage", 3), ("async", 4), ("unix", None)]
)
def test_ranks(name: str, rank: int | None) -> None:
    texts = {"mirage": ("Uses Lwt", ""), "async": ("", "Not lwt")}.get(name, ("", ""))
    assert _word("lwt")(name, *texts) == rank
    assert _pattern("lw.")(name, *texts) == rank


def test_a_wrong_regular_expression_is_told() -> None:
    with pytest.raises(UsageError, match="no regular expression"):
        _pattern("(")


def graph(needs: Mapping[str, str]) -> Graph:
    """``needs`` as one letter a package."""
    places = {name: Place(name, "1", "build", "build") for name in needs}
    found = {
        places[name]: tuple((places[other], Edge(needed=None)) for other in others)  # type: ignore[arg-type]
        for name, others in needs.items()
    }
    return Graph(edges=found, requested=frozenset())


def drawn(needs: Mapping[str, str], *roots: str, depth: int | None = None, reverse: bool = False) -> list[str]:
    whole = graph(needs).reversed() if reverse else graph(needs)
    branches = draw(whole, tops(whole, roots), depth)
    return [" " * one.depth + one.place.name + "*" * one.repeated + "…" * one.cut for one in branches]


def test_a_subtree_is_drawn_once() -> None:
    assert drawn({"a": "bc", "b": "d", "c": "d", "d": "e", "e": ""}) == ["a", " b", "  d", "   e", " c", "  d*"]
    assert drawn({"a": "b", "b": ""}, "b") == ["b"]


def test_cycles_are_drawn() -> None:
    assert drawn({"a": "b", "b": "a"}) == ["a", " b", "  a*"]
    assert drawn({"a": "b", "b": "cb", "c": "b", "d": ""}) == ["a", " b", "  c", "   b*", "  b*", "d"]


def test_depth_and_direction() -> None:
    needs = {"a": "b", "b": "c", "c": ""}
    assert drawn(needs, depth=1) == ["a", " b…"]
    assert drawn(needs, depth=0) == ["a…"]
    assert drawn(needs, reverse=True) == ["c", " b", "  a"]


def test_a_long_chain_is_drawn() -> None:
    many = 5000
    places = [Place(f"p{number:04}", "1", "build", "build") for number in range(many)]
    chain = {
        place: tuple((other, Edge(needed=None)) for other in places[number + 1 : number + 2])  # type: ignore[arg-type]
        for number, place in enumerate(places)
    }
    whole = Graph(edges=chain, requested=frozenset())
    assert len(draw(whole, tops(whole, []))) == many


def test_what_is_not_installed_cannot_be_drawn() -> None:
    with pytest.raises(NotFoundError) as caught:
        drawn({"lwt": ""}, "lwd")
    assert caught.value.hint == "did you mean lwt?"


def test_the_order_of_needs() -> None:
    a, b, c = (Row(name, "1", None) for name in "abc")
    assert _sorted([a, b, c], {a: [c], b: [a], c: []}) == [c, a, b]
    assert _sorted([a, b], {a: [b], b: [a]}) == [b, a]


def test_filters_are_written_as_opam_writes_them(tmp_path: Path) -> None:
    directory = tmp_path / "packages" / "x" / "x.1"
    directory.mkdir(parents=True)
    for text in (
        'os = "linux" & (arch != "x86" | !(?cross))',
        "!cross & ?os",
        '!(os = "win32") | false',
        'a+b:installed & "x" >= version',
    ):
        (directory / "opam").write_text(f"{HEAD}available: {text}\n")
        universe = Universe([Repository(name="test", root=tmp_path)], {})
        assert filter_text(universe.entry("x", "1").available) == text.replace("(?cross)", "?cross")
