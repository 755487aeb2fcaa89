"""Patches, good and hostile, against real trees and GNU patch."""

from __future__ import annotations

import difflib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from xpkg.core.errors import ConfigurationError
from xpkg.repo.extract import EXTRACTED_MTIME
from xpkg.repo.patch_text import PatchError
from xpkg.repo.patching import Applied, Offset, apply_patch

LINES = "".join(f"line {number}\n" for number in range(1, 21))


class Bench:
    """A tree with one file, a file outside it, and patches written as text."""

    def __init__(self, root: Path) -> None:
        self.tree = root / "tree"
        self.tree.mkdir()
        (self.tree / "file").write_text(LINES)
        self.outside = root / "outside"
        self.outside.write_text(LINES)
        self.patch = root / "fix.patch"

    def apply(self, text: str | bytes, strip: int = 1) -> Applied:
        self.patch.write_bytes(text if isinstance(text, bytes) else text.encode())
        return apply_patch(self.patch, self.tree, strip=strip)

    def refuse(self, text: str | bytes, reference: str = "bad-patch") -> PatchError:
        before = self.snapshot()
        with pytest.raises(PatchError) as caught:
            self.apply(text)
        assert caught.value.reference == reference, caught.value
        assert self.snapshot() == before
        assert self.outside.read_text() == LINES
        return caught.value

    def snapshot(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(self.tree.rglob("*")) if path.is_file()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def diff(old: str, new: str, before: str = "a/file", after: str = "b/file") -> str:
    return "".join(difflib.unified_diff(old.splitlines(True), new.splitlines(True), before, after))


CHANGED = LINES.replace("line 10\n", "line ten\n")
GOOD = diff(LINES, CHANGED)


def test_a_good_patch(bench: Bench) -> None:
    assert bench.apply(GOOD) == Applied(changed=("file",), offsets=())
    assert (bench.tree / "file").read_text() == CHANGED
    assert (bench.tree / "file").stat().st_mtime == EXTRACTED_MTIME
    assert os.listdir(bench.tree) == ["file"]


def test_an_offset_is_reported(bench: Bench) -> None:
    (bench.tree / "file").write_text("more\nmore\n" + LINES)
    assert bench.apply(GOOD).offsets == (Offset(path="file", hunk=1, lines=2),)


def test_fuzz_is_not_tolerated(bench: Bench) -> None:
    (bench.tree / "file").write_text(LINES.replace("line 7\n", "line seven\n"))
    assert "Hunk #1 FAILED" in dict(bench.refuse(GOOD, "patch-does-not-fit").context)["patch says"]


def test_applied_already(bench: Bench) -> None:
    (bench.tree / "file").write_text(CHANGED)
    bench.refuse(GOOD, "patch-already-applied")


@pytest.mark.parametrize(
    "name", ["../outside", "a/../../outside", "/etc/outside", "a/b/..\\..\\outside", '"a/\\056./outside"']
)
def test_paths_that_leave_the_tree(bench: Bench, name: str) -> None:
    bench.refuse(diff(LINES, CHANGED, name, name))
    bench.refuse(diff(LINES, CHANGED, "a/file", name))


def test_a_name_with_nothing_to_strip(bench: Bench) -> None:
    bench.refuse(diff(LINES, CHANGED, "file", "file"))
    assert bench.apply(diff(LINES, CHANGED, "file", "file"), strip=0).changed == ("file",)


def test_through_a_link_in_the_tree(bench: Bench) -> None:
    (bench.tree / "dir").symlink_to("..")
    (bench.tree / "link").symlink_to("../outside")
    bench.refuse(diff(LINES, CHANGED, "a/dir/outside", "b/dir/outside"), "patch-through-link")
    bench.refuse(diff(LINES, CHANGED, "a/link", "b/link"), "patch-through-link")


def test_a_patch_that_makes_a_link(bench: Bench) -> None:
    bench.refuse(
        "diff --git a/link b/link\nnew file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+../outside\n"
        "\\ No newline at end of file\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "only words\n",
        "1d\n.\nw\n",
        "--- a/file\n+++ b/file\n1,2d\n!touch /tmp/pwned\nw\n",
        "*** a/file\n--- b/file\n***************\n*** 1,1 ****\n! line 1\n--- 1,1 ----\n! line one\n",
        "diff --git a/x b/x\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n",
        "@@ -1 +1 @@\n-line 1\n+line one\n",
        "--- a/file\n+++ b/file\n@@ -1,5 +1,5 @@\n-line 1\n+line one\n",
        "--- /dev/null\n+++ /dev/null\n@@ -0,0 +1 @@\n+x\n",
    ],
)
def test_what_is_no_unified_patch(bench: Bench, text: str) -> None:
    bench.refuse(text)


def test_a_good_part_does_not_hide_a_bad_one(bench: Bench) -> None:
    bench.refuse(GOOD + "\n1,2d\n!id\n")
    bench.refuse(GOOD + diff(LINES, CHANGED, "a/../../outside", "b/x"))


def test_a_change_to_the_same_is_an_error(bench: Bench) -> None:
    bench.refuse("--- a/file\n+++ b/file\n@@ -1,2 +1,2 @@\n line 1\n line 2\n", "patch-changes-nothing")


def test_lines_that_look_like_headers_inside_a_hunk(bench: Bench) -> None:
    (bench.tree / "file").write_text("-- ../outside\nb\n")
    bench.apply("--- a/file\n+++ b/file\n@@ -1,2 +1,2 @@\n--- ../outside\n+++ ../other\n b\n")
    assert (bench.tree / "file").read_text() == "++ ../other\nb\n"


def test_files_made_removed_and_in_new_directories(bench: Bench) -> None:
    text = diff("", "new\n", "/dev/null", "b/sub/dir/new") + diff(LINES, "", "a/file", "/dev/null")
    assert bench.apply(text).changed == ("sub/dir/new", "file")
    assert not (bench.tree / "file").exists()
    assert (bench.tree / "sub/dir/new").read_text() == "new\n"


def test_a_new_file_that_exists(bench: Bench) -> None:
    bench.refuse(diff("", "new\n", "/dev/null", "b/file"), "patch-already-applied")


def test_two_changes_of_one_file(bench: Bench) -> None:
    bench.apply(GOOD + diff(CHANGED, CHANGED.replace("line 2\n", "")))
    assert (bench.tree / "file").read_text() == CHANGED.replace("line 2\n", "")


def test_the_existing_one_of_two_names(bench: Bench) -> None:
    assert bench.apply(diff(LINES, CHANGED, "a/file.orig", "b/file")).changed == ("file",)
    bench.refuse(diff(LINES, CHANGED, "a/none", "b/nothing"), "patch-no-file")


def test_line_ends_are_named_when_they_differ(bench: Bench) -> None:
    error = bench.refuse(GOOD.replace("\n", "\r\n"), "patch-does-not-fit")
    assert error.hint is not None
    assert "CRLF" in error.hint


def test_crlf_files_take_crlf_patches(bench: Bench) -> None:
    (bench.tree / "file").write_bytes(LINES.replace("\n", "\r\n").encode())
    bench.apply(GOOD.replace("\n", "\r\n").encode())
    assert (bench.tree / "file").read_bytes() == CHANGED.replace("\n", "\r\n").encode()


def test_what_git_makes_applies(bench: Bench, tmp_path: Path) -> None:
    """Rename with a change, mode change, odd names, creation, removal, no final newline: as git prints them."""
    other = tmp_path / "other"
    other.mkdir()

    def git(*arguments: str) -> str:
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example", *arguments]
        return subprocess.run(command, cwd=other, check=True, capture_output=True, text=True).stdout

    git("init", "-q")
    for directory in (other, bench.tree):
        (directory / "moved").write_text(LINES)
        (directory / "na\u00efve name").write_text("a\n")
        (directory / "script").write_text("#!/bin/sh\n")
        (directory / "gone").write_text("bye")
        (directory / "was-empty").write_text("")
    git("add", "-A")
    git("commit", "-q", "-m", "1")
    (other / "sub").mkdir()
    (other / "moved").rename(other / "sub" / "there")
    (other / "sub" / "there").write_text(CHANGED)
    (other / "na\u00efve name").write_text("b")
    (other / "script").chmod(0o755)
    (other / "gone").unlink()
    (other / "fresh").write_text("x\n")
    (other / "empty").write_text("")
    (other / "was-empty").unlink()
    git("add", "-A")
    bench.apply(git("diff", "--cached", "-M"))
    (bench.tree / "file").unlink()
    mine = {path.relative_to(bench.tree): path.read_bytes() for path in bench.tree.rglob("*") if path.is_file()}
    theirs = {
        path.relative_to(other): path.read_bytes()
        for path in other.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }
    assert mine == theirs
    assert stat.S_IMODE((bench.tree / "script").stat().st_mode) == 0o755


def test_a_patch_that_is_not_there(bench: Bench) -> None:
    for name in ("absent.patch", "tree", "fix.patch/below"):
        bench.patch.write_text(GOOD)
        with pytest.raises(PatchError) as caught:
            apply_patch(bench.patch.parent / name, bench.tree)
        assert caught.value.reference == "patch-missing"


def test_a_patch_that_takes_too_long(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "patch").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    (tmp_path / "bin" / "patch").chmod(0o755)
    bench.patch.write_text(GOOD)
    monkeypatch.setattr("xpkg.repo.patching._SECONDS", 0.2)
    with pytest.raises(PatchError, match=r"took longer than 0\.2 s for file"):
        apply_patch(bench.patch, bench.tree, search_path=str(tmp_path / "bin"))


def test_no_gnu_patch_is_said(bench: Bench) -> None:
    bench.patch.write_text(GOOD)
    with pytest.raises(ConfigurationError, match="missing system tool: patch") as caught:
        apply_patch(bench.patch, bench.tree, search_path="/nonexistent")
    assert "apt-get install patch" in str(caught.value.hint)
