"""Whether a generation can have a tree of an earlier one instead of a copy.

The tools of one target are tens of thousands of files; linking them anew for each package that is installed for it
took longer than many a package's build.  Other trees are what users look at, and stay directories of their own.
"""

from __future__ import annotations

import os
from pathlib import Path


def shareable(tree: Path, record: str) -> str | None:
    """A link to an earlier generation's tree, for the same name in another generation; None when it has changed.

    ``record`` is the name of the file that a generation gets when its trees are complete.  A directory that was changed
    since (a file that was deleted, added or replaced in it) is newer.  Files are not looked at: they are read-only, and
    most are links to the store's, which a copy has as well.
    """
    # Never a link to a link, so that a tree is in one generation and the others lead to it.
    link = os.readlink(tree) if tree.is_symlink() else f"../{tree.parent.name}/{tree.name}"
    home = tree.parent / link
    try:
        complete = (home.parent / record).lstat().st_mtime_ns
        pending = [str(home)]
        while pending:
            directory = pending.pop()
            status = os.lstat(directory)
            if status.st_mtime_ns > complete:
                return None
            if status.st_nlink != 2:  # its name and its own "."; a directory in it would add a "..", as find(1) knows
                with os.scandir(directory) as entries:
                    pending += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return None
    return link
