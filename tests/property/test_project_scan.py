"""Build files: whatever strings and comments hold, nothing of it is taken for code."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xpkg.ops.project_dune import NotDune, read_dune_project
from xpkg.ops.project_scan import CMAKE, DUNE, MESON, calls, scan
from xpkg.ops.project_text import Facts, cmake_facts, meson_facts

CODE = ("project", "(", ")", "version", "VERSION", ":", "CXX", "'cpp'", ",", "[", "]", "9", " ", "\n")
MARKS = ("'a'", '"a"', "'", '"', "#", "#[[", "]]", "#|", "|#", ";", "\\")
TEXTS = st.lists(st.sampled_from([*CODE, *MARKS]), max_size=20).map("".join)
LINES = TEXTS.map(lambda text: text.replace("\n", ""))


@pytest.mark.parametrize("language", [DUNE, CMAKE, MESON])
@given(text=TEXTS)
def test_tokens_are_in_order_and_calls_are_closed(language: re.Pattern[str], text: str) -> None:
    tokens = list(scan(text, language))
    places = [one.place for one in tokens]
    assert places == sorted(set(places))
    for one in calls(tokens, nested=True):
        assert (tokens[one.first - 1].kind, tokens[one.end].kind) == ("open", "close")


@given(said=TEXTS, comment=LINES)
def test_meson_strings_and_comments(said: str, comment: str) -> None:
    quoted = said.replace("\\", "\\\\").replace("'", "\\'")
    call = f"project('a', 'c', # {comment}\n license: '{quoted}', version: '1')"
    assert meson_facts(f"# {comment}\nx = '{quoted}'\n{call}\ny = '{quoted}'") == Facts(name="a", version="1")


@given(said=TEXTS, comment=TEXTS)
def test_cmake_strings_and_comments(said: str, comment: str) -> None:
    quoted = said.replace("\\", "\\\\").replace('"', '\\"')
    block = f"#[=[ {comment} ]=]"
    call = f'project(a {block} DESCRIPTION "{quoted}" VERSION 1 LANGUAGES C)'
    assert cmake_facts(f'{block} message("{quoted}")\n{call}\n{block}') == Facts(name="a", version="1")


@given(said=TEXTS, comment=LINES)
def test_dune_strings_and_comments(said: str, comment: str) -> None:
    quoted = said.replace("\\", "\\\\").replace('"', '\\"')
    package = f'(package (name a) (synopsis "{quoted}"))'
    project = read_dune_project(f'(lang dune 3.0) ; {comment}\n(name "{quoted}") (version 1) ; {comment}\n{package}')
    assert (project.name, project.version) == (said, "1")
    assert [(one.name, one.synopsis) for one in project.packages] == [("a", said)]


@given(text=TEXTS)
def test_no_text_is_a_mistake_of_the_reader(text: str) -> None:
    meson_facts(text)
    cmake_facts(text)
    with suppress(NotDune):
        read_dune_project(f"(lang dune 3.0){text}")
