"""``xpkg fetch``: bring the sources of an install into the cache, and build nothing."""

from __future__ import annotations

import threading

import click

from xpkg.cli import options as opt
from xpkg.cli.progress import TerminalProgress
from xpkg.core.errors import ExitCode
from xpkg.ops import solving as ops
from xpkg.ops.asking import Ask
from xpkg.ops.sources import SourceBook


@click.command()
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
@opt.target_option
@opt.switch_option
@opt.jobs_option
@click.option(
    "--trust-on-first-use", "unhashed", multiple=True, metavar="NAME", help="Take NAME's source without a strong hash."
)
@opt.common
def fetch(
    packages: tuple[str, ...],
    target_name: str | None,
    switch_name: str | None,
    jobs: int | None,
    unhashed: tuple[str, ...],
    as_json: bool,
    verbose: int,
) -> int:
    """Fetch the sources of packages and of all they need, so that an install needs no network."""
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    pair = opt.pair(home, target_name)
    plan = ops.plan(home, home.find_switch(make=False), [pair], Ask(packages=packages))
    book = SourceBook(home.root, home.environment)
    tasks = plan.tasks
    with TerminalProgress(printer) as progress:
        files = book.fetch(
            tasks,
            progress.sources,
            threading.Event(),
            jobs=opt.jobs_or_default(jobs),
            allow_unhashed=frozenset(unhashed),
        )
    rows = [
        {"name": task.recipe.name, "version": task.recipe.version, "path": str(files(task).archive)}
        for task in tasks
        if files(task).archive is not None
    ]
    printer.value(rows)
    printer.line(f"{len(rows)} sources are in the cache")
    return ExitCode.SUCCESS
