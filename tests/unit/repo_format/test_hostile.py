"""Files made to keep us busy: each is read or refused with its place, in linear time, at every step it reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.filters import evaluate
from xpkg.repo.legacy.files import SideFiles
from xpkg.repo.legacy.upgrade import upgrade
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import OpamFile, parse
from xpkg.repo.opamfile.layout import format_file
from xpkg.repo.opamfile.lexer import MAX_TOKENS
from xpkg.repo.opamfile.parser import MAX_DEPTH, MAX_SIZE
from xpkg.repo.recipe_reader import read_recipe, recipe_of
from xpkg.repo.recipes import commands

MEBIBYTE = MAX_SIZE - 100
SECONDS = 2.0
"""Of processor time, for each step alone."""


def filled(text: str, size: int = MEBIBYTE) -> str:
    return text * (size // len(text))


REFUSED = {
    "brackets": ("x: " + filled("("), "words, strings and brackets"),
    "fewer brackets": ("x: " + filled("(", MAX_TOKENS - 10), f"nested deeper than {MAX_DEPTH} levels"),
    "braces": ("x: " + filled("{", 1000), "expected a value"),
    "conditions": ("x: a " + filled("{} ", 20_000), f"nested deeper than {MAX_DEPTH} levels"),
    "conditions in conditions": ("x: a" + filled("{a", 20_000), f"nested deeper than {MAX_DEPTH} levels"),
    "negations": ("x: " + filled("!", 20_000), f"nested deeper than {MAX_DEPTH} levels"),
    "sections": (filled("a { ", 20_000), f"nested deeper than {MAX_DEPTH} levels"),
    "escapes cut short": ("x: " + filled('"\\x'), "unknown escape"),
    "wrong escapes": ('x: "' + filled("\\x4g") + '"', "unknown escape"),
    "numbers of bytes": ('x: "' + filled("\\999") + '"', "no such byte"),
    "comments": ("x: " + filled("(* "), "the comment has no end"),
    "comments closed and opened": ("x: " + filled("(* (* *) "), "the comment has no end"),
    "a string without end": ('x: "' + filled("a"), "the string has no end"),
    "quotes": ("x: " + filled('"'), "words, strings and brackets"),
    "quotes without end": ('x: """a' + filled('\\"'), "the string has no end"),
    "a huge number": ("x: " + filled("9"), "the number is too large"),
    "a number of underscores": ("x: 9" + filled("_"), "the number is too large"),
    "fields of one name": (filled("x: 1 ", 4 * 100_000), "words, strings and brackets"),
    "a long line": (filled(" ") + "@", "unexpected '@'"),
    "many lines": (filled("\n") + "@", "unexpected '@'"),
    "alternatives": ('depends: "a"' + filled(' | "a"'), "words, strings and brackets"),
    "size": (filled("a", MAX_SIZE + 1), "more than the"),
}
READ = {
    "alternatives": 'depends: "a"' + filled(' | "a"', MAX_TOKENS * 2),
    "conjunctions": "available: a" + filled(" & b | c", MAX_TOKENS),
    "20,000 fields": "".join(f"x{number}: 1\n" for number in range(20_000)),
    "a field twice": filled("x: 1\n", MAX_TOKENS),
    "mentions": 'build: ["' + filled("%{") + '"]',
    "mentions with names": 'build: ["' + filled("%{a") + '"]',
    "closed mentions": 'build: ["' + filled("%{a?b:c}%") + '"]',
    "per cent": 'build: ["' + filled("%") + '"]',
    "mentions in filters": 'available: "' + filled("%{") + '" = "%{a}"',
    "a variable of many packages": "available: " + filled("a+") + "a:b",
    "a variable with colons": "available: a:b",
    "a long version": 'depends: "a" {>= "' + filled("1.") + '"}',
    "versions of signs": 'depends: "a" {= "' + filled("~", 90) + '"}',
    "a long name": 'depends: "' + filled("a") + '"',
    "an address": 'url { src: "' + filled("a") + '" }',
    "an address to upgrade": 'dev-repo: "' + filled("a:") + '"',
    "digits to upgrade": 'dev-repo: "ab:' + filled("1") + '/"',
    "sections": "".join(f'extra-source "a{number}" {{ src: "https://e.org" }}\n' for number in range(8_000)),
    "lists of lists": "build: [" + filled('["a"] ', MAX_TOKENS) + "]",
    "conditions": "patches: [" + filled('"a" {b} ', MAX_TOKENS) + "]",
    "deep formulas": "depends: [" + filled("(" * 50 + '"a"' + ")" * 50 + " ", MAX_TOKENS) + "]",
    "deep negations": "available: " + filled("!(" * 25 + "a" + ")" * 25 + " & ", MAX_TOKENS) + "a",
    "depexts": "depexts: [" + filled('[["debian"] ["a"]] ', 2 * MAX_TOKENS) + "]",
    "flags": "flags: [" + " ".join(f"a{number}" for number in range(50_000)) + "]",
    "tags": "tags: [" + filled('"flags:a" ', MAX_TOKENS) + "]",
    "systems": "os: [" + filled('"a" | "b" ', MAX_TOKENS) + "]",
    "old versions": "ocaml-version: [" + filled('>= "1" ', MAX_TOKENS) + "]",
    "old conflicts": 'conflicts: "a"' + filled(' & "a"', MAX_TOKENS),
    "blanks": filled(" "),
    "comments": filled("(* *)"),
    "line ends": filled("#\n"),
    "a text": 'synopsis: "' + filled("\\195\\169") + '"',
}


def timed(work: Callable[[], object]) -> object:
    """What the work gives, None when it is refused in an orderly way; it takes no longer than it may."""
    started = time.process_time()
    try:
        return work()
    except InputFileError:
        return None
    finally:
        assert time.process_time() - started < SECONDS


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    text, problem = REFUSED[name]
    started = time.process_time()
    with pytest.raises(OpamSyntaxError) as caught:
        parse(text, "dir/opam")
    assert time.process_time() - started < SECONDS
    assert problem in caught.value.message
    assert caught.value.message.startswith(f"dir/opam:{caught.value.line}: ")
    assert len(caught.value.source_line) <= 200
    assert caught.value.caret.strip() == "^"


@pytest.mark.parametrize("name", READ)
def test_read_or_refused_later(name: str) -> None:
    file = parse(f'opam-version: "2.0"\n{READ[name]}', "opam")
    recipe = timed(lambda: recipe_of(file, name="p", version="1", repository="r", directory=Path(), original=file))
    if recipe is not None:
        timed(lambda: evaluate(recipe.available, lambda name: None))  # type: ignore[attr-defined]
        timed(lambda: commands(recipe.build, lambda name: None))  # type: ignore[attr-defined]
    assert timed(lambda: format_file(file))
    timed(lambda: file.replace("x-new", "1"))
    old = timed(lambda: parse(f'opam-version: "1.1"\n{READ[name]}', "opam"))
    assert isinstance(old, OpamFile)
    timed(lambda: upgrade(old, "p", SideFiles(url=READ[name])))


def test_files_that_are_too_large_are_not_read_whole(tmp_path: Path) -> None:
    for name, text in (("opam", 'opam-version: "1.2"'), ("descr", "d"), ("url", 'src: "u"')):
        (tmp_path / name).write_text(text)
    read_recipe(tmp_path, "p", "1", "r")
    for name in ("opam", "descr", "url"):
        before = (tmp_path / name).read_bytes()
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(1 << 40)
        with pytest.raises(InputFileError, match="larger than"):
            read_recipe(tmp_path, "p", "1", "r")
        (tmp_path / name).write_bytes(before)
