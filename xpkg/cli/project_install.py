"""``xpkg install .`` and the like: directories among the packages that a command names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xpkg.cli import options as opt
from xpkg.cli.asking import ask_of
from xpkg.cli.projects import pins_of, projects_of, tell_project
from xpkg.core.errors import UsageError
from xpkg.core.paths import NO_SWITCH
from xpkg.core.text import printable
from xpkg.ops.project_words import names_project, read_project

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.asking import Verb
    from xpkg.ops.home import Home
    from xpkg.ops.project_pins import ProjectPins
    from xpkg.sandbox.generations import Pin
    from xpkg.sandbox.switches import Switch


def act_on_projects(verb: Verb, given: Mapping[str, Any]) -> int:
    """Do what a command asks for, some of whose packages are directories; the exit code."""
    from xpkg.cli.acting import switch_for

    printer, home = opt.printer(given["as_json"], given["verbose"]), opt.home(given["switch_name"])
    base = switch_for(home, dry_run=given["dry_run"])
    if base is None:
        from xpkg.sandbox import switches

        base = switches.unmade(home.root, NO_SWITCH)
    return _install(home, base, given, printer) if verb == "install" else _others(verb, home, base, given, printer)


def _install(home: Home, base: Switch, given: Mapping[str, Any], printer: Printer) -> int:
    from xpkg.ops.project_pins import PinnedSwitch

    here = Path.cwd()
    words = [word for word in given["packages"] if names_project(word, here)]
    names = [word for word in given["packages"] if word not in words]
    if len(words) > 1 and given["only"]:
        raise UsageError("--only is for one directory", hint="DIRECTORY:NAME names packages of several")
    projects = projects_of(words, dict(given))
    pins = pins_of(home, projects, printer, dict(given))
    for project in projects:
        tell_project(printer, project)
    _tell_pins(printer, pins, {pin.name: pin for pin in base.current().pins})
    # What is only wanted for its dependencies is not the switch's afterwards, so neither is its pin.
    switch = PinnedSwitch(home.root, base, pins.over, passing=given["dependencies_only"])
    facts = {"projects": [project.as_value() for project in projects]}
    return _follow("install", home, switch, {**given, "packages": (*pins.names, *names)}, printer, facts)


def _others(verb: Verb, home: Home, base: Switch, given: Mapping[str, Any], printer: Printer) -> int:
    """Of what is there already the packages that are pinned to a directory are meant; a removal removes the pins."""
    from xpkg.ops.project_pins import PinnedSwitch, pinned_there

    here, now = Path.cwd(), base.current()
    names: list[str] = []
    pinned: list[str] = []
    for word in given["packages"]:
        if not names_project(word, here):
            names.append(word)
            continue
        wish = read_project(word, here) if os.path.lexists(here / word) or ":" in word else None
        directory = here / word if wish is None else wish.directory
        there = pinned_there(now, os.path.normpath(directory), () if wish is None else wish.names)
        pinned += there
    installed = {one.name for one in now.installed}
    meant = tuple(dict.fromkeys((*names, *(name for name in pinned if name in installed or verb != "remove"))))
    if not meant:
        raise UsageError(
            f"{' and '.join(pinned)} {'is' if len(pinned) == 1 else 'are'} pinned and not installed",
            hint=f"xpkg pin remove {' '.join(pinned)}",
        )
    gone = frozenset(pinned) if verb == "remove" else frozenset()
    switch = PinnedSwitch(home.root, base, partial(_without, gone))
    for name in sorted(gone):
        printer.note(f"{name} is not pinned to its directory afterwards")
    return _follow(verb, home, switch, {**given, "packages": meant}, printer, {})


def _without(gone: frozenset[str], pins: Mapping[str, Pin]) -> dict[str, Pin]:
    return {name: pin for name, pin in pins.items() if name not in gone}


def _follow(
    verb: Verb, home: Home, switch: Any, given: Mapping[str, Any], printer: Printer, facts: Mapping[str, object]
) -> int:
    from xpkg.cli.acting import Timing, check_prefix, follow, pairs_for
    from xpkg.ops.solving import plan

    timing, ask = Timing(), ask_of(verb, given)
    pairs = pairs_for(home, switch, given["target_names"], ask)
    check_prefix(given.get("prefix"), pairs)
    return follow(
        home,
        switch,
        pairs,
        lambda: plan(home, switch, pairs, ask, timing.lap),
        given,
        printer,
        timing,
        facts=facts,
        finish=lambda: switch.record(home.store),
    )


def _tell_pins(printer: Printer, pins: ProjectPins, before: Mapping[str, Pin]) -> None:
    replaced = {new.name: old for old, new in pins.replaced(before)}
    for pin in pins.pins:
        former = replaced.get(pin.name)
        was = "" if former is None else f"; it was pinned to {printable(former.address) or f'version {former.version}'}"
        if former is not None or pin.name not in before:
            printer.note(f"{pin.name} {pin.version} is taken from {printable(pin.address)}{was}")
    for change in pins.declined(before):
        if change.declined is not None:
            printer.note(f"{change.name} stays pinned as it was, though {change.declined.by} asks for another pin")
