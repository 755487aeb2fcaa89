"""Repositories from git: what travels, what is read again, what is kept when something goes wrong."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.remote.conftest import Upstream, many, recipe, repository
from xpkg.core.errors import InputFileError, SyncError, UsageError, XpkgError
from xpkg.ops import repositories as ops
from xpkg.ops.home import Home
from xpkg.ops.repositories import Updated, Wish
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.remote.addresses import Address
from xpkg.repo.sources.progress import silent

ABSENT = "0123456789" * 4


def add(home: Home, url: str, commit: str | None = None) -> Updated:
    return ops.add(home, RepositorySettings(name="far", address=url, commit=commit), silent)


def update(home: Home, *, allow_shrink: bool = False) -> Updated:
    (result,) = ops.update(home, ["far"], silent, allow_shrink=allow_shrink)
    return result


def held(home: Home) -> list[str]:
    """The versions that a reader sees who begins now."""
    (one, _) = Home(home.root.root).repositories
    return [f"{name}.{version}" for name in one.names() for version in sorted(one.versions(name))]


def copies(home: Home) -> list[str]:
    return sorted(path.name for path in home.root.repositories.iterdir() if "far" in path.name)


def failed(result: Updated) -> XpkgError:
    assert result.error is not None
    return result.error


def git_with(tmp_path: Path, script: str) -> dict[str, str]:
    """An environment whose git is a script of the test; the real one is $REAL."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir(exist_ok=True)
    fake.write_text(f'#!/bin/sh\nREAL=/usr/bin/git\n{script}\nexec $REAL "$@"\n')
    fake.chmod(0o755)
    return {**os.environ, "PATH": f"{fake.parent}:{os.environ['PATH']}"}


def test_added_and_brought_up_to_date(home: Home, upstream: Upstream) -> None:
    first = upstream.commit(repository())
    added = add(home, upstream.url)
    assert (added.revision, added.changes.versions, added.changes.added) == (first, 3, 3)
    assert held(home) == ["a.1", "a.2", "b.1"]
    second = upstream.commit(repository(recipe("a", "1"), recipe("a", "2", 'synopsis: "x"'), recipe("c", "1")))
    changed = update(home)
    assert changed.revision == second
    assert (changed.changes.added, changed.changes.changed, changed.changes.removed) == (1, 1, 1)
    assert held(home) == ["a.1", "a.2", "c.1"]
    assert copies(home) == sorted(["far", f"far@{first[:16]}", f"far@{second[:16]}"])
    third = upstream.commit(repository(recipe("a", "1"), recipe("a", "2", 'synopsis: "x"')))
    update(home)
    assert copies(home) == sorted(["far", f"far@{second[:16]}", f"far@{third[:16]}"])


def test_without_change_the_server_is_asked_for_a_name_and_nothing_else(
    home: Home, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.commit(repository())
    add(home, upstream.url)
    log = tmp_path / "log"
    asking = Home(home.root.root, environment=git_with(tmp_path, f'echo "$*" >> {log}'))
    result = update(asking)
    assert not result.changed
    assert result.changes.versions == 3
    (line,) = log.read_text().splitlines()
    assert line.endswith(f"ls-remote -- file://{upstream.path} HEAD")


def test_only_what_changed_travels(home: Home, upstream: Upstream) -> None:
    files = repository(*(recipe(f"p{n}", "1", f'synopsis: "{os.urandom(500).hex()}"') for n in range(200)))
    upstream.commit(files)
    add(home, upstream.url)
    packs = home.root.git / "far" / "objects" / "pack"
    (whole,) = (path.stat().st_size for path in packs.glob("*.pack"))
    files |= dict([recipe("p7", "1")])
    upstream.commit(files)
    assert update(home).changes.changed == 1
    sizes = sorted(path.stat().st_size for path in packs.glob("*.pack"))
    assert sizes[1] == whole
    assert sizes[0] < whole / 20


def test_garbage_is_dropped_once_there_are_many_packs(
    home: Home, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xpkg.repo.remote.git_mirror._MOST_PACKS", 3)
    upstream.commit(repository())
    add(home, upstream.url)
    packs = home.root.git / "far" / "objects" / "pack"
    counts = []
    for number in range(6):
        upstream.commit(repository(recipe("a", "1"), recipe("b", str(number))))
        assert update(home, allow_shrink=True).changed
        counts.append(len(list(packs.glob("*.pack"))))
    assert max(counts) <= 3
    assert held(home) == ["a.1", "b.5"]
    assert len((home.root.git / "far" / "shallow").read_text().splitlines()) <= 3


def test_a_branch_or_tag(home: Home, upstream: Upstream) -> None:
    first = upstream.commit(repository())
    upstream.git("tag", "-a", "-m", "x", "v1")
    upstream.git("branch", "old")
    upstream.commit(repository(recipe("new", "1")))
    assert add(home, f"{upstream.url}#old").revision == first
    ops.change(home, "far", Wish(address=Address(location=f"{upstream.url}#v1")), silent)
    assert held(home) == ["a.1", "a.2", "b.1"]
    ops.change(home, "far", Wish(address=Address(location=upstream.url)), silent)
    assert held(home) == ["new.1"]


def test_held_at_a_commit_and_let_go_again(home: Home, upstream: Upstream) -> None:
    first = upstream.commit(repository())
    second = upstream.commit(repository(recipe("new", "1")))
    add(home, upstream.url)
    changed = ops.change(home, "far", Wish(commit=first), silent)
    assert changed is not None
    assert changed.revision == first
    assert held(home) == ["a.1", "a.2", "b.1"]
    upstream.path.rename(upstream.path.with_name("away"))
    assert not update(home).changed  # nothing has to be asked
    upstream.path.with_name("away").rename(upstream.path)
    ops.change(home, "far", Wish(no_commit=True), silent)
    assert home.settings.repository("far").commit is None
    assert held(home) == ["new.1"]
    assert Home(home.root.root).settings.repository("far").commit is None
    assert second[:16] in os.readlink(home.root.repositories / "far")


def test_a_commit_that_does_not_exist_changes_nothing(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    with pytest.raises(SyncError) as caught:
        add(home, upstream.url, ABSENT)
    assert caught.value.reference == "no-commit"
    assert ABSENT in caught.value.message
    assert home.settings.repositories == ()
    assert not list(home.root.repositories.glob("far*"))
    add(home, upstream.url)
    with pytest.raises(SyncError) as caught:
        ops.change(home, "far", Wish(commit=ABSENT), silent)
    assert caught.value.reference == "no-commit"
    assert Home(home.root.root).settings.repository("far").commit is None
    assert held(home) == ["a.1", "a.2", "b.1"]
    assert not update(home).changed


def test_a_server_that_gives_out_nothing_by_hash(home: Home, upstream: Upstream, tmp_path: Path) -> None:
    """As with protocol version 0: a commit that is no tip is looked for in all that there is."""
    first = upstream.commit(repository())
    tip = upstream.commit(repository(recipe("new", "1")))
    refuse = """case "$*" in *"+COMMIT:"*)
        echo "fatal: Server does not allow request for unadvertised object" >&2; exit 128;; esac"""
    fakes = "\n".join(refuse.replace("COMMIT", commit) for commit in (first, tip, ABSENT))
    strict = Home(home.root.root, environment=git_with(tmp_path, fakes))
    assert add(strict, upstream.url).revision == tip
    changed = ops.change(strict, "far", Wish(commit=first), silent)
    assert changed is not None
    assert held(home) == ["a.1", "a.2", "b.1"]
    with pytest.raises(SyncError) as caught:
        ops.change(strict, "far", Wish(commit=ABSENT), silent)
    assert caught.value.reference == "no-commit"
    refs = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname)"],
        cwd=home.root.git / "far",
        capture_output=True,
        text=True,
        check=True,
    )
    assert refs.stdout.split() == ["refs/xpkg/current"]


def damage_pack(mirror: Path) -> None:
    for path in (mirror / "objects" / "pack").glob("*.pack"):
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-60] + bytes(60))


def leave_lock(mirror: Path) -> None:
    (mirror / "shallow.lock").touch()


def lose_head(mirror: Path) -> None:
    (mirror / "HEAD").unlink()


@pytest.mark.parametrize("damage", [damage_pack, leave_lock, lose_head])
def test_damage_of_our_objects_is_mended(home: Home, upstream: Upstream, damage: Callable[[Path], None]) -> None:
    upstream.commit(many(30))
    add(home, upstream.url)
    damage(home.root.git / "far")
    upstream.commit(repository(*many(30).items(), recipe("new", "1")))
    result = update(home)
    if result.error is not None:  # met only when the objects were read: the next time it is gone
        result = update(home)
    assert result.error is None
    assert "new.1" in held(home)


def test_an_older_mirror_without_its_mark_is_made_anew(home: Home, upstream: Upstream) -> None:
    """As when the first fetch was killed."""
    upstream.commit(repository())
    (home.root.git / "far" / "objects").mkdir(parents=True)
    add(home, upstream.url)
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_what_is_no_repository(home: Home, upstream: Upstream) -> None:
    upstream.commit({"README.md": b"hello"})
    with pytest.raises(InputFileError) as caught:
        add(home, upstream.url)
    assert caught.value.reference == "not-a-repository"
    assert home.settings.repositories == ()
    assert not list(home.root.repositories.glob("*far*"))


def test_nothing_committed_yet(home: Home, upstream: Upstream) -> None:
    with pytest.raises(SyncError) as caught:
        add(home, upstream.url)
    assert "no branch to take" in caught.value.context[1][1]


def test_a_broken_recipe_leaves_the_others_usable(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository(recipe("a", "1"), recipe("b", "1", "depends: [")))
    (broken,) = add(home, upstream.url).broken
    assert (broken.name, broken.version) == ("b", "1")
    assert broken.problem.startswith("packages/b/b.1/opam:2: ")
    assert held(home) == ["a.1", "b.1"]
    upstream.commit(repository(recipe("a", "2"), recipe("b", "1", "depends: [")))
    assert update(home).broken == (broken,)
    assert update(home).broken == (broken,)


def test_a_repository_that_shrinks(home: Home, upstream: Upstream) -> None:
    upstream.commit(many(100))
    add(home, upstream.url)
    upstream.commit(many(95))
    assert not update(home).changes.lost_many
    upstream.commit(many(80))
    result = update(home)
    assert result.changed
    assert result.changes.lost_many
    upstream.commit(many(39))
    before = copies(home)
    assert failed(update(home)).reference == "repository-shrank"
    assert "lost 41 of its 80 versions" in failed(update(home)).message
    assert copies(home) == before
    assert len(held(home)) == 80
    assert update(home, allow_shrink=True).changes.versions == 39


def test_links_within_and_out_of_the_repository(home: Home, upstream: Upstream) -> None:
    files = repository(recipe("a", "1"), recipe("a", "2"))
    upstream.commit({**files, "packages/a/a.1/files/one": b"1", "outside": b"2"})
    for name, target in {
        "within": "../../a.1/files/one",
        "chain": "within",
        "kept": "../../../../outside",
        "out": "../../../../../secret",
        "absolute": "/etc/passwd",
        "loop": "loop",
        "directory": "../../a.1",
    }.items():
        path = upstream.path / "packages/a/a.2/files" / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(target)
    upstream.commit()
    result = add(home, upstream.url)
    copy = home.root.repositories / "far" / "packages" / "a" / "a.2" / "files"
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == {"within": b"1", "chain": b"1", "kept": b"2"}
    assert not any(path.is_symlink() for path in copy.iterdir())
    assert [path.rpartition("/")[2] for path in result.left_out] == ["absolute", "directory", "loop", "out"]


def test_a_submodule_is_left_out(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    upstream.git("submodule", "-q", "add", f"file://{upstream.path}", "packages/sub")
    upstream.commit()
    assert add(home, upstream.url).left_out == ("packages/sub",)


def test_files_that_recipes_do_not_need_are_not_copied(home: Home, upstream: Upstream) -> None:
    upstream.commit({**repository(), "README.md": b"x", ".github/w.yml": b"x", "targets/t.toml": b"x"})
    add(home, upstream.url)
    names = {path.name for path in (home.root.repositories / "far").iterdir()}
    assert names & {"README.md", ".github"} == set()
    assert {"repo", "targets"} <= names


def test_two_of_one_name(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    add(home, upstream.url)
    with pytest.raises(UsageError) as caught:
        add(home, upstream.url)
    assert caught.value.reference == "repository-exists"
    other = Home(home.root.root)  # which read the settings before the first was added
    other.__dict__["settings"] = type(home.settings)()
    with pytest.raises(UsageError):
        add(other, upstream.url)
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_one_that_fails_does_not_keep_the_others_back(home: Home, upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit(repository())
    other = Upstream(tmp_path / "other")
    other.commit(repository(recipe("c", "1")))
    ops.add(home, RepositorySettings(name="near", address=other.url), silent)
    add(home, upstream.url)
    upstream.path.rename(tmp_path / "away")
    other.commit(repository(recipe("c", "2"), recipe("c", "1")))
    first, second = ops.update(home, [], silent)
    assert failed(first).reference == "sync"
    assert second.changed


def test_a_change_to_a_directory_and_back(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    add(home, upstream.url)
    ops.change(home, "far", Wish(address=Address(location=str(upstream.path))), silent)
    assert held(home) == ["a.1", "a.2", "b.1"]
    assert copies(home) == ["far.index"]
    assert not (home.root.git / "far").exists()
    with pytest.raises(UsageError):
        ops.change(home, "far", Wish(commit=ABSENT), silent)
    ops.change(home, "far", Wish(address=Address(location=upstream.url)), silent)
    assert held(home) == ["a.1", "a.2", "b.1"]
    ops.remove(home, "far", silent)
    assert copies(home) == []
    assert not (home.root.git / "far").exists()
    assert upstream.path.exists()


def test_settings_that_cannot_be_written_leave_the_copy_as_it_was(
    home: Home, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = upstream.commit(repository())
    add(home, upstream.url)
    upstream.commit(repository(recipe("new", "1")))
    before = copies(home)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("xpkg.ops.settings.write_atomically", full)
    with pytest.raises(OSError, match="No space"):
        ops.change(home, "far", Wish(address=Address(location=f"{upstream.url}#main")), silent)
    assert copies(home) == before
    assert os.readlink(home.root.repositories / "far") == f"far@{first[:16]}"
    assert held(home) == ["a.1", "a.2", "b.1"]
