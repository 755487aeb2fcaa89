"""Repositories on a web server that behaves, and on one that does not."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest

from tests.unit.remote.conftest import Files, current, recipe, repository, tar
from tests.unit.remote.test_git import failed, held, update
from tests.unit.sources.conftest import Answer, Handler, Site, cut_short, redirect
from xpkg.core.errors import InputFileError, SyncError, XpkgError
from xpkg.ops import repositories as ops
from xpkg.ops.home import Home
from xpkg.ops.repositories import Updated, Wish
from xpkg.ops.repository_status import status
from xpkg.ops.settings import RepositorySettings
from xpkg.repo.extract import ArchiveError
from xpkg.repo.remote.addresses import Address
from xpkg.repo.sources.progress import silent

INDEX = "/r/index.tar.gz"


def add(home: Home, site: Site) -> Updated:
    return ops.add(home, RepositorySettings(name="far", address=f"{site.url}/r"), silent)


def refused(home: Home, site: Site, answer: Answer | bytes) -> XpkgError:
    """Why a repository cannot be added; nothing of it is left."""
    site.serve(INDEX, answer)
    with pytest.raises(XpkgError) as caught:
        add(home, site)
    assert home.settings.repositories == ()
    assert not list(home.root.repositories.glob("*far*"))
    return caught.value


def unfinished(home: Home) -> list[str]:
    return sorted(path.name for path in home.root.partial.iterdir())


def test_added_and_brought_up_to_date(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository()), '"1"'))
    assert add(home, site).changes.versions == 3
    assert held(home) == ["a.1", "a.2", "b.1"]
    site.serve(INDEX, current(tar(repository(recipe("a", "1"), recipe("b", "1", "# x"), recipe("c", "1"))), '"2"'))
    changes = update(home).changes
    assert (changes.added, changes.changed, changes.removed) == (1, 1, 1)
    assert held(home) == ["a.1", "b.1", "c.1"]
    assert unfinished(home) == []


@pytest.mark.parametrize(
    ("etag", "modified", "header"),
    [
        ('"1"', "", "if-none-match"),
        ('W/"1"', "", "if-none-match"),
        ("", "Sat, 21 Nov 2026 10:00:00 GMT", "if-modified-since"),
        ('"1"', "Sat, 21 Nov 2026 10:00:00 GMT", "if-none-match"),
    ],
)
def test_what_did_not_change_is_not_sent(home: Home, site: Site, etag: str, modified: str, header: str) -> None:
    site.serve(INDEX, current(tar(repository()), etag, modified))
    add(home, site)
    site.requests.clear()
    assert not update(home).changed
    (asked,) = site.asked(INDEX)
    assert asked[header] == (etag or modified)


def test_the_same_index_under_another_name_is_no_change(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository()), '"1"'))
    add(home, site)
    site.serve(INDEX, current(tar(repository()), '"2"'))
    assert not update(home).changed
    site.requests.clear()
    update(home)
    assert site.asked(INDEX)[0]["if-none-match"] == '"2"'


def test_a_server_without_names_for_versions_sends_it_each_time(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository()), ""))
    add(home, site)
    assert not update(home).changed
    (one,) = status(home, ["far"], silent, ask=True)
    assert one.newer is None
    assert one.unasked is not None


def test_the_status_asks_without_fetching(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository()), '"1"'))
    add(home, site)
    assert status(home, [], silent, ask=True)[0].newer is False
    site.serve(INDEX, current(tar(repository(recipe("a", "9"))), '"2"'))
    (one,) = status(home, [], silent, ask=True)
    assert one.newer is True
    assert one.etag == '"1"'
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_a_transfer_that_broke_off_is_gone_on_with(home: Home, site: Site) -> None:
    data = tar(repository())
    site.serve(INDEX, cut_short(data, 100, then=current(data)))
    add(home, site)
    assert [asked.get("range") for asked in site.asked(INDEX)] == [None, "bytes=100-"]
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_a_transfer_that_always_stops_half_way(home: Home, site: Site) -> None:
    data = tar(repository())
    error = refused(home, site, cut_short(data, 100))
    assert error.reference == "sync"
    assert "the transfer broke off" in error.context[1][1]
    assert f"100 bytes read, {len(data) - 100} more expected" in error.context[1][1]
    site.requests.clear()
    site.serve(INDEX, current(data))
    add(home, site)  # by a later command
    assert site.asked(INDEX)[0]["range"] == "bytes=100-"


def test_what_broke_off_of_a_newer_index_is_not_joined_to_a_newest(home: Home, site: Site) -> None:
    refused(home, site, cut_short(tar(repository()), 100))
    site.serve(INDEX, current(tar(repository(recipe("new", "1"))), '"2"'))
    add(home, site)
    assert held(home) == ["new.1"]


def test_a_page_instead_of_an_archive(home: Home, site: Site) -> None:
    page = b"<!DOCTYPE html><html><head><title>Sign in</title><style>p {}</style></head><body>Welcome</body>"
    error = refused(home, site, page)
    assert error.reference == "not-an-archive"
    assert "a page, not an archive" in error.message
    assert dict(error.context)["it begins"].startswith("Sign in")
    assert unfinished(home) == []


@pytest.mark.parametrize("body", [b"", b"\x1b[31mno", b"{}"])
def test_something_else_instead_of_an_archive(home: Home, site: Site, body: bytes) -> None:
    error = refused(home, site, body)
    assert error.reference == "not-an-archive"
    assert "\x1b" not in str(error.context)


def test_an_update_that_gives_a_page_changes_nothing(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository()), '"1"'))
    add(home, site)
    site.serve(INDEX, current(b"<html>gone", '"2"'))
    assert failed(update(home)).reference == "not-an-archive"
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_nothing_there(home: Home, site: Site) -> None:
    with pytest.raises(SyncError) as caught:
        add(home, site)
    assert "404" in caught.value.context[1][1]
    assert caught.value.hint is not None
    assert "git+https" in caught.value.hint


def test_nobody_there(home: Home, site: Site) -> None:
    with pytest.raises(SyncError) as caught:
        ops.add(home, RepositorySettings(name="far", address="http://127.0.0.1:9/r"), silent)
    assert caught.value.reference == "no-network"


def test_redirected(home: Home, site: Site) -> None:
    site.serve("/elsewhere", current(tar(repository())))
    site.serve(INDEX, redirect("/elsewhere"))
    add(home, site)
    assert held(home) == ["a.1", "a.2", "b.1"]
    site.serve(INDEX, redirect("file:///etc/passwd"))
    assert "redirected to file" in failed(update(home)).context[1][1]


def test_an_answer_that_nothing_changed_to_a_question_without_condition(home: Home, site: Site) -> None:
    def answer(handler: Handler) -> None:
        handler.head(304)

    assert "304" in refused(home, site, answer).context[1][1]


def test_too_much(home: Home, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xpkg.repo.remote.http_index._MOST_PACKED", 100)
    assert "the limit is 100" in refused(home, site, current(tar(repository()))).context[1][1]


def linked(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    ("path", "member", "rule"),
    [
        ("../x", b"", "archive-path"),
        ("/etc/x", b"", "archive-path"),
        ("packages/../../x", b"", "archive-path"),
        ("packages/a/a.1/files/x", linked("packages/a/a.1/files/x", "../../../../../x"), "archive-link"),
        ("packages/a/a.1/files/x", linked("packages/a/a.1/files/x", "/etc/passwd"), "archive-link"),
        ("packages/x", linked("packages/x", "/etc/passwd", tarfile.LNKTYPE), "archive-path"),
        ("packages/x", linked("packages/x", "", tarfile.FIFOTYPE), "archive-special-file"),
        ("repo/x", b"", "archive-through-link"),
        ("REPO", b"", "archive-collision"),
    ],
)
def test_hostile_members(home: Home, site: Site, path: str, member: bytes | tarfile.TarInfo, rule: str) -> None:
    error = refused(home, site, current(tar({**repository(), path: member})))
    assert isinstance(error, ArchiveError)
    assert error.reference == rule
    assert unfinished(home) == []


def test_a_bomb(home: Home, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from xpkg.repo.extract import Limits

    limits = Limits(ratio_floor=1 << 20, ratio=10)
    monkeypatch.setattr("xpkg.repo.remote.http_index._LIMITS", limits)
    error = refused(home, site, current(tar({**repository(), "packages/x": bytes(1 << 23)})))
    assert error.reference == "archive-bomb"


def test_garbage_behind_a_good_beginning(home: Home, site: Site) -> None:
    assert refused(home, site, current(tar(repository())[:-40])).reference == "archive-damaged"
    assert refused(home, site, current(gzip.compress(b"hello"), '"2"')).reference == "archive-truncated"


@pytest.mark.parametrize("top", ["", "./", "repository-1/", "x/./"])
def test_a_single_directory_around_it(home: Home, site: Site, top: str) -> None:
    site.serve(INDEX, current(tar(repository(), top)))
    add(home, site)
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_nothing_but_recipes(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(dict([recipe("a", "1")]))))
    add(home, site)
    assert held(home) == ["a.1"]


def test_links_become_files(home: Home, site: Site) -> None:
    files: dict[str, bytes | tarfile.TarInfo] = {**repository(), "packages/a/a.1/files/one": b"1"}
    for name, target, kind in (
        ("hard", "packages/a/a.1/files/one", tarfile.LNKTYPE),
        ("soft", "one", tarfile.SYMTYPE),
        ("up", "../files", tarfile.SYMTYPE),
    ):
        files[name] = linked(f"packages/a/a.1/files/{name}", target, kind)
    site.serve(INDEX, current(tar(files)))
    assert add(home, site).left_out == ("packages/a/a.1/files/up",)
    copy = home.root.repositories / "far" / "packages" / "a" / "a.1" / "files"
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == dict.fromkeys(("one", "hard", "soft"), b"1")
    assert not any(path.is_symlink() for path in copy.iterdir())


def test_an_archive_that_is_no_repository(home: Home, site: Site) -> None:
    error = refused(home, site, current(tar({"src/main.ml": b""})))
    assert isinstance(error, InputFileError)
    assert error.reference == "not-a-repository"


def test_the_archive_itself_as_address(home: Home, site: Site) -> None:
    site.serve("/v1.tar.gz", current(tar(repository(), "repository-1/")))
    ops.add(home, RepositorySettings(name="far", address=f"{site.url}/v1.tar.gz"), silent)
    assert held(home) == ["a.1", "a.2", "b.1"]


def test_another_address_is_asked_without_the_names_of_the_first(home: Home, site: Site) -> None:
    site.serve(INDEX, current(tar(repository()), '"1"'))
    site.serve("/s/index.tar.gz", current(tar(repository(recipe("s", "1"))), '"1"'))
    add(home, site)
    ops.change(home, "far", Wish(address=Address(location=f"{site.url}/s")), silent)
    assert held(home) == ["s.1"]
    site.serve(INDEX, b"<html>")
    with pytest.raises(SyncError):
        ops.change(home, "far", Wish(address=Address(location=f"{site.url}/r")), silent)
    assert Home(home.root.root).settings.repository("far").address == f"{site.url}/s"
    assert held(home) == ["s.1"]


def test_passwords_are_not_shown(home: Home, site: Site) -> None:
    address = f"{site.url}/r".replace("://", "://user:word@")
    with pytest.raises(SyncError) as caught:
        ops.add(home, RepositorySettings(name="far", address=address), silent)
    assert "word" not in f"{caught.value.message}{caught.value.context}"
    site.serve(INDEX, current(tar(repository())))
    ops.add(home, RepositorySettings(name="far", address=address), silent)
    with_it = [path for path in home.root.root.rglob("*") if path.is_file() and b"word" in path.read_bytes()]
    assert len(with_it) == 2
    assert not any(path.stat().st_mode & 0o077 for path in with_it)


def test_a_big_repository_is_read_in_bounded_memory(home: Home, site: Site, tmp_path: Path) -> None:
    """The bytes wait in a file, and what is left of it goes with the command."""
    files: Files = repository(*(recipe(f"p{number}", "1") for number in range(300)))
    site.serve(INDEX, current(tar(files)))
    assert add(home, site).changes.versions == 300
    assert unfinished(home) == []
