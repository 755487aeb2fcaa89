"""What a server that answered does not have."""

from __future__ import annotations

from xpkg.repo.sources.attempt import AttemptFailed


class NoSuchCommit(AttemptFailed):
    """The server has been asked and has no such commit."""
