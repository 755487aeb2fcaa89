"""``xpkg switch``: create, list, show, set and remove switches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, UsageError
from xpkg.ops.settings import DEFAULT_SWITCH
from xpkg.sandbox import switches

if TYPE_CHECKING:
    from xpkg.ops.home import Home


@click.group()
def switch() -> None:
    """Create, list, show, choose and remove switches, and say what always holds in one."""


@switch.command()
@click.argument("name")
@click.option("--target", "targets", multiple=True, metavar="NAME", help="A target the switch is for; may be repeated.")
@click.option(
    "--invariant", "words", multiple=True, metavar="FORMULA", help="What always holds in it; may be repeated."
)
@opt.common
def create(name: str, targets: tuple[str, ...], words: tuple[str, ...], as_json: bool, verbose: int) -> int:
    """Make an empty switch and use it from now on.

    FORMULA is as for 'xpkg switch set-invariant'.
    """
    printer, home = opt.printer(as_json, verbose), opt.home()
    # Every switch has prefixes for the build machine, which "native" names.
    wanted = sorted({pair.target for pair in (opt.pair(home, one) for one in targets) if pair.target is not None})
    invariant = _checked(home, words, wanted) if words else ""
    switches.create(home.root, name, wanted, invariant=invariant)
    home.change_settings(lambda now: replace(now, switch=name))
    printer.value({"switch": name, "targets": wanted, "invariant": invariant or None})
    printer.line(f"made switch {name}; it is used from now on")
    if invariant:
        printer.line(f"  its invariant is {invariant}; the first install brings it about")
    return ExitCode.SUCCESS


def _checked(home: Home, words: tuple[str, ...], targets: list[str]) -> str:
    """The invariant that words mean, once it is known that it can be met."""
    from xpkg.ops.invariant_changes import required
    from xpkg.ops.invariant_text import written

    invariant = written(words)
    if invariant:
        required(home, None, invariant, targets or (None,))
    return invariant


@switch.command()
@opt.switch_option
@opt.common
def invariant(switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Show the formula over packages that always holds in the switch."""
    from xpkg.ops.invariant_changes import is_met, versions_of

    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    now = home.find_switch(make=False).current()
    there = {(one.name, one.version) for one in now.installed}
    met = not now.invariant or is_met(now.invariant, versions_of(there, home.universe.provided))
    printer.value({"invariant": now.invariant or None, "met": met})
    if not now.invariant:
        printer.line(f"switch {home.switch_name} has no invariant")
    else:
        printer.line(now.invariant)
        if not met:
            printer.line("  what is installed does not meet it; the next install or upgrade brings it about")
    return ExitCode.SUCCESS


@switch.command("set-invariant")
@click.argument("words", nargs=-1, metavar="[FORMULA...]")
@click.option("--none", "no_invariant", is_flag=True, help="Have no invariant.")
@opt.switch_option
@opt.common
def set_invariant(
    words: tuple[str, ...], no_invariant: bool, switch_name: str | None, as_json: bool, verbose: int
) -> int:
    """Set what always holds in the switch; the next install or upgrade brings it about.

    FORMULA is NAME, NAME.VERSION, a constraint such as 'NAME>=VERSION', or a formula in opam's syntax such as
    '["ocaml" {>= "4.14"}]'; several hold together.
    """
    from xpkg.ops.invariant_changes import set_invariant as record

    if bool(words) == no_invariant:
        raise UsageError("give a formula, or --none", hint="xpkg switch invariant shows what is set")
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    result = record(home, home.find_switch(), words)
    actions = [f"{one.action} {one.instance.name}.{one.instance.version}" for one in result.actions]
    printer.value({"invariant": result.text or None, "before": result.before or None, "actions": actions})
    if not result.text:
        printer.line(f"switch {home.switch_name} has no invariant any more")
    else:
        printer.line(f"the invariant of switch {home.switch_name} is now {result.text}")
        if actions:
            printer.line(f"  the next install or upgrade brings it about: {', '.join(actions)}")
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
            "invariant": generation.invariant or None,
            "pins": [{"name": one.name, "version": one.version} for one in generation.pins],
            "held": [{"name": name, "tree": tree} for name, tree in generation.held],
        }
    )
    printer.line(f"switch {home.switch_name}, generation {generation.number}")
    printer.table([(f"  {tree}", f"{counts[tree]} packages", path) for tree, path in prefixes.items()])
    if generation.invariant:
        printer.line(f"  invariant: {generation.invariant}")
    if generation.pins:
        printer.line(f"  pinned: {', '.join(f'{one.name} {one.version}' for one in generation.pins)}")
    if generation.held:
        printer.line(f"  held: {', '.join(f'{name} [{tree}]' for name, tree in generation.held)}")
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
