"""Answers made of very many small values."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from xpkg.repo.index.content import collector_paused


@contextmanager
def large_answer() -> Iterator[None]:
    """For the work of a command that ends with it: nearly all is kept to the end, so collecting would be for nothing,
    half of the time; nor is there anything to collect when the interpreter ends."""
    with collector_paused():
        yield
        gc.freeze()
