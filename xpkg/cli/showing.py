"""``xpkg show --steps`` and ``--effective``: what a package becomes on a machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.repo.recipes import Recipe


def show_steps(printer: Printer, home: Home, pair: Pair, recipe: Recipe) -> object:
    """Print the steps of one package; their value for programs."""
    from xpkg.ops.query_steps import steps as derive

    found = derive(home, pair, recipe)
    steps = found.steps
    for step in steps.commands:
        printer.line(f"{step.phase}: {shlex.join(step.command(found.jobs))}")
        for rule in step.rules:
            printer.line(f"    added by {rule}")
    printer.line("then, if the build made one: " + " or ".join(steps.install_files))
    for name, value in steps.variables(found.jobs).items():
        printer.detail(f"environment: {name}={value}")
    for name, text in steps.generated:
        printer.detail(f"file {name}:\n    " + text.rstrip("\n").replace("\n", "\n    "))
    return {
        "machine": found.machine,
        "environment": steps.variables(found.jobs),
        "generated": dict(steps.generated),
        "commands": [
            {"phase": step.phase, "argv": step.command(found.jobs), "rules": list(step.rules)}
            for step in steps.commands
        ],
        "install_files": list(steps.install_files),
    }


def show_effective(printer: Printer, home: Home, pair: Pair, recipe: Recipe) -> object:
    """Print what one package says on a machine; its value for programs."""
    from xpkg.ops.query_effective import effective

    shown: dict[str, Any] = effective(home, pair, recipe)
    printer.line(f"{shown['name']} {shown['version']} [{shown['machine']}]")
    because = ", ".join(f"{name} is {value}" for name, value in shown["because"].items())
    verdict = "available" if shown["available"] else "not available"
    told = "" if shown["condition"] == "true" else f": {shown['condition']}" + (f" ({because})" if because else "")
    printer.line(verdict + told)
    for field in ("depends", "depopts", "conflicts"):
        needs = [line for need in shown.get(field, ()) for line in _needs(need, "  ")]
        if needs:
            printer.line(f"{field}:")
            for line in needs:
                printer.line(line)
    for field in ("depexts", "patches"):
        if shown[field]:
            printer.line(f"{field}: {', '.join(shown[field])}")
    for field in ("build", "install"):
        for command in shown[field]:
            printer.line(f"{field}: {shlex.join(command['argv'])}")
            for condition in command["if"]:
                printer.line(f"    if {condition}")
    return shown


def _needs(need: dict[str, Any], indent: str) -> Iterator[str]:
    for word, several in (("any of", need.get("any")), ("all of", need.get("all"))):
        if several is not None:
            yield f"{indent}{word}:"
            for inner in several:
                yield from _needs(inner, indent + "  ")
            return
    versions = f" {need['versions']}" if need["versions"] else ""
    reason = f"  {need['reason']}" if need["reason"] else ""
    yield f"{indent}{need['name']}{versions} [{need['machine']}]{' post' if need['post'] else ''}{reason}"
