"""The user's own directory for a prefix (``--prefix DIR``): a symbolic link to the switch's stable path."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from xpkg.core.errors import StoreError
from xpkg.core.files import disk_errors, replace_link


def check(directory: Path, stable: Path, root: Path, former: Path) -> None:
    """StoreError when ``directory`` may not become a link to ``stable``; nothing is changed.

    ``prefix-taken`` unless it is absent, an empty directory, or that link already, be it to where ``stable`` was
    (``former``) before the state directory was moved away from there; ``prefix-not-writable`` when the link could
    not be made.
    """
    from xpkg.sandbox.relocate import check_prefix

    check_prefix(str(directory))
    with disk_errors("look at the prefix", directory):
        parent = directory.parent.resolve()
        if (parent / directory.name).is_relative_to(root.resolve()):
            raise _taken(directory, "it is inside xpkg's own state directory")
        if directory.is_symlink():
            found = os.readlink(directory)
            if found == str(stable):
                return
            if found != str(former) or former.exists():
                raise _taken(directory, f"it is a link to {found}")
        elif directory.is_dir():
            if any(directory.iterdir()):
                raise _taken(directory, "it is a directory with files in it")
        elif directory.exists():
            raise _taken(directory, "it is a file")
        while not parent.exists():
            parent = parent.parent
        if not os.access(parent, os.W_OK | os.X_OK):
            raise StoreError(
                f"{directory} cannot become a prefix: {parent} is not yours to write in",
                reference="prefix-not-writable",
                context=(("prefix", str(directory)),),
                hint="the prefix is a link made there: choose one below a directory of yours",
            )


def place(directory: Path, stable: Path) -> Callable[[], None]:
    """Make the link, after :func:`check`; what is returned undoes it."""
    with disk_errors("make the prefix", directory):
        if directory.is_symlink() and os.readlink(directory) == str(stable):
            return lambda: None
        directory.parent.mkdir(parents=True, exist_ok=True)
        if directory.is_symlink():
            before = os.readlink(directory)
            replace_link(directory, str(stable))
            return lambda: replace_link(directory, before)
        replaced = directory.is_dir()
        if replaced:
            try:
                directory.rmdir()  # fails when something came into it meanwhile
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise _taken(directory, "it is a directory with files in it") from error
                raise
        try:
            replace_link(directory, str(stable))
        except BaseException:
            _undo(directory, stable, replaced)
            raise
    return lambda: _undo(directory, stable, replaced)


def withdraw(directory: Path, stable: Path) -> None:
    """Delete the link if it is still ours; anything else there is the user's."""
    with disk_errors("remove the prefix", directory):
        if directory.is_symlink() and os.readlink(directory) == str(stable):
            directory.unlink()


def _undo(directory: Path, stable: Path, replaced: bool) -> None:
    withdraw(directory, stable)
    if replaced:
        directory.mkdir(exist_ok=True)


def _taken(directory: Path, why: str) -> StoreError:
    return StoreError(
        f"{directory} cannot become a prefix: {why}",
        reference="prefix-taken",
        context=(("prefix", str(directory)),),
        hint="choose a directory that does not exist yet, or an empty one",
    )
