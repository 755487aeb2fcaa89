"""A prefix: the merged files of several outputs, by hard links and rewritten copies.

Everything is decided first (who owns which path, which files must be rewritten), then written.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from xpkg.core.errors import StoreError
from xpkg.core.files import disk_errors, remove_tree
from xpkg.core.values import value
from xpkg.sandbox.layout import DIRECTORY_MODE, PLACEHOLDERS, SOURCE_DATE_EPOCH
from xpkg.sandbox.record import Entry
from xpkg.sandbox.relocate import copy_file, replacements, rewrite, rewrite_file, rewrite_link
from xpkg.sandbox.sealed import Difference, difference, present
from xpkg.sandbox.store import StoredOutput

_SHOWN = 10
# Another file system, or one without links (FAT, some network file systems): so for all files.
_NO_LINKS = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP}

Plan = dict[str, tuple[StoredOutput, Entry]]


@value(kw_only=True)
class Composition:
    """What composing did.

    ``copied`` are files that could not be linked, ``rewritten`` the paths of changed ones, of which
    ``reused`` were taken from an earlier composition.
    """

    files: int
    copied: int
    rewritten: tuple[str, ...]
    reused: int = 0


@value(kw_only=True)
class Earlier:
    """A tree composed with the same mapping, and the outputs in it: its rewritten files can be linked."""

    path: Path
    keys: frozenset[str]


def compose(
    outputs: Sequence[StoredOutput],
    destination: Path,
    mapping: Mapping[str, str],
    earlier: Earlier | None = None,
    apart: frozenset[str] = frozenset(),
) -> Composition:
    """Merge the outputs into ``destination`` (absent or empty).

    ``mapping`` gives for TOOLS and TARGET the real prefixes; an empty mapping leaves the files as
    they are.  StoreError ``file-conflict`` before anything is written when two outputs own one
    path; ``unmapped-reference`` when a file needs a prefix that is not given; ``disk-full``.
    Rewritten files of outputs that ``earlier`` has are linked from there; files of those whose keys are ``apart`` are
    copied: who writes into them does not write into the store.  After an error ``destination`` is as it was.
    """
    real = replacements(mapping)
    plan = merge(outputs)
    _check_mapped(plan, mapping)
    existed = destination.is_dir()
    with disk_errors("compose the prefix", destination):
        if existed and any(destination.iterdir()):
            raise OSError(errno.ENOTEMPTY, "the directory is not empty", str(destination))
        try:
            return _write(plan, destination, real, earlier, apart)
        except BaseException:
            remove_tree(destination)
            if existed:
                destination.mkdir()
            raise


def merge(outputs: Sequence[StoredOutput]) -> Plan:
    """Which output's entry stands at each path; StoreError ``file-conflict`` naming every clash."""
    plan: Plan = {}
    clashes: list[tuple[str, str]] = []
    for output in outputs:
        for entry in output.record.manifest:
            before = plan.setdefault(entry.path, (output, entry))
            if before[1] is not entry and not before[1].kind == entry.kind == "directory":
                clashes.append((entry.path, f"{_owner(*before)} and {_owner(output, entry)}"))
    if clashes:
        raise _conflict(clashes)
    return plan


def verify(outputs: Sequence[StoredOutput], destination: Path, mapping: Mapping[str, str]) -> tuple[Difference, ...]:
    """What of a composed prefix is not as it was made; files that no output owns are listed too."""
    real = replacements(mapping)
    plan = merge(outputs)
    found = [Difference(path=path, problem="belongs to no package") for path in foreign(plan, destination)]
    with disk_errors("verify the prefix", destination):
        for path, (output, entry) in plan.items():
            stored = output.files / path
            problem = _compare(stored, destination / path, entry, real)
            if problem is not None:
                found.append(Difference(path=path, problem=f"{problem} (package {output.record})"))
    return tuple(found)


def foreign(plan: Plan, destination: Path) -> Iterator[str]:
    """The paths in a prefix that no output put there, sorted."""
    return (path for path in sorted(present(destination)) if path not in plan)


def _write(
    plan: Plan, destination: Path, real: Mapping[str, bytes], earlier: Earlier | None, apart: frozenset[str]
) -> Composition:
    os.makedirs(destination, exist_ok=True)
    os.chmod(destination, DIRECTORY_MODE)
    base = str(destination) + "/"
    rewritten: list[str] = []
    files = copied = reused = 0
    linked = True
    for path, (output, entry) in plan.items():
        target = base + path
        if entry.kind == "directory":
            os.mkdir(target, DIRECTORY_MODE)
            os.chmod(target, DIRECTORY_MODE)  # whatever the umask is
            continue
        if entry.kind == "link":
            os.symlink(rewrite_link(entry.link, real), target)
            continue
        files += 1
        source = f"{output.path}/files/{path}"
        if any(name in real for name in entry.references):
            rewritten.append(path)
            if earlier is not None and output.key in earlier.keys and _reuse(earlier.path / path, target, entry):
                reused += 1
            else:
                rewrite_file(source, target, entry, real)
            continue
        refused = _link(source, target) if linked and output.key not in apart else errno.EXDEV
        if refused:
            linked = linked and (output.key in apart or refused not in _NO_LINKS)
            copy_file(source, target, entry.mode)
            copied += 1
    return Composition(files=files, copied=copied, rewritten=tuple(rewritten), reused=reused)


def _reuse(before: Path, target: str, entry: Entry) -> bool:
    """Link an already rewritten file, unless somebody wrote into it: then its time is another."""
    try:
        status = before.lstat()
    except OSError:
        return False
    untouched = (
        stat.S_IFMT(status.st_mode) == stat.S_IFREG
        and stat.S_IMODE(status.st_mode) == entry.mode
        and status.st_mtime_ns == SOURCE_DATE_EPOCH * 10**9
        and (entry.text or status.st_size == entry.size)
    )
    return untouched and _link(str(before), target) == 0


def _link(source: str, target: str) -> int:
    """Make a hard link; 0, or the reason why the file must be copied instead."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno == errno.EMLINK or error.errno in _NO_LINKS:
            return error.errno
        raise
    return 0


def _compare(stored: Path, path: Path, entry: Entry, real: Mapping[str, bytes]) -> str | None:
    if entry.kind != "file" or not any(name in real for name in entry.references):
        if entry.kind == "link":
            if not path.is_symlink():
                return "is missing or is not a symbolic link"
            return None if os.readlink(path) == rewrite_link(entry.link, real) else "points elsewhere"
        return difference(path, entry)
    problem = difference(stored, entry)
    if problem is not None:
        return f"its stored file {problem}"
    if not path.is_file() or path.is_symlink():
        return "is missing or is not a file"
    expected = rewrite(stored.read_bytes(), real, text=entry.text)
    return None if path.read_bytes() == expected else "has another content"


def _check_mapped(plan: Plan, mapping: Mapping[str, str]) -> None:
    """With a mapping every reference must be in it: half a relocation helps nobody."""
    if not mapping:
        return
    known = {name for name, fixed in PLACEHOLDERS.items() if fixed in mapping}
    for path, (output, entry) in plan.items():
        missing = [name for name in entry.references if name not in known]
        if missing:
            raise StoreError(
                f"{output.record} refers to the {missing[0]} prefix, which this prefix has none of",
                reference="unmapped-reference",
                context=(("file", path),),
            )


def _owner(output: StoredOutput, entry: Entry) -> str:
    return f"{output.record} ({entry.kind})"


def _conflict(clashes: list[tuple[str, str]]) -> StoreError:
    path, owners = clashes[0]
    more = len(clashes) - _SHOWN
    return StoreError(
        f"two packages own {path}: {owners}",
        reference="file-conflict",
        context=tuple(clashes[:_SHOWN]) + ((("and", f"{more} more"),) if more > 0 else ()),
        hint="remove one of the two packages, or choose another version of one",
    )
