"""``xpkg install --locked``: exactly what a lock says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xpkg.cli import options as opt
from xpkg.cli.acting import Timing, check_prefix, follow, switch_for
from xpkg.core.errors import UsageError
from xpkg.ops.lock_file import DEFAULT_NAME
from xpkg.ops.lock_reader import read_lock
from xpkg.ops.lock_wishes import pair_of, target_name
from xpkg.ops.locked import chosen_targets, hold_first_uses, plan_locked
from xpkg.ops.planning import Plan
from xpkg.ops.situation import Situation

_FREE = {
    "packages": "PACKAGE",
    "with_test": "--with-test",
    "with_doc": "--with-doc",
    "with_dev_setup": "--with-dev-setup",
    "dependencies_only": "--deps-only",
    "best_effort": "--best-effort",
    "update_invariant": "--update-invariant",
    "reuse": "--reuse",
    "repositories": "--repos",
    "variables": "--var",
}
"""What asks for a choice that a lock leaves no room for."""


def install_locked(given: Mapping[str, Any]) -> int:
    """Make the switch what the lock says; the exit code."""
    timing = Timing()
    for key, option in _FREE.items():
        if given[key]:
            raise UsageError(f"--locked installs what the lock says: {option} cannot be given with it")
    printer, home = opt.printer(given["as_json"], given["verbose"]), opt.home(given["switch_name"])
    file: Path = given["lock_file"] or Path(DEFAULT_NAME)
    lock = read_lock(file)
    names = given["target_names"]
    targets = chosen_targets(lock, [target_name(pair) for pair in opt.pairs(home, names)] if names else [])
    switch = switch_for(home, dry_run=given["dry_run"])
    pairs = tuple(pair_of(Situation(home, switch), target) for target in targets)
    check_prefix(given["prefix"], pairs)

    def make_plan() -> Plan:
        return plan_locked(Situation(home, switch), lock, targets)

    def prepare() -> None:
        hold_first_uses(Situation(home, switch), lock)

    return follow(home, switch, pairs, make_plan, given, printer, timing, prepare)
