"""What a plan leaves as it was built."""

from __future__ import annotations

from xpkg.ops.keeping import Keeping
from xpkg.ops.records import Record
from xpkg.repo.machine_names import BUILD
from xpkg.solver.model import Instance, Node


def _of(name: str) -> Instance:
    return Instance(name=name, version="1", machine=BUILD)


A, B, C, D = map(_of, "abcd")
CHAIN = {
    A: Record(key="ka", requires=(), closure=frozenset()),
    B: Record(key="kb", requires=(A,), closure=frozenset({A})),
    C: Record(key="kc", requires=(B,), closure=frozenset({A, B})),
}
NODES = (Node(instance=A), Node(instance=B, requires=(A,)), Node(instance=C, requires=(B,)))


def _kept(keeping: Keeping, nodes: tuple[Node, ...] = NODES, made: str = "another") -> list[str]:
    """The names of what stays, when what is built has the key ``made``."""
    kept = []
    for node in keeping.ordered(nodes):
        if keeping.stays(node) is None:
            keeping.made(node.instance, made)
        else:
            kept.append(node.instance.name)
    return kept


def test_without_names_all_stays_and_with_everything_named_nothing() -> None:
    assert _kept(Keeping(CHAIN, frozenset())) == ["a", "b", "c"]
    assert _kept(Keeping(CHAIN, None)) == []


def test_what_needs_something_built_anew_is_built_anew() -> None:
    assert _kept(Keeping(CHAIN, frozenset({B}))) == ["a"]


def test_what_is_named_and_comes_out_with_its_key_changes_nothing() -> None:
    assert _kept(Keeping(CHAIN, frozenset({B})), made="kb") == ["a", "c"]
    assert _kept(Keeping(CHAIN, frozenset(), frozenset({B})), made="kb") == ["a", "c"]


def test_a_new_need_or_one_that_went_is_a_change() -> None:
    more = (NODES[0], Node(instance=D), Node(instance=B, requires=(A, D)), NODES[2])
    assert _kept(Keeping(CHAIN, frozenset()), more) == ["a"]
    assert _kept(Keeping(CHAIN, frozenset()), NODES[1:]) == []


def test_the_order_follows_what_things_were_built_with() -> None:
    backwards = (Node(instance=C), Node(instance=B), Node(instance=A))
    assert _kept(Keeping(CHAIN, frozenset()), backwards) == ["a", "b", "c"]
    circle = (Node(instance=A, requires=(B,)), Node(instance=B))
    assert _kept(Keeping(CHAIN, frozenset()), circle) == []


def test_what_cannot_be_built_keeps_what_it_stands_on_whatever_is_named() -> None:
    nodes = (NODES[0], Node(instance=B, requires=(A,), as_built=True), NODES[2])
    assert _kept(Keeping(CHAIN, None), nodes) == ["a", "b"]
    assert _kept(Keeping(CHAIN, frozenset({A})), nodes) == ["a", "b", "c"]
    assert _kept(Keeping(CHAIN, frozenset({A}), frozenset({A})), nodes) == []


def test_what_no_record_is_of_is_built() -> None:
    assert _kept(Keeping({A: CHAIN[A]}, frozenset())) == ["a"]
