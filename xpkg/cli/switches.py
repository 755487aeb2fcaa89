"""``xpkg switch``: create, list, show, set and remove switches."""

from __future__ import annotations

from dataclasses import replace

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode
from xpkg.ops.settings import DEFAULT_SWITCH
from xpkg.sandbox import switches


@click.group()
def switch() -> None:
    """Create, list, show, choose and remove switches."""


@switch.command()
@click.argument("name")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="A target the switch is for; may be repeated.")
@opt.common
def create(name: str, targets: tuple[str, ...], as_json: bool, verbose: int) -> int:
    """Make an empty switch and use it from now on."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    # Every switch has prefixes for the build machine, which "native" names.
    wanted = sorted({pair.target for pair in (opt.pair(home, one) for one in targets) if pair.target is not None})
    switches.create(home.root, name, wanted)
    home.change_settings(lambda now: replace(now, switch=name))
    printer.value({"switch": name, "targets": wanted})
    printer.line(f"made switch {name}; it is used from now on")
    return ExitCode.SUCCESS


@switch.command("list")
@opt.common
def list_(as_json: bool, verbose: int) -> int:
    """List the switches; * marks the one in use."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    names = sorted({*switches.names(home.root), DEFAULT_SWITCH})
    used = home.switch_name
    printer.value([{"name": name, "used": name == used} for name in names])
    for name in names:
        printer.line(f"{'*' if name == used else ' '} {name}")
    return ExitCode.SUCCESS


@switch.command()
@click.argument("name", required=False)
@opt.common
def show(name: str | None, as_json: bool, verbose: int) -> int:
    """Show a switch: its generation, its targets, its prefixes."""
    printer, home = opt.printer(as_json, verbose), opt.home(name)
    chosen = home.find_switch()
    generation = chosen.current()
    counts = {tree.name: sum(one.tree == tree.name for one in generation.installed) for tree in generation.trees}
    prefixes = {tree.name: str(chosen.prefix(tree.name)) for tree in generation.trees}
    printer.value(
        {
            "name": home.switch_name,
            "generation": generation.number,
            "targets": list(generation.targets),
            "prefixes": prefixes,
            "packages": counts,
        }
    )
    printer.line(f"switch {home.switch_name}, generation {generation.number}")
    printer.table([(f"  {tree}", f"{counts[tree]} packages", path) for tree, path in prefixes.items()])
    return ExitCode.SUCCESS


@switch.command("set")
@click.argument("name")
@opt.common
def set_(name: str, as_json: bool, verbose: int) -> int:
    """Use a switch from now on."""
    printer, home = opt.printer(as_json, verbose), opt.home(name)
    home.find_switch()
    home.change_settings(lambda now: replace(now, switch=name))
    printer.value({"switch": name})
    printer.line(f"switch {name} is used from now on")
    return ExitCode.SUCCESS


@switch.command()
@click.argument("name")
@opt.yes_option
@opt.common
def remove(name: str, yes: bool, as_json: bool, verbose: int) -> int:
    """Remove a switch with its prefixes and history; what was built stays in the store."""
    import sys

    printer, home = opt.printer(as_json, verbose), opt.home()
    switches.find(home.root, name)
    if not yes and not as_json and sys.stdin.isatty() and not click.confirm(f"Remove switch {name}?"):
        return ExitCode.ABORTED
    if name == home.settings.switch and name != DEFAULT_SWITCH:
        home.change_settings(lambda now: replace(now, switch=DEFAULT_SWITCH))
    switches.remove(home.root, name)
    printer.value({"removed": name})
    printer.line(f"removed switch {name}")
    return ExitCode.SUCCESS
