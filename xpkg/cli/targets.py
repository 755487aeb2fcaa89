"""``xpkg target``: list and show the targets."""

from __future__ import annotations

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, InputFileError
from xpkg.repo.targets import Target


@click.group()
def target() -> None:
    """List and show the targets."""


@target.command("list")
@opt.common
def list_(as_json: bool, verbose: int) -> int:
    """List the targets; one whose file is wrong hinders no other."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    targets: list[Target] = []
    for name in home.targets:
        try:
            targets.append(home.targets[name])
        except InputFileError as error:
            printer.warning(f"the target {name} cannot be used: {error.message}")
    printer.value([{"name": one.name, "description": one.description, "triple": one.triple} for one in targets])
    printer.table([(one.name, one.triple, one.description) for one in targets])
    return ExitCode.SUCCESS


@target.command()
@click.argument("name")
@opt.common
def show(name: str, as_json: bool, verbose: int) -> int:
    """Show what defines a target."""
    printer, home = opt.printer(as_json, verbose), opt.home()
    one = home.target(name)
    facts: dict[str, object] = {
        "name": one.name,
        "description": one.description,
        "triple": one.triple,
        "variables": dict(one.variables),
        "toolchain": list(one.toolchain.packages),
        "compiler": one.toolchain.compiler,
        "cflags": list(one.toolchain.cflags),
        "lib": one.layout.lib,
        "objects": None if one.objects is None else f"{one.objects.format} {one.objects.machine}",
        "run": None if one.run is None else [one.run.package, *one.run.command],
        "digest": str(one.digest),
    }
    printer.value(facts)
    printer.table([(name, _shown(value)) for name, value in facts.items() if value])
    return ExitCode.SUCCESS


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={text}" for key, text in value.items())
    return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)
