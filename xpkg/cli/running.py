"""``xpkg run``: run a product of a target."""

from __future__ import annotations

import os

import click

from xpkg.cli import options as opt
from xpkg.cli.progress import TerminalProgress
from xpkg.ops import run as ops
from xpkg.ops.building import Options


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("product", metavar="PRODUCT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[-- ARGUMENT...]")
@opt.target_option
@opt.switch_option
@opt.jobs_option
@click.option("-v", "--verbose", count=True, help="Say more.")
def run(
    product: str,
    arguments: tuple[str, ...],
    target_name: str | None,
    switch_name: str | None,
    jobs: int | None,
    verbose: int,
) -> int:
    """Run a product of a target in the target's runner, an emulator or a harness.

    PRODUCT is a path, or the name of a product in the target's prefix.  The runner is built when it is first needed;
    the exit status is the product's, 128 and the signal's number when a signal ended it.  Without --target, or with
    'native', it is a program of this machine, which is run as it is.
    """
    printer, home = opt.printer(False, verbose, beside=True), opt.home(switch_name)
    pair = opt.pair(home, target_name)
    how = ops.runner_of(home, pair)
    found = ops.find_product(home, pair, how, product)
    if how is None:
        return ops.run_here(home, found, arguments, os.environ)
    ops.check_machine(home, pair, found)
    with TerminalProgress(printer) as progress:
        place = ops.prepare_runner(home, how, Options(jobs=opt.jobs_or_default(jobs)), progress)
    return ops.run_product(place, how, found, arguments, os.environ)
