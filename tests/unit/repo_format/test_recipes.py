"""Recipes: every field as a value, and strict refusal of what is not a recipe of that package."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xpkg.core.digests import Digest, of_bytes
from xpkg.core.errors import InputFileError, XpkgError
from xpkg.repo.filters import Value, evaluate
from xpkg.repo.formulas import needs, resolve
from xpkg.repo.opamfile.parser import MAX_SIZE
from xpkg.repo.recipe_reader import read_recipe
from xpkg.repo.recipes import EnvUpdate, Recipe, commands
from xpkg.repo.source_values import Source

SHA = "sha256=" + "a" * 64
SHA_B = "sha256=" + "b" * 64
MD5 = "md5=" + "c" * 32
VALUES: dict[str, Value] = {"make": "make", "jobs": "4", "name": "foo", "os": "linux", "flags": ["-a", "-b"], "t": True}


def environment(name: str) -> Value:
    return VALUES.get(name)


def recipe(
    directory: Path, text: str, *, name: str = "foo", version: str = "1.0", head: str = 'opam-version: "2.0"\n'
) -> Recipe:
    directory.mkdir(exist_ok=True)
    (directory / "opam").write_bytes(head.encode() + text.encode("utf-8", "surrogateescape"))
    return read_recipe(directory, name, version, "test")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path / "foo.1.0"


def test_an_empty_recipe(here: Path) -> None:
    read = recipe(here, "")
    assert (read.name, read.version, read.repository, read.directory) == ("foo", "1.0", "test", here)
    assert (read.build, read.install, read.sources, read.files) == ((), (), (), ())
    assert evaluate(read.available, environment) is True
    assert list(needs(resolve(read.depends, environment))) == []
    assert read.x_runs_on is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["dune" "build" "-p" name "-j" jobs]', [["dune", "build", "-p", "foo", "-j", "4"]]),
        ('[["./configure" flags] [make "-j%{jobs}%"] {t}]', [["./configure", "-a", "-b"], ["make", "-j4"]]),
        ('[["a"] {os = "macos"} ["b" "c" {os = "macos"} "d" {t}]]', [["b", "d"]]),
        ('[make "x"] {t}', [["make", "x"]]),
        ('[make "x"] {u}', []),
        ('[["echo" "a b;c" u "%{u}%"]]', [["echo", "a b;c", "", ""]]),
        ("[[]]", []),
        ("[]", []),
    ],
)
def test_commands(here: Path, text: str, expected: list[list[str]]) -> None:
    assert commands(recipe(here, f"build: {text}").build, environment) == expected


def test_undefined_variables_of_a_command_are_told(here: Path) -> None:
    told: list[str] = []
    commands(recipe(here, 'install: ["a" u "%{v}%"]').install, environment, told.append)
    assert told == ["undefined variable u", "undefined variable v"]


def test_sources(here: Path) -> None:
    read = recipe(
        here,
        f"""
        url {{ src: "https://a/x.tgz" mirrors: ["https://b/x.tgz" "https://c/x.tgz"] checksum: ["{MD5}" "{SHA}"] }}
        x-alternative-sources: [["apt:foo/foo_1.orig.tar.xz" "{SHA_B}"]
          ["pypi:foo/foo-1.whl" "https://d/y" "{SHA}" "{MD5}"]]
        extra-source "fix.patch" {{ src: "https://e/fix" checksum: "{SHA_B}" }}
        """,
    )
    urls = ("https://a/x.tgz", "https://b/x.tgz", "https://c/x.tgz")
    assert read.sources == (
        Source(urls=urls, digests=(Digest.parse(MD5), Digest.parse(SHA))),
        Source(urls=("apt:foo/foo_1.orig.tar.xz",), digests=(Digest.parse(SHA_B),)),
        Source(urls=("pypi:foo/foo-1.whl", "https://d/y"), digests=(Digest.parse(SHA), Digest.parse(MD5))),
    )
    assert [(one.name, one.source.urls) for one in read.extra_sources] == [("fix.patch", ("https://e/fix",))]


def test_a_source_without_hash_is_read_as_such(here: Path) -> None:
    assert recipe(here, 'url { src: "https://a/x" }').sources == (Source(urls=("https://a/x",), digests=()),)
    assert recipe(here, f'x-alternative-sources: ["u:v" "{SHA}"]').sources[0].urls == ("u:v",)
    assert recipe(here, "url { }").sources == ()


def test_environment_updates(here: Path) -> None:
    read = recipe(here, 'setenv: [[A = "1"] [PATH += "%{bin}%"]]\nbuild-env: [B =: "2"] {t}')
    assert read.setenv == (
        EnvUpdate(name="A", operator="=", value="1"),
        EnvUpdate(name="PATH", operator="+=", value="%{bin}%"),
    )
    (update,) = read.build_env
    assert (update.name, update.operator, update.value) == ("B", "=:", "2")
    assert update.filter is not None
    assert evaluate(update.filter, environment) is True


def test_depexts_of_the_system(here: Path) -> None:
    text = 'depexts: [["libfoo" "bar"] {os-distribution = "debian"} ["bar" "x"] {os = "linux"} [["fedora"] ["old"]]]'
    read = recipe(here, text)

    def on(system: str) -> tuple[str, ...]:
        return read.depexts_for({"os": "linux", "os-distribution": system}.get)

    assert on("debian") == ("libfoo", "bar", "x")
    assert on("fedora") == ("bar", "x", "old")
    assert recipe(here, 'depexts: ["a" "b"]').depexts_for(environment) == ("a", "b")


def test_our_fields(here: Path) -> None:
    read = recipe(
        here,
        'x-runs-on: "both" x-toolchain: "none" x-build-machine-files: ["bin/*"] x-system-tools: "python3" '
        'flags: compiler typo: 1 conflict-class: "c" synopsis: "caf\udcff" patches: ["p.patch" {t}] substs: ["a/b"]',
    )
    assert (read.x_runs_on, read.x_toolchain) == ("both", "none")
    assert (read.x_build_machine_files, read.x_system_tools) == (("bin/*",), ("python3",))
    assert (read.flags, read.conflict_class, read.unknown_fields) == (frozenset(["compiler"]), ("c",), ("typo",))
    assert read.synopsis == "caf\ufffd"
    assert (read.patches[0].text, read.substs) == ("p.patch", ("a/b",))


def test_the_digest_covers_the_file_and_its_files(here: Path) -> None:
    digests = [recipe(here, 'synopsis: "a"').digest, recipe(here, 'synopsis: "b"').digest]
    (here / "files" / "sub").mkdir(parents=True)
    for content in (b"1", b"2"):
        (here / "files" / "sub" / "x").write_bytes(content)
        digests.append(recipe(here, 'synopsis: "b"').digest)
    (here / "files" / "sub" / "x").chmod(0o755)
    read = recipe(here, 'synopsis: "b"')
    digests.append(read.digest)
    assert len(set(digests)) == 5
    assert read.digest == recipe(here, 'synopsis: "b"').digest
    assert read.files == (("sub/x", here / "files" / "sub" / "x"),)


def test_extra_files_must_be_as_promised(here: Path) -> None:
    (here / "files").mkdir(parents=True)
    (here / "files" / "x").write_bytes(b"content")
    assert recipe(here, f'extra-files: ["x" "{of_bytes(b"content")}"]').files
    assert recipe(here, f'extra-files: [["x" "{of_bytes(b"content", "md5")}"]]').files
    with pytest.raises(InputFileError, match="not the promised sha256=aaaa"):
        recipe(here, f'extra-files: [["x" "{SHA}"]]')
    with pytest.raises(InputFileError, match="files/y is missing"):
        recipe(here, f'extra-files: [["y" "{SHA}"]]')


def test_files_that_are_links_are_refused(here: Path) -> None:
    (here / "files").mkdir(parents=True)
    (here / "files" / "x").symlink_to("/etc/passwd")
    with pytest.raises(InputFileError, match="no links"):
        recipe(here, "")
    (here / "files" / "x").unlink()
    (here / "files" / "d").symlink_to("/etc")
    with pytest.raises(InputFileError, match="no links"):
        recipe(here, "")
    (here / "files" / "d").unlink()
    (here / "files").rename(here / "aside")
    (here / "files").symlink_to("/etc/apt")
    with pytest.raises(InputFileError, match="no links"):
        recipe(here, "")
    (here / "files").unlink()
    (here / "aside").rename(here / "files")
    os.mkfifo(here / "files" / "pipe")
    with pytest.raises(InputFileError, match="no links"):
        recipe(here, "")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('name: "num"', 2, "the name is 'num', but the directory says 'foo'"),
        ('version: "1.00"', 2, "the version is '1.00', but the directory says '1.0'"),
        ('depends: ["../x"]', 2, "is no package name"),
        ('depends: ["-x"]', 2, "is no package name"),
        ('depends: ["a\\nb"]', 2, "is no package name"),
        ('depends: ["123"]', 2, "is no package name"),
        ('depends: ["CON"]', 2, "reserved"),
        (f'depends: ["{"a" * 101}"]', 2, "at most 100"),
        ("depends: [ocaml]", 2, "expected a package"),
        ('depends: ["a" {= "1/2"}]', 2, "is no version"),
        ('depends: ["a" {[1] = "2"}]', 2, "expected a filter"),
        ('conflicts: ["a" & "b"]', 2, "without &"),
        ("build: true", 2, "expected a string"),
        ('build: [["a"] "b"]', 2, "expected a command"),
        ('build: [["a"] ["b"]] {t}', 2, "a filter stands after a command"),
        ('build: [["a" ["b"]]]', 2, "expected a string"),
        ('build: [["a\\000b"]]', 2, "NUL"),
        ('build: [["a\udcff"]]', 2, "what a command is given is UTF-8"),
        ('setenv: [A = "a\udcff"]', 2, "what a command is given is UTF-8"),
        ('patches: ["../x"]', 2, "leaves the directory"),
        ('patches: ["/x"]', 2, "leaves the directory"),
        ('substs: ["a\\rb"]', 2, "control characters"),
        ('extra-source "../x" { src: "https://a" }', 2, "leaves the directory"),
        ('extra-source "x" { }', 2, "has the field src"),
        ("extra-source { }", 2, "a file name has"),
        (f'url {{ checksum: "{SHA}" }}', 2, "has the field src"),
        ('url { src: "-oProxyCommand=x" }', 2, "does not begin with '-'"),
        ('url { src: "https://a b" }', 2, "no spaces"),
        ('url {\nsrc: "https://a"\nchecksum: "sha256=abc"\n}', 4, "bad hash: a sha256 digest has 64"),
        ('url { src: "https://a" checksum: "sha1=abc" }', 2, "bad hash: unknown hash algorithm 'sha1'"),
        ('url { src: "https://a" }\nurl { src: "https://b" }', 3, "two url sections"),
        ('x-alternative-sources: [["https://a"]]', 2, "at least one hash"),
        ('synopsis: "a"\nsynopsis: "b"', 3, "is there twice"),
        ('x-runs-on: "host"', 2, "x-runs-on is one of build, target, both, not 'host'"),
        ('x-toolchain: "gcc"', 2, "x-toolchain is one of none"),
        ('x-system-tools: ["/bin/sh"]', 2, "plain name"),
        ('depexts: [["-y"] {t}]', 2, "does not begin with '-'"),
        ("setenv: [A]", 2, "expected an update"),
        ('available: ["x" {t}]', 2, "expected a filter"),
        ("synopsis: 1", 2, "expected a string"),
    ],
)
def test_wrong_recipes_are_refused_with_their_place(here: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(InputFileError) as caught:
        recipe(here, text)
    message = caught.value.message
    assert message.startswith(f"{here}/opam:{line}: ")
    assert problem in message
    assert "\n" not in message
    assert "\r" not in message


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        ("", "the field opam-version is missing"),
        ('opam-version: "3.0"', "unknown opam-version '3.0'"),
        ('opam-version: "2.0evil"', "unknown opam-version"),
    ],
)
def test_the_format_version(here: Path, head: str, problem: str) -> None:
    with pytest.raises(InputFileError, match=problem):
        recipe(here, "\n", head=head)


def test_files_that_are_too_large_or_absent(here: Path) -> None:
    with pytest.raises(InputFileError, match="larger than"):
        recipe(here, "#" * (4 * MAX_SIZE))
    with pytest.raises(InputFileError, match="characters, more than"):
        recipe(here, "#" * (MAX_SIZE + 1))
    (here / "opam").unlink()
    with pytest.raises(InputFileError, match="no opam file"):
        read_recipe(here, "foo", "1.0", "test")
    (here / "opam").mkdir()
    with pytest.raises(XpkgError):
        read_recipe(here, "foo", "1.0", "test")
