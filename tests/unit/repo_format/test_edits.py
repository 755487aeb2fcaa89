"""Edits of single fields, sections and elements: every other byte stays, and what cannot be done alone is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.values import Option, String, Value

RECIPE = """\
# head
depends: [
    # first
    "a" {>= "1"} # why a
    "b" # why b
    "c" "d"
    # last
]
tags: [ "x" "y" ] # tags
maintainer: "me"
url {
  src: "u" # where
}
extra-source "p" { src: "v" }
"""
URL = ("url", None)
PATCH = ("extra-source", "p")


def recipe() -> OpamFile:
    return parse(RECIPE, "opam")


def is_one_of(*names: str) -> Callable[[Value], bool]:
    def check(value: Value) -> bool:
        inner = value.value if isinstance(value, Option) else value
        return isinstance(inner, String) and inner.value in names

    return check


def changed(file: OpamFile, old: str, new: str) -> None:
    """The file is the recipe with one text put in place of another."""
    assert RECIPE.count(old) == 1
    assert file.text == RECIPE.replace(old, new)


def test_fields_of_sections() -> None:
    changed(recipe().replace("src", '"w"', URL), 'src: "u" # where', 'src: "w" # where')
    changed(recipe().replace("checksum", '"k"', URL), '"u" # where\n', '"u" # where\n  checksum: "k"\n')
    changed(recipe().replace("checksum", '"k"', PATCH), 'src: "v" }', 'src: "v" checksum: "k" }')
    changed(recipe().without("src", URL), '  src: "u" # where\n', "   # where\n")
    changed(recipe().without("src", PATCH), '{ src: "v" }', "{  }")
    assert recipe().without("src", ("url", "x")) == recipe().without("zz", URL) == recipe()


def test_sections() -> None:
    added = recipe().with_section(("extra-source", 'q"'), {"src": '"w"', "checksum": String(0, 0, "k")})
    assert added.text == RECIPE + 'extra-source "q\\"" {\n  src: "w"\n  checksum: "k"\n}\n'
    assert recipe().replace("src", '"w"', ("extra-source", "q")).text == RECIPE + 'extra-source "q" {\n  src: "w"\n}\n'
    changed(recipe().without_section(PATCH), 'extra-source "p" { src: "v" }\n', "")
    assert recipe().without_section(("extra-source", "q")) == recipe()
    assert parse("a: 1", "opam").with_section(("s", None), {}).text == "a: 1\ns {\n}\n"


def test_elements_are_added() -> None:
    changed(recipe().with_element("depends", '"e" {>= "2"}'), "    # last\n", '    # last\n    "e" {>= "2"}\n')
    changed(recipe().with_element("tags", '"z"'), '"y" ]', '"y" "z" ]')
    changed(recipe().with_element("maintainer", '"you"'), '"me"', '["me" "you"]')
    changed(recipe().with_element("checksum", '"k"', PATCH), '"v" }', '"v" checksum: ["k"] }')
    assert recipe().with_element("new", "1").text == RECIPE + "new: [1]\n"
    assert parse("a: []", "opam").with_element("a", "1").text == "a: [1]"
    assert parse("a: [ # none\n]\n", "opam").with_element("a", "1").text == "a: [ # none\n  1\n]\n"


def test_elements_are_removed_and_comments_stay() -> None:
    changed(recipe().without_elements("depends", is_one_of("a")), '    "a" {>= "1"} # why a\n', "     # why a\n")
    changed(recipe().without_elements("depends", is_one_of("c")), '    "c" "d"', '     "d"')
    changed(recipe().without_elements("depends", is_one_of("c", "d")), '    "c" "d"\n', "")
    changed(recipe().without_elements("tags", is_one_of("x")), '"x" "y"', '"y"')
    changed(recipe().without_elements("tags", is_one_of("y")), '"x" "y"', '"x"')
    changed(recipe().without_elements("maintainer", is_one_of("me")), '"me"', "[]")
    assert recipe().without_elements("maintainer", is_one_of("you")) == recipe()
    assert recipe().without_elements("zz", is_one_of("a")) == recipe()
    assert parse('a: ["x""y""z"]', "opam").without_elements("a", is_one_of("y")).text == 'a: ["x" "z"]'


def test_lines_end_as_the_files_do() -> None:
    file = parse('url {\r\n  src: "u"\r\n}\r\n', "opam")
    assert file.replace("checksum", '"k"', URL).text == 'url {\r\n  src: "u"\r\n  checksum: "k"\r\n}\r\n'
    assert file.replace("a", "1").text == file.text + "a: 1\r\n"


@pytest.mark.parametrize("value", ["]", "", "1\nb: 2", "1 2", "[ 1", '"', "1 # and no line end", "(* "])
def test_what_is_not_one_value_is_refused(value: str) -> None:
    file = parse("a: [ 1 ] b: 2\n", "opam")
    for edit in (file.replace, file.with_element):
        with pytest.raises(OpamSyntaxError):
            edit("a", value)


def test_what_would_change_its_surroundings_is_refused() -> None:
    with pytest.raises(OpamSyntaxError, match="cannot be changed alone"):
        parse('a: [ "x" ]', "opam").with_element("a", '>= "1"')
    with pytest.raises(OpamSyntaxError, match="cannot be changed alone"):
        parse('a: [ "x" [ ] >= "1" ]', "opam").without_elements("a", lambda value: not hasattr(value, "value"))
