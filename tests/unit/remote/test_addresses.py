"""How users write where a repository is."""

from __future__ import annotations

from pathlib import Path

import pytest

from xpkg.core.errors import UsageError
from xpkg.repo.remote.addresses import Address, address_of

COMMIT = "0123456789" * 4
HERE = Path("/home/u")


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("/r", "/r"),
        ("r", "/home/u/r"),
        ("../r", "/home/u/../r"),
        ("r:s", "/home/u/r:s"),
        ("C:/r", "/home/u/C:/r"),
        ("a/b://c", "/home/u/a/b:/c"),
        ("ocaml/opam-repository", "/home/u/ocaml/opam-repository"),
        ("file:///r%20s", "/r s"),
        ("file://localhost/r", "/r"),
        ("file:/r", "/r"),
        ("git+https://x.example/r", "git+https://x.example/r"),
        ("git+https://x.example/r#main", "git+https://x.example/r#main"),
        ("git+https://x.example/r#feature/a-b", "git+https://x.example/r#feature/a-b"),
        ("git+ssh://git@x.example/r.git", "git+ssh://git@x.example/r.git"),
        ("git+file:///r", "git+file:///r"),
        ("https://x.example/r.git", "git+https://x.example/r.git"),
        ("https://x.example/r.git#v1", "git+https://x.example/r.git#v1"),
        ("HTTPS://x.example/r", "https://x.example/r"),
        ("https://x.example/r/", "https://x.example/r"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://user:word@x.example/r", "https://user:word@x.example/r"),
    ],
)
def test_spellings(text: str, location: str) -> None:
    assert address_of(text, HERE) == Address(location=location)


def test_a_full_commit_is_no_branch() -> None:
    assert address_of(f"git+https://x.example/r#{COMMIT}", HERE) == Address(
        location="git+https://x.example/r", commit=COMMIT
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (" /r", "spaces"),
        ("/r\n", "spaces"),
        ("git://x.example/r", "neither encrypted nor authenticated"),
        ("git+http://x.example/r", "not authenticated"),
        ("git+git://x.example/r", "only git+https"),
        ("git@x.example:o/r", "git+ssh://"),
        ("ssh://git@x.example/r", "git+ssh://"),
        ("rsync://x.example/r", "not supported"),
        ("hg+https://x.example/r", "not supported"),
        ("darcs+https://x.example/r", "not supported"),
        ("ftp://x.example/r", "unknown scheme"),
        ("ext::sh -c id", "a command"),
        ("git+ext::sh -c id", "a command"),
        ("git+ext://sh", "only git+https"),
        ("git+ssh://-oProxyCommand=id/r", "malformed"),
        ("git+ssh://u@-oProxyCommand=id/r", "malformed"),
        ("git+https://x.example/-r", None),
        ("git+ssh://x.example/-r", None),
        ("git+file://r", "absolute path"),
        ("git+https://x.example/r#-b", "cannot name a branch"),
        ("git+https://x.example/r#a..b", "cannot name a branch"),
        ("git+https://x.example/r#a b", "cannot name a branch"),
        ("git+https://[x/r", "malformed"),
        ("file://other/r", "absolute path"),
        ("https://", "no host"),
        ("https://-x/r", "no host"),
        ("https://x.example:port/r", "host or port is malformed"),
        ("https://x.example/r?a=b", "'?'"),
        ("https://x.example/r#main", "git+https://"),
    ],
)
def test_what_is_refused(text: str, why: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        address_of(text, HERE)
    assert caught.value.reference == "bad-address"
    assert why is None or why in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "https://user:word@x.example/r#main",
        "https://user:word@[x/r",
        "https://user:word/1@x.example/r",
        "https://user:word#1@x.example/r",
        "https://user:word@x.example\u2100/r",
        "git+https://user:word/1@x.example/r",
        "git+https://user:word@x.example\u2100/r",
    ],
)
def test_an_address_is_told_without_its_password(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        address_of(text, HERE)
    assert "word" not in caught.value.message
