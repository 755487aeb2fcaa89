"""Overlays: whom they change, in which order, what a changed recipe is, and strict refusal of wrong ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.overlays.conftest import LWT, Place, overlay, recipe
from xpkg.core.errors import InputFileError
from xpkg.repo.formulas import atoms
from xpkg.repo.opamfile.errors import OpamSyntaxError
from xpkg.repo.overlays.survey import unmatched
from xpkg.repo.recipes import Recipe
from xpkg.repo.universe import Universe

CROSS = """opam-version: "2.0"

# The configuration program is of the build machine.
overlay "discover.exe is run to find libev, which a cross build has no use for" {
  applies-to: "lwt" {>= "5.6" & < "6"}
  remove { depopts: ["conf-libev"] }
  set {
    build: [["dune" "build" "-p" name "-j" jobs]]
    url {
      src: "https://example.org/lwt-patched.tar.gz"
      checksum: "sha256=0000000000000000000000000000000000000000000000000000000000000002"
    }
  }
  add {
    depends: ["conf-m4" {build}]
    patches: ["no-discover.patch" {cross}]
  }
}

overlay "versions before 5 have no dune files for libraries alone" {
  applies-to: "lwt" {< "5"}
  set { available: false }
}
"""


DIGEST = "sha256=9da6339b0f94d8c3382eace67aa4e5fc466678a6f507fb8132bff8f60a1fdca2"
"""What a recipe of certain bytes had before there were overlays.  Committed: the keys of stored builds go by it."""


def names(changed: Recipe) -> list[str]:
    return [atom.name for atom in atoms(changed.depends)]


def test_a_public_recipe_changed_by_another_repository(place: Place) -> None:
    public = place.repository("public", recipe("lwt.5.9.1", LWT) | recipe("lwt.4.0", LWT) | recipe("lwt.6.0", LWT))
    mine = place.repository(
        "mine", {"overlays/lwt.opam": CROSS, "overlays/lwt/no-discover.patch": "--- a\n+++ b\n"}, priority=1
    )
    universe = Universe([public, mine], {})
    changed = universe.recipe("lwt", "5.9.1")
    assert changed.repository == "public"
    assert names(changed) == ["dune", "ocaml", "cppo", "odoc", "dune-configurator", "ocplib-endian", "conf-m4"]
    assert [atom.name for atom in atoms(changed.depopts)] == ["base-threads", "base-unix"]
    assert len(changed.build) == 1
    assert changed.sources[0].urls == ("https://example.org/lwt-patched.tar.gz",)
    assert [patch.text for patch in changed.patches] == ["no-discover.patch"]
    assert changed.files == (("no-discover.patch", mine.root / "overlays" / "lwt" / "no-discover.patch"),)
    (applied,) = changed.overlays
    assert applied.reason == "discover.exe is run to find libev, which a cross build has no use for"
    assert (applied.repository, applied.path, applied.line) == ("mine", mine.root / "overlays" / "lwt.opam", 4)
    # What no overlay speaks of stays as it was written.
    assert '"ocaml" {>= "4.08" & < "5.5"} # tried with these\n' in changed.file.text
    assert changed.original.text == LWT
    assert universe.entry("lwt", "4.0").available_text == "false"
    assert universe.recipe("lwt", "6.0") is public.recipe("lwt", "6.0")
    assert universe.recipe("lwt", "6.0").overlays == ()
    assert universe.recipe("lwt", "5.9.1") is changed
    assert list(unmatched(universe, mine)) == []


def test_entries_have_the_overlays(place: Place) -> None:
    public = place.repository("public", recipe("a.1", 'opam-version: "2.0"\ndepends: ["b"]\n') | recipe("b.1"))
    mine = place.repository("mine", {"overlays/a.opam": overlay('add { depends: ["c"] flags: [deprecated] }')})
    entry = Universe([public, mine], {}).entry("a", "1")
    assert [atom.name for atom in atoms(entry.depends)] == ["b", "c"]
    assert (entry.flags, entry.problem, entry.repository) == (frozenset({"deprecated"}), None, "public")
    assert Universe([public], {}).recipe("a", "1").overlays == ()


def test_who_depends_on_a_package_is_told_with_overlays(place: Place) -> None:
    public = place.repository("public", recipe("a.1", 'opam-version: "2.0"\ndepends: ["b"]\n') | recipe("b.1"))
    files = {"overlays/a.opam": overlay('remove { depends: ["b"] } add { depopts: ["c"] }')}
    universe = Universe([public, place.repository("mine", files)], {})
    assert universe.mentioning("b") == ()
    assert universe.mentioning("c") == ("a",)
    assert Universe([public], {}).mentioning("b") == ("a",)


def test_the_highest_repository_has_the_last_word(place: Place) -> None:
    files = recipe("a.1", 'opam-version: "2.0"\nsynopsis: "plain"\n')
    low = place.repository("low", files | {"overlays/a.opam": overlay('set { synopsis: "low" license: "low" }')})
    high = place.repository(
        "high",
        {"overlays/a.opam": overlay('set { synopsis: "high" }') + 'overlay "2" { add { tags: ["t"] } }'},
        priority=2,
    )
    for given in ([low, high], [high, low]):
        changed = Universe(given, {}).recipe("a", "1")
        assert changed.synopsis == "high"
        assert [(one.repository, one.reason) for one in changed.overlays] == [
            ("low", "it is so"),
            ("high", "it is so"),
            ("high", "2"),
        ]
        assert 'license: "low"\n' in changed.file.text
    first = place.repository("first", {"overlays/a.opam": overlay('set { synopsis: "first" }')})
    assert Universe([first, low], {}).recipe("a", "1").synopsis == "first"
    assert Universe([low, first], {}).recipe("a", "1").synopsis == "low"


def test_an_overlay_may_be_for_the_recipes_of_some_repositories(place: Place) -> None:
    one = place.repository("one", recipe("a.1") | recipe("a.2"), priority=2)
    two = place.repository("two", recipe("a.2") | recipe("a.3"), priority=1)
    mine = place.repository("mine", {"overlays/a.opam": overlay('repositories: ["two"] set { synopsis: "changed" }')})
    universe = Universe([one, two, mine], {})
    assert [universe.recipe("a", version).synopsis for version in ("1", "2", "3")] == ["", "", "changed"]


def test_what_an_exclusive_repository_owns_is_changed_from_above_and_by_the_shipped_one_only(place: Place) -> None:
    owned = place.repository("owned", recipe("a.1") | recipe("b.1"), priority=5, exclusive=True)
    below = place.repository("below", {"overlays/a.opam": overlay('set { synopsis: "below" }')}, priority=4)
    above = place.repository("above", {"overlays/a.opam": overlay('set { license: "above" }')}, priority=6)
    shipped = place.repository(
        "shipped", {"packages/_overlays/a.opam": overlay('set { x-shipped: "yes" }')}, shipped=True
    )
    changed = Universe([owned, below, above, shipped], {}).recipe("a", "1")
    assert [one.repository for one in changed.overlays] == ["shipped", "above"]
    assert shipped.names() == ()


def test_overlays_of_a_repository_hold_for_the_names_it_answers_for(place: Place) -> None:
    public = place.repository("public", recipe("a.1") | recipe("b.1"))
    files = {f"overlays/{name}.opam": overlay('set { synopsis: "x" }') for name in ("a", "b")}
    universe = Universe([public, place.repository("mine", files, names=("b*",), priority=1)], {})
    assert [universe.recipe(name, "1").synopsis for name in "ab"] == ["", "x"]


def test_the_digest_covers_what_counts_and_is_the_plain_one_without_overlays(place: Place) -> None:
    same = 'opam-version: "2.0"\nsynopsis: "s"\npatches: ["p"]\n'
    plain = place.repository("plain", recipe("a.1", same) | {"packages/a/a.1/files/p": "patch"})
    digest = plain.recipe("a", "1").digest
    assert str(digest) == DIGEST
    public = place.repository("public", recipe("a.1"))

    def changed(name: str, reason: str, patch: str) -> str:
        text = overlay('set { synopsis: "s" } add { patches: ["p"] }', reason)
        mine = place.repository(name, {"overlays/a.opam": text, "overlays/a/p": patch})
        return str(Universe([public, mine], {}).recipe("a", "1").digest)

    assert changed("one", "a reason", "patch") == DIGEST
    assert changed("two", "another", "patch") == DIGEST
    assert changed("three", "another", "other") != DIGEST


def test_files(place: Place) -> None:
    text = 'opam-version: "2.0"\npatches: ["own.patch"]\n'
    public = place.repository(
        "public", recipe("a.1", text) | {"packages/a/a.1/files/own.patch": "own", "packages/a/a.1/files/same": "same"}
    )
    inside = 'files: ["dir/new" "same"] set { patches: ["b.patch" "own.patch"] substs: ["c"] }'
    overlays = {f"overlays/a/{name}": name for name in ("dir/new", "same", "b.patch", "c.in", "unused")}
    mine = place.repository("mine", {"overlays/a.opam": overlay(inside)} | overlays)
    universe = Universe([public, mine], {})
    changed = universe.recipe("a", "1")
    assert [name for name, _ in changed.files] == ["b.patch", "c.in", "dir/new", "own.patch", "same"]
    assert dict(changed.files)["same"] == public.root / "packages/a/a.1/files/same"
    (problem,) = unmatched(universe, mine)
    assert str(problem) == (
        f"{mine.root}/overlays/a/unused: no overlay uses this file: it is neither one of its patches nor listed in "
        "its files"
    )


def test_a_file_that_the_recipe_has_with_other_content(place: Place) -> None:
    public = place.repository("public", recipe("a.1") | {"packages/a/a.1/files/f": "one"})
    mine = place.repository("mine", {"overlays/a.opam": overlay('files: ["f"]'), "overlays/a/f": "two"})
    universe = Universe([public, mine], {})
    with pytest.raises(OpamSyntaxError, match=r"overlays/a\.opam:2: f is already among the recipe's files"):
        universe.recipe("a", "1")
    assert "a.opam:2: f is already" in (universe.entry("a", "1").problem or "")
    assert [one.problem.partition(":")[0] for one in unmatched(universe, mine)] == ["a.1 cannot be used"]


def test_an_overlay_can_repair_a_recipe(place: Place) -> None:
    public = place.repository("public", recipe("a.1", 'opam-version: "2.0"\nbuild: [["make" {1}]]\ndepends: 3\n'))
    assert public.entry("a", "1").problem is not None
    mine = place.repository("mine", {"overlays/a.opam": overlay('unset: "depends" set { build: [make] }')})
    entry = Universe([public, mine], {}).entry("a", "1")
    assert entry.problem is None


def test_what_is_wrong_with_an_effective_recipe_names_both(place: Place) -> None:
    text = 'opam-version: "2.0"\nextra-files: ["f" "md5=d41d8cd98f00b204e9800998ecf8427e"]\n'
    public = place.repository("public", recipe("a.1", text) | {"packages/a/a.1/files/f": ""})
    inside = f'add {{ extra-files: ["g" "md5={"0" * 32}"] }}'
    universe = Universe([public, place.repository("mine", {"overlays/a.opam": overlay(inside)})], {})
    with pytest.raises(InputFileError, match=r"a\.1/opam \(with overlays of mine\):2: files/g is missing"):
        universe.recipe("a", "1")


WRONG = [
    ("", "there is no overlay"),
    ('overlay "x" { set { tags: [] } }', None),
    ('overlay { set { tags: ["x"] } }', ":2: an overlay has its reason behind the word"),
    ('overlay " " { set { tags: ["x"] } }', ":2: an overlay has its reason"),
    ('overlays "x" { }', ":2: unknown section 'overlays'"),
    ('depends: ["x"]', ":2: unknown field 'depends'"),
    ('overlay "x" { }', ":2: the overlay changes nothing"),
    ('overlay "x" {\n  depends: ["x"]\n}', ":3: unknown field 'depends'"),
    ('overlay "x" {\n  applys-to: "a"\n}', ":3: unknown field 'applys-to'"),
    ('overlay "x" {\n  set: ["x"]\n}', r":3: expected set \{ \.\.\. \}"),
    ('overlay "x" {\n  unset { }\n}', r":3: expected unset: \[ \.\.\. \]"),
    ('overlay "x" {\n  set { tags: "x" }\n  set { license: "x" }\n}', ":4: the section 'set' is there twice"),
    ('overlay "x" {\n  unset: "x"\n  unset: "y"\n}', ":4: the field 'unset' is there twice"),
    ('overlay "x" {\n  set {\n    name: "x"\n  }\n}', ":4: an overlay cannot change the field 'name'"),
    ('overlay "x" {\n  add {\n    version: "x"\n  }\n}', ":4: an overlay cannot change the field 'version'"),
    ('overlay "x" {\n  unset: "opam-version"\n}', ":3: 'opam-version': an overlay cannot change it"),
    ('overlay "x" {\n  unset: "conflict"\n}', ":3: 'conflict': recipes have no such field"),
    ('overlay "x" {\n  set { depend: ["x"] }\n}', ":3: recipes have no field 'depend'"),
    ('overlay "x" {\n  set { extra { src: "x" } }\n}', ":3: recipes have no section 'extra'"),
    ('overlay "x" {\n  set { url: "x" }\n}', ":3: recipes have no field 'url'"),
    ('overlay "x" {\n  set { url { checksum: "md5=1" } }\n}', ":3: .*bad hash"),
    ('overlay "x" {\n  set {\n    depends: 1\n  }\n}', ":4: expected a package"),
    ('overlay "x" {\n  set {\n    build: [[1]]\n  }\n}', ":4: expected a string"),
    ('overlay "x" {\n  set { extra-files: ["x"] }\n}', ":3: an extra file has a name and one hash"),
    ('overlay "x" {\n  set { tags: "x" tags: "y" }\n}', ":3: the field 'tags' is there twice"),
    ('overlay "x" {\n  add { synopsis: "x" }\n}', ":3: the field 'synopsis' is no list"),
    ('overlay "x" {\n  add { url { src: "https://x" } }\n}', ":3: the section 'url' is no list"),
    ('overlay "x" {\n  remove { build: ["x"] }\n}', ":3: nothing can be removed from 'build'"),
    ('overlay "x" {\n  remove { depends: ["x" {build}] }\n}', ":3: expected a string"),
    ('overlay "x" {\n  applies-to: "b"\n  set { tags: "x" }\n}', ":3: this file is about a, not about b"),
    ('overlay "x" {\n  applies-to: []\n  set { tags: "x" }\n}', ":3: applies-to names the package"),
    ('overlay "x" {\n  applies-to: "a" {cross}\n  set { tags: "x" }\n}', ":3: an overlay goes by versions alone"),
    ('overlay "x" {\n  applies-to: "a" {= _:v}\n  set { tags: "x" }\n}', ":3: an overlay goes by versions alone"),
    ('overlay "x" {\n  set { tags: "x" }\n  unset: "tags"\n}', ":3: the field 'tags' is set"),
    ('overlay "x" {\n  set { tags: "x" }\n  add { tags: "y" }\n}', ":3: the field 'tags' is set"),
    ('overlay "x" {\n  unset: "tags"\n  add { tags: "y" }\n}', ":2: the field 'tags' is dropped"),
    ('overlay "x" {\n  files: ["absent"]\n}', ":3: overlays/a/absent is missing"),
    ('overlay "x" {\n  files: ["../a.opam"]\n}', ":3: '../a.opam': the path leaves"),
    ('overlay "x" {\n  add { patches: ["absent"] }\n}', ":3: the patch absent is neither in overlays/a nor"),
    ('overlay "x" {', ":3: expected a field or a section|never closed"),
]


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_wrong_overlays(place: Place, text: str, problem: str | None) -> None:
    mine = place.repository(
        "mine", recipe("a.1") | {"overlays/a.opam": f'opam-version: "2.0"\n{text}\n'} | recipe("b.1")
    )
    universe = Universe([mine], {})
    if problem is None:
        assert universe.recipe("a", "1").overlays
        return
    with pytest.raises(OpamSyntaxError, match=problem) as caught:
        universe.recipe("a", "1")
    assert caught.value.filename == str(mine.root / "overlays" / "a.opam")
    assert caught.value.context[2][1].rstrip().endswith("^")
    assert universe.entry("a", "1").problem == caught.value.message
    assert universe.recipe("b", "1").name == "b"
    assert [one.path.name for one in unmatched(universe, mine)] == ["a.opam"]


@pytest.mark.parametrize(
    ("head", "problem"),
    [("", "the field opam-version is missing"), ('opam-version: "1.2"', "unknown opam-version '1.2'")],
)
def test_the_format_is_stated(place: Place, head: str, problem: str) -> None:
    files = {"overlays/a.opam": f'{head}\noverlay "x" {{ unset: "tags" }}\n'}
    with pytest.raises(OpamSyntaxError, match=problem):
        Universe([place.repository("mine", recipe("a.1") | files)], {}).recipe("a", "1")


def test_the_reason_is_safe_to_show(place: Place) -> None:
    files = {"overlays/a.opam": overlay('unset: "tags"', "a\x1b[2J\u202eb")}
    (applied,) = Universe([place.repository("mine", recipe("a.1") | files)], {}).recipe("a", "1").overlays
    assert applied.reason == "a\\x1b[2J\\u202eb"


@pytest.mark.parametrize("linked", ["file", "directory", "patch", "inner"])
def test_links_are_refused(place: Place, tmp_path: Path, linked: str) -> None:
    files = {"overlays/a.opam": overlay('files: ["d/p"]'), "overlays/a/d/p": "x"}
    mine = place.repository("mine", recipe("a.1") | files)
    paths = {"file": "a.opam", "directory": "a", "patch": "a/d/p", "inner": "a/d"}
    path = mine.root / "overlays" / paths[linked]
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputFileError, match="link"):
        Universe([mine], {}).recipe("a", "1")


def test_what_has_no_effect_is_told(place: Place) -> None:
    public = place.repository("public", recipe("a.1") | recipe("a.2"), priority=2, exclusive=True)
    files = {
        "overlays/a.opam": overlay('applies-to: "a" {>= "3"} unset: "tags"') + 'overlay "y" { unset: "tags" }',
        "overlays/lwtt.opam": overlay('unset: "tags"'),
        "overlays/lwt.opam": overlay('repositories: ["other"] unset: "tags"'),
        "overlays/b/p": "",
        "overlays/README": "",
        "overlays/-x.opam": "",
    }
    mine = place.repository("mine", files | recipe("lwt.1"))
    universe = Universe([public, mine], {})
    told = [(str(one).removeprefix(f"{mine.root}/overlays/"), one.hint) for one in unmatched(universe, mine)]
    assert told == [
        ('a.opam:2: no effect: no version of a is >= "3"; there are 2, 1', None),
        ("a.opam:5: no effect: no such version of a comes from a repository that this overlay may change", None),
        ("lwt.opam:2: no effect: no such version of lwt comes from a repository that this overlay may change", None),
        ("lwtt.opam:2: no effect: there is no package named lwtt", "did you mean lwt?"),
        ("-x.opam: '-x' is no package name", None),
        ("README: expected NAME.opam, and files in a directory NAME", None),
        ("b: there is no b.opam beside it", None),
    ]


def test_a_name_without_overlays_pays_one_listing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = place.repository("mine", recipe("a.1") | recipe("b.1") | {"overlays/z.opam": "not read ["})
    listed: list[object] = []
    real = os.listdir

    def listdir(path: Path) -> list[str]:
        listed.append(path)
        return real(path)

    monkeypatch.setattr(os, "listdir", listdir)
    universe = Universe([mine], {})
    assert [universe.recipe(name, "1").name for name in "ab"] == ["a", "b"]
    assert listed == [mine.root / "overlays"]
