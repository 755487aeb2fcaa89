"""``xpkg show --steps`` and ``--effective``: what a package becomes on a machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair
    from xpkg.ops.query_steps import ShownSteps
    from xpkg.repo.recipes import Recipe
    from xpkg.sandbox.provenance import Part
    from xpkg.sandbox.steps import Step


def show_steps(printer: Printer, home: Home, pair: Pair, recipe: Recipe) -> object:
    """Print the steps of one package, each part with the rule that added it; their value for programs.

    The recipe's own words are unmarked.  Of the environment only what the target adds is shown, with ``-v`` all of it,
    and the text of the files.
    """
    from xpkg.ops.query_steps import steps as derive

    found = derive(home, pair, recipe)
    _tell_place(printer, recipe, found.reason)
    steps, origins = found.steps, found.origins
    for step, words in zip(steps.commands, origins.words, strict=True):
        printer.line(f"{step.phase}: {shlex.join(step.command(found.jobs))}")
        printer.table([_part(part, found.jobs) for part in _parts(step, words)])
    printer.line("then, if the build made one: " + " or ".join(steps.install_files))
    for name, value in steps.variables(found.jobs).items():
        if printer.verbosity or (value and pair.target is not None and origins.is_for_target(name)):
            printer.line(f"environment: {name}={value}  [{origins.environment[name]}]")
    for name, text in steps.generated:
        told = ":\n    " + text.rstrip("\n").replace("\n", "\n    ") if printer.verbosity else ""
        if printer.verbosity or pair.target is not None:
            printer.line(f"file: {name}  [{origins.generated[name]}]{told}")
    return _steps_value(found)


def _tell_place(printer: Printer, recipe: Recipe, reason: str | None) -> None:
    if reason is not None:
        printer.note(f"{recipe.name} is built for the build machine, whatever the target: {reason}")


def _parts(step: Step, words: Sequence[str]) -> Iterator[Part]:
    from xpkg.sandbox.provenance import parts

    return parts(step, words)


def _part(part: Part, jobs: int) -> tuple[str, str]:
    from xpkg.sandbox.steps import Step

    words = Step(phase="", argv=part.words).command(jobs)
    return f"    {shlex.join(words)}", f"[{part.rule}]{f' {part.reason}' if part.reason else ''}"


def _steps_value(found: ShownSteps) -> object:
    steps, origins = found.steps, found.origins
    return {
        "machine": found.machine,
        "reason": found.reason,
        "environment": steps.variables(found.jobs),
        "generated": dict(steps.generated),
        "commands": [
            {"phase": step.phase, "argv": step.command(found.jobs), "rules": list(step.rules), "origins": list(words)}
            for step, words in zip(steps.commands, origins.words, strict=True)
        ],
        "install_files": list(steps.install_files),
        "origins": {"environment": dict(origins.environment), "generated": dict(origins.generated)},
    }


def show_effective(printer: Printer, home: Home, pair: Pair, recipe: Recipe) -> object:
    """Print what one package says on a machine; its value for programs."""
    from xpkg.ops.query_effective import effective

    shown: dict[str, Any] = effective(home, pair, recipe)
    printer.line(f"{shown['name']} {shown['version']} [{shown['machine']}]")
    _tell_place(printer, recipe, shown["reason"])
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
