"""Opam files: printing and parsing are inverse, edits touch one field, and no input takes long or breaks the parser."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.layout import format_file
from xpkg.repo.opamfile.parser import MAX_DEPTH, MAX_SIZE
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.opamfile.values import (
    Bool,
    Field,
    Group,
    Ident,
    Integer,
    Item,
    List,
    Logical,
    Option,
    Prefix,
    PrefixRelation,
    Relation,
    Section,
    String,
    Update,
    Value,
)

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
@example(Prefix(0, 0, "!", Option(0, 0, PrefixRelation(0, 0, "=", String(0, 0, "")), ())))
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


def files_of(any_value: st.SearchStrategy[Value], most: int) -> st.SearchStrategy[tuple[Item, ...]]:
    """Fields, each once, then sections of fields."""
    names = st.sampled_from(["a", "b-c", "depends", "x-d", "build"])
    fields = st.lists(st.tuples(names, any_value), max_size=most, unique_by=lambda pair: pair[0]).map(
        lambda pairs: tuple(Field(0, 0, name, value) for name, value in pairs)
    )
    title = st.sampled_from([None, "n", 'm"\\'])
    sections = st.lists(st.builds(Section, *NOWHERE, st.sampled_from(["url", "s"]), title, fields), max_size=1)
    return st.builds(lambda some, others: (*some, *others), fields, sections)


shapes = st.sampled_from(['"t"', "[]", '["a" {>= "1"} "b"]', "[[a] [b {c}]]", '"""a\nb"""', "a & (b | !c)", "1"]).map(
    lambda text: parse(f"x: {text}", "x").get("x") or Bool(0, 0, False)
)


# Values of any form are large; making them, not what is tested, may be slow on a loaded machine.
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(files_of(values(), 2), st.booleans())
def test_a_printed_file_parses_to_itself(items: tuple[Item, ...], canonical: bool) -> None:
    printed = format_file(OpamFile("opam", "", items), canonical=canonical)
    again = parse(printed, "opam")
    assert again.items == items or (canonical and sorted(map(repr, again.items)) == sorted(map(repr, items)))
    assert format_file(again) == printed
    assert not printed or printed.endswith("\n")


SPACES = st.sampled_from([" ", "\n", "  ", "\n    ", " # remark\n", " (* remark *) ", "\t", "\r\n"])
elements = st.one_of(
    st.from_regex(r'"[a-z]{1,3}"( \{>= "[0-9]"\})?', fullmatch=True), st.sampled_from(["b", "true", "[]", "(a | b)"])
)


@st.composite
def listings(draw: st.DrawFn) -> tuple[str, int]:
    """A file with a list ``l`` in a field or in a section, with comments and blanks of all sorts, and its length."""
    parts = draw(st.lists(elements, max_size=5))
    text = "".join(draw(SPACES) + part for part in parts) + draw(SPACES)
    before, after = draw(SPACES), draw(SPACES)
    return f"a: 1{before}s {{{before}l: [{text}]{after}z: 2{before}}}{after}\nb: 3", len(parts)


@given(listings(), elements, st.data())
def test_edits_of_elements_keep_every_other_byte(listing: tuple[str, int], element: str, data: st.DataObject) -> None:
    text, length = listing
    file = parse(text, "opam")
    within = ("s", None)
    grown = file.with_element("l", element, within)
    (section,) = grown.sections("s")
    listed = section.get("l")
    assert isinstance(listed, List)
    assert len(listed.items) == length + 1
    assert print_value(listed.items[-1]) == print_value(parse(f"x: {element}", "x").get("x") or listed)
    last = listed.items[-1]
    assert "".join((grown.text[: last.start] + grown.text[last.end :]).split()) == "".join(text.split())
    gone = data.draw(st.sets(st.integers(0, length)))
    numbers = {id(item): number for number, item in enumerate(listed.items)}
    shrunk = grown.without_elements("l", lambda value: numbers[id(value)] in gone, within)
    (section,) = shrunk.sections("s")
    left = section.get("l")
    assert isinstance(left, List)
    assert left.items == tuple(item for number, item in enumerate(listed.items) if number not in gone)
    assert shrunk.text.count("remark") == text.count("remark")
    assert "".join(_remaining(grown.text, listed, gone).split()) == "".join(shrunk.text.split())
    again = shrunk.replace("new", element, within).without("new", within)
    assert again.items == shrunk.items
    assert "".join(again.text.split()) == "".join(shrunk.text.split())


def _remaining(text: str, value: List, gone: set[int]) -> str:
    """The text without those elements, whatever becomes of the blanks."""
    for number in sorted(gone, reverse=True):
        text = text[: value.items[number].start] + text[value.items[number].end :]
    return text


@given(files_of(shapes, 4), files_of(shapes, 4))
def test_edits_of_fields_and_sections_can_be_taken_back(items: tuple[Item, ...], more: tuple[Item, ...]) -> None:
    file = parse("# head\n" + format_file(OpamFile("opam", "", items)) + "# tail\n", "opam")
    added = {item.name: item.value for item in more if isinstance(item, Field)}
    key = ("new", "section")
    grown = file.with_section(key, dict(added))
    assert grown.text.startswith(file.text)
    assert grown.without_section(key).text == file.text
    for name, value in added.items():
        assert file.replace(name, value).get(name) == value
        if file.field(name) is None:
            assert file.replace(name, value).without(name).text == file.text
        assert grown.replace(name, "other", key).sections("new")[0].get(name) == Ident(0, 0, "other")
