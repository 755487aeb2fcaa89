"""Running a program in one's own place: its terminal, input, signals and exit status are the caller's."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress

# What a terminal or another process sends to end or tell a program something.
_PASSED_ON = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_KERNEL = 0x80  # SI_KERNEL of <bits/siginfo-consts.h>: a key at the terminal, not another process
_LOOK_S = 0.5  # seconds; another thread of the process may have been given SIGCHLD


def run_in_foreground(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run ``argv``, whose first word is a path; its exit status, or 128+n when signal n ended it, as shells say it.

    Signals sent to this process alone are passed on.  A key at the terminal reaches the program directly, being in the
    same process group, so that passing it on would send it twice.  OSError when the program cannot be started.
    """
    waited = {*_PASSED_ON, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    try:
        # One that is ignored (nohup) stays so; Python's own handlers are gone in the new program anyway.
        child = os.posix_spawn(argv[0], list(argv), dict(environment), setsigmask=before)
        return _wait(child, waited)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(child: int, waited: set[signal.Signals]) -> int:
    while True:
        told = signal.sigtimedwait(waited, _LOOK_S)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if told is not None and told.si_signo != signal.SIGCHLD and told.si_code != _FROM_KERNEL:
            with suppress(ProcessLookupError):
                os.kill(child, told.si_signo)
