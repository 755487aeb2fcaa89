"""Edits of single fields: what changes, and that every other byte stays."""

from __future__ import annotations

import pytest

from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.values import Field
from xpkg.repo.overlays import rewrite


def file(text: str) -> OpamFile:
    return parse(text, "opam")


def put(text: str, change: str) -> str:
    other = file(change)
    return rewrite.put(file(text), other.items[0], other.text).text


def append(text: str, change: str) -> str:
    other = file(change)
    (field,) = other.items
    assert isinstance(field, Field)
    return rewrite.append(file(text), field.name, rewrite.items_of(other, field.name, field.value)).text


def take_out(text: str, *names: str) -> str:
    found = file(text)
    (field, *_) = found.items
    assert isinstance(field, Field)
    return rewrite.take_out(found, field.name, names).text


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ('# c\na: "1" # d\nb: 2\n', 'a: [ "x"   "y" ]', '# c\na: [ "x"   "y" ] # d\nb: 2\n'),
        ("b: 2", "a: 1", "b: 2\na: 1\n"),
        ('url {\n  src: "x"\n}\nb: 2\n', 'url { src: "y" }', 'b: 2\nurl {\n  src: "y"\n}\n'),
        (
            'extra-source "p" {}\n',
            'extra-source "q" { src: "y" }',
            'extra-source "p" {}\nextra-source "q" {\n  src: "y"\n}\n',
        ),
    ],
)
def test_put(text: str, change: str, expected: str) -> None:
    assert put(text, change) == expected


def test_put_replaces_every_section_of_that_name() -> None:
    text = 'extra-source "p" { src: "x" }\nextra-source "q" { src: "x" }\nextra-source "p" { src: "z" }\n'
    changed = file(put(text, 'extra-source "p" { src: "y" }'))
    assert [section.name for section in changed.sections("extra-source")] == ["q", "p"]


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ('depends: ["a" "b"] # c\n', 'depends: ["x" {build}]', 'depends: ["a" "b" "x" {build}] # c\n'),
        ('depends: "a" {>= "1"}\n', 'depends: "x"', 'depends: ["a" {>= "1"} "x"]\n'),
        ('depends: "a" | "b"\n', 'depends: ["x" "y" | "z"]', 'depends: ["a" | "b" "x" "y" | "z"]\n'),
        ('depends: [\n  "a" # c\n]\n', 'depends: ["x"]', 'depends: [\n  "a" # c\n  "x"\n]\n'),
        ("depends: []\n", 'depends: ["x"]', 'depends: ["x"]\n'),
        ("available: os = a | os = b\n", "available: !c", "available: [os = a | os = b !c]\n"),
        ('build: ["make"]\n', 'build: [make "x"]', 'build: [["make"] [make "x"]]\n'),
        ('build: ["make"] {t}\n', "build: [[make] [sh] {u}]", 'build: [["make"] {t} [make] [sh] {u}]\n'),
        ('build: [["make"]]\n', "build: [[make] {t}]", 'build: [["make"] [make] {t}]\n'),
        ("build: make\n", "build: sh", "build: [[make] [sh]]\n"),
        ("build: []\n", "build: [sh]", "build: [[sh]]\n"),
        ('depexts: ["a" "b"] {t}\n', 'depexts: ["c"]', 'depexts: [["a" "b"] {t} ["c"]]\n'),
        ('setenv: A = "b"\n', 'setenv: [C += "d"]', 'setenv: [[A = "b"] [C += "d"]]\n'),
        ("flags: plugin\n", "flags: [avoid-version]", "flags: [plugin avoid-version]\n"),
    ],
)
def test_append(text: str, change: str, expected: str) -> None:
    assert append(text, change) == expected


def test_append_to_a_field_that_is_not_there() -> None:
    assert append("", 'depends: "a" | "b"') == 'depends: ["a" | "b"]\n'
    assert append("x: 1", "build: [sh]") == "x: 1\nbuild: [[sh]]\n"


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ('depends: [\n  "a" {t} # of a\n  # of b\n  "b"\n  "c"\n]\n', ["c"], None),
        ('depends: [\n  "a"\n  "b" {>= "1"}\n  "c"\n]\n', ["b"], 'depends: [\n  "a"\n  "c"\n]\n'),
        ('depends: ["a" "b"] # c\n', ["a"], 'depends: [ "b"] # c\n'),
        ('depends: ("a" | "b" {t}) & "c"\n', ["a"], 'depends: ("b" {t}) & "c"\n'),
        ('depends: ["a" | "b" | "c"]\n', ["b"], 'depends: ["a" | "c"]\n'),
        ('depends: ["a" & "b" | "c"]\n', ["c"], 'depends: ["a" & "b"]\n'),
        ('depends: [("a" | "b") "c"]\nx: 1\n', ["a", "b"], 'depends: [ "c"]\nx: 1\n'),
        ('depends: ["a"]\nx: 1\n', ["a"], "x: 1\n"),
        ('depends: "a"\nx: 1\n', ["a"], "x: 1\n"),
        ('patches: ["a.patch" {t} "b.patch"]\n', ["a.patch"], 'patches: [ "b.patch"]\n'),
        ("flags: [plugin verbose]\n", ["verbose"], "flags: [plugin]\n"),
        ('depends: ["a" {= b}]\n', ["b"], 'depends: ["a" {= b}]\n'),
        ("depends: []\n", ["b"], "depends: []\n"),
    ],
)
def test_take_out(text: str, names: list[str], expected: str | None) -> None:
    assert take_out(text, *names) == (expected or text.replace('\n  "c"', ""))


def test_comments_stay_when_the_item_behind_them_goes() -> None:
    assert "# of a\n  # of b" in take_out('depends: [\n  "a" # of a\n  # of b\n  "b"\n]\n', "b")


def test_drop() -> None:
    text = '# c\nconflicts: ["a"\n "b"] # why\nurl { src: "x" }\nurl { src: "y" }\nb: 2\n'
    assert rewrite.drop(file(text), "conflicts").text == text.replace('conflicts: ["a"\n "b"]', "")
    assert rewrite.drop(file(text), "url").text == text.replace('url { src: "x" }\nurl { src: "y" }\n', "")
    assert rewrite.drop(file(text), "absent").text == text
    sections = 'extra-source "p" { src: "x" }\nextra-source "q" { src: "x" }\n'
    assert rewrite.drop_sections(file(sections), "extra-source", ["p", "r"]).text == sections.split("\n", 1)[1]
