from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from xpkg.core.errors import BuildError
from xpkg.sandbox.layout import TARGET, TOOLS
from xpkg.sandbox.manifest import leaks, scan
from xpkg.sandbox.record import Entry

Tree = Callable[[Mapping[str, bytes | str | None]], Path]
T, U = TOOLS.encode(), TARGET.encode()


def problems(tree: Path, beneath: Mapping[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(BuildError) as caught:
        scan(tree, own=TARGET, package="lwt", beneath=beneath)
    assert caught.value.reference == "bad-output"
    assert str(caught.value).startswith("lwt installed what a package must not hold: ")
    return dict(caught.value.context)


def test_everything_is_listed_parents_first_and_sorted(tree: Tree) -> None:
    path = tree({"lib/b": b"--" + T + b"/x", "lib/a/x": b"\0" + U + U, "bin/p": b"#!" + T + b"/bin/sh\n", "z": None})
    found = scan(path, own=TARGET, package="lwt")
    assert [entry.path for entry in found] == ["bin", "bin/p", "lib", "lib/a", "lib/a/x", "lib/b", "z"]
    by = {entry.path: entry for entry in found}
    content = b"\0" + U + U
    assert by["lib/a/x"] == Entry(
        path="lib/a/x",
        kind="file",
        mode=0o444,
        size=321,
        sha256=hashlib.sha256(content).hexdigest(),
        target=(1, 161),
    )
    assert (by["lib/b"].tools, by["lib/b"].text, by["lib/b"].references) == ((2,), True, ("tools",))
    assert (by["bin/p"].mode, by["bin/p"].tools, by["bin/p"].text) == (0o555, (2,), True)


def test_large_files_are_read_as_small_ones(tree: Tree) -> None:
    content = b"\0" * 200_000 + U + b"x" * 100_000 + T
    (entry,) = scan(tree({"f": content}), own=TARGET, package="a")
    assert (entry.target, entry.tools, entry.size) == ((200_000,), (300_160,), len(content))
    assert entry.sha256 == hashlib.sha256(content).hexdigest()


def test_absolute_links_into_the_own_prefix_become_relative(tree: Tree) -> None:
    path = tree(
        {
            "lib/a/one": f"{TARGET}/lib/b/x",
            "top": f"{TARGET}/lib",
            "lib/up": TARGET,
            "lib/tool": f"{TOOLS}/bin/ocamlrun",
            "lib/near": "a/../b",
            "lib/b/x": b"",
        }
    )
    links = {entry.path: entry for entry in scan(path, own=TARGET, package="a") if entry.kind == "link"}
    assert {name: entry.link for name, entry in links.items()} == {
        "lib/a/one": "../b/x",
        "top": "lib",
        "lib/up": "..",
        "lib/tool": f"{TOOLS}/bin/ocamlrun",
        "lib/near": "a/../b",
    }
    assert links["lib/tool"].references == ("tools",)
    assert os.readlink(path / "lib/a/one") == "../b/x"
    assert (path / "lib/a/one").read_bytes() == b""


def test_what_no_package_may_hold(tree: Tree) -> None:
    path = tree({"abs": "/etc/passwd", "out": "../x", "lib/out": "a/../../../x", "setuid": b"", "loop": "loop"})
    (path / "setuid").chmod(0o4755)
    os.mkfifo(path / "fifo")
    # A link that is inside on paper leads out through another link.
    (path / "lib/here").symlink_to("..")
    (path / "lib/sly").symlink_to("here/../z")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path)
        server.bind("sock")
        os.chdir(here)
    assert problems(path) == {
        "abs": "is a link to the absolute path /etc/passwd",
        "fifo": "is a fifo; packages hold files, directories and links",
        "lib/out": "the link to a/../../../x points outside the prefix",
        "lib/sly": "the link to here/../z points outside the prefix",
        "loop": "the link to loop is part of a loop of links",
        "out": "the link to ../x points outside the prefix",
        "setuid": "is setuid or setgid",
        "sock": "is a socket; packages hold files, directories and links",
    }


def test_names(tree: Tree) -> None:
    path = tree({"lib/Foo": b"", "lib/foo": b"", "a\nb": b"", "é": b"", "e\u0301": b"", "ß": b"", "SS": b""})
    (Path(os.fsdecode(os.fsencode(path) + b"/\xff"))).write_bytes(b"")
    (path / "link").symlink_to("\udcff")
    assert problems(path) == {
        "link": "is a link to a name that is not UTF-8",
        "\\udcff": "has a name that is not UTF-8",
        "a\\nb": "has a control character in its name",
        "lib/foo": "differs from Foo by case or composition only",
        "ß": "differs from SS by case or composition only",
        "é": "differs from e\u0301 by case or composition only",
    }


def test_a_path_that_is_too_long(tree: Tree) -> None:
    path = tree({"/".join(["d" * 99] * 10) + "/" + "f" * 24: b"", "/".join(["d" * 99] * 10) + "/" + "f" * 25: b""})
    assert problems(path) == {"d" * 80 + "...": "has a path longer than 1024 bytes"}


def test_files_of_dependencies_are_not_touched(tree: Tree) -> None:
    path = tree({"lib/c/libc.a": b"mine", "lib/headers": b"no directory", "bin": None, "lib/new/x": b"", "etc": None})
    beneath = {"lib/c/libc.a": "picolibc", "lib/headers/stdio.h": "headers", "lib/d/e/x": "dune", "etc": "conf"}
    assert problems(path, beneath) == {
        "etc": "replaces a file of package conf",
        "lib/c/libc.a": "replaces a file of package picolibc",
        "lib/headers": "replaces a file of package headers",
    }


@pytest.mark.skipif(os.geteuid() != 0 and shutil.which("unshare") is None, reason="makes overlayfs marks")
def test_overlayfs_marks_of_deleted_files(tmp_path: Path) -> None:
    """The marks are made by the real overlayfs: it decides how a deletion looks."""
    for name in ("lower", "upper", "work", "merged"):
        (tmp_path / name).mkdir()
    for name in ("gone", "dir/x", "again/x", "kept/x"):
        (tmp_path / "lower" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "lower" / name).write_bytes(b"x")
    script = (
        f"cd {tmp_path} && mount -t overlay overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work merged"
        " && cd merged && rm gone && rm -r dir && rm -r again && mkdir again && touch again/y"
        " && mkdir kept/new && touch kept/new/z"
    )
    done = subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec", script], capture_output=True)
    if done.returncode != 0:
        pytest.skip(done.stderr.decode())
    beneath = {"gone": "ocaml", "dir/x": "dune", "again/x": "lwt", "kept/x": "fmt"}
    assert problems(tmp_path / "upper", beneath) == {
        "again": "deletes a directory with files of package lwt",
        "dir": "deletes a file of package dune",
        "gone": "deletes a file of package ocaml",
    }
    shutil.rmtree(tmp_path / "upper/again")
    (tmp_path / "upper/gone").unlink()
    (tmp_path / "upper/dir").unlink()
    found = scan(tmp_path / "upper", own=TARGET, package="new", beneath=beneath)
    assert [entry.path for entry in found] == ["kept", "kept/new", "kept/new/z"]
    for path in (tmp_path / "upper").rglob("*"):
        assert os.listxattr(path) == []


def test_files_that_cannot_be_moved(tree: Tree) -> None:
    path = tree(
        {
            "cut": b"x" + U[:100],
            "cut-binary": b"\0" + T[:-1] + b"\0",
            "json": U.replace(b"/", b"\\/"),
            "man.gz": gzip.compress(b"see " + U + b"/share"),
            "other.gz": gzip.compress(b"nothing"),
            "shebang": b"#!" + T + b"/" + b"x" * 100 + b"\n",
            "talk": b"builds see /xpkg/tools/bin and /xpkg/target/lib",
            "rule": b"_" * 500,
        }
    )
    assert problems(path) == {
        "cut": "cannot be moved to a real prefix: it holds only a part of the fixed prefix, at byte 1",
        "cut-binary": "cannot be moved to a real prefix: it holds only a part of the fixed prefix, at byte 1",
        "json": "cannot be moved to a real prefix: it holds the fixed prefix in another spelling, at byte 16",
        "man.gz": "cannot be moved to a real prefix: it is compressed (gzip) and holds a fixed prefix inside",
        "shebang": "cannot be moved to a real prefix: its first line is longer than 255 bytes, "
        "which Linux does not run",
    }


def test_debug_information_may_split_the_prefix(tree: Tree) -> None:
    """DWARF 4 lists a directory and one below it as two entries; no program opens them."""
    assert len(scan(tree({"x": b"\1/xpkg\0\0" + T[6:] + b"/lib/zig\0"}), own=TARGET, package="a")) == 1


def test_the_users_own_paths_are_reported(tree: Tree) -> None:
    path = tree({"a": b"/home/ann/x", "b": b"-I/home/ann/.local/share/xpkg/store", "c": b"", "d": b"\0/home/anne"})
    manifest = scan(path, own=TARGET, package="a")
    private = {"the home directory": b"/home/ann/", "the store": b"/home/ann/.local/share/xpkg/store"}
    assert leaks(path, manifest, private) == (
        ("a", "the home directory"),
        ("b", "the home directory"),
        ("b", "the store"),
    )


def test_many_problems_are_counted(tree: Tree) -> None:
    path = tree({f"l{n:02}": "/x" for n in range(15)})
    assert problems(path)["and"] == "5 more"


def test_a_name_that_breaks_lines_is_told_escaped(tree: Tree) -> None:
    (found,) = problems(tree({"x\ny\x1b[1m": b""}))
    assert found == "x\\ny\\x1b[1m"
