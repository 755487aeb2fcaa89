"""``xpkg lock``: write down what an installation is made of, so that others install exactly that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from xpkg.cli import options as opt
from xpkg.cli.asking import kinds_options
from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode, NotFoundError, UsageError
from xpkg.ops.lock import Made, make_lock
from xpkg.ops.lock_diff import changes, told
from xpkg.ops.lock_file import DEFAULT_NAME, EXTRAS, LockFile
from xpkg.ops.lock_reader import read_lock
from xpkg.ops.lock_wishes import (
    LockWish,
    set_pins_aside,
    target_name,
    upgrading,
    wish_for_packages,
    wish_of_lock,
    wish_of_switch,
)
from xpkg.ops.lock_writing import one_at_a_time, would_change, write_lock
from xpkg.ops.situation import Situation

ALL = "\0"
"""What ``--upgrade`` without a name stands for."""


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@opt.targets_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=DEFAULT_NAME,
    show_default=True,
    metavar="FILE",
    help="The lock file.",
)
@click.option("--check", is_flag=True, help="Write nothing; status 1 when the file would change.")
@click.option(
    "--upgrade",
    is_flag=False,
    flag_value=ALL,
    multiple=True,
    metavar="[NAME]",
    help="Take newer versions of NAME, of everything without it.",
)
@click.option("--from-switch", is_flag=True, help="Lock what the switch has now, whatever the file asks for.")
@kinds_options
@opt.switch_option
@opt.common
def lock(
    packages: tuple[str, ...],
    target_names: tuple[str, ...],
    output: Path,
    check: bool,
    upgrade: tuple[str, ...],
    from_switch: bool,
    with_test: bool,
    with_doc: bool,
    with_dev_setup: bool,
    switch_name: str | None,
    as_json: bool,
    verbose: int,
) -> int:
    """Write xpkg.lock: versions, recipes, sources and builds, for one target or several.

    With packages the lock is for them; without, for what the file asks for, or where there is no file for what was
    asked for in the switch.  What is locked stays until --upgrade.  'xpkg install --locked' installs exactly that.
    """
    extras = [name for name, wanted in zip(EXTRAS, (with_test, with_doc, with_dev_setup), strict=True) if wanted]
    newer = _names(upgrade)
    _check(packages, extras, newer, from_switch=from_switch)
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    targets = [target_name(pair) for pair in opt.pairs(home, target_names)] if target_names else []
    with one_at_a_time(home, output, lambda _: printer.note("waiting: another process makes this lock")) as path:
        before = _before(path)
        if targets and before is not None and not packages and not from_switch and newer is None:
            _check_all(before, targets)
        situation = Situation(home, home.find_switch(make=False))
        wish = _wish(situation, before, packages, targets, extras, from_switch=from_switch)
        wish = upgrading(wish, newer, [] if packages else targets)
        made = make_lock(situation, wish, before)
        changed = would_change(path, made.lock)
        if changed and not check:
            write_lock(path, made.lock)
    return _show(printer, output, before, made, changed=changed, check=check)


def _names(upgrade: Sequence[str]) -> list[str] | None:
    """The packages to take newer versions of: none of them named for all, None when nobody asked for newer ones."""
    if not upgrade or ALL in upgrade:
        return [] if upgrade else None
    names = [name for text in upgrade for name in text.split(",")]
    if not all(names):
        raise UsageError("--upgrade has an empty name", hint="without a name it upgrades everything")
    return names


def _check_all(before: LockFile, targets: Sequence[str]) -> None:
    """What a file asks for is locked for all its targets, so that naming some of them cannot be obeyed."""
    known = [target.name for target in before.targets]
    if set(targets) < set(known):
        raise UsageError(
            f"what the file asks for is locked for all its targets, {', '.join(known)}, and not for some of them",
            hint="--target goes with packages, --upgrade or --from-switch",
        )


def _check(packages: Sequence[str], extras: Sequence[str], newer: Sequence[str] | None, *, from_switch: bool) -> None:
    """UsageError for options that do not go together."""
    if from_switch and packages:
        raise UsageError("--from-switch locks what the switch has: name no packages with it")
    if extras and not packages:
        raise UsageError(f"--{extras[0]} is for packages that are named here")
    if newer and packages:
        raise UsageError(
            "--upgrade NAME is for what the lock file asks for: name no packages with it",
            hint=f"several names: --upgrade {','.join([*newer, *packages])}",
        )


def _before(path: Path) -> LockFile | None:
    """The lock that is there."""
    try:
        return read_lock(path)
    except NotFoundError:
        return None


def _wish(
    situation: Situation,
    before: LockFile | None,
    packages: Sequence[str],
    targets: Sequence[str],
    extras: Sequence[str],
    *,
    from_switch: bool,
) -> LockWish:
    if packages:
        return wish_for_packages(situation, before, packages, targets, extras)
    if before is None or from_switch:
        return wish_of_switch(situation, targets)
    set_pins_aside(situation, before)
    return wish_of_lock(before)


def _show(printer: Printer, output: Path, before: LockFile | None, made: Made, *, changed: bool, check: bool) -> int:
    """Tell what is different; the exit code."""
    found = changes(before, made.lock)
    printer.value(
        {
            "file": str(output),
            "changed": changed,
            "changes": [one.as_value() for one in found],
            "notes": list(made.notes),
            "targets": [target.name for target in made.lock.targets],
        }
    )
    for note in made.notes:
        printer.note(f"note: {note}")
    if not changed:
        printer.line(f"{output} is up to date")
        return ExitCode.SUCCESS
    printer.table([(f"  {kind}", what, where) for kind, what, where in told(found)])
    count = len(made.lock.instances)
    of = f"{count} package{'' if count == 1 else 's'} for {', '.join(target.name for target in made.lock.targets)}"
    printer.line(f"{output} is not up to date" if check else f"wrote {output}: {of}")
    return ExitCode.FALSE if check else ExitCode.SUCCESS
