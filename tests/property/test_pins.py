"""What users write to pin, invariants as text, and directories as sources."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from xpkg.core.errors import UsageError
from xpkg.ops.invariant_changes import is_met, relaxed, versions_of
from xpkg.ops.invariant_text import printed, read_formula, written
from xpkg.ops.pin_words import Wish, read_wish
from xpkg.repo.filters import Text
from xpkg.repo.formulas import And, Atom, Bound, Condition, Formula, Or
from xpkg.repo.names import name_problem, version_problem
from xpkg.repo.source_values import Source
from xpkg.repo.sources.settings import FetchSettings
from xpkg.repo.sources.tree_snapshot import snapshot_of

NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: name_problem(name) is None)
VERSIONS = st.from_regex(r"[0-9][0-9a-z.+~-]{0,8}", fullmatch=True).filter(lambda one: version_problem(one) is None)
HERE = Path("/here")


@given(NAMES, VERSIONS)
def test_both_ways_to_write_a_version_mean_the_same(name: str, version: str) -> None:
    assert (
        read_wish([name, version], HERE) == read_wish([f"{name}.{version}"], HERE) == Wish(name=name, version=version)
    )


@given(st.lists(st.text(max_size=30), min_size=1, max_size=2))
def test_whatever_is_written_is_understood_or_refused(words: list[str]) -> None:
    try:
        wish = read_wish(words, HERE)
    except UsageError:
        return
    assert wish.name is None or name_problem(wish.name) is None
    assert wish.version is None or version_problem(wish.version) is None
    assert not wish.address or wish.address.startswith(("/", "git+https://", "git+ssh://", "git+file://"))
    assert wish.address or (wish.name and wish.version)


BOUNDS = st.builds(Bound, st.sampled_from(["=", "!=", "<", ">", "<=", ">="]), st.builds(Text, VERSIONS))
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    BOUNDS,
    lambda inner: st.lists(inner, min_size=2, max_size=3).flatmap(
        lambda items: st.sampled_from([And(tuple(items)), Or(tuple(items))])
    ),
    max_leaves=4,
)
ATOMS = st.builds(Atom, NAMES, st.one_of(st.just(And(())), CONDITIONS))
FORMULAS: st.SearchStrategy[Formula] = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, min_size=2, max_size=3).flatmap(
        lambda items: st.sampled_from([And(tuple(items)), Or(tuple(items))])
    ),
    max_leaves=6,
)
INSTALLED = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["1", "2", "3"])), max_size=4)
SMALL = st.builds(
    Atom,
    st.sampled_from(["a", "b", "c"]),
    st.builds(Bound, st.sampled_from(["=", "!=", "<", ">", "<=", ">="]), st.sampled_from([Text("1"), Text("2")])),
)


@given(FORMULAS)
def test_a_printed_invariant_means_the_same(formula: Formula) -> None:
    text = printed(formula)
    again = read_formula(text, "x")
    assert printed(again) == text
    assert written([text]) == text


@given(
    st.recursive(
        SMALL,
        lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
            lambda items: st.sampled_from([And(tuple(items)), Or(tuple(items))])
        ),
        max_leaves=5,
    ),
    INSTALLED,
)
def test_an_invariant_that_gave_way_is_met(formula: Formula, installed: list[tuple[str, str]]) -> None:
    there, text = versions_of(installed), printed(formula)
    after = relaxed(text, there)
    assert is_met(after, there)
    assert after == text or not is_met(text, there)
    assert relaxed(after, there) == after


FILES = st.dictionaries(
    st.lists(st.sampled_from(["a", "b", "Ä", "x y"]), min_size=1, max_size=3).map("/".join),
    st.tuples(st.binary(max_size=20), st.booleans()),
    max_size=4,
)


def _write(top: Path, files: dict[str, tuple[bytes, bool]]) -> dict[str, tuple[bytes, bool]]:
    """Those that could be written: a file is no directory."""
    done = {}
    for path, (data, executable) in files.items():
        place = top / path
        if any(parent.is_file() for parent in place.parents) or place.is_dir():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(0o700 if executable else 0o600)
        os.utime(place, (len(path), len(data)))
        done[path] = (data, executable)
    return done


def _snapshot(files: dict[str, tuple[bytes, bool]]) -> tuple[Source, dict[str, tuple[bytes, bool]]]:
    with tempfile.TemporaryDirectory() as name:
        done = _write(Path(name), files)
        return snapshot_of(Path(name), FetchSettings()), done


@settings(max_examples=40, deadline=None)
@given(FILES, FILES)
def test_equal_trees_and_no_others_have_one_hash(
    one: dict[str, tuple[bytes, bool]], other: dict[str, tuple[bytes, bool]]
) -> None:
    (first, written_first), (second, written_second) = _snapshot(one), _snapshot(other)
    assert (first.digests == second.digests) is (written_first == written_second)
    assert _snapshot(dict(reversed(list(written_first.items()))))[0].digests == first.digests
