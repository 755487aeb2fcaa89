"""Recipes made wrong on purpose, each with the numbers of the checks of opam 2.6 that find something."""

from __future__ import annotations

import re

CLEAN = """opam-version: "2.0"
synopsis: "A clean recipe"
maintainer: "A <a@example.org>"
authors: "A"
license: "ISC"
homepage: "https://example.org"
bug-reports: "https://example.org/bugs"
dev-repo: "git+https://example.org/p.git"
depends: ["ocaml"]
build: ["dune" "build"]
"""
SHA256 = f"sha256={'a' * 64}"
MD5 = f"md5={'0' * 32}"


def source(address: str = "https://example.org/p-1.tar.gz", *sums: str, more: str = "") -> str:
    """A section ``url``."""
    checksum = f"  checksum: [{' '.join(map(_quoted, sums))}]\n" if sums else ""
    return f'url {{\n  src: "{address}"\n{checksum}{more}}}\n'


def _quoted(text: str) -> str:
    return f'"{text}"'


URL = source("https://example.org/p-1.tar.gz", SHA256)


def without(field: str, text: str = CLEAN) -> str:
    """The recipe without the field."""
    return re.sub(rf"(?m)^{field}:.*\n", "", text)


def put(field: str, value: str) -> str:
    """The clean recipe with another value of the field."""
    return f"{without(field)}{field}: {value}\n"


def plus(text: str) -> str:
    """The clean recipe and more."""
    return f"{CLEAN}{text}\n"


RECIPES: dict[str, tuple[str, str]] = {
    "clean": (plus(URL), ""),
    # The file as a whole.
    "does not parse": (plus("build ["), "2"),
    "string without end": (plus('x-a: "abc'), "2"),
    "strange character": (plus("x-a: @"), "2"),
    "empty": ("", "2"),
    "no format": (without("opam-version"), "2"),
    "format 1.2": (put("opam-version", '"1.2"'), "21"),
    "format 2.1": (put("opam-version", '"2.1"'), "2"),
    "format 3.0": (put("opam-version", '"3.0"'), "2"),
    "patch release for a format": (put("opam-version", '"2.0.1"'), "20 21"),
    "format twice": (plus('opam-version: "2.0"'), "2"),
    "format is a word": (put("opam-version", "two"), "2"),
    "x-subpath is a number": (plus(f"x-subpath: 3\n{URL}"), "2"),
    "x-locked is a number": (plus("x-locked: 3"), "2"),
    "x-env-path-rewrite is a string": (plus('x-env-path-rewrite: "a"'), "2"),
    "x-env-path-rewrite": (plus('x-env-path-rewrite: [[A false] [B ":" "host"]]'), ""),
    "subpath": (plus(source("https://example.org/p.tgz", SHA256, more='  subpath: "a"\n')), "2"),
    "name with two plus signs as a variable": (put("build", "[conf-g++:installed]"), "2"),
    # Forms of fields.
    "unknown field": (plus('frobnicate: "x"'), "3"),
    "unknown section": (plus('frob { a: "x" }'), "3"),
    "field twice": (plus('synopsis: "Again"'), "3"),
    "extension field twice": (plus("x-foo: 1\nx-foo: 2"), ""),
    "two sources": (plus(URL + URL), "3"),
    "source with a name": (plus(URL.replace("url {", 'url "x" {')), "3"),
    "bad name": (plus('name: "a b"'), "3"),
    "maintainer is a number": (put("maintainer", "3"), "3 23"),
    "maintainer in two lists": (put("maintainer", '[["a"]]'), "3 23"),
    "authors twice": (plus('author: "x"'), "3"),
    "flag is a string": (plus('flags: "conf"'), "3"),
    "no such version control": (put("dev-repo", '"svn+https://example.org/p"'), "3"),
    "no such protocol": (plus('url { src: "frob://x/y" }'), "3"),
    "no address": (plus(f'url {{ checksum: "{MD5}" }}'), "3"),
    "empty source": (plus("url { }"), "3"),
    "bad checksum": (plus(source("https://example.org/p.tgz", "md5=zz")), "3 59"),
    "unknown field of a source": (plus(source("https://example.org/p.tgz", MD5, more='  frob: "x"\n')), "3"),
    "source of opam 1": (plus(f'url {{ archive: "https://example.org/p.tgz" checksum: "{MD5}" }}'), ""),
    "git source of opam 1": (plus('url { git: "https://example.org/p" }'), ""),
    "bound is a number": (put("depends", '["a" {>= 3}]'), "3"),
    "bound with a space": (put("depends", '["a" {>= "a b"}]'), "3"),
    "lists in depends": (put("depends", '["a" ["b"]]'), "3"),
    "package name with a space": (put("depends", '["a b"]'), "3"),
    "braces twice": (put("depends", '["a" {build} {post}]'), "3"),
    "list for a filter": (put("depends", '["a" {["x"]}]'), "3"),
    "two filters": (plus('available: [os = "x" arch = "y"]'), "3"),
    "two filters in a group": (plus('available: (os = "x" arch = "y")'), "3"),
    "command without list": (put("build", '"x"'), ""),
    "commands in three lists": (put("build", '[[["x"]]]'), "3"),
    "number in a command": (put("build", '["x" 3]'), "3"),
    "two filters of a command": (put("build", '["x" {a b}]'), "3"),
    "update without operator": (plus('setenv: ["a"]'), "3"),
    "updates": (plus('setenv: [[A += "b"] [C = "d"]]'), ""),
    "update with a filter": (plus('setenv: [A += "b"] {os = "x"}'), "3"),
    "lists in substs": (plus('substs: [["a"]]'), "3"),
    "pin without version": (plus('pin-depends: ["foo" "git+https://example.org/p"]'), "3"),
    "extension field": (plus('x-foo: [a b "c"]'), ""),
    "feature": (plus('features: [ f {"x"} {"doc"} ]'), ""),
    "extra file without checksum": (plus('extra-files: ["a"]'), "3"),
    "no extra files": (plus("extra-files: []"), "3"),
    "extra source without name": (plus(f'extra-source {{ src: "https://example.org/p.tgz" checksum: "{MD5}" }}'), "3"),
    "extra source twice": (
        plus(2 * f'extra-source "a" {{ src: "https://example.org/p.tgz" checksum: "{MD5}" }}\n'),
        "3",
    ),
    "extra source without checksum": (plus('extra-source "a" { src: "https://example.org/p.tgz" }'), ""),
    "system package is a number": (plus("depexts: [3]"), "3"),
    "bad conflict class": (plus('conflict-class: ["a b"]'), "3"),
    "message is a number": (plus("messages: [3]"), "3"),
    # Who and what.
    "another name": (plus('name: "other"'), "4"),
    "another version": (plus('version: "7"'), "4"),
    "empty maintainer": (put("maintainer", '""'), "22"),
    "one of two maintainers empty": (put("maintainer", '["" "b"]'), ""),
    "nobody maintains": (put("maintainer", "[]"), "23"),
    "no maintainer": (without("maintainer"), "23"),
    "default maintainer": (put("maintainer", '"contact@ocamlpro.com"'), "24"),
    "default maintainer's own": (put("maintainer", '"contact@ocamlpro.com"') + 'tags: "org:ocamlpro"\n', ""),
    "no authors": (without("authors"), "25"),
    "author": (without("authors") + 'author: "x"\n', ""),
    "unknown flag": (plus("flags: frob"), ""),
    "unknown flag among tags": (plus('tags: ["flags:frob"]'), "28"),
    "no homepage": (without("homepage"), "35"),
    "no bug reports": (without("bug-reports"), "36"),
    "no repository": (without("dev-repo"), ""),
    "source but no repository": (without("dev-repo") + URL, "37"),
    "repository is a page": (put("dev-repo", '"https://example.org"'), "42"),
    "repository looks like git": (put("dev-repo", '"https://example.org/p.git"'), "42 49"),
    "repository by ssh": (put("dev-repo", '"git@example.org:p.git"'), "42 49"),
    "repository by git's protocol": (put("dev-repo", '"git://example.org/p.git"'), ""),
    "repository of mercurial": (put("dev-repo", '"hg+https://example.org/p"'), ""),
    "plugin": (plus("flags: plugin"), "44"),
    "small synopsis": (put("synopsis", '"small"'), "47"),
    "synopsis with a dot": (put("synopsis", '"Dot."'), "47"),
    "synopsis of one letter": (put("synopsis", '"X"'), "47"),
    "synopsis begins with an arrow": (put("synopsis", '"→ x"'), "47"),
    "synopsis begins with a space": (put("synopsis", '" Lead"'), ""),
    "synopsis begins with an accent": (put("synopsis", '"été"'), ""),
    "synopsis of two lines": (put("synopsis", '"A\\nB"'), ""),
    "no synopsis": (without("synopsis"), "57"),
    "empty synopsis": (put("synopsis", '""'), "57"),
    "description but no synopsis": (without("synopsis") + 'description: "Body"\n', "57"),
    "synopsis of opam 1": (without("synopsis") + 'descr: "Body"\n', ""),
    "no SPDX": (put("license", '"Free"'), "62"),
    "SPDX with exception": (put("license", '"LGPL-2.1-only WITH OCaml-LGPL-linking-exception"'), ""),
    "SPDX in small letters": (put("license", '"mit"'), ""),
    "SPDX withdrawn": (put("license", '"GPL-2.0"'), "62"),
    "SPDX withdrawn, or later": (put("license", '"GPL-2.0+"'), "62"),
    "SPDX, or later": (put("license", '"Apache-1.0+"'), ""),
    "SPDX, one of two": (put("license", '"MIT or ISC"'), ""),
    "SPDX in parentheses": (put("license", '"(MIT)"'), ""),
    "SPDX reference": (put("license", '"DocumentRef-a:LicenseRef-b"'), ""),
    "empty licence": (put("license", '""'), "22 62"),
    "no licence": (without("license"), "68"),
    "no licences": (put("license", "[]"), "68"),
    # Dependencies and filters.
    "filter names a package's variable": (put("depends", '["ocaml" {foo:bar}]'), "29 41"),
    "filter of conflicts names one": (put("conflicts", '["ocaml" {foo:bar}]'), "29 41"),
    "filter names an own variable": (put("depends", '["ocaml" {_:bar}]'), "29"),
    "needed and optional": (plus('depopts: ["ocaml"]'), "31"),
    "needed for tests and optional": (put("depends", '["ocaml" {with-test}]') + 'depopts: ["ocaml"]\n', ""),
    "fields of opam 1 that are of available": (
        plus('os: ["%{a:b}%" ("%{")]\nocaml-version: [>= "%{c:d}%"]'),
        "32 33 34 41 45",
    ),
    "compiler version as a field": (plus('ocaml-version: [>= "4"]'), "32"),
    "compiler version in available": (plus('available: ocaml-version >= "4"'), "32"),
    "compiler version in a command": (put("build", '["%{ocaml-version}%"]'), "32"),
    "compiler version in a message": (plus('post-messages: ["a" {ocaml-version > "4"}]'), "32"),
    "system as a field": (plus('os: ["linux"]'), "33"),
    "available names a package's variable": (plus("available: foo:installed"), "34"),
    "available names one in a string": (plus('available: "%{foo:x}%" = "1"'), "34 41"),
    "conjunction of conflicts": (plus('conflicts: ["a" & "b"]'), ""),
    "conjunction of bounds in conflicts": (plus('conflicts: ["a" {> "1" & < "2"}]'), "43"),
    "bound and filter in conflicts": (plus('conflicts: ["a" {> "1" & os = "linux"}]'), ""),
    "optional and post": (plus('depopts: ["a" {post}]'), "50"),
    "post and build": (put("depends", '["a" {post & build}]'), "50"),
    "post, and another build": (put("depends", '["a" {post} "b" {build}]'), ""),
    "not build": (put("depends", '["a" {!build}]'), "51"),
    "neither post nor": (put("depends", '["a" {!(post | os = "x")}]'), "51"),
    "not not build": (put("depends", '["a" {!(!build)}]'), ""),
    "build compared": (put("depends", '["a" {build = false}]'), ""),
    "darwin": (plus('available: os = "darwin"'), "55"),
    "x86": (plus('available: "x86" = arch'), "55"),
    "Linux": (plus('available: os = "Linux"'), "55"),
    "darwin in a command": (put("build", '["x" {os = "darwin"}]'), ""),
    "osx in depends": (put("depends", '["a" {os = "osx"}]'), "55"),
    "test": (put("depends", '["a" {test}]'), "58"),
    "test in a command": (put("build", '["x" {test}]'), ""),
    "doc": (plus("available: doc"), "58"),
    "text for a filter": (put("depends", '["a" {"linux"}]'), "66"),
    "text compared": (put("depends", '["a" {"linux" = os}]'), ""),
    "interpolation for a filter": (put("depends", '["a" {"%{x}%"}]'), ""),
    "text in a conjunction": (put("depends", '["a" {os = "x" & "y"}]'), "66"),
    "needless pin": (plus('pin-depends: ["foo.1" "git+https://example.org/p"]'), "74"),
    "pin": (plus('pin-depends: ["ocaml.1" "git+https://example.org/p"]'), ""),
    "name with plus signs": (put("depends", '["conf-g++"]'), ""),
    # Commands.
    "remove without install": (plus('remove: ["rm" "x"]'), "26"),
    "make by name": (put("build", '["make" "x"]'), "39"),
    "make by name, filtered": (put("build", '[["make" {os="linux"} "x"] {os = "linux"}]'), "39"),
    "make": (put("build", "[make]"), ""),
    "no dependency": (put("build", '["x" "%{foo:lib}%"]'), "41"),
    "guarded, no dependency": (put("build", '["x" "%{foo:lib}%" {foo:installed}]'), "41"),
    "guarded, optional": (put("build", '["x" "%{foo:lib}%" {foo:installed}]') + 'depopts: ["foo"]\n', ""),
    "guarded before, needed for tests": (
        put("build", '["x" {foo:installed} "%{foo:lib}%"]') + 'depopts: "foo" {with-test}\n',
        "",
    ),
    "asked whether installed": (put("build", '["x" "%{foo:installed}%"]'), ""),
    "own variable": (put("build", '["x" "%{p:lib}%"]'), ""),
    "guard of a command": (put("build", '[["x"] {foo:installed & foo:version > "1"}]') + 'depopts: "bar"\n', "41"),
    "enable": (put("build", '["x" "%{foo:enable}%"]'), "41"),
    "two packages": (put("build", '["x" "%{foo+bar:installed}%"]'), ""),
    "name in the new form": (put("build", '["x" "%{?foo:lib:}%"]'), "41"),
    "filter of a patch": (plus('patches: ["a" {foo:version > "1"}]'), "41"),
    "needed on some systems": (put("build", '["%{foo:lib}%"]') + 'depopts: ["foo" {os = "x"}]\n', "41"),
    "variable without end": (put("build", '["x" "%{foo"]'), "45"),
    "variable with a brace": (put("build", '["x" "%{foo}b}%"]'), "45"),
    "variable without end in a message": (plus('messages: "%{foo"'), "45"),
    "conf with source": (plus(f"flags: conf\n{URL}"), "46"),
    "conf among the tags": (plus(f'tags: ["flags:conf"]\n{URL}'), "46"),
    "conf with install": (plus('flags: conf\ninstall: ["x"]'), "46"),
    "build-test": (plus('build-test: ["x"]'), "48"),
    "build-doc": (plus('build-doc: ["x"]'), "48"),
    "empty build-doc": (plus("build-doc: []"), "48"),
    "light-uninstall": (plus("flags: light-uninstall"), "52"),
    "with-test in run-test": (plus('run-test: ["x" {with-test}]'), "61"),
    "plus signs in a variable": (put("build", '["x" "%{conf-g++:installed}%"]'), "69"),
    # Sources and files.
    "source looks like git": (plus(source("https://example.org/p.git")), "49"),
    "pin looks like git": (plus('pin-depends: ["ocaml.1" "https://example.org/p.git"]'), "49"),
    "source by ssh": (plus(source("git@example.org:p")), "49"),
    "missing file": (plus(f'extra-files: ["a" "{MD5}"]'), "53"),
    "system package with a space": (plus('depexts: ["a b"] {os = "linux"}'), "54"),
    "empty system package": (plus('depexts: [""] {os = "linux"}'), "54"),
    "system package of opam 1": (plus('depexts: [["debian"] ["a b"]]'), "54"),
    "no checksum": (plus(source("https://example.org/p.tar.gz")), "59"),
    "no checksum, no archive": (plus(source("https://example.org/p")), ""),
    "no checksum of a zip": (plus(source("https://example.org/p.zip")), "59"),
    "git archive": (plus(source("git+https://example.org/p.tgz")), ""),
    "no checksum, fragment": (plus(source("https://example.org/p.tgz#frag")), "59"),
    "subpath for every opam": (plus(f'x-subpath: "a"\n{URL}'), "63"),
    "subpath for new opams": (plus(f'x-subpath: "a"\navailable: opam-version >= "2.1"\n{URL}'), ""),
    "subpath for no old opam": (plus(f'x-subpath: "a"\navailable: !(opam-version < "2.1")\n{URL}'), ""),
    "subpath for some": (plus(f'x-subpath: "a"\navailable: opam-version > "2.1" | os = "linux"\n{URL}'), "63"),
    "relative path": (plus(source("file://rel/x.tgz")), "59 65"),
    "relative path without scheme": (plus(source("../x")), ""),
    "path with dots": (plus(source("file:///a/../x.tgz")), "59 65"),
    "git on this machine": (plus(source("git+file:///a")), ""),
    "checksum of a repository": (plus(source("git+https://example.org/p", MD5)), "67"),
    "checksum of something": (plus(source("https://example.org/p", MD5)), ""),
    "file twice": (plus(f'extra-files: [["a" "{MD5}"] ["a" "{MD5}"]]'), "53 70"),
    "md5 twice": (plus(source("https://example.org/p.tgz", MD5, MD5)), "71"),
    "md5 twice, once by its old name": (plus(source("https://example.org/p.tgz", "0" * 32, MD5)), "71"),
    "md5 of an extra source twice": (
        plus(f'extra-source "q" {{ src: "https://example.org/p.tgz" checksum: ["{MD5}" "{MD5}"] }}'),
        "72",
    ),
    "file outside": (plus(f'extra-files: ["../a" "{MD5}"]'), "53 73"),
}
