"""Recipes of opam 1.x as recipes of 2.0: each rule, places of errors, and agreement with `opam admin upgrade`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.legacy.addresses import modern
from xpkg.repo.legacy.files import SideFiles, UpgradedFile
from xpkg.repo.legacy.upgrade import upgrade
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.opamfile.file import parse
from xpkg.repo.opamfile.layout import format_file
from xpkg.repo.opamfile.printer import print_value
from xpkg.repo.opamfile.values import Field, Item, Value
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.repository import Repository


def upgraded(text: str, *, version: str = "1.2", name: str = "p", url: str | None = None) -> UpgradedFile:
    return upgrade(parse(f'opam-version: "{version}"\n{text}', "opam"), name, SideFiles(url=url, directory="d"))


def fields(file: UpgradedFile) -> dict[str, str]:
    """What the upgraded file says, but for what every one does."""
    values = {item.name: print_value(item.value) for item in file.items if isinstance(item, Field)}
    assert values.pop("opam-version") == '"2.0"'
    if values.get("depends") == '["ocaml"]':
        del values["depends"]
    return values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ('author: "A"', {"authors": '"A"'}),
        ('author: "A" authors: "B"', {"authors": '"B"'}),
        ('configure-style: "x"', {}),
        ('descr: "one\n\n two \nthree\n"', {"synopsis": '"one"', "description": '"""two \nthree"""'}),
        ('tags: ["a" "flags:plugin"]', {"tags": '["a"]', "flags": "[plugin]"}),
        ('remove: [["ocamlfind" "remove" "p"] ["rm" "-f" "x"]]', {"flags": "[light-uninstall]"}),
        ('remove: [["ocamlfind" "remove" "p"] [make]]', {}),
        ('flags: light-uninstall remove: [["rm" "x"]]', {"flags": "[light-uninstall]"}),
    ],
)
def test_fields_of_other_names(text: str, expected: dict[str, str]) -> None:
    found = fields(upgraded(text))
    found.pop("remove", None)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('available: ocaml-version >= "4"', {"depends": '["ocaml" {>= "4"}]'}),
        ('available: ["4" <= ocaml-version]', {"depends": '["ocaml" {>= "4"}]'}),
        (
            'available: [ocaml-version >= "4" & ocaml-version < "5" & os != "darwin"]',
            {"depends": '["ocaml" {>= "4" & < "5"}]', "available": 'os != "macos"'},
        ),
        (
            'available: !(ocaml-version < "4" | os = "win32")',
            {"depends": '["ocaml" {>= "4"}]', "available": 'os != "win32"'},
        ),
        ('available: ocaml-version < "4" | ocaml-version > "5"', {"depends": '["ocaml" {< "4" | > "5"}]'}),
        (
            'available: ocaml-version > "3" & (ocaml-version < "4" | ocaml-version > "5")',
            {"depends": '["ocaml" {> "3" & (< "4" | > "5")}]'},
        ),
        ('available: compiler = "4.02+x"', {"depends": '["ocaml" "ocaml-variants" {= "4.02+x"}]'}),
        ('available: compiler >= "4.02"', {"depends": '["ocaml" "ocaml-base-compiler" {>= "4.02"}]'}),
        ('available: compiler != "system"', {"conflicts": '["ocaml-system"]'}),
        (
            'available: compiler != "4.02" & compiler != "4.03"',
            {"conflicts": '["ocaml-base-compiler" {= "4.02" | = "4.03"}]'},
        ),
        ("available: preinstalled", {"depends": '["ocaml" "ocaml-system"]'}),
        ("available: !preinstalled", {"conflicts": '["ocaml-system"]'}),
        ("available: ocaml-native", {"available": "ocaml:native"}),
        ('available: arch = "amd64" | arch = "i686"', {"available": 'arch = "x86_64" | arch = "x86_32"'}),
        ('available: ocaml-version > "4" | os = "a"', {"depends": '["ocaml" {> "4"}]', "available": 'os = "a"'}),
        ('ocaml-version: [>= "4" & != "4.1"]', {"depends": '["ocaml" {>= "4" & != "4.1"}]'}),
        ('ocaml-version: [!(= "4" | = "5")]', {"depends": '["ocaml" {!= "4" & != "5"}]'}),
        ('os: ["linux" "darwin"]', {"available": 'os = "linux" | os = "macos"'}),
        ('os: [!"win32"] available: arch = "arm"', {"available": 'os != "win32" & arch = "arm"'}),
        ('depends: ["ocaml" {!= "3"}] ocaml-version: [> "2"]', {"depends": '["ocaml" {!= "3" & > "2"}]'}),
        ('flags: conf', {"flags": "[conf]"}),
    ],
)  # fmt: skip
def test_compilers_are_packages(text: str, expected: dict[str, str]) -> None:
    assert fields(upgraded(text)) == expected


def test_packages_that_compilers_need_do_not_need_a_compiler() -> None:
    assert "depends" not in fields(upgraded("", name="base-unix"))
    assert upgraded("").get("depends") is not None
    assert upgraded("flags: conf").get("depends") is None
    assert upgraded('tags: "flags:conf"').get("depends") is None


@pytest.mark.parametrize(
    ("version", "text", "expected"),
    [
        ("1.2", 'depends: ["a" {test} "b" {build & doc} "c" {>= "test"}]',
         {"depends": '["ocaml" "a" {with-test} "b" {build & with-doc} "c" {>= "test"}]'}),
        ("1.2", 'depends: "a" & ("b" | "c")', {"depends": '["ocaml" "a" "b" | "c"]'}),
        ("1.2", 'depopts: ["a" {test} "b" & "c"]', {"depopts": '["a" {with-test} "b" "c"]'}),
        ("1.1", 'depopts: ["a" & "b"]', {"depopts": '["a" & "b"]'}),
        ("1.2", 'conflicts: "a" & "b" {< "2"}', {"conflicts": '["a" "b" {< "2"}]'}),
        ("1", 'conflicts: "ocaml-system" {= "1"} available: !preinstalled', {"conflicts": '["ocaml-system" {= "1"}]'}),
    ],
)  # fmt: skip
def test_formulas(version: str, text: str, expected: dict[str, str]) -> None:
    assert fields(upgraded(text, version=version)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('build-test: [["t"] {a}]', {"build": '[["t"] {with-test & a}]'}),
        ('build: [make] build-test: ["t" "u"]', {"build": '[[make] ["t" "u"] {with-test}]'}),
        ('build-doc: [["d"] ["d" "do_install"] ["e"]] install: [["i"]]',
         {"build": '[["d"] {with-doc}]', "install": '[["i"] ["d" "do_install"] {with-doc} ["e"] {with-doc}]'}),
        ('build-test: [["t"] {a | b}]', {"build": '[["t"] {with-test & (a | b)}]'}),
        ('build: [[make "%{ocaml-version}%" ocaml-native "%{p:x}%"] {compiler = "%{preinstalled}%"}]',
         {"build": '[[make "%{ocaml:version}%" ocaml:native "%{p:x}%"] {ocaml:compiler = "%{ocaml:preinstalled}%"}]'}),
        ('install: ["a" "%{ocaml-native?x:y}%" "%%{compiler}%%"]',
         {"install": '[["a" "%{ocaml:native?x:y}%" "%%{compiler}%%"]]'}),
        ('patches: ["a" {os = "osx"} "b"]', {"patches": '["a" {os = "macos"} "b"]'}),
        ('post-messages: ["%{compiler}%" {ocaml-native-tools}]',
         {"post-messages": '["%{compiler}%" {ocaml:native-tools}]'}),
        ('depexts: [[["debian"] ["a" "b"]] [["osx" "homebrew"] ["c"]] [["source"] ["d"]] [["amd64"] ["e"]] [[] ["f"]]]',
         {"depexts": '[["a" "b"] {os-distribution = "debian"} ["c"] {os = "macos" & os-distribution = "homebrew"} '
                     '["e"] {arch = "x86_64"} ["f"]]'}),
        ('depexts: [["a"] {os = "osx"} ["b"] {"bsd" & "x86"}]',
         {"depexts": '[["a"] {os = "macos"} ["b"] {os-family = "bsd" & arch = "x86_32"}]'}),
    ],
)  # fmt: skip
def test_commands_filters_and_system_packages(text: str, expected: dict[str, str]) -> None:
    assert fields(upgraded(text)) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://example.org/p.git", "git+https://example.org/p.git"),
        ("https://example.org/p.git#main", "git+https://example.org/p.git#main"),
        ("git://example.org/p", "git://example.org/p"),
        ("git@example.org:a/p.git", "git+ssh://git@example.org/a/p.git"),
        ("git+ssh://git@example.org/p", "git+ssh://git@example.org/p"),
        ("hg://example.org/p", "hg://example.org/p"),
        ("https://example.org/p", "https://example.org/p"),
        ("https://example.org/p.darcs", "darcs+https://example.org/p.darcs"),
    ],
)
def test_addresses_say_what_fetches_them(old: str, new: str) -> None:
    assert modern(old) == new
    assert modern(new) == new


def test_sources() -> None:
    def section(text: str) -> str:
        return format_file(parse("".join(map(_text, upgraded("", url=text).sections("url"))), "x"))

    md5 = "0" * 32
    assert section(f'archive: "http://e.org/a.tgz"\nchecksum: "{md5}"') == (
        f'url {{\n  src: "http://e.org/a.tgz"\n  checksum: "{md5}"\n}}\n'
    )
    assert 'src: "git+https://e.org/a"' in section('opam-version: "1.2" git: "https://e.org/a"')
    assert 'src: "file:///a/b"' in section('local: "/a/b"')
    assert 'checksum: ["a" "b" "c"]' in section('src: "u" checksum: "a" checksum: ["b" "c"]')
    inside = upgraded('url { src: "v" }', url='src: "u"')
    assert [print_value(value) for one in inside.sections("url") if (value := one.get("src"))] == ['"v"']
    extra = upgraded(f'extra-sources: [["http://e.org/a.patch" "{md5}"] ["http://e.org/b" {{"c"}} "{md5}"]]')
    assert [one.name for one in extra.sections("extra-source")] == ["a.patch", "c"]


def _text(item: Item) -> str:
    return format_file(type(parse("", "x"))("x", "", (item,)))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A repository of opam 1.2 with packages of all sorts."""
    root = tmp_path / "old"
    (root / "packages").mkdir(parents=True)
    (root / "repo").write_text('opam-version: "1.2"\n')
    for nv, text in PACKAGES.items():
        directory = root / "packages" / nv.partition(".")[0] / nv
        directory.mkdir(parents=True)
        (directory / "opam").write_text(text)
        (directory / "descr").write_text(f"About {nv}\n\nMore of it,\n  indented.\n\n")
        (directory / "url").write_text(f'http: "https://example.org/{nv}.tar.gz"\nchecksum: "{"0" * 32}"\n')
        (directory / "files").mkdir()
        (directory / "files" / "p.patch").write_text("a patch\n")
    return root


PACKAGES = {
    "one.1": """
opam-version: "1.2"
maintainer: "a@b.c"
author: ["X" "Y"]
license: "MIT"
homepage: "https://example.org"
dev-repo: "https://example.org/one.git"
tags: ["org:x" "flags:plugin"]
build: [["./configure" "--native" "%{ocaml-native}%"] {os != "darwin"} [make ocaml-version]]
build-test: [[make "test"] {preinstalled}]
build-doc: [[make "doc"] [make "install-doc"]]
install: [[make "install"]]
remove: [["ocamlfind" "remove" "one"]]
depends: ["ocamlfind" {build} "ounit" {test & >= "1.0"} ("a" | "b" {doc})]
depopts: ["c" "d" {< "2"}]
conflicts: ["e" {= "1"} "f"]
available: [ocaml-version >= "4.01" & (ocaml-version < "4.06" | ocaml-version > "4.07") & os != "osx"]
depexts: [[["debian"] ["liba-dev" "libb-dev"]] [["osx" "macports"] ["a"]] [["freebsd" "amd64"] ["b"]]]
patches: ["p.patch" {ocaml-version < "4.02"}]
messages: ["hello" {compiler = "4.02.1"}]
post-messages: ["done" {success}]
""",
    "two.0.1": """
opam-version: "1"
maintainer: "a@b.c"
authors: ["X"]
ocaml-version: [>= "3.12" & < "4.03"]
os: ["linux" "darwin"]
build: [[make] [make "all" "V=%{ocaml-version}%" "%{one:installed}%"]]
remove: [[make "uninstall"]]
depends: ["one" {>= "1"} "ocamlfind"]
conflicts: ["g" & "h"]
""",
    "three.2": """
opam-version: "1.1"
maintainer: "a@b.c"
available: [compiler != "4.00.0" & !preinstalled & (arch = "amd64" | arch = "armv7l")]
build: [["ocaml" "setup.ml" {ocaml-native-dynlink}]]
depopts: ["x" "y"]
""",
    "conf-four.1": """
opam-version: "1.2"
maintainer: "a@b.c"
flags: conf
build: [["which" "four"]]
depexts: [[["alpine"] ["four"]] [["unheard-of"] ["four"]]]
""",
}


def test_a_whole_repository_is_usable(old: Path) -> None:
    repository = Repository(name="old", root=old)
    repository.check_format()
    assert repository.names() == ("conf-four", "one", "three", "two")
    recipe = repository.recipe("one", "1")
    assert recipe.synopsis == "About one.1"
    assert recipe.description == "More of it,\n  indented."
    assert recipe.sources[0].urls == ("https://example.org/one.1.tar.gz",)
    assert recipe.flags == {"plugin", "light-uninstall"}
    assert recipe.original.text == PACKAGES["one.1"]
    assert not recipe.unknown_fields
    before = recipe.digest
    (recipe.directory / "url").write_text('src: "https://example.org/other"\n')
    assert Repository(name="old", root=old).recipe("one", "1").digest != before


def test_errors_show_the_place_in_the_file_as_it_is(old: Path) -> None:
    def failure(name: str, text: str) -> str:
        path = old / "packages" / "one" / "one.1" / name
        before = path.read_text()
        path.write_text(text)
        try:
            with pytest.raises(OpamSyntaxError) as caught:
                read_recipe(path.parent, "one", "1", "old")
        finally:
            path.write_text(before)
        assert caught.value.source_line in text.replace("\0", "\\x00")
        return caught.value.message.removeprefix(str(path.parent) + "/")

    head = 'opam-version: "1.2"\n'
    assert (
        failure("opam", head + "depends: [\n  1 ]")
        == "opam:3: expected a package: a name in quotes, with an optional {condition}"
    )
    assert failure("opam", head + "available: [\n (") == "opam:3: '(' is never closed"
    assert failure("opam", head + "a: 1\na: 2\n") == "opam:2: the field 'a' is there twice"
    assert failure("url", '# no\nsrc: "-x"\n') == "url:2: '-x': an address does not begin with '-' and is not empty"
    assert failure("url", '\n\nchecksum: "md5=0"\nsrc: "u"').startswith("url:3: bad hash")
    assert failure("url", "src: [\n") == "url:1: '[' is never closed"
    assert failure("descr", "\0\n") == "descr:1: '\\x00': a NUL character is not allowed"


def test_edits_work_on_the_upgraded_recipe() -> None:
    file = upgraded('# gone\nauthor: "A"', url='http: "u"').replace("authors", '"B"').with_element("depends", '"x"')
    assert file.text == ('opam-version: "2.0"\nauthors: "B"\ndepends: ["ocaml" "x"]\nurl {\n  src: "http://u"\n}\n')
    assert upgraded('author: "A"').without("authors").get("authors") is None


def test_a_repository_of_an_unknown_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "repo").write_text('opam-version: "3.0"\n')
    with pytest.raises(InputFileError, match=r"format '3\.0'"):
        Repository(name="r", root=tmp_path).check_format()


@pytest.mark.skipif(shutil.which("opam") is None, reason="opam, whose upgrade this is compared with, is not installed")
def test_opams_upgrade_says_the_same(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    shutil.copytree(old, new)
    environment = {**os.environ, "OPAMROOT": str(tmp_path / "root"), "OPAMNOENVNOTICE": "1"}
    subprocess.run(["opam", "admin", "upgrade"], cwd=new, env=environment, check=True, capture_output=True)
    ours, theirs = Repository(name="old", root=old), Repository(name="new", root=new)
    for nv in PACKAGES:
        name, _, version = nv.partition(".")
        mine, opams = ours.recipe(name, version), theirs.recipe(name, version)
        assert opams.original.get("opam-version") == parse('x: "2.0"', "x").get("x")
        for field in ("flags", "build", "install", "sources", "depends", "available"):
            assert getattr(mine, field) == getattr(opams, field), (nv, field)
        left_out = ("extra-files", "flags", "build", "install")
        expected = {field: plain(value) for field, value in opams.fields.items() if field not in left_out}
        assert {field: plain(value) for field, value in mine.fields.items() if field not in left_out} == expected, nv


def plain(value: Value) -> str:
    """The value without what is only a way of writing: outer brackets, groups around one alternative."""
    text = re.sub(r"\((\"[a-z]\" (?:\{[^}]*\} )?\| \"[a-z]\"(?: \{[^}]*\})?)\)", r"\1", print_value(value))
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text
