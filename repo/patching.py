"""Apply a patch to a source tree, exactly or not at all.

Deviation from opam, which runs ``patch -p1`` as it is: fuzz 0, checked paths, and a patch that
changes nothing is an error (GNU patch 2.7.6 takes an ed script, applies nothing and succeeds).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from xpkg.core.programs import find_program
from xpkg.core.text import printable
from xpkg.repo.extract.members import EXTRACTED_MTIME
from xpkg.repo.patch_text import NOTHING, FilePatch, PatchError, parse_patch

_OFFSET = re.compile(r"^Hunk #(\d+) succeeded at (\d+) \(offset (-?\d+) lines?\)", re.MULTILINE)
_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """A hunk that fitted ``lines`` lines away from where it said."""

    path: str
    hunk: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a patch did: the paths it changed, relative to the tree, and hunks found elsewhere."""

    changed: tuple[str, ...]
    offsets: tuple[Offset, ...]


def apply_patch(patch: Path, tree: Path, *, strip: int = 1, search_path: str | None = None) -> Applied:
    """Apply the unified or git patch ``patch`` in ``tree`` with GNU patch; nothing in it is run.

    ``search_path`` is where to look for GNU patch (like PATH).  After a PatchError the tree is
    part changed and of no use.  Touched files get the fixed time of extracted ones, so that make's
    decisions do not depend on when the patch was applied.
    """
    program = find_program("patch", "patch", needed_for=patch.name, search_path=search_path)
    try:
        text = patch.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise PatchError(
            f"there is no file {printable(patch.name, keep='')} to patch with", reference="patch-missing"
        ) from error
    changes = parse_patch(text, patch.name, strip)
    before: dict[str, tuple[bool, bytes] | None] = {}
    for change in changes:
        _settle_names(change, tree, patch.name)
        before |= {path: _fingerprint(tree, path, patch.name) for path in change.paths}
    offsets: list[Offset] = []
    for change in changes:
        offsets += _apply_one(program, change, tree, patch.name)
    after = {path: _fingerprint(tree, path, patch.name) for path in before}
    changed = tuple(path for path, print_ in after.items() if print_ != before[path])
    if not changed:
        raise PatchError(
            "the patch changes nothing", reference="patch-changes-nothing", context=(("patch", patch.name),)
        )
    for path in changed:
        if after[path] is not None:
            os.utime(tree / path, (EXTRACTED_MTIME, EXTRACTED_MTIME), follow_symlinks=False)
    return Applied(changed=changed, offsets=tuple(offsets))


def _settle_names(change: FilePatch, tree: Path, patch: str) -> None:
    """Without git's word for a rename, the two names of a header mean one file: the one that exists."""
    if change.renamed or change.old is None or change.new is None or change.old == change.new:
        return
    present = [path for path in (change.new, change.old) if os.path.lexists(tree / path)]
    if not present:
        raise PatchError(
            f"there is no file {printable(change.new, keep='')} to patch",
            reference="patch-no-file",
            context=(("patch", patch),),
        )
    change.old = change.new = present[0]


def _fingerprint(tree: Path, path: str, patch: str) -> tuple[bool, bytes] | None:
    """A file's executable bit and hash, None when absent; links anywhere on the way are refused."""
    at = tree
    for part in path.split("/"):
        at = at / part
        try:
            status = at.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(status.st_mode):
            raise PatchError(
                f"the patch leads through a symbolic link: {printable(path, keep='')}",
                reference="patch-through-link",
                context=(("patch", patch),),
            )
    if not stat.S_ISREG(status.st_mode):
        raise PatchError(
            f"the patch changes what is no plain file: {printable(path, keep='')}", context=(("patch", patch),)
        )
    return bool(status.st_mode & 0o100), hashlib.sha256(at.read_bytes()).digest()


def _apply_one(program: str, change: FilePatch, tree: Path, patch: str) -> list[Offset]:
    old, new = change.old, change.new
    target = tree / (new or old or "")
    if change.renamed and old is not None:
        _carry(tree / old, target, copied=change.renamed == "copy", patch=patch)
    elif old is None:
        _check_new(target, patch)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not change.hunks:
            target.touch()
    elif new is None and not change.hunks:
        _remove_empty(target, patch)
    path = new or old or ""
    offsets = _run_patch(program, change, tree, path, patch) if change.hunks else []
    if change.mode and new is not None:
        target.chmod(0o755 if change.mode == "100755" else 0o644)
    return offsets


def _check_new(target: Path, patch: str) -> None:
    if target.exists() and target.stat().st_size:
        raise PatchError(
            f"a file that the patch makes is there already: {target.name}",
            reference="patch-already-applied",
            context=(("patch", patch),),
        )


def _remove_empty(target: Path, patch: str) -> None:
    if not target.is_file() or target.stat().st_size:
        raise PatchError(
            f"the patch removes an empty file, which {target.name} is not",
            reference="patch-does-not-fit",
            context=(("patch", patch),),
        )
    target.unlink()


def _carry(old: Path, new: Path, *, copied: bool, patch: str) -> None:
    if not old.is_file() or os.path.lexists(new):
        raise PatchError(
            f"cannot rename or copy {old.name} to {new.name}: the first must be there and the second must not",
            context=(("patch", patch),),
        )
    new.parent.mkdir(parents=True, exist_ok=True)
    if copied:
        shutil.copy2(old, new)
    else:
        old.rename(new)


def _run_patch(program: str, change: FilePatch, tree: Path, path: str, patch: str) -> list[Offset]:
    """Give GNU patch the hunks of one file, under names that were checked."""
    before = NOTHING if change.old is None else f"a/{path}"
    after = NOTHING if change.new is None else f"b/{path}"
    header = f"--- {before}\t\n+++ {after}\t\n".encode("utf-8", "surrogateescape")
    done = _gnu_patch(program, header + b"".join(change.hunks), tree, path, patch)
    said = printable((done.stdout + done.stderr).decode("utf-8", "replace"))
    if "Reversed (or previously applied)" in said:
        raise PatchError(
            f"the patch is reversed or already applied: {printable(path, keep='')}",
            reference="patch-already-applied",
            context=(("patch", patch),),
        )
    if done.returncode != 0:
        raise PatchError(
            f"the patch does not fit {printable(path, keep='')}",
            reference="patch-does-not-fit",
            context=(("patch", patch), ("patch says", said.strip()[-800:])),
            hint=_line_end_hint(change, tree / path),
        )
    return [Offset(path=path, hunk=int(found[1]), lines=int(found[3])) for found in _OFFSET.finditer(said)]


def _line_end_hint(change: FilePatch, target: Path) -> str | None:
    in_patch = any(b"\r\n" in hunk for hunk in change.hunks)
    in_file = target.is_file() and b"\r\n" in target.read_bytes()
    if in_patch == in_file:
        return None
    return "the patch and the file differ in line ends (CRLF and LF)"


def _gnu_patch(program: str, text: bytes, tree: Path, path: str, patch: str) -> subprocess.CompletedProcess[bytes]:
    options = ["-u", "-p1", "--fuzz=0", "--forward", "--no-backup-if-mismatch", "--reject-file=-", "--binary"]
    try:
        # The file is named outright: names in the text then decide nothing but creation and removal.
        return subprocess.run(
            [program, *options, "--", path],
            input=text,
            cwd=tree,
            env={"LC_ALL": "C", "TZ": "UTC"},
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PatchError(
            f"GNU patch took longer than {_SECONDS} s for {printable(path, keep='')}",
            reference="patch-does-not-fit",
            context=(("patch", patch),),
        ) from error
