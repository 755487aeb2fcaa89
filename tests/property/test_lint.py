"""Whatever a recipe holds, it is examined: findings, never an exception."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from xpkg.repo.lint.addresses import read_address
from xpkg.repo.lint.field_forms import EXTENSIONS, FIELDS, URL_FIELDS
from xpkg.repo.lint.reading import lint_text
from xpkg.repo.lint.registry import chosen

_WORDS = """
a %{a}% %{a:b}% %{?a++:b:}% %{ %% 1.0 a.1 ../a /usr/a gcc MIT GPL-2.0 md5=0 https://a/b.git git+https://a git@a:b x86
flags:conf x- uname
"""
_TEXTS = st.sampled_from(["", "a b", f"md5={'0' * 32}", "\\xff", *_WORDS.split()])
_IDENTIFIERS = "make os arch build post _:a a:installed a+b:installed a:b?c:d true 3"
_ATOMS = st.one_of(_TEXTS.map(lambda text: f'"{text}"'), st.sampled_from(_IDENTIFIERS.split()))
_VALUES = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{' '.join(items)}]"),
        st.lists(inner, max_size=3).map(lambda items: f"({' '.join(items)})"),
        st.tuples(inner, st.lists(inner, max_size=2)).map(lambda pair: f"{pair[0]} {{{' '.join(pair[1])}}}"),
        st.tuples(_ATOMS, st.sampled_from(["=", "<", "+=", ":="]), _ATOMS).map(" ".join),
        st.tuples(inner, st.sampled_from(["&", "|"]), inner).map(" ".join),
        st.tuples(st.sampled_from(["!", "?", ">= ", "!= "]), inner).map("".join),
    ),
    max_leaves=8,
)


def recipes(fields: Iterable[str], sections: Iterable[str]) -> st.SearchStrategy[str]:
    """Recipes of these fields and sections, whatever stands in them."""
    field = st.tuples(st.sampled_from([*fields]), _VALUES).map(lambda pair: f"{pair[0]}: {pair[1]}\n")
    inside = st.tuples(st.sampled_from([*URL_FIELDS, "unknown"]), _VALUES).map(lambda pair: f"  {pair[0]}: {pair[1]}\n")
    section = st.tuples(st.sampled_from([*sections]), st.lists(inside)).map(
        lambda pair: f"{pair[0]} {{\n{''.join(pair[1])}}}\n"
    )
    return st.lists(st.one_of(field, section), max_size=12).map(lambda parts: 'opam-version: "2.0"\n' + "".join(parts))


_EVERY = chosen()


@given(recipes([*FIELDS, *EXTENSIONS, "x-a", "unknown"], ["url", "extra-source", 'extra-source "a"', "unknown"]))
def test_every_recipe_is_examined(text: str) -> None:
    lines = text.split("\n")
    for one in lint_text(text, "opam", _EVERY, identity=("p", "1")):
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
        assert not one.caret or one.caret.strip() == "^"


@given(st.text(alphabet='abc:"[]{}()%&|!\n #'))
def test_every_text_is_examined(text: str) -> None:
    lint_text(text, "opam", _EVERY)


@given(st.text(alphabet="git+hgfilesrync:/.@#a1", max_size=30), st.booleans())
def test_an_address_is_what_it_prints(text: str, guess: bool) -> None:
    try:
        address = read_address(text, guess=guess)
    except ValueError:
        return
    again = read_address(str(address))
    assert str(again) == str(address)
    assert again.is_version_control == address.is_version_control
