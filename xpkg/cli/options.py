"""Options that several commands share, and the settings they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from xpkg.cli.printer import Printer
from xpkg.core.errors import UsageError
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value for programs.")
verbose_option = click.option("-v", "--verbose", count=True, help="Say more; twice for the output of builds.")
switch_option = click.option("--switch", "switch_name", metavar="NAME", help="The switch to use.")
target_option = click.option("--target", "target_name", metavar="NAME", help="The machine the products are for.")
targets_option = click.option(
    "--target",
    "target_names",
    multiple=True,
    metavar="NAME",
    help="The machine the products are for; several are planned together ('native' is this machine).",
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
jobs_option = click.option(
    "-j", "--jobs", type=click.IntRange(1, 1024), metavar="N", help="Parallel jobs (default: the processors)."
)
prefix_option = click.option(
    "--prefix",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to link the target's prefix; its parent directory must be yours to write in.",
)


def apply(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order given."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


common = apply(json_option, verbose_option)


def home(switch_name: str | None = None) -> Home:
    """The state that this command line and the environment mean.  UsageError for an unusable XPKG_ROOT."""
    chosen = os.environ.get("XPKG_ROOT")
    root = Path(chosen).expanduser().absolute() if chosen else _default_root()
    if root.exists() and not root.is_dir():
        raise UsageError(f"XPKG_ROOT is not a directory: {root}", hint="set XPKG_ROOT to a directory")
    return Home(root, switch_name or os.environ.get("XPKG_SWITCH") or None, os.environ)


def _default_root() -> Path:
    import platformdirs

    try:
        return Path(platformdirs.user_data_dir("xpkg"))
    except RuntimeError as error:  # no HOME, and no entry for the user
        raise UsageError("there is no home directory", hint="set XPKG_ROOT to a directory for xpkg's state") from error


def pair(here: Home, target_name: str | None) -> Pair:
    """The pair of machines that ``--target`` means; the target is checked to exist."""
    chosen = Pair.of(target_name)
    if chosen.target is not None:
        here.target(chosen.target)
    return chosen


def pairs(here: Home, target_names: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs of machines that every ``--target`` means, names with commas between them; the native one for none.

    UsageError for an empty name: a script's variable that is not set must not mean this machine.
    """
    names = [name for text in target_names for name in text.split(",")]
    if "" in names:
        raise UsageError(
            "--target without a name", hint="xpkg target list shows those there are; native is this machine"
        )
    return tuple(dict.fromkeys(pair(here, name) for name in names)) or (Pair(),)


def jobs_or_default(jobs: int | None) -> int:
    """``--jobs``, or the processors this process may use."""
    return jobs or len(os.sched_getaffinity(0))


def printer(as_json: bool, verbose: int = 0, *, beside: bool = False) -> Printer:
    return Printer(as_json=as_json, verbosity=verbose, beside=beside)
