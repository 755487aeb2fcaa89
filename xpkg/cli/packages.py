"""``xpkg install``, ``upgrade``, ``reinstall`` and ``remove``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from xpkg.cli import options as opt
from xpkg.cli.asking import asking_options, kinds_options, source_options, what_if_options
from xpkg.cli.project_options import ignore_pin_depends_option, only_option, system_option
from xpkg.core.errors import UsageError

_acting = opt.apply(
    opt.targets_option,
    opt.switch_option,
    opt.dry_run_option,
    opt.yes_option,
    opt.jobs_option,
    opt.common,
)
_packages = click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")


@click.command("install")
@click.argument("packages", nargs=-1, metavar="[PACKAGE...]")
@_acting
@opt.prefix_option
@source_options
@kinds_options
@click.option("--deps-only", "dependencies_only", is_flag=True, help="Only what the packages need, not themselves.")
@click.option("--best-effort", is_flag=True, help="As many of the packages as can be installed together.")
@click.option("--update-invariant", is_flag=True, help="Let the switch's invariant give way where it must.")
@click.option("--locked", is_flag=True, help="Exactly what 'xpkg lock' wrote down, and nothing else.")
@click.option(
    "--lock-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --locked: the lock (default: xpkg.lock).",
)
@only_option
@system_option
@ignore_pin_depends_option
@asking_options
@what_if_options
def install(**given: Any) -> int:
    """Install packages, building what is not built yet.

    PACKAGE is NAME, NAME.VERSION or a constraint such as 'NAME>=VERSION'.  Without --target the packages are for this
    machine; with it they are cross-built for the target, and what has to run while building is built for this machine.
    It can also be a project: a DIRECTORY (with '/' in it, or '.'), DIRECTORY:NAME or FILE.opam, whose packages are
    pinned to it and built as they are there now.
    With --locked no packages are named: the lock file has them, for all its targets unless some are named.
    """
    if given["locked"] or given["lock_file"] is not None:
        from xpkg.cli.locked import install_locked

        return install_locked(given)
    if not given["packages"]:
        raise UsageError("name the packages to install, or say --locked", hint="xpkg install --help")
    from xpkg.cli.acting import act

    return act("install", given)


@click.command("upgrade")
@click.argument("packages", nargs=-1, metavar="[PACKAGE...]")
@_acting
@source_options
@kinds_options
@asking_options
@what_if_options
def upgrade(**given: Any) -> int:
    """Take newer versions of the packages named, or of everything that is installed.

    Without --target everything means every target of the switch, and packages named mean those of this machine.  When
    a newer version cannot be had, the plan says why.
    """
    from xpkg.cli.acting import act

    return act("upgrade", given)


@click.command("reinstall")
@_packages
@_acting
@source_options
@asking_options
def reinstall(**given: Any) -> int:
    """Build installed packages once more.

    What comes out as the store has it stays; what differs, or was changed or damaged since, is replaced.
    """
    from xpkg.cli.acting import act

    return act("reinstall", given)


@click.command("remove")
@_packages
@_acting
@asking_options
@what_if_options
def remove(**given: Any) -> int:
    """Remove packages, what depends on them, and what nothing else needs afterwards.

    Built outputs stay in the store, so installing them again is instant.
    """
    from xpkg.cli.acting import act

    return act("remove", given)
