"""``xpkg repo`` and ``xpkg update``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.cli.check import check
from xpkg.cli.progress import TerminalProgress
from xpkg.core.errors import ExitCode, UsageError
from xpkg.ops import repositories as ops
from xpkg.ops.settings import FIRST, LAST, SHIPPED, Place, RepositorySettings

if TYPE_CHECKING:
    from xpkg.repo.remote.addresses import Address

_names_option = click.option(
    "--names", metavar="GLOB,...", help="The package names it answers for, as conf-* or lwt; all without this."
)
_commit_option = click.option("--commit", metavar="HASH", help="Hold a git repository at this commit.")
_place_options = opt.apply(
    click.option("--first", is_flag=True, help="Put it before all others."),
    click.option("--last", is_flag=True, help="Put it behind all others."),
    click.option("--before", metavar="OTHER", help="Put it before another one."),
    click.option("--priority", type=int, metavar="N", help="Make it the Nth to decide; from the end if negative."),
)


@click.group()
def repo() -> None:
    """Add, change, list and remove repositories."""


repo.add_command(check)


@repo.command()
@click.argument("name")
@click.argument("address")
@click.option("--exclusive", is_flag=True, help="The names it has are never looked up in another repository.")
@_names_option
@_commit_option
@_place_options
@opt.common
def add(
    name: str,
    address: str,
    exclusive: bool,
    names: str | None,
    commit: str | None,
    first: bool,
    last: bool,
    before: str | None,
    priority: int | None,
    as_json: bool,
    verbose: int,
) -> int:
    """Add a repository: a directory, git+https://...[#BRANCH], git+file:///... or https://... .

    Where several have one version of a package, the one added last decides; the shipped repository comes after all.
    """
    from xpkg.cli import repository_reports as reports

    printer, home = opt.printer(as_json, verbose), opt.home()
    place = _address(address)
    added = RepositorySettings(
        name=name,
        address=place.location,
        exclusive=exclusive,
        commit=commit or place.commit,
        names=_globs(names),
    )
    with TerminalProgress(printer) as progress:
        done = ops.add(home, added, progress.sources, _place(first, last, before, priority) or FIRST)
    printer.value(reports.settings_value(added) | reports.update_value(done))
    reports.tell_problems(printer, home, done)
    count = f" ({reports.versions_text(done)})" if done.revision else ""
    printer.line(f"added repository {name}: {reports.shown_address(added)}{count}")
    return ExitCode.SUCCESS


@repo.command("set")
@click.argument("name")
@click.option("--address", help="Take it from another place.")
@click.option("--exclusive/--no-exclusive", default=None, help="Whether its names are looked up nowhere else.")
@_names_option
@_commit_option
@click.option("--no-commit", is_flag=True, help="Follow the branch again.")
@_place_options
@opt.common
def set_(
    name: str,
    address: str | None,
    exclusive: bool | None,
    names: str | None,
    commit: str | None,
    no_commit: bool,
    first: bool,
    last: bool,
    before: str | None,
    priority: int | None,
    as_json: bool,
    verbose: int,
) -> int:
    """Change a repository; it is fetched anew where that is needed, and nothing changes if that fails.

    --names '' has it answer for all names again.
    """
    from xpkg.cli import repository_reports as reports

    if commit is not None and no_commit:
        raise UsageError("--commit and --no-commit exclude each other")
    printer, home = opt.printer(as_json, verbose), opt.home()
    wish = ops.Wish(
        address=None if address is None else _address(address),
        commit=commit,
        no_commit=no_commit,
        names=None if names is None else _globs(names),
        exclusive=exclusive,
        place=_place(first, last, before, priority),
    )
    if wish == ops.Wish():
        raise UsageError("nothing is to change", hint="xpkg repo set --help")
    with TerminalProgress(printer) as progress:
        done = ops.change(home, name, wish, progress.sources)
    after = home.settings.repository(name)
    printer.value(reports.settings_value(after) | (reports.update_value(done) if done else {}))
    if done is not None:
        reports.tell_problems(printer, home, done)
        reports.tell_updated(printer, [done])
    printer.line(f"changed repository {name}: {reports.shown_address(after)}")
    return ExitCode.SUCCESS


@repo.command("list")
@opt.common
def list_(as_json: bool, verbose: int) -> int:
    """List the repositories, the one that decides first at the top."""
    from xpkg.cli import repository_reports as reports

    printer, home = opt.printer(as_json, verbose), opt.home()
    chosen = home.settings.repositories
    shipped = {"name": SHIPPED, "address": "shipped with xpkg", "exclusive": False, "commit": None, "names": []}
    printer.value([*map(reports.settings_value, chosen), shipped])
    rows = [(one.name, reports.shown_address(one), reports.marks(one)) for one in chosen]
    printer.table([*rows, (SHIPPED, "shipped with xpkg", "")])
    return ExitCode.SUCCESS


@repo.command()
@click.argument("names", nargs=-1, metavar="[REPOSITORY...]")
@click.option("--remote", is_flag=True, help="Ask remote repositories whether they have something newer.")
@opt.common
def status(names: tuple[str, ...], remote: bool, as_json: bool, verbose: int) -> int:
    """Show where repositories come from, how old our copies are, and which recipes are broken."""
    from xpkg.cli import repository_reports as reports
    from xpkg.ops import repository_status

    printer, home = opt.printer(as_json, verbose), opt.home()
    with TerminalProgress(printer) as progress:
        found = repository_status.status(home, names, progress.sources, ask=remote)
    printer.value([reports.status_value(one) for one in found])
    for one in found:
        reports.tell_status(printer, home, one)
    if not found:
        printer.line("there are no repositories but the shipped one")
    return ExitCode.SUCCESS


@repo.command()
@click.argument("name")
@opt.common
def remove(name: str, as_json: bool, verbose: int) -> int:
    """Remove a repository; what was installed from it stays installed."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    with TerminalProgress(printer) as progress:
        ops.remove(home, name, progress.sources)
    printer.value({"removed": name})
    printer.line(f"removed repository {name}")
    return ExitCode.SUCCESS


@click.command()
@click.argument("names", nargs=-1, metavar="[REPOSITORY...]")
@click.option("--allow-shrink", is_flag=True, help="Take a repository that lost most of its versions.")
@click.option("--again", is_flag=True, help="Make our copies anew even where nothing changed.")
@opt.common
def update(names: tuple[str, ...], allow_shrink: bool, again: bool, as_json: bool, verbose: int) -> int:
    """Bring the copies of repositories up to date, all of them or those named.

    Without names the sources that packages of the switch are pinned to are looked at too.
    """
    from xpkg.cli import repository_reports as reports
    from xpkg.cli.pins import pin_update_value, tell_refreshed
    from xpkg.ops import pinning

    printer, home = opt.printer(as_json, verbose), opt.home()
    with TerminalProgress(printer) as progress:
        results = ops.update(home, names, progress.sources, allow_shrink=allow_shrink, again=again)
        pins = () if names else pinning.refresh(home, home.find_switch(make=False), progress.sources)
    printer.value([*map(reports.update_value, results), *map(pin_update_value, pins)])
    for one in results:
        reports.tell_problems(printer, home, one)
    reports.tell_updated(printer, results)
    if not results and not pins:
        printer.line("there is nothing to update: the shipped repository comes with xpkg")
    wrong = tell_refreshed(printer, pins)
    errors = [one.error for one in results if one.error is not None]
    for error in errors:
        reports.tell_error(printer, error)
    return errors[0].exit_code if errors else wrong


def _address(text: str) -> Address:
    from xpkg.repo.remote.addresses import address_of

    return address_of(text, Path.cwd())


def _globs(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _place(first: bool, last: bool, before: str | None, priority: int | None) -> Place | None:
    """Where in the list; None when nothing was said."""
    said = [name for name, one in (("--first", first), ("--last", last), ("--before", before)) if one]
    if priority is not None:
        said.append("--priority")
        if priority == 0:
            raise UsageError("--priority counts from 1, or from -1 at the end")
    if len(said) > 1:
        raise UsageError(f"{said[0]} and {said[1]} exclude each other")
    if before is not None:
        return Place(before=before)
    if priority is not None:
        return Place(rank=priority)
    return FIRST if first else LAST if last else None
