"""Files that are no locks, or locks that no hand should have touched: each is refused with its reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xpkg.core.errors import InputFileError, NotFoundError
from xpkg.ops.lock_file import LockFile
from xpkg.ops.lock_reader import MAX_SIZE, parse_lock, read_lock
from xpkg.ops.lock_text import lock_text

FILE = Path("xpkg.lock")
HASH = "0123456789abcdef" * 4
GOOD = f"""\
format = 1
invariant = "base >= 1"

[build]
key-format = 1
isolation = "bubblewrap-1"

[[target]]
name = "toy"
packages = ["user>=1"]
with-test = ["user"]

[[machine]]
name = "build"
definition = "sha256={HASH}"

[[machine]]
name = "toy"
definition = "sha256={HASH}"

[[pin]]
name = "base"
version = "2"
kind = "git"
address = "git+https://host/base"
commit = "{HASH[:40]}"

[[repository]]
name = "small"
kind = "git"
address = "git+https://host/repository"
revision = "git={HASH[:40]}"

[[package]]
name = "base"
version = "2"
repository = "(pinned)"
recipe = "sha256={HASH}"
opam = "sha256={HASH}"
overlays = ["small"]
sources = ["git={HASH[:40]} main"]

[[package]]
name = "user"
version = "1"
repository = "small"
recipe = "sha256={HASH}"
opam = "sha256={HASH}"
files = ["sha256={HASH} fix it.patch"]
sources = [
    "md5={HASH[:32]} sha256={HASH} first-use main",
    "unhashed extra a b.txt",
]

[[instance]]
target = "toy"
name = "base"
version = "2"
machine = "build"
key = "{HASH[:40]}"

[[instance]]
target = "toy"
name = "user"
version = "1"
machine = "toy"
requested = true
depends = ["base@build"]
key = "{HASH[:40]}"
"""
INSTANCE = GOOD[GOOD.rindex("[[instance]]") :]


def parsed(text: str) -> LockFile:
    return parse_lock(text.encode(), FILE)


def test_what_is_right_is_read() -> None:
    lock = parsed(GOOD)
    assert parsed(lock_text(lock)) == lock
    assert lock_text(lock).split("\n", 1)[1] == GOOD
    assert [str(one) for one in lock.of("toy")] == ["base 2 [build]", "user 1 [toy]"]


@pytest.mark.parametrize(
    ("change", "to", "message"),
    [
        ("format = 1\ninv", "inv", "format: the key is missing"),
        ("format = 1", 'format = "1"', "format: expected a small number"),
        ("format = 1", "format = true", "format: expected a small number"),
        ("format = 1", "format = 1\nsurprise = 2", "unknown key surprise"),
        ("format = 1", "format = 1\npackages = 2", "unknown key packages"),
        ("invariant", "invarient", "unknown key invarient"),
        ("[build]", "[built]", "build: the table is missing"),
        ("[build]", "[[build]]", "build: expected a table"),
        ("key-format = 1", "key-format = -1", "build: key-format: expected a small number"),
        ("[[target]]", "[target]", "target: expected [[target]] tables"),
        ('packages = ["user>=1"]', 'packages = "user"', "target toy: packages: expected an array of texts"),
        ('packages = ["user>=1"]', 'packages = [["user"]]', "target toy: packages: expected an array of texts"),
        ('with-test = ["user"]', 'with-test = ["-x"]', "target toy: with-test: '-x': a package name has"),
        ('with-test = ["user"]', "with-test = true", "target toy: with-test: expected an array of texts"),
        ('name = "toy"', 'name = "../toy"', "target ../toy: name: '../toy': expected a name"),
        (f'definition = "sha256={HASH}"', f'definition = "sha256={HASH[1:]}"', "machine build: definition: 'sha256="),
        ('kind = "git"\naddress = "git+https://host/base"', 'kind = "hg"', "pin base: kind: 'hg': expected one of"),
        (f'commit = "{HASH[:40]}"', 'commit = "main"', "pin base: commit: 'main': expected a full commit"),
        ('kind = "git"\naddress = "git+https://host/base"', 'kind = "path"', "pin base: unknown key commit"),
        (f'revision = "git={HASH[:40]}"', 'revision = "main"', "repository small: revision: 'main': expected git="),
        ('overlays = ["small"]', 'overlays = ["large"]', "base.2: nothing is said of the repository large"),
        ("fix it.patch", "../fix.patch", "package user.1: files: 'sha256="),
        (f"md5={HASH[:32]} ", f"sha1={HASH[:40]} ", "package user.1: sources: 'sha1="),
        ("first-use main", "first-use other", "does not end in main, alternative or extra NAME"),
        ("unhashed extra a b.txt", "unhashed extra /a", "does not end in main, alternative or extra NAME"),
        ("unhashed extra", "extra", "begins with no digest, git=COMMIT or unhashed"),
        ("requested = true", "requested = 1", "instance user for toy: requested: expected true or false"),
        ('depends = ["base@build"]', 'depends = ["base@toy"]', "the machine after @ is build"),
        ('depends = ["base@build"]', 'depends = ["base"]', "user for toy depends on base, which is not in it"),
        ('machine = "build"', 'machine = "moon"', "base for toy: the machine moon is not one of that target's pair"),
        ('version = "1"\nmachine', 'version = "1.1"\nmachine', "nothing is said of the package user.1.1"),
        (INSTANCE, "", "no target has the package user.1"),
        (INSTANCE, INSTANCE * 2, "instance user for toy: it is there twice"),
        (f'key = "{HASH[:40]}"', f'key = "{HASH[:39]}g"', "instance base for toy: key: '"),
        (f'key = "{HASH[:40]}"\n', "", "instance base for toy: key: the key is missing"),
        ('[[target]]\nname = "toy"', '[[target]]\nname = "moon"', "base for toy: there is no target toy in it"),
        ('invariant = "base >= 1"', 'invariant = "\\u001b[31m"\nformat2 = 1', "unknown key format2"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(change: str, to: str, message: str) -> None:
    assert change in GOOD
    with pytest.raises(InputFileError) as caught:
        parsed(GOOD.replace(change, to, 1))
    assert caught.value.reference == "bad-lock"
    assert caught.value.message.startswith("the lock file is wrong: ")
    assert message in caught.value.message
    assert caught.value.context == (("file", "xpkg.lock"),)


@pytest.mark.parametrize(("number", "hint"), [(2, "made by a newer xpkg"), (0, "delete it and lock anew")])
def test_another_format_is_not_guessed_at(number: int, hint: str) -> None:
    with pytest.raises(InputFileError, match=f"has format {number}, this xpkg reads format 1") as caught:
        parsed(f"format = {number}\nnew = 1")
    assert caught.value.reference == "lock-format"
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("data", "reference"),
    [
        (b"<<<<<<< ours\nformat = 1", "toml-syntax"),
        (b"\xff", "bad-file"),
        (b"\0", "toml-syntax"),
        (b"a = " + b"[" * 100_000, "bad-file"),
        (b"a = " + b"9" * 10_000, "bad-file"),
        (b"", "bad-lock"),
        (b"format = 1\nformat = 1", "toml-syntax"),
        (b"x = 1979-05-27", "bad-lock"),
    ],
    ids=["merged", "binary", "nul", "deep", "digits", "empty", "twice", "date"],
)
def test_what_is_no_toml_or_no_lock(data: bytes, reference: str) -> None:
    with pytest.raises(InputFileError) as caught:
        parse_lock(data, FILE)
    assert caught.value.reference == reference


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no lock file"):
        read_lock(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(MAX_SIZE + 1)
    for name in ("pipe", "loop", "huge", "."):
        with pytest.raises(InputFileError) as caught:
            read_lock(tmp_path / name)
        assert caught.value.reference == "bad-lock"
    (tmp_path / "good").write_text(GOOD)
    (tmp_path / "link").symlink_to("good")
    assert read_lock(tmp_path / "link") == parsed(GOOD)
