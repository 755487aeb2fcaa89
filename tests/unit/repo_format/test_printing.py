"""Whole files in opam's layout: by example, and as the installed opam prints them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from xpkg.repo.opamfile.file import decode, parse
from xpkg.repo.opamfile.layout import CANONICAL_ORDER, format_file
from xpkg.repo.opamfile.values import Field, Section

LONG = "a-rather-long-name-of-a-package"
EXAMPLES = {
    "short list": ('tags: ["a"\n"b"]', 'tags: ["a" "b"]\n'),
    "long list": (
        f'tags: ["{LONG}" "{LONG}" "{LONG}"]',
        f'tags: [\n  "{LONG}"\n  "{LONG}"\n  "{LONG}"\n]\n',
    ),
    "a list with conditions is always tall": ('depends: ["a" {>= "1"}]', 'depends: [\n  "a" {>= "1"}\n]\n'),
    "but not with empty braces": ('depends: ["a" {}]', 'depends: ["a" {}]\n'),
    "a list of lists is always tall": ("build: [[make]]", "build: [\n  [make]\n]\n"),
    "long command": (
        f'build: [["{LONG}" "{LONG}" "{LONG}"] {{os = "linux"}}]',
        f'build: [\n  [\n    "{LONG}"\n    "{LONG}"\n    "{LONG}"\n  ] {{os = "linux"}}\n]\n',
    ),
    "long condition": (
        f'available: os = "{LONG}" & os != "short" & arch = "x" & os-family != "y"',
        f'available:\n  os = "{LONG}" & os != "short" & arch = "x" &\n  os-family != "y"\n',
    ),
    "long text": (f'synopsis: "{LONG} {LONG} {LONG}"', f'synopsis:\n  "{LONG} {LONG} {LONG}"\n'),
    "text of several lines": ('description: "a\\nb \\"c\\" \\\\"', 'description: """\\\na\nb "c" \\\\"""\n'),
    "text that begins with a line end": ('description: """\nx"""', 'description: """\nx"""\n'),
    "a line joined would lose blanks": ('description: """ a\n b"""', 'description: """ a\n b"""\n'),
    "three quotes": ('description: """a\n\\"\\"\\"b"""', 'description: """\\\na\n\\"""b"""\n'),
    "a quote at the end": ('description: """a\nb\\""""', 'description: """\\\na\nb\\""""\n'),
    "section": ('url{src:"a" checksum:["md5=b"]}', 'url {\n  src: "a"\n  checksum: ["md5=b"]\n}\n'),
    "named section": ('extra-source "a" {}', 'extra-source "a" {\n}\n'),
    "empty list": ("depends: []", "depends: []\n"),
    "negated comparison": ('x: "a" {! = "1"}', 'x: "a" {! = "1"}\n'),
    "negated comparison with braces": ('x: "a" {! (= "1") ! = "2" {}}', 'x: "a" {!(= "1") ! = "2" {}}\n'),
    "updates": ('setenv: [[A+="b"] [C=:"d"]]', 'setenv: [\n  [A += "b"]\n  [C =: "d"]\n]\n'),
    "nothing": ("# a comment\n", ""),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_layout(name: str) -> None:
    text, expected = EXAMPLES[name]
    file = parse(text, "opam")
    assert format_file(file) == expected
    assert parse(expected, "opam").items == file.items


def test_fields_stay_in_their_order_or_come_in_opams() -> None:
    file = parse('x-a: 1\nurl { src: "u" }\nbuild: [make]\nodd: 2\nname: "n"\nopam-version: "2.0"', "opam")
    names = [item.name if isinstance(item, Field) else item.kind for item in parse(format_file(file), "opam").items]
    assert names == ["x-a", "url", "build", "odd", "name", "opam-version"]
    ordered = parse(format_file(file, canonical=True), "opam").items
    names = [item.name if isinstance(item, Field) else item.kind for item in ordered]
    assert names == ["opam-version", "name", "build", "odd", "url", "x-a"]
    assert len(set(CANONICAL_ORDER)) == len(CANONICAL_ORDER)


RECIPES = (
    """
opam-version: "2.0" name: "one" version: "1" maintainer: "A <a@b.c>" license: ["MIT" "ISC"] homepage: "https://h.org"
authors: ["Somebody with a long name <somebody@example.org>" "Somebody else <else@example.org>" "a third <t@e.org>"]
synopsis: "Something that is described in more words than fit one line of usual length, I think"
description: "one\\ntwo \\"three\\" \\\\ four"
depends: ["ocaml" {>= "4.08" & < "5.0~~" & != "4.09.0" & != "4.10.0" & != "4.11.0" & with-test} "b" | "c" {build}
("d" & "e" | "f")]
available: arch != "arm32" & (os = "linux" | os = "freebsd" | os = "macos" | os = "openbsd") & os-family != "suse"
build: [["dune" "build" "-p" name "-j" jobs "@install" "@runtest" {with-test} "@doc" {with-doc & os != "win32"}]
[make "%{x:installed}%" "CFLAGS=-O2 -g -Wall -Wextra"] {dev & !pinned & ?x:installed} [make]]
setenv: [[CAML_LD_LIBRARY_PATH += "%{lib}%/x"] [B = "c"]]
""",
    """
x-first: [1 true word "text" (a | b) {c}] opam-version: "2.0" name: "two" version: "1"
messages: ["seen" {os = "linux"} "other"] post-messages: ["a\\nb" {failure}] flags: [conf light-uninstall]
depexts: [["libfoo-dev" "libbar-dev"] {os-family = "debian"} ["foo"] {os-distribution = "nixos" | os = "macos"}]
extra-files: [["a.patch" "md5=00000000000000000000000000000000"]] patches: ["a.patch" {os = "linux"}]
extra-source "b.patch" { src: "https://example.org/b.patch" checksum: "md5=00000000000000000000000000000000" }
url { src: "https://example.org/a.tar.gz" checksum: ["md5=00000000000000000000000000000000"
"sha256=0000000000000000000000000000000000000000000000000000000000000000"] }
""",
)


@pytest.mark.parametrize("text", RECIPES, ids=["one", "two"])
@pytest.mark.skipif(shutil.which("opam") is None, reason="opam, whose printer this is compared with, is not installed")
def test_opam_prints_the_same(text: str, tmp_path: Path) -> None:
    """opam changes some values while it prints (a list of one loses its brackets): its text printed again is its text.

    What we print means the same to it as what was written.
    """
    environment = {**os.environ, "OPAMROOT": str(tmp_path / "root"), "OPAMNOENVNOTICE": "1"}

    def show(content: str) -> str:
        path = tmp_path / "opam"
        path.write_text(content)
        command = ["opam", "show", "--just-file", "--raw", str(path)]
        return decode(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)

    printed = show(text)
    assert format_file(parse(printed, "opam"), canonical=True).strip() == printed.strip()
    assert show(format_file(parse(text, "opam"))) == printed


def test_no_line_but_a_texts_own_is_much_too_long() -> None:
    words = " ".join(f'"{letter}{number}" {{>= "1.{number}"}}' for number in range(30) for letter in "ab")
    file = parse(f"depends: [{words}]\nx: ({words})\n", "opam")
    assert max(map(len, format_file(file).split("\n"))) <= 80


def test_sections_are_values_too() -> None:
    (section,) = parse('a "b" { c: 1 d { e: 2 } }', "opam").items
    assert isinstance(section, Section)
    assert format_file(parse('a "b" { c: 1 d { e: 2 } }', "opam")) == 'a "b" {\n  c: 1\n  d {\n    e: 2\n  }\n}\n'
