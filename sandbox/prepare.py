"""The source tree of a build: unpacked, patched and filled in, without running anything from it.

Order as opam's: archive, ``files/``, extra sources, patches, ``substs`` (opam manual, "Package
definitions").
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from xpkg.core.errors import BuildError
from xpkg.core.files import disk_errors
from xpkg.repo.extract import extract
from xpkg.repo.filters import is_true
from xpkg.repo.patching import apply_patch
from xpkg.repo.substs import substituted
from xpkg.sandbox.environment import variables
from xpkg.sandbox.layout import SOURCE_DATE_EPOCH
from xpkg.sandbox.steps import JOBS
from xpkg.sandbox.task import BuildTask, SourceFiles


def prepare_source(
    task: BuildTask, sources: SourceFiles, tree: Path, jobs: int, cancelled: threading.Event | None = None
) -> None:
    """Make ``tree`` (absent) the task's source tree.  BuildError, or what extraction and patching raise."""
    with disk_errors("unpack the source", tree):
        if sources.archive is not None:
            extract(sources.archive, tree, cancel=cancelled)
            if not any(tree.iterdir()):
                raise BuildError(f"the source of {task.label} is empty", context=(("archive", str(sources.archive)),))
        else:
            tree.mkdir()
        for name, path in task.recipe.files:
            _put(tree, name, path)
        for name, path in sources.extra:
            _put(tree, name, path)
        _patch(task, tree)
        _substitute(task, tree, jobs)
        _fix_times(tree)


def _put(tree: Path, name: str, path: Path) -> None:
    """Copy one file into the tree; the name was checked when the recipe was read, links were not."""
    destination = tree / name
    parent = destination.parent
    parent.mkdir(parents=True, exist_ok=True)
    if not parent.resolve().is_relative_to(tree.resolve()):
        raise BuildError(f"the file {name} of the recipe would be written through a link out of the source tree")
    # Not written over: it may be a link, or one of several names that the archive gives to one file.
    destination.unlink(missing_ok=True)
    shutil.copyfile(path, destination)
    destination.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def _patch(task: BuildTask, tree: Path) -> None:
    values = variables(task.subject)
    for patch in task.recipe.patches:
        if patch.filter is None or is_true(patch.filter, values):
            apply_patch(tree / patch.text, tree)


def _substitute(task: BuildTask, tree: Path, jobs: int) -> None:
    values = variables(task.subject)
    for name in task.recipe.substs:
        template = tree / f"{name}.in"
        if not template.is_file() or template.is_symlink():
            raise BuildError(
                f"{task.label} substitutes variables in {name}.in, which its source does not have",
                reference="missing-template",
            )
        # Bytes, so that line ends stay as they are.
        text = substituted(template.read_bytes().decode("utf-8", "surrogateescape"), values).replace(JOBS, str(jobs))
        (tree / name).unlink(missing_ok=True)
        (tree / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        shutil.copymode(template, tree / name)


def _fix_times(tree: Path) -> None:
    """One time for every file, so that make sees no order that unpacking made up."""
    moment = (SOURCE_DATE_EPOCH, SOURCE_DATE_EPOCH)
    for directory, names, files in os.walk(tree):
        for name in (*names, *files):
            os.utime(os.path.join(directory, name), moment, follow_symlinks=False)
