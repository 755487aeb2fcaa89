"""Repositories whose names, links and answers are made to do harm, and faults that are not ours to mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.remote.conftest import Upstream, current, many, recipe, repository, tar
from tests.unit.remote.test_git import add, copies, failed, git_with, held, update
from tests.unit.remote.test_web import INDEX
from tests.unit.remote.test_web import add as add_site
from tests.unit.sources.conftest import Handler, Site, cut_short
from xpkg.core.errors import SyncError, UsageError
from xpkg.ops import repositories as ops
from xpkg.ops.home import Home
from xpkg.ops.repositories import Wish
from xpkg.ops.repository_status import status
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.index.copy import read_pack
from xpkg.repo.remote.snapshot import Blob, snapshot_of
from xpkg.repo.sources.http_download import Version
from xpkg.repo.sources.progress import silent

ODD = ["\t", "\n", "\x1b[1m", "\x7f", "\x85", "\u2028", "\udcff"]


def blob(data: bytes = b"x") -> Blob:
    return Blob(identity=b"", read=lambda: data)


def plant(upstream: Upstream, mode: str, path: str, data: bytes = b"") -> None:
    """Add to the index what no work tree should hold."""
    source = upstream.path.with_name("planted")
    source.write_bytes(data)
    name = upstream.git("rev-parse", "HEAD") if mode == "160000" else upstream.git("hash-object", "-w", str(source))
    upstream.git("update-index", "--add", "--cacheinfo", f"{mode},{name},{path}")


def commit_planted(upstream: Upstream) -> None:
    upstream.git("commit", "-q", "-m", "x")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("kind", ["file", "link", "left out"])
def test_a_name_that_is_no_plain_text_is_left_out(kind: str, odd: str) -> None:
    path = f"packages/a/a.1{odd}2/opam"
    files = {"packages/b/b.1/opam": blob(), "README" + odd: blob()}
    snapshot = snapshot_of(
        files | ({path: blob()} if kind == "file" else {}),
        {path: "../../b/b.1/opam"} if kind == "link" else {},
        [path] if kind == "left out" else [],
    )
    assert [file.path for file in snapshot.files] == ["packages/b/b.1/opam"]
    (told,) = snapshot.left_out
    assert told.isascii()
    assert told.isprintable()
    assert told.startswith("packages/a/a.1\\")


def test_odd_names_in_git_do_no_harm_to_the_copy(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    plant(upstream, "100644", "packages/a/a.3\t67\t1\nx/opam", b'opam-version: "2.0"\n')
    plant(upstream, "120000", "packages/a/a.4\n/opam", b"../a.1/opam")
    plant(upstream, "160000", "packages/a\n")
    commit_planted(upstream)
    assert add(home, upstream.url).left_out == (
        "packages/a\\n",
        "packages/a/a.3\\t67\\t1\\nx/opam",
        "packages/a/a.4\\n/opam",
    )
    assert held(home) == ["a.1", "a.2", "b.1"]
    assert len(read_pack("far", home.root.repositories / "far")) == 3


def test_odd_names_in_an_index_do_no_harm_to_the_copy(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar({**repository(), "packages/a/a.3\n/opam": b'opam-version: "2.0"\n'})))
    assert add_site(home, site).left_out == ("packages/a/a.3\\n/opam",)
    assert len(read_pack("far", home.root.repositories / "far")) == 3


def test_a_link_as_long_as_a_file(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    plant(upstream, "120000", "doc/link", b"x" * 4097)  # which is of no use, and not read
    commit_planted(upstream)
    add(home, upstream.url)
    plant(upstream, "120000", "packages/link", b"x" * 4096)
    commit_planted(upstream)
    assert update(home).left_out == ("packages/link",)
    plant(upstream, "120000", "packages/link", b"x" * 4097)
    commit_planted(upstream)
    assert "has 4097 bytes; the limit is 4096" in failed(update(home)).context[1][1]
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_a_failure_of_the_server_keeps_our_objects(home: Home, upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit(many(30))
    add(home, upstream.url)
    mark = home.root.git / "far" / "mark"
    mark.touch()
    upstream.commit(repository(*many(30).items(), recipe("new", "1")))
    log = tmp_path / "log"
    fake = f"""case "$*" in *" fetch "*)
        echo "$*" >> {log}; echo "fatal: the remote end hung up unexpectedly" >&2; exit 128;; esac"""
    failing = Home(home.root.root, environment=git_with(tmp_path, fake))
    assert "hung up" in failed(update(failing)).context[1][1]
    assert mark.exists()
    assert len(log.read_text().splitlines()) == 2  # by hash and by name; not all of it again
    assert update(home).changes.added == 1
    assert mark.exists()


def test_a_limit_keeps_our_objects(home: Home, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.commit(many(30))
    add(home, upstream.url)
    mark = home.root.git / "far" / "mark"
    mark.touch()
    upstream.commit(repository(*many(30).items(), recipe("new", "1")))
    with monkeypatch.context() as patch:
        patch.setattr("xpkg.repo.remote.git_mirror.MOST_FILES", 20)
        assert "more than 20 files" in failed(update(home)).context[1][1]
    assert mark.exists()
    assert update(home).changes.added == 1


def test_two_of_one_address_do_not_write_one_file(home: Home, site: Site) -> None:
    data = tar(repository())
    site.serve(INDEX, cut_short(data, 100))
    with pytest.raises(SyncError):
        add_site(home, site)
    site.serve(INDEX, current(data))
    site.requests.clear()
    ops.add(home, RepositorySettings(name="near", address=f"{site.url}/r"), silent)
    assert "range" not in site.asked(INDEX)[0]
    add_site(home, site)
    assert site.asked(INDEX)[1]["range"] == "bytes=100-"


@pytest.mark.parametrize("odd", ['"\xe9"', '"a\tb"', '"a\x1bb"', '"a\x00b"'])
def test_a_validator_that_cannot_be_sent_back_is_dropped(home: Home, site: Site, odd: str) -> None:
    def answer(handler: Handler) -> None:
        handler.head(200, Content_Length=len(data), ETag=odd, Last_Modified=odd)
        handler.wfile.write(data)

    data = tar(repository())
    site.serve(INDEX, answer)
    add_site(home, site)
    site.requests.clear()
    result = update(home)
    assert result.error is None
    assert not {"if-none-match", "if-modified-since"} & site.asked(INDEX)[0].keys()
    assert Version(etag=odd, modified='"1"') == Version(modified='"1"')


def test_a_validator_that_was_kept_once_is_dropped_too(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository())))
    add_site(home, site)
    note = home.root.repositories / "far" / "origin.json"
    note.write_text(note.read_text().replace(r'"\"1\""', r'"\n\u2028"'))
    assert update(home).error is None


def test_passwords_of_addresses_that_are_refused_or_stale(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository())))
    secret = f"{site.url}/r".replace("://", "://user:word@")
    with pytest.raises(UsageError) as caught:
        add(home, secret, "0" * 40)
    assert "word" not in caught.value.message
    ops.add(home, RepositorySettings(name="far", address=secret), silent)
    home.change_settings(lambda now: now.with_changed(RepositorySettings(name="far", address=f"{site.url}/s")))
    (one,) = status(home, ["far"], silent)
    assert one.stale == f"the copy is of {site.url}/r"


def test_a_name_that_leads_out_of_the_state_directory(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    add(home, upstream.url)
    (home.root.locks / "repository-..").mkdir()
    before = set(home.root.root.parent.rglob("*"))
    with pytest.raises(Exception, match="no repository named"):
        ops.change(home, "../../../evil", Wish(exclusive=True), silent)
    assert set(home.root.root.parent.rglob("*")) == before
    assert copies(home)


def test_a_format_that_is_not_read(home: Home, upstream: Upstream) -> None:
    upstream.commit(repository())
    add(home, upstream.url)
    upstream.commit({**repository(recipe("new", "1")), "repo": b'opam-version: "9.0"\n'})
    assert "format '9.0'" in failed(update(home)).message
    assert held(home) == ["a.1", "a.2", "b.1"]
