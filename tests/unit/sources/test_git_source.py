"""Git sources from real repositories, good and hostile."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from xpkg.core.errors import SyncError
from xpkg.core.paths import StateRoot
from xpkg.repo.extract import ArchiveError, extract
from xpkg.repo.source_values import Fetched, Source, Wanted
from xpkg.repo.sources.attempt import AttemptFailed, Stop
from xpkg.repo.sources.cache import SourceCache
from xpkg.repo.sources.fetch import fetch_all
from xpkg.repo.sources.git_heads import head_of
from xpkg.repo.sources.git_source import checked_address
from xpkg.repo.sources.settings import FetchSettings

COMMIT = "0123456789" * 4


class Upstream:
    """A git repository to fetch from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "protocol.file.allow=always"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=self.path, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")

    def url(self, commit: str) -> str:
        return f"git+file://{self.path}#{commit}"


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return Upstream(tmp_path / "upstream")


def fetch(root: Path, url: str, offline: bool = False) -> Fetched:
    wanted = Wanted(label="x", alternatives=(Source(urls=(url,)),))
    settings = FetchSettings(environment=dict(os.environ))
    return fetch_all([wanted], SourceCache(StateRoot(root / "state")), settings=settings, offline=offline)[wanted]


def test_a_commit_becomes_a_tar_that_is_always_the_same(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.path / "dir").mkdir()
    (upstream.path / "dir" / "na\u00efve").write_text("one")
    (upstream.path / "run").write_text("#!/bin/sh\n")
    (upstream.path / "run").chmod(0o755)
    (upstream.path / "link").symlink_to("dir/na\u00efve")
    (upstream.path / ".gitattributes").write_text("dir export-ignore\nrun export-subst filter=evil\n")
    commit = upstream.commit()
    fetched = fetch(tmp_path, upstream.url(commit))
    extract(fetched.path, tmp_path / "tree", strip=False)
    assert (tmp_path / "tree" / "link").read_text() == "one"
    assert os.access(tmp_path / "tree" / "run", os.X_OK)
    assert fetch(tmp_path, upstream.url(commit), offline=True).path == fetched.path
    upstream.git("gc", "-q")
    assert fetch(tmp_path / "again", upstream.url(commit)).digest == fetched.digest


def test_a_commit_that_is_not_a_tip(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.path / "a").write_text("old")
    first = upstream.commit()
    (upstream.path / "a").write_text("new")
    upstream.commit()
    extract(fetch(tmp_path, upstream.url(first)).path, tmp_path / "tree", strip=False)
    assert (tmp_path / "tree" / "a").read_text() == "old"


def test_an_absent_commit(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit()
    with pytest.raises(SyncError) as caught:
        fetch(tmp_path, upstream.url(COMMIT))
    assert COMMIT in caught.value.context[0][1]


@pytest.mark.parametrize("revision", ["", "main", "HEAD", "--upload-pack=touch", "0123abc"])
def test_what_moves_is_refused(upstream: Upstream, tmp_path: Path, revision: str) -> None:
    upstream.commit()
    with pytest.raises(SyncError):
        fetch(tmp_path, upstream.url(revision))


@pytest.mark.parametrize(
    "location",
    [
        "git+http://x.example/y",
        "git+ext://sh -c id",
        "git+ext::sh",
        "git+ssh://-oProxyCommand=id/y",
        "git+ssh://user@-oProxyCommand=id/y",
        "git+https://x.example/y z",
        "git+https://x.example/y\n",
        "git+file://relative",
        "git+file:--upload-pack=id",
        "git+https:///y",
    ],
)
def test_addresses_that_could_be_options_or_commands(location: str) -> None:
    with pytest.raises(AttemptFailed):
        checked_address(f"{location}#{COMMIT}")


def test_a_name_that_is_not_utf8_is_kept(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.path / "\udcff").write_text("one")
    extract(fetch(tmp_path, upstream.url(upstream.commit())).path, tmp_path / "tree", strip=False)
    assert [path.name for path in (tmp_path / "tree").iterdir()] == ["\udcff"]


def test_git_that_ends_in_the_middle_of_an_object_gives_nothing(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.path / "a").write_text("content")
    commit = upstream.commit()
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\ncase "$*" in *--batch*) read name; printf "$name blob 7\\ncont";; *) exec /usr/bin/git "$@";; esac'
    )
    fake.chmod(0o755)
    wanted = Wanted(label="thing", alternatives=(Source(urls=(upstream.url(commit),)),))
    settings = FetchSettings(environment={**os.environ, "PATH": f"{fake.parent}:{os.environ['PATH']}"})
    with pytest.raises(SyncError) as caught:
        fetch_all([wanted], SourceCache(StateRoot(tmp_path / "state")), settings=settings)
    assert "git ended in the middle of object" in caught.value.context[0][1]


def test_what_a_branch_or_tag_means_now(upstream: Upstream) -> None:
    first = upstream.commit()
    upstream.git("tag", "-a", "-m", "x", "v1")
    second = upstream.commit()
    settings, place = FetchSettings(environment=dict(os.environ)), f"git+file://{upstream.path}"

    def commit_of(name: str) -> str:
        return head_of(place, name, settings, Stop()).commit

    assert commit_of("") == commit_of("main") == second
    assert commit_of("v1") == first
    # A server may list any name that ends like the one asked for, in any bytes.
    subprocess.run(["git", "update-ref", b"refs/heads/\xff/refs/heads/main", first], cwd=upstream.path, check=True)
    assert commit_of("main") == second
    with pytest.raises(AttemptFailed, match="it has no branch or tag none"):
        commit_of("none")
    with pytest.raises(AttemptFailed, match="does not appear to be a git repository"):
        head_of(f"{place}/absent", "", settings, Stop())


def test_a_submodule_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.path / "a").write_text("a")
    upstream.commit()
    upstream.git("submodule", "-q", "add", f"file://{upstream.path}", "sub")
    with pytest.raises(SyncError) as caught:
        fetch(tmp_path, upstream.url(upstream.commit()))
    assert "submodule" in caught.value.context[0][1]


def test_hooks_filters_and_the_users_configuration_are_not_used(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (home / "hooks" / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
        (home / "hooks" / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[core]\n hooksPath = {home}/hooks\n[filter "evil"]\n smudge = touch {mark}\n[protocol]\n allow = always\n'
    )
    (upstream.path / "a").write_text("a")
    (upstream.path / ".gitattributes").write_text("a filter=evil\n")
    commit = upstream.commit()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_EXEC_PATH_WISH", "1")
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(home))
    fetch(tmp_path, upstream.url(commit))
    assert not mark.exists()


def test_a_link_that_leaves_is_found_when_unpacking(upstream: Upstream, tmp_path: Path) -> None:
    (upstream.path / "link").symlink_to("../../outside")
    fetched = fetch(tmp_path, upstream.url(upstream.commit()))
    with pytest.raises(ArchiveError):
        extract(fetched.path, tmp_path / "tree")
