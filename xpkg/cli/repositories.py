"""``xpkg repo`` and ``xpkg update``."""

from __future__ import annotations

from pathlib import Path

import click

from xpkg.cli import options as opt
from xpkg.cli.progress import TerminalProgress
from xpkg.core.errors import ExitCode
from xpkg.ops import repositories as ops
from xpkg.ops.settings import FIRST, LAST, SHIPPED, RepositorySettings


@click.group()
def repo() -> None:
    """Add, list and remove repositories."""


@repo.command()
@click.argument("name")
@click.argument("address")
@click.option("--exclusive", is_flag=True, help="The names it has are never looked up in another repository.")
@click.option("--last", is_flag=True, help="Put it behind the others instead of before them.")
@opt.common
def add(name: str, address: str, exclusive: bool, last: bool, as_json: bool, verbose: int) -> int:
    """Add a repository: a directory, git+https://...[#BRANCH], git+file:///... or https://... .

    Where several have one version of a package, the one added last decides; the shipped repository comes after all.
    """
    printer, home = opt.printer(as_json, verbose), opt.home()
    place = address if "://" in address else str(Path(address).absolute())
    added = RepositorySettings(name=name, address=place, exclusive=exclusive)
    with TerminalProgress(printer) as progress:
        done = ops.add(home, added, progress.sources, LAST if last else FIRST)
    printer.value({"name": name, "address": place, "exclusive": exclusive, "state": done.state})
    printer.line(f"added repository {name}: {place}")
    return ExitCode.SUCCESS


@repo.command("list")
@opt.common
def list_(as_json: bool, verbose: int) -> int:
    """List the repositories, the one that decides first at the top."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    rows = [(one.name, one.address, one.exclusive) for one in home.settings.repositories]
    rows.append((SHIPPED, "shipped with xpkg", False))
    printer.value([{"name": name, "address": address, "exclusive": exclusive} for name, address, exclusive in rows])
    printer.table([(name, address, "exclusive" if exclusive else "") for name, address, exclusive in rows])
    return ExitCode.SUCCESS


@repo.command()
@click.argument("name")
@opt.common
def remove(name: str, as_json: bool, verbose: int) -> int:
    """Remove a repository; what was installed from it stays installed."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    ops.remove(home, name)
    printer.value({"removed": name})
    printer.line(f"removed repository {name}")
    return ExitCode.SUCCESS


@click.command()
@click.argument("names", nargs=-1, metavar="[REPOSITORY...]")
@opt.common
def update(names: tuple[str, ...], as_json: bool, verbose: int) -> int:
    """Bring the copies of repositories up to date, all of them or those named."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    with TerminalProgress(printer) as progress:
        results = ops.update(home, names, progress.sources)
    printer.value([{"name": one.name, "changed": one.changed, "state": one.state} for one in results])
    printer.table([(one.name, "changed" if one.changed else "up to date", one.state) for one in results])
    if not results:
        printer.line("there is nothing to update: the shipped repository comes with xpkg")
    return ExitCode.SUCCESS
