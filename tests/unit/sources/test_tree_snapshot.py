"""Directories of the user's as sources."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from xpkg.core.errors import ExitCode, InputFileError, SyncError
from xpkg.core.paths import StateRoot
from xpkg.repo.extract import extract
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources import tree_files
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.fetch import fetch_all
from xpkg.repo.sources.settings import FetchSettings
from xpkg.repo.sources.tree_files import source_files
from xpkg.repo.sources.tree_snapshot import snapshot_of

SETTINGS = FetchSettings(environment={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    for name in ("a.ml", "src/b.ml", "_build/log", "src/_opam/x", ".hg/store", "ignored.log"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "link").symlink_to("src/b.ml")
    (top / "empty").mkdir()
    return top


def git(directory: Path, *arguments: str) -> None:
    command = ["git", "-C", str(directory), "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def paths(directory: Path) -> list[str]:
    return [one.path for one in source_files(directory, SETTINGS)]


def fetched(root: Path, source: Source, *, offline: bool = False) -> Fetched:
    wanted = Wanted(label="it", alternatives=(source,))
    return fetch_all([wanted], SourceCache(StateRoot(root)), settings=SETTINGS, offline=offline)[wanted]


def test_outside_git_all_but_what_builds_leave(tree: Path) -> None:
    assert paths(tree) == ["a.ml", "empty", "ignored.log", "link", "run", "src/b.ml"]


def test_in_a_work_tree_what_git_has_and_does_not_ignore(tree: Path) -> None:
    git(tree, "init", "-q")
    (tree / ".gitignore").write_text("*.log\n")
    (tree / "deleted").write_text("")
    (tree / "kept.log").write_text("")
    git(tree, "add", "a.ml", "deleted", ".gitignore")
    git(tree, "add", "-f", "kept.log")
    (tree / "deleted").unlink()
    expected = [".gitignore", "a.ml", "kept.log", "link", "run", "src/b.ml"]
    assert paths(tree) == expected
    git(tree, "commit", "-q", "-m", "one")
    assert paths(tree) == expected
    assert paths(tree / "src") == ["b.ml"]


def test_a_repository_inside_counts_as_its_own_files(tree: Path) -> None:
    git(tree, "init", "-q")
    inner = tree / "vendor" / "lib"
    inner.mkdir(parents=True)
    git(inner, "init", "-q")
    (inner / "x.ml").write_text("")
    (inner / "junk").write_text("")
    (inner / ".gitignore").write_text("junk\n")
    assert [path for path in paths(tree) if path.startswith("vendor")] == ["vendor/lib/.gitignore", "vendor/lib/x.ml"]


@pytest.mark.parametrize("recorded", [True, False])
def test_repositories_inside_one_another_are_taken_as_they_are_on_the_disk(tree: Path, recorded: bool) -> None:
    inner = tree / "sub" / "in"
    inner.mkdir(parents=True)
    for directory in (tree, tree / "sub", inner):
        git(directory, "init", "-q")
    for directory in (inner, tree / "sub"):
        (directory / "had").write_text("")
        if recorded:
            git(directory, "add", "-A")
            git(directory, "commit", "-q", "-m", "a commit")
        (directory / "new").write_text("")
    if recorded:
        git(tree, "add", "-A")
    found = [path for path in paths(tree) if path.startswith("sub")]
    assert found == ["sub/had", "sub/in/had", "sub/in/new", "sub/new"]


def test_a_submodule_that_is_not_checked_out(tree: Path) -> None:
    git(tree, "init", "-q")
    (tree / "sub").mkdir()
    git(tree / "sub", "init", "-q")
    git(tree / "sub", "commit", "-q", "-m", "a commit", "--allow-empty")
    git(tree, "add", "sub")
    shutil.rmtree(tree / "sub" / ".git")
    assert not [path for path in paths(tree) if path.startswith("sub")]
    (tree / "sub" / "by-hand").write_text("")
    assert [path for path in paths(tree) if path.startswith("sub")] == ["sub/by-hand"]


def test_a_directory_that_git_ignores_is_taken_whole(tree: Path) -> None:
    git(tree, "init", "-q")
    (tree / ".gitignore").write_text("src\n")
    assert paths(tree / "src") == ["b.ml"]


def test_settings_of_a_repository_run_nothing(tree: Path, tmp_path: Path) -> None:
    git(tree, "init", "-q")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "core.hooksPath", "filter.x.clean", "core.sshCommand"):
        git(tree, "config", key, str(program))
    (tree / ".gitattributes").write_text("* filter=x\n")
    assert "a.ml" in paths(tree)
    assert not (tmp_path / "was-run").exists()


def test_the_tar_is_what_the_plan_said_and_unpacks(tree: Path, tmp_path: Path) -> None:
    source = snapshot_of(tree, SETTINGS)
    found = fetched(tmp_path / "root", source, offline=True)  # needs no network
    assert (found.digest,) == source.digests
    extract(found.path, tmp_path / "out")
    assert (tmp_path / "out" / "src" / "b.ml").read_text() == "src/b.ml"
    assert os.readlink(tmp_path / "out" / "link") == "src/b.ml"
    assert os.access(tmp_path / "out" / "run", os.X_OK)
    assert (tmp_path / "out" / "empty").is_dir()
    with tarfile.open(found.path) as archive:
        assert len({member.mtime for member in archive}) == 1
    again = fetched(tmp_path / "root", source)
    assert again.url is None  # from the cache


def test_times_and_owners_do_not_count_and_contents_and_modes_do(tree: Path) -> None:
    before = snapshot_of(tree, SETTINGS).digests
    os.utime(tree / "a.ml", (1, 1))
    (tree / "a.ml").chmod(0o640)
    assert snapshot_of(tree, SETTINGS).digests == before
    (tree / "a.ml").chmod(0o755)
    changed = snapshot_of(tree, SETTINGS).digests
    assert changed != before
    (tree / "a.ml").write_text("x")
    assert snapshot_of(tree, SETTINGS).digests not in (before, changed)


def test_only_one_directory_at_the_top_is_kept(tmp_path: Path) -> None:
    (tmp_path / "tree" / "src").mkdir(parents=True)
    (tmp_path / "tree" / "src" / "x").write_text("x")
    found = fetched(tmp_path / "root", snapshot_of(tmp_path / "tree", SETTINGS))
    extract(found.path, tmp_path / "out")
    assert (tmp_path / "out" / "src" / "x").read_text() == "x"


def test_a_change_after_the_plan_is_told(tree: Path, tmp_path: Path) -> None:
    source = snapshot_of(tree, SETTINGS)
    (tree / "a.ml").write_text("other")
    with pytest.raises(SyncError) as caught:
        fetched(tmp_path / "root", source)
    (fact,) = caught.value.context
    assert fact[1] == "the directory changed after the plan was made; run the same command again"


@pytest.mark.parametrize("destination", ["/etc/passwd", "../x", "src/../../x", "/"])
def test_links_that_lead_out(tree: Path, destination: str) -> None:
    (tree / "src" / "out").symlink_to(destination if destination.startswith("/") else f"../{destination}")
    with pytest.raises(InputFileError) as caught:
        paths(tree)
    assert caught.value.context[1] == ("path", "src/out")


@pytest.mark.parametrize(
    ("links", "problem"),
    [
        ({"self": "self"}, "leads round in a circle"),
        ({"one": "src/two", "src/two": "../one"}, "leads round in a circle"),
        ({"here": ".", "src/up": "../here/here/../.."}, "leads out of the directory"),
        ({"here": "src", "up": "here/../here/../../x"}, "leads out of the directory"),
    ],
)
def test_links_are_refused_before_anything_is_planned(tree: Path, links: dict[str, str], problem: str) -> None:
    for name, destination in links.items():
        (tree / name).symlink_to(destination)
    with pytest.raises(InputFileError, match=problem) as caught:
        paths(tree)
    assert caught.value.reference == "bad-source-tree"
    assert caught.value.exit_code == ExitCode.FILE_ERROR


def test_a_link_to_nothing_is_kept_as_it_is(tree: Path, tmp_path: Path) -> None:
    (tree / "deep").symlink_to("src/deeper/still")
    (tree / "round").symlink_to("deep/../../../a.ml")
    found = fetched(tmp_path / "root", snapshot_of(tree, SETTINGS))
    extract(found.path, tmp_path / "out")
    assert os.readlink(tmp_path / "out" / "deep") == "src/deeper/still"
    assert (tmp_path / "out" / "round").is_symlink()


@pytest.mark.parametrize("tracked", [True, False])
def test_an_editors_lock_is_no_source(tree: Path, tracked: bool) -> None:
    before = snapshot_of(tree, SETTINGS).digests
    for name in (".#a.ml", "src/.#b.ml"):
        (tree / name).symlink_to("ann@host.example.4711:1700000000")
    assert snapshot_of(tree, SETTINGS).digests == before
    (tree / "src" / ".#c.ml").symlink_to("b.ml")
    (tree / ".#file").write_text("")
    git(tree, "init", "-q")
    if tracked:
        git(tree, "add", "-A")
    assert [path for path in paths(tree) if "#" in path] == [".#file", "src/.#c.ml"]


def test_what_is_no_file(tree: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tree / "socket"))
        with pytest.raises(InputFileError, match="neither a file nor a directory nor a link"):
            paths(tree)
    (tree / "socket").unlink()
    os.mkfifo(tree / "pipe")
    with pytest.raises(InputFileError):
        paths(tree)


def test_there_are_bounds(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tree / "big").open("wb") as stream:
        stream.truncate(5 << 30)  # a hole: no space is used
    with pytest.raises(InputFileError, match="4 GiB allowed"):
        paths(tree)
    (tree / "big").unlink()
    monkeypatch.setattr(tree_files, "MOST_FILES", 3)
    with pytest.raises(InputFileError, match="more than the 3 files"):
        paths(tree)
