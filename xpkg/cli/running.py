"""``xpkg run``: run a product of a target."""

from __future__ import annotations

import os

import click

from xpkg.cli import options as opt
from xpkg.cli.progress import TerminalProgress
from xpkg.ops import run as ops
from xpkg.ops.building import Options


class _Running(click.Command):
    """Whose own long options may also stand right after PRODUCT; all that follows is the product's.

    A program has options of its own, and what they are called is nobody's business here: ``-v``, ``--target``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, self._in_order(ctx, args))

    def _in_order(self, ctx: click.Context, words: list[str]) -> list[str]:
        """The command line with all own options first."""
        given, _, _ = self.make_parser(ctx).parse_args(list(words))
        rest = given.get("arguments")
        if not isinstance(rest, tuple) or not isinstance(given.get("product"), str):
            return words  # which is told as ever
        first = len(words) - len(rest) - 1  # where PRODUCT is
        if words[:first][-1:] == ["--"]:
            return words
        own = self._own(ctx, rest)
        theirs = rest[len(own) :]
        return [*words[:first], *own, "--", words[first], *(theirs[1:] if theirs[:1] == ("--",) else theirs)]

    def _own(self, ctx: click.Context, rest: tuple[str, ...]) -> tuple[str, ...]:
        """The words at the beginning that are long options of this command, with their values."""
        known = {name: one for one in self.params if isinstance(one, click.Option) for name in one.opts}
        place = 0
        while place < len(rest) and rest[place].startswith("--"):
            name, attached, _ = rest[place].partition("=")
            if name not in known:
                break
            place += 1
            if not attached and not known[name].is_flag and not known[name].count:
                if place == len(rest):
                    raise click.BadOptionUsage(name, f"Option {name!r} requires an argument.", ctx)
                place += 1
        return rest[:place]


@click.command(cls=_Running, context_settings={"allow_interspersed_args": False})
@click.argument("product", metavar="PRODUCT")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT...]")
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

    PRODUCT is a path, or the name of a product in the target's prefix.  xpkg's own options stand before it, the long
    ones also right after it; from the first other word on, or after '--', everything is the product's.

    The runner is built when it is first needed; the exit status is the product's, 128 and the signal's number when a
    signal ended it.  Without --target, or with 'native', it is a program of this machine, which is run as it is.
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
