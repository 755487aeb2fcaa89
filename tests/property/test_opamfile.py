"""Opam files: printing and parsing are inverse, edits touch one field, and no input takes long or breaks the parser."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.parser import MAX_DEPTH, MAX_SIZE
from xpkg.repo.opamfile.printer import print_item, print_value
from xpkg.repo.opamfile.values import (
    Bool,
    Group,
    Ident,
    Integer,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    String,
    Update,
    Value,
)

UNIVERSE = Path(__file__).parents[3] / "shared" / "data" / "opam-universe.tar.gz"

# Spans never compare, so that any do.
NOWHERE = (st.just(0), st.just(0))
idents = st.from_regex(r"[a-z][a-z0-9-]{0,5}(:[a-z]{1,4})?", fullmatch=True).filter(
    lambda text: text not in ("true", "false")
)
atoms: st.SearchStrategy[Value] = st.one_of(
    st.builds(String, *NOWHERE, st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
    st.builds(Ident, *NOWHERE, idents),
    st.builds(Bool, *NOWHERE, st.booleans()),
    st.builds(Integer, *NOWHERE, st.integers(-1000, 1000)),
)
relations = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
updates = st.sampled_from(["+=", "=+", ":=", "=:", "=+="])
primaries: st.SearchStrategy[Value] = st.one_of(
    atoms,
    st.builds(Relation, *NOWHERE, relations, atoms, atoms),
    st.builds(PrefixRelation, *NOWHERE, relations, atoms),
    st.builds(Update, *NOWHERE, updates, atoms, atoms),
)


def _begins_with_relation(value: Value) -> bool:
    """Whether the text of the value would join an atom written before it: ``a`` and ``>= b`` make ``a >= b``."""
    match value:
        case Option():
            return _begins_with_relation(value.value)
        case Logical():
            return _begins_with_relation(value.items[0])
    return isinstance(value, PrefixRelation)


@st.composite
def values(draw: st.DrawFn) -> Value:
    """Any value that the grammar can express."""
    return _value(draw, draw(st.integers(0, 3)))


def _value(draw: st.DrawFn, depth: int) -> Value:
    """Operators stand only over what binds tighter; the rest needs brackets."""
    alternatives = [_conjunction(draw, depth) for _ in range(draw(st.sampled_from([1, 1, 2])))]
    return alternatives[0] if len(alternatives) == 1 else Logical(0, 0, "|", tuple(alternatives))


def _conjunction(draw: st.DrawFn, depth: int) -> Value:
    parts = [_prefixed(draw, depth) for _ in range(draw(st.sampled_from([1, 1, 3])))]
    return parts[0] if len(parts) == 1 else Logical(0, 0, "&", tuple(parts))


def _prefixed(draw: st.DrawFn, depth: int) -> Value:
    kind = draw(st.sampled_from(["plain", "list", "group", "option", "!", "?"])) if depth else "plain"
    if kind == "plain":
        return draw(primaries)
    if kind == "option":
        return Option(0, 0, draw(primaries), _items(draw, depth - 1))
    if kind in ("list", "group"):
        return (List if kind == "list" else Group)(0, 0, _items(draw, depth - 1))
    return Prefix(0, 0, kind, _prefixed(draw, depth - 1))


def _items(draw: st.DrawFn, depth: int) -> tuple[Value, ...]:
    items = [_value(draw, depth) for _ in range(draw(st.integers(0, 3)))]
    return tuple(item for number, item in enumerate(items) if number == 0 or not _begins_with_relation(item))


TOKENS = (*'[]{}()"\\:&|=<>!?#+*%-_ \n', "a", "1", "(*", "*)", '"""', "true")


def read(text: str) -> OpamFile | OpamSyntaxError:
    """What the text is: a file or an error; nothing else may come out."""
    try:
        return parse(text, "opam")
    except OpamSyntaxError as error:
        return error


@given(values())
@example(Prefix(0, 0, "!", PrefixRelation(0, 0, "=", String(0, 0, ""))))
def test_a_printed_value_parses_to_itself(value: Value) -> None:
    assert parse(f"x: {print_value(value)}", "opam").get("x") == value


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(TOKENS), max_size=40).map("".join)))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    text = f"x: {text}"
    result = read(text)
    if isinstance(result, OpamSyntaxError):
        assert 1 <= result.line <= text.count("\n") + 1
        assert result.message.startswith(f"opam:{result.line}: ")
        assert "\n" not in result.source_line + result.caret
    else:
        assert str(result) == text


@given(values(), values())
def test_replacing_a_field_keeps_every_other_byte(first: Value, second: Value) -> None:
    before, after = "# top (* not a comment\n  a : 1\t# one\n", "  (* between (* nested *) *)\nc: [ ]"
    file = parse(f"{before}b: {print_value(first)}\n{after}", "opam")
    changed = file.replace("b", print_value(second))
    assert changed.text == f"{before}b: {print_value(second)}\n{after}"
    assert changed.get("b") == second
    assert changed.without("b").text == before + after


@pytest.mark.parametrize(
    "hostile",
    [
        "x: " + "[" * 400_000,
        "x: " + "(" * 400_000 + ")" * 400_000,
        "x: " + "!" * 400_000 + "a",
        "x: a" + "{a}" * 200_000,
        "x: " + "(*" * 400_000,
        "x: " + "1-" * 400_000,
        "x: " + "a+1" * 300_000,
        "x: " + "_" * 900_000,
        'x: "' + "\\" * 900_001,
        'x: """' + '"' * 900_000,
        "x: " + '"\\' * 400_000,
        "a {" * 300_000,
        "x: " + "#" * 900_000,
        "x:" + " \n" * 400_000 + "\x00",
        "x" * (MAX_SIZE + 1),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_is_refused_in_linear_time(hostile: str) -> None:
    started = time.process_time()
    with pytest.raises(OpamSyntaxError):
        parse(hostile, "opam")
    assert time.process_time() - started < 3


def test_long_flat_text_is_read() -> None:
    chain = parse("x: " + " & ".join(["a"] * 30_000), "opam").get("x")
    assert isinstance(chain, Logical)
    assert len(chain.items) == 30_000
    depth = MAX_DEPTH
    assert parse("x: " + "[" * depth + "]" * depth, "opam").get("x") is not None


@pytest.mark.skipif(not UNIVERSE.is_file(), reason="the public repository's metadata is not at hand")
def test_the_public_repository_survives_printing() -> None:
    import tarfile

    count = 0
    with tarfile.open(UNIVERSE, "r|gz") as archive:
        for number, member in enumerate(archive):
            if number % 12 or not member.name.endswith("/opam"):
                continue
            stream = archive.extractfile(member)
            assert stream is not None
            data = stream.read()
            file = parse(decode(data), member.name)
            assert str(file).encode("utf-8", "surrogateescape") == data
            assert parse("\n".join(map(print_item, file.items)), member.name).items == file.items
            count += 1
    assert count > 500
