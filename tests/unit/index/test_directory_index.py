from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.index.recipes import everything, without_index, write
from xpkg.core.errors import InputFileError
from xpkg.repo.index.content import open_content
from xpkg.repo.index.directory import IndexedDirectory
from xpkg.repo.recipe_reader import read_recipe


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, version in [("a", "1"), ("a", "2"), ("b", "1.0"), ("c", "0.1")]:
        write(root, name, version)
    write(root, "d", "3", flat=True)
    write(root, "bad", "1", 'opam-version: "2.0"\nbuild: [')
    settle(root)
    return root


def settle(root: Path) -> None:
    """As if all of it had been written a while ago, but for the time of change, which nobody can set."""
    time.sleep(0.08)


def listing(root: Path, tmp_path: Path) -> IndexedDirectory:
    return IndexedDirectory("test", root, tmp_path / "state" / "test.index", tmp_path / "state" / "locks")


def test_the_index_says_what_the_files_say(root: Path, tmp_path: Path) -> None:
    expected = without_index(root)
    assert everything(listing(root, tmp_path)) == expected
    assert everything(listing(root, tmp_path)) == expected
    assert expected["bad"][0][2] is not None


def test_what_did_not_change_is_not_read(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everything(listing(root, tmp_path))
    monkeypatch.setattr("xpkg.repo.index.reading.opam_bytes", None)
    monkeypatch.setattr("xpkg.repo.directory.Directory.places", None)
    assert len(everything(listing(root, tmp_path))) == 5


def test_every_change_shows_at_once_and_the_report_tells(root: Path, tmp_path: Path) -> None:
    first = listing(root, tmp_path).refresh()
    assert (first.versions, first.parsed, first.reused) == (6, 6, 0)
    assert [problem[:2] for problem in first.problems] == [("bad", "1")]
    write(root, "a", "2", 'opam-version: "2.0"\nsynopsis: "changed"\n')
    write(root, "a", "3")
    write(root, "new", "1")
    write(root, "e", "7", flat=True)
    shutil.rmtree(root / "packages" / "b")
    shutil.rmtree(root / "packages" / "d.3")
    assert everything(listing(root, tmp_path)) == without_index(root)
    second = listing(root, tmp_path).refresh()
    assert second.added == (("a", "3"), ("e", "7"), ("new", "1"))
    assert second.changed == (("a", "2"),)
    assert second.removed == (("b", "1.0"), ("d", "3"))
    assert everything(listing(root, tmp_path)) == without_index(root)


def test_a_change_that_keeps_size_and_times_shows(root: Path, tmp_path: Path) -> None:
    """The time of change and the inode cannot be set back."""
    everything(listing(root, tmp_path))
    path = root / "packages/a/a.1/opam"
    before = path.stat()
    text = path.read_text()
    path.write_text(text.replace("4.08", "4.09"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert everything(listing(root, tmp_path)) == without_index(root)


def test_a_file_written_while_the_index_is_made_is_not_believed(root: Path, tmp_path: Path) -> None:
    """A second change within one tick of the clock must not go unseen."""
    for round in range(20):
        write(root, "a", "1", f'opam-version: "2.0"\nsynopsis: "{round:02}"\n')
        listing(root, tmp_path).refresh()
        write(root, "a", "1", f'opam-version: "2.0"\nsynopsis: "{round:02}"\n'.replace(":02", ""))
        (root / "packages/a/a.1/opam").write_text(f'opam-version: "2.0"\nsynopsis: "x{round % 10}"\n')
        assert listing(root, tmp_path).entry("a", "1").facts["synopsis"] == f"x{round % 10}"


def test_random_edits(tmp_path: Path) -> None:
    """Whatever is done to the directory, the index says what the files say."""
    choose = random.Random(7)
    root = tmp_path / "repository"
    write(root, "a", "1")
    for step in range(60):
        name, version = choose.choice("abc"), choose.choice(["1", "2", "10", "1.0~x"])
        match choose.randrange(6):
            case 0:
                shutil.rmtree(root / "packages" / name, ignore_errors=True)
            case 1:
                shutil.rmtree(root / "packages" / name / f"{name}.{version}", ignore_errors=True)
            case 2:
                write(root, name, version, flat=True)
            case 3:
                settle(root)
                listing(root, tmp_path).refresh()
            case _:
                text = choose.choice(
                    ['synopsis: "x', f'depends: "b" {{= "{step}"}}\n', f"flags: avoid-version # {step}\n"]
                )
                write(root, name, version, f'opam-version: "2.0"\n{text}')
        assert everything(listing(root, tmp_path)) == without_index(root), step


def test_a_repository_without_packages_needs_no_index(tmp_path: Path) -> None:
    here = listing(tmp_path / "absent", tmp_path)
    with pytest.raises(Exception, match="not a repository"):
        here.names()
    assert not (tmp_path / "state" / "test.index").exists()


def test_a_state_directory_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file in the way")
    assert everything(listing(root, tmp_path)) == without_index(root)


def test_another_directory_under_the_same_name(root: Path, tmp_path: Path) -> None:
    everything(listing(root, tmp_path))
    other = tmp_path / "other"
    write(other, "z", "1")
    assert everything(listing(other, tmp_path)) == without_index(other)


def test_mentions(root: Path, tmp_path: Path) -> None:
    write(root, "a", "3", 'opam-version: "2.0"\ndepends: "x" | "y" {os = "z"}\ndepopts: "w"\n')
    settle(root)
    expected = ("dune", "ocaml", "w", "x", "y")
    assert listing(root, tmp_path).mentions("a") == expected
    assert listing(root, tmp_path).mentions("a") == expected
    write(root, "a", "3")
    assert listing(root, tmp_path).mentions("a") == ("dune", "ocaml")


def test_any_damage_is_repaired(root: Path, tmp_path: Path) -> None:
    """A bit turned or a tail lost anywhere: the same answers, and the index is good again afterwards."""
    expected = everything(listing(root, tmp_path))
    index = tmp_path / "state" / "test.index"
    whole = index.read_bytes()
    choose = random.Random(3)
    for at in [*range(0, 120, 7), *(choose.randrange(len(whole)) for _ in range(60))]:
        turned = bytearray(whole)
        turned[at] ^= 1 << choose.randrange(8)
        for damaged in (bytes(turned), whole[:at]):
            index.write_bytes(damaged)
            assert everything(listing(root, tmp_path)) == expected, at
    index.write_bytes(b"")
    assert everything(listing(root, tmp_path)) == expected
    content = open_content(index)
    assert content is not None
    assert sorted(content.names) == sorted(expected)


_READ = """
import sys
from collections.abc import Callable
from pathlib import Path
from xpkg.repo.index.directory import IndexedDirectory
root, state = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(int(sys.argv[3])):
    here = IndexedDirectory("test", root, state / "test.index", state / "locks")
    if sys.argv[4] == "update":
        here.refresh()
    names = here.names()
    for name in names:
        for version in here.versions(name):
            entry = here.entry(name, version)
            assert entry.problem is not None or entry.facts["synopsis"] == name, (name, version)
    assert names == ("a", "b", "bad", "c", "d"), names
"""


def test_processes_that_update_and_read_at_once(root: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    started = [
        subprocess.Popen([sys.executable, "-c", _READ, root, state, "15", kind], stderr=subprocess.PIPE)
        for kind in ("update", "read", "update", "read")
    ]
    index = state / "test.index"
    deadline = time.monotonic() + 60
    while any(one.poll() is None for one in started) and time.monotonic() < deadline:
        time.sleep(0.05)
        index.unlink(missing_ok=True)
    assert [(one.wait(), one.communicate()[1].decode()) for one in started] == [(0, "")] * 4
    assert not list(state.glob(".tmp-*"))


def test_what_lies_beside_a_recipe_counts_too(root: Path, tmp_path: Path) -> None:
    """The verdict on a recipe depends on its files, and in the older format on what it says in others."""
    promise = hashlib.sha256(b"right").hexdigest()
    write(root, "files", "1", f'opam-version: "2.0"\nextra-files: ["p" "sha256={promise}"]\n')
    write(root, "links", "1")
    write(root, "old", "1", 'opam-version: "1.2"\n')
    files, links, old = (root / "packages" / name / f"{name}.1" for name in ("files", "links", "old"))

    def put(path: Path, text: str) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    changes: list[Callable[[], object]] = [
        lambda: put(files / "files/p", "wrong"),
        lambda: put(files / "files/p", "right"),
        lambda: put(files / "files/p", "wrong"),
        lambda: shutil.rmtree(files / "files"),
        lambda: put(links / "files/one", ""),
        lambda: (links / "files/two").symlink_to("one"),
        lambda: (links / "files/two").unlink(),
        lambda: put(links / "files/inside/three", ""),
        lambda: (links / "files/inside/four").symlink_to("three"),
        lambda: shutil.rmtree(links / "files"),
        lambda: put(old / "descr", "First"),
        lambda: put(old / "descr", "Other"),
        lambda: (old / "descr").unlink(),
    ]
    for change in changes:
        settle(root)
        listing(root, tmp_path).refresh()
        assert everything(listing(root, tmp_path)) == without_index(root)
        change()
        assert everything(listing(root, tmp_path)) == without_index(root)


def test_entries_that_are_no_packages_are_told(root: Path, tmp_path: Path) -> None:
    (root / "packages" / "a" / "b.1").mkdir()
    report = listing(root, tmp_path).refresh()
    assert ("a", "", "packages/a/b.1: expected a directory a.<version>") in report.problems
    assert listing(root, tmp_path).versions("a") == ("2", "1")


@pytest.mark.timeout(60)
def test_a_pipe_instead_of_a_recipe_holds_up_nobody(root: Path, tmp_path: Path) -> None:
    path = root / "packages/a/a.1/opam"
    path.unlink()
    os.mkfifo(path)
    (problem,) = (one for one in listing(root, tmp_path).refresh().problems if one[0] == "a")
    assert "an opam file is no regular file" in str(problem)
    with pytest.raises(InputFileError, match="an opam file is no regular file"):
        read_recipe(path.parent, "a", "1", "test")
