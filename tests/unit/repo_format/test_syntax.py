"""The opam format: what is met in the public repository is read, what is wrong is shown with its place."""

from __future__ import annotations

import pytest

from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, decode, parse
from xpkg.repo.opamfile.values import Ident, Integer, List, Logical, Option, Prefix, Relation, String


def string(text: str) -> str:
    value = parse(text, "opam").get("x")
    assert isinstance(value, String)
    return value.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\"b\\c\n\t\065\x42\ d"', 'a"b\\c\n\tAB d'),
        ('"one\\\n     two"', "onetwo"),
        ('"""one "quoted" ""two"""', 'one "quoted" ""two'),
        ('"""\nfirst\\\n  second\n"""', "\nfirstsecond\n"),
        ('""', ""),
        ('""""""', ""),
        (r'"\195\169"', "é"),
        (r'"\xff"', "\udcff"),
        ('"# no comment (* here"', "# no comment (* here"),
    ],
)
def test_strings(text: str, expected: str) -> None:
    assert string(f"x: {text}") == expected


def test_comments_stand_anywhere_and_nest() -> None:
    file = parse('# one\n(* two (* three *) "*) x (* *) : (* a *) [1 # c\n (**) 2]#end', "opam")
    assert file.get("x") == List(0, 0, (Integer(0, 0, 1), Integer(0, 0, 2)))


def test_precedence() -> None:
    a, b, c = (Ident(0, 0, name) for name in "abc")
    assert parse("x: a | b & c", "opam").get("x") == Logical(0, 0, "|", (a, Logical(0, 0, "&", (b, c))))
    assert parse('x: !a = "1"', "opam").get("x") == Prefix(0, 0, "!", Relation(0, 0, "=", a, String(0, 0, "1")))
    assert parse("x: a & b {c}", "opam").get("x") == Logical(0, 0, "&", (a, Option(0, 0, b, (c,))))


def test_words() -> None:
    value = parse("x: [4ti2 _:lib a+b:installed p+_:enable -3 1_000 true-x]", "opam").get("x")
    assert isinstance(value, List)
    words = [item.name for item in value.items if isinstance(item, Ident)]
    assert words == ["4ti2", "_:lib", "a+b:installed", "p+_:enable", "true-x"]
    assert [item.value for item in value.items if isinstance(item, Integer)] == [-3, 1000]


def test_sections_and_a_file_without_final_newline() -> None:
    file = parse('url { src: "u" }\nextra-source "p.patch" {\n  src: "v"\n}', "opam")
    (extra,) = file.sections("extra-source")
    assert extra.name == "p.patch"
    assert extra.get("src") == String(0, 0, "v")
    assert parse("", "opam").items == ()


def test_bytes_that_are_no_text_survive() -> None:
    data = b'x: "\xff\xfe"\r\n# \x80\ny: 1'
    file = parse(decode(data), "opam")
    assert str(file).encode("utf-8", "surrogateescape") == data


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: 1\nb: [ 2\nc: 3\n", 3, 2, "expected a value, found ':'"),
        ("a: [ 1", 1, 4, "'[' is never closed"),
        ("a 1", 1, 3, "expected ':' or '{' after 'a', found '1'"),
        ("a:", 1, 3, "expected a value, found the end of the file"),
        ('a: "x', 1, 4, "the string has no end"),
        ('a: """x""', 1, 4, "the string has no end"),
        (r'a: "x\q"', 1, 6, "unknown escape"),
        (r'a: "\999"', 1, 5, "no such byte"),
        ("a: 1 (* (* *)", 1, 6, "the comment has no end"),
        ("a: 1\n  @", 2, 3, "unexpected '@'"),
        ("a: é", 1, 4, "unexpected 'é'"),
        ("a: 1]", 1, 5, "expected a field or a section, found ']'"),
        ('"a": 1', 1, 1, "expected a field or a section, found a string"),
        ("a: b = ", 1, 8, "expected a value, found the end of the file"),
        ("a: 99999999999999999999", 1, 4, "the number is too large"),
        ("a: 1:b", 1, 4, "unexpected '1:b'"),
    ],
)
def test_errors_show_the_place(text: str, line: int, column: int, problem: str) -> None:
    with pytest.raises(OpamSyntaxError) as caught:
        parse(text, "dir/opam")
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert error.message == f"dir/opam:{line}: {problem}"
    assert error.source_line == text.split("\n")[line - 1]
    assert error.caret == " " * (column - 1) + "^"


def test_a_hostile_line_is_shown_escaped_and_short() -> None:
    with pytest.raises(OpamSyntaxError) as caught:
        parse("x: \x1b]0;\u202e" + "a" * 5000 + " @", "opam")
    assert "\x1b" not in caught.value.source_line
    with pytest.raises(OpamSyntaxError) as caught:
        parse("x: [" + " a" * 5000 + " @ " + "b" * 5000 + "]", "opam")
    assert len(caught.value.source_line) <= 120
    assert caught.value.source_line[len(caught.value.caret) - 1] == "@"


def edited() -> OpamFile:
    return parse('# head\na: "1" # why\n\nb: [ 2 ]\n', "opam")


def test_edits_touch_one_field() -> None:
    assert edited().replace("a", '"3"').text == '# head\na: "3" # why\n\nb: [ 2 ]\n'
    assert edited().replace("c", "true").text == edited().text + "c: true\n"
    assert edited().without("b").text == '# head\na: "1" # why\n\n'
    assert edited().without("a").text == "# head\n # why\n\nb: [ 2 ]\n"
    assert edited().without("zz") == edited()
    with pytest.raises(OpamSyntaxError):
        edited().replace("a", "]")


def test_long_strings_with_many_escapes_and_quotes_are_whole() -> None:
    """Until Python 3.11.5 possessive groups with alternatives match wrongly (cpython#106052); Debian 12 has 3.11.2."""
    text = 'mirage.ko: prints, "quotes", sleeps\n  and \\"escapes\\"\n' * 3
    assert parse(f'description: """\n{text}"""', "opam").get("description") == String(
        0, 0, "\n" + text.replace('\\"', '"')
    )
