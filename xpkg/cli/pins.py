"""``xpkg pin``: pin packages to versions, directories and git repositories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode
from xpkg.ops import pinning as ops

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.pinning import PinChange
    from xpkg.sandbox.switches import Pin


@click.group()
def pin() -> None:
    """Pin packages: to a version, to a directory, to a git repository."""


@pin.command()
@click.argument("what", nargs=-1, required=True, metavar="[NAME[.VERSION]] WHAT")
@opt.switch_option
@click.option("--ignore-pin-depends", is_flag=True, help="Do not pin what recipes ask to be pinned (pin-depends).")
@opt.common
def add(what: tuple[str, ...], switch_name: str | None, ignore_pin_depends: bool, as_json: bool, verbose: int) -> int:
    """Pin a package, or change its pin.  Nothing is installed: 'xpkg install' and 'xpkg upgrade' go by it afterwards.

    WHAT is a version (NAME VERSION or NAME.VERSION), a directory (with '/' in it, or '.'), or git+https://HOST/PATH,
    git+ssh:// or git+file:// with #BRANCH, #TAG or #COMMIT.  Without NAME all packages are pinned that the source has
    recipes of.
    """
    from xpkg.cli.progress import TerminalProgress
    from xpkg.core.errors import UsageError
    from xpkg.ops.pin_words import FORMS, read_wish

    if len(what) > 2:
        raise UsageError(f"{len(what)} words are more than one pin has", reference="bad-pin", hint=FORMS)
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    wish = read_wish(what, Path.cwd())
    switch = home.find_switch()
    with TerminalProgress(printer) as progress:
        changes = ops.add(home, switch, wish, progress.sources, pin_depends=not ignore_pin_depends)
    printer.value([change_value(one) for one in changes])
    for one in changes:
        tell_change(printer, one)
    if not any(one.changed for one in changes):
        printer.line("nothing changed: it is pinned so already")
    return ExitCode.SUCCESS


@pin.command("list")
@opt.switch_option
@opt.common
def list_(switch_name: str | None, as_json: bool, verbose: int) -> int:
    """List the pins of the switch."""
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    generation = home.find_switch(make=False).current()
    versions: dict[str, list[str]] = {}
    for one in generation.installed:
        versions.setdefault(one.name, []).append(one.version)
    printer.value([pin_value(one) | {"installed": sorted(set(versions.get(one.name, [])))} for one in generation.pins])
    printer.table(
        [
            (one.name, one.version, _state(one, versions.get(one.name, [])), f"{_told(one)}{_asked(one)}")
            for one in generation.pins
        ]
    )
    if not generation.pins:
        printer.line(f"nothing is pinned in switch {home.switch_name}")
    return ExitCode.SUCCESS


@pin.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@opt.switch_option
@opt.common
def remove(names: tuple[str, ...], switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Forget pins.  What is installed stays until the next upgrade."""
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    changes = ops.remove(home, home.find_switch(make=False), names)
    printer.value([change_value(one) for one in changes])
    for one in changes:
        tell_change(printer, one)
    return ExitCode.SUCCESS


@pin.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@opt.switch_option
@opt.common
def update(names: tuple[str, ...], switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Look at the sources of pins again: branches move, and recipes in them change.  'xpkg update' does so too."""
    from xpkg.cli.progress import TerminalProgress

    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    with TerminalProgress(printer) as progress:
        changes = ops.refresh(home, home.find_switch(make=False), progress.sources, names)
    printer.value([change_value(one) for one in changes])
    if not changes:
        printer.line("no pin has moved")
    return tell_refreshed(printer, changes)


def tell_refreshed(printer: Printer, changes: tuple[PinChange, ...]) -> int:
    """Tell what became of pins that were looked at again; the exit code."""
    code = ExitCode.SUCCESS
    for one in changes:
        if one.error is None:
            tell_change(printer, one)
        else:
            printer.warning(f"{one.name} stays pinned as it was: {one.error.message}")
            code = one.error.exit_code
    return code


def tell_change(printer: Printer, change: PinChange) -> None:
    """What changed, and what would follow."""
    before, after, name = change.before, change.after, change.name
    if after is None:
        printer.line(f"{name} is not pinned any more")
        if before is not None and before.address and change.installed:
            installed = ", ".join(change.installed)
            then = "the next xpkg upgrade takes what they have" if change.known else f"xpkg remove {name} removes it"
            which = "the repositories have it too" if change.known else "no repository has it"
            printer.line(f"  installed is {installed}; {which}: {then}")
        return
    if change.declined is not None:
        asked = f"{change.declined.by} asks for {_told(change.declined)}{_version(change.declined)}"
        printer.line(f"{name} stays pinned to {_told(after)}{_version(after)}, though {asked}")
        return
    if before is not None and before.address == after.address and before.commit != after.commit:
        printer.line(f"{name} is now pinned to {_told(after)}, version {after.version}{_asked(after)}")
        printer.line(f"  it was at {before.commit[:12]}, version {before.version}")
    else:
        printer.line(f"{name} is now pinned to {_told(after)}{_version(after)}{_asked(after)}")
    if not change.installed:
        printer.line(f"  xpkg install {name} installs it")
    elif after.address or change.installed != (after.version,):
        printer.line(f"  installed is {', '.join(change.installed)}; xpkg upgrade {name} brings it about")


def _version(pin: Pin) -> str:
    return f", version {pin.version}" if pin.address else ""


def _told(pin: Pin) -> str:
    """What a pin is to, for people: no password, the commit cut short."""
    if not pin.address:
        return f"version {pin.version}"
    from xpkg.repo.sources.attempt import shown

    return shown(pin.address) + (f" ({pin.commit[:12]})" if pin.commit else "")


def _asked(pin: Pin) -> str:
    return f", as {pin.by} asks" if pin.by else ""


def _state(pin: Pin, installed: list[str]) -> str:
    if not installed:
        return "not installed"
    return "installed" if set(installed) == {pin.version} else f"installed is {', '.join(sorted(set(installed)))}"


def pin_value(pin: Pin) -> dict[str, object]:
    """A pin as ``--json`` prints it."""
    from xpkg.repo.sources.attempt import shown

    kind = "version" if not pin.address else "git" if pin.commit else "path"
    return {
        "name": pin.name,
        "version": pin.version,
        "kind": kind,
        "address": shown(pin.address) or None,
        "commit": pin.commit or None,
        "by": pin.by or None,
    }


def pin_update_value(change: PinChange) -> dict[str, object]:
    """A pin that was looked at again as ``xpkg update --json`` lists it, among repositories: with a field ``pin``."""
    return {"name": change.name, "changed": change.changed, "pin": change_value(change)}


def change_value(change: PinChange) -> dict[str, object]:
    """A changed pin as ``--json`` prints it."""
    return {
        "name": change.name,
        "before": None if change.before is None else pin_value(change.before),
        "after": None if change.after is None else pin_value(change.after),
        "installed": list(change.installed),
        "declined": None if change.declined is None else pin_value(change.declined),
        "error": None if change.error is None else change.error.message,
    }
