"""``xpkg hold`` and ``xpkg unhold``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode
from xpkg.ops import holding as ops

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.sandbox.switches import Installed

_target_option = click.option("--target", "target_name", metavar="NAME", help="Only what is installed for this target.")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@_target_option
@opt.switch_option
@opt.common
def hold(names: tuple[str, ...], target_name: str | None, switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Keep installed packages exactly as they are until 'xpkg unhold'; without names list those that are kept."""
    printer = opt.printer(as_json, verbose)
    if names:
        return _change(printer, names, target_name, switch_name, ops.hold, "held")
    home = opt.home(switch_name)
    pair = None if target_name is None else opt.pair(home, target_name)
    held = ops.held_instances(home.find_switch(make=False).current(), pair)
    printer.value([_value(one) for one in held])
    printer.table([(one.name, one.version, f"[{one.tree}]") for one in held])
    if not held:
        printer.line(f"nothing is held in switch {home.switch_name}")
    return ExitCode.SUCCESS


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_target_option
@opt.switch_option
@opt.common
def unhold(
    names: tuple[str, ...], target_name: str | None, switch_name: str | None, as_json: bool, verbose: int
) -> int:
    """Let held packages change again."""
    return _change(opt.printer(as_json, verbose), names, target_name, switch_name, ops.release, "released")


def _change(
    printer: Printer,
    names: tuple[str, ...],
    target_name: str | None,
    switch_name: str | None,
    change: Callable[..., ops.Holding],
    done: str,
) -> int:
    home = opt.home(switch_name)
    pair = None if target_name is None else opt.pair(home, target_name)
    result = change(home, home.find_switch(make=False), names, pair)
    printer.value({done: [_value(one) for one in result.changed], "already": [_value(one) for one in result.already]})
    for one in result.changed:
        printer.line(f"{done}: {one.name} {one.version} [{one.tree}]")
    for one in result.already:
        printer.line(f"{'held already' if done == 'held' else 'not held'}: {one.name} {one.version} [{one.tree}]")
    return ExitCode.SUCCESS


def _value(one: Installed) -> dict[str, str]:
    return {"name": one.name, "version": one.version, "machine": one.machine, "tree": one.tree}
