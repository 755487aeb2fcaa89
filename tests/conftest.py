"""For all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let Ctrl-C mean what it means in a terminal.

    A shell that runs its commands in the background has them ignore SIGINT, and so would every process that the tests
    start and interrupt.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
