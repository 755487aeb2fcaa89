"""``xpkg list``, ``xpkg show`` and ``xpkg search``."""

from __future__ import annotations

import click

from xpkg.cli import options as opt
from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode
from xpkg.ops import queries


@click.command("list")
@opt.target_option
@opt.switch_option
@click.option("--available", is_flag=True, help="List what the repositories have, not what is installed.")
@opt.common
def list_(target_name: str | None, switch_name: str | None, available: bool, as_json: bool, verbose: int) -> int:
    """List the installed packages of a switch, of all its machines or of one target."""
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    if available:
        rows = queries.available(home, printer.warning)
        printer.value([{"name": row.name, "versions": list(row.versions), "synopsis": row.synopsis} for row in rows])
        printer.table([(row.name, row.versions[0], row.synopsis) for row in rows])
        return ExitCode.SUCCESS
    pair = None if target_name is None else opt.pair(home, target_name)
    found = queries.installed(home.find_switch(make=False), pair)
    printer.value(
        [
            {name: getattr(one, name) for name in ("name", "version", "machine", "tree", "key", "requested")}
            for one in found
        ]
    )
    if not found:
        printer.line(f"nothing is installed in switch {home.switch_name}" + (f" for {pair.machine}" if pair else ""))
    printer.table([(one.name, one.version, f"[{one.tree}]", "requested" if one.requested else "") for one in found])
    return ExitCode.SUCCESS


@click.command()
@click.argument("package", metavar="PACKAGE")
@opt.target_option
@opt.switch_option
@click.option("--steps", is_flag=True, help="Show the commands that would be run, and what was added for the target.")
@click.option("--raw", is_flag=True, help="Show the recipe file as it is.")
@opt.common
def show(
    package: str,
    target_name: str | None,
    switch_name: str | None,
    steps: bool,
    raw: bool,
    as_json: bool,
    verbose: int,
) -> int:
    """Show what the repositories say of a package."""
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    recipe = queries.find_recipe(home, package)
    if raw:
        text = queries.raw_recipe(recipe)
        printer.value({"name": recipe.name, "version": recipe.version, "opam": text})
        printer.line(text.rstrip("\n"))
        return ExitCode.SUCCESS
    if steps:
        return _show_steps(printer, queries.steps(home, opt.pair(home, target_name), recipe))
    facts = queries.facts(home, recipe)
    printer.value(facts)
    if recipe.unknown_fields:
        printer.note(f"note: neither opam nor xpkg knows these fields: {', '.join(recipe.unknown_fields)}")
    shown = {name: _shown(value) for name, value in facts.items() if value not in (None, "", [])}
    printer.table([(name, value) for name, value in shown.items() if name != "unknown-fields"])
    return ExitCode.SUCCESS


def _shown(value: object) -> str:
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _show_steps(printer: Printer, found: queries.ShownSteps) -> int:
    steps = found.steps
    printer.value(
        {
            "machine": found.machine,
            "environment": steps.variables(found.jobs),
            "generated": dict(steps.generated),
            "commands": [
                {"phase": step.phase, "argv": step.command(found.jobs), "rules": list(step.rules)}
                for step in steps.commands
            ],
            "install_files": list(steps.install_files),
        }
    )
    import shlex

    for step in steps.commands:
        printer.line(f"{step.phase}: {shlex.join(step.command(found.jobs))}")
        for rule in step.rules:
            printer.line(f"    added by {rule}")
    printer.line("then, if the build made one: " + " or ".join(steps.install_files))
    for name, value in steps.variables(found.jobs).items():
        printer.detail(f"environment: {name}={value}")
    for name, text in steps.generated:
        printer.detail(f"file {name}:\n    " + text.rstrip("\n").replace("\n", "\n    "))
    return ExitCode.SUCCESS


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@opt.common
def search(words: tuple[str, ...], as_json: bool, verbose: int) -> int:
    """Search names, synopses and descriptions for all the words; exit status 1 when nothing is found."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    rows = queries.search(home, words, printer.warning)
    printer.value([{"name": row.name, "versions": list(row.versions), "synopsis": row.synopsis} for row in rows])
    printer.table([(row.name, row.versions[0], row.synopsis) for row in rows])
    return ExitCode.SUCCESS if rows else ExitCode.FALSE
