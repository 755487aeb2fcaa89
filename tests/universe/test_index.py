"""The index says of every public recipe what the ordinary reader says."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError
from xpkg.repo.directory import Directory
from xpkg.repo.entries import facts_of, needs_of
from xpkg.repo.index.content import collector_paused
from xpkg.repo.index.encoding import decode_filter, decode_formula
from xpkg.repo.index.extraction import Extractor
from xpkg.repo.opamfile.file import decode
from xpkg.repo.recipe_reader import read_recipe


@pytest.mark.parametrize("repository", ["universe_directory", "full_repository"])
def test_the_index_says_what_the_reader_says(repository: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(repository)
    directory = Directory("public", root)
    extractor = Extractor()
    compared, left = 0, []
    with collector_paused():
        for name in directory.entries:
            for version, place in directory.places(name).items():
                data = (place / "opam").read_bytes()
                found = extractor.entry(name, version, decode(data))
                if found is None:
                    left.append(f"{name}.{version}")
                    continue
                recipe = read_recipe(place, name, version, "public", data=data)
                assert found == (needs_of(recipe), facts_of(recipe)), place
                needs = found[0]
                assert tuple(map(decode_formula, needs[:3])) == (recipe.depends, recipe.depopts, recipe.conflicts)
                assert decode_filter(needs[4]) == recipe.available
                compared += 1
    assert compared > 18_000
    # What is left to the ordinary reader is wrong, or as unusual as that.
    assert len(left) < 20, left


@pytest.mark.parametrize(
    "text",
    [
        'opam-version: "2.0"\ndepends: ["a"\n  "b"]\nflags: x\nflags: y\n',  # a field twice
        'opam-version: "2.0"\nsynopsis: "a\nflags: x\nb"\ndepends: "c"\n',  # a field's beginning inside a string
        'opam-version: "2.0"\n(* synopsis: "a"\nflags: x\n*)\ndepends: "c"\n',  # ... inside a comment
        'opam-version: "2.0"\ndescription: """a\nflags: x\n"b" \\"""\n"""\n',
        'opam-version: "2.0"\nurl {\nsrc: "https://a/b"\nchecksum: "md5=0123456789abcdef0123456789abcdef"\n}\n',
        'opam-version: "2.0"\nurl { src: "https://a/b" checksum: "md5=01" }\n',
        'opam-version: "2.0"\nurl { src: "-x" }\n',
        'opam-version: "2.0"\nsynopsis: "\x00"\n',
        'opam-version: "2.0"\nname: "other"\n',
        'opam-version: "1.2"\n',
        'opam-version: "9"\n',
        'synopsis: "no version"\n',
        'opam-version: "2.0"\ndepends:\n"a"\n{build}\n',
        'opam-version: "2.0"\ndepends: [\n"a" ] flags: [ "x"\n]\n',
        'opam-version: "2.0"\ndepends: [\n"a"\n{build}\n"b" &\n"c" # "d"\n("e" |\n"f")\n= "g"\n]\n',
        'opam-version: "2.0"\ndepends: [\n"a" {build} "b" (* "c"\n"d" *)\n]\n',
        'opam-version: "2.0"\ndepends: [\n("a" & "b")\n]\n',
        'opam-version: "2.0"\ndepends: [\n\n]\ndepopts: [\n"a"\n"b"\n]\n',
        'opam-version: "2.0"\ndepends: [\n"a"\n\n"a" {= "1"} "b"\n# "c"\n]\n',
        'opam-version: "2.0"\ndepends: "a" &\nflags: x\n',
        'opam-version: "2.0"\nconflicts: ["a" & "b"]\n',
        'opam-version: "2.0"\nbuild: make\ninstall: [make "install"]\npatches: ["a" {os = "x"}]\n',
        'opam-version: "2.0"\nbuild: 3\n',
        'opam-version: "2.0"\nx-runs-on: "build"\n',
        'opam-version: "2.0"\nx-runs-on: "moon"\n',
        'opam-version: "2.0"\nauthor: "a"\nauthors: ["b" "c"]\nunknown: 1\nx-known: [[]]\n',
        'opam-version: "2.0"\nsynopsis: ""\ndescription: """"""\ntags: [] license: ""\n',
        'opam-version: "2.0"\nextra-source "a" { src: "https://a/b" }\nextra-source "../a" { src: "https://a/b" }\n',
        'opam-version: "2.0"\navailable: [ os = "linux" ] | !(arch = "x") & ?y\n',
        'opam-version: "2.0"\ndepends: [("a" | "b" {>= "1" & < "2" | = version}) "c" {a+b:v?x:y = "x"}]\n',
    ],
)
def test_unusual_texts(text: str, tmp_path: Path) -> None:
    """Either the quick way says what the reader says, or it leaves the recipe to the reader."""
    (tmp_path / "opam").write_text(text)
    found = Extractor().entry("a", "1", text)
    try:
        recipe = read_recipe(tmp_path, "a", "1", "public")
    except InputFileError:
        assert found is None
        return
    assert found is None or found == (needs_of(recipe), facts_of(recipe))
