"""What a location of the settings is: a directory read in place, a git repository, or a place of the web.

Apart from the reading of addresses, which few commands do: every command asks this.
"""

from __future__ import annotations


def is_directory(location: str) -> bool:
    """Whether a location of the settings is read in place."""
    return location.startswith("/")


def is_git(location: str) -> bool:
    """Whether a location of the settings is a git repository."""
    return location.startswith("git+")
