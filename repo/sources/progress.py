"""What happens while fetching, told to whoever asked; nothing here prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum


class Step(Enum):
    """The kinds of events of one wanted thing, in the order they can come."""

    WAITING = "waiting"  # another process fetches the same
    STARTED = "started"  # a URL is tried
    ADVANCED = "advanced"  # bytes came in; at most some ten times a second
    FAILED = "failed"  # this URL did not give it; others may follow
    WARNING = "warning"
    FINISHED = "finished"  # it is in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of fetching ``label``; sizes in bytes, ``total`` is None while unknown.

    ``text`` says why (FAILED, WARNING) or what is waited for; ``url`` has no credentials in it.
    A FINISHED event without a URL was served by the cache.
    """

    label: str
    step: Step
    url: str | None = None
    done: int = 0
    total: int | None = None
    text: str = ""


# Called by one thread at a time.
Progress = Callable[[Event], None]


def silent(event: Event) -> None:
    """Progress for nobody."""
