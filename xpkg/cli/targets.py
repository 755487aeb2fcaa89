"""``xpkg target``: list, show, add, remove and check targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode

if TYPE_CHECKING:
    from xpkg.ops.targets import Listed

_force = click.option("--force", is_flag=True, help="Also where it takes the place of another, or is in use.")


@click.group()
def target() -> None:
    """List, show, add, remove and check targets."""


@target.command("list")
@opt.common
def list_(as_json: bool, verbose: int) -> int:
    """List the targets; one whose file is wrong hinders no other.

    Your own are marked; with -v the last column tells where the others come from.
    """
    from xpkg.ops.targets import listed

    printer, home = opt.printer(as_json, verbose), opt.home()
    found = list(listed(home))
    for one in found:
        if one.problem is not None:
            printer.warning(f"the target {one.name} cannot be used: {one.problem}")
    printer.value(
        [
            {
                "name": one.name,
                "description": one.target.description,
                "triple": one.target.triple,
                "origin": one.origin,
                "hides": list(one.hides),
            }
            for one in found
            if one.target is not None
        ]
    )
    printer.table(
        [(one.name, one.target.triple, _described(one, told=bool(verbose))) for one in found if one.target is not None]
    )
    return ExitCode.SUCCESS


def _described(one: Listed, *, told: bool) -> str:
    from xpkg.ops.targets import OWN

    assert one.target is not None
    whose = f"({one.origin})" if told or one.origin == OWN else ""
    return f"{whose} {one.target.description}".strip() if whose else one.target.description


@target.command()
@click.argument("name")
@opt.common
def show(name: str, as_json: bool, verbose: int) -> int:
    """Show what defines a target."""
    from xpkg.ops import targets as ops

    printer, home = opt.printer(as_json, verbose), opt.home()
    facts = ops.facts(home, ops.find(home, name))
    printer.value(facts)
    printer.table([(name, _shown(value)) for name, value in facts.items() if value])
    return ExitCode.SUCCESS


@target.command()
@click.argument("file", type=click.Path(path_type=Path))
@_force
@opt.common
def add(file: Path, force: bool, as_json: bool, verbose: int) -> int:
    """Keep a copy of FILE as a target of your own.

    The file is checked first; its name is the target's with .toml.  Format: docs/targets.md.
    """
    from xpkg.ops import targets as ops

    printer, home = opt.printer(as_json, verbose), opt.home()
    done = ops.add(home, file.expanduser(), force=force)
    for doubt in done.doubts:
        printer.warning(doubt)
    name = done.target.name
    hides = f"; it goes before the one {_from(done.hides[0])}" if done.hides else ""
    printer.line(f"added target {name}{hides}" if done.changed else f"target {name} is there already, the same")
    printer.value(
        {
            "name": name,
            "file": str(done.path),
            "changed": done.changed,
            "hides": list(done.hides),
            "missing": list(done.doubts),
        }
    )
    return ExitCode.SUCCESS


@target.command()
@click.argument("name")
@_force
@opt.common
def remove(name: str, force: bool, as_json: bool, verbose: int) -> int:
    """Forget a target of your own."""
    from xpkg.ops import targets as ops

    printer, home = opt.printer(as_json, verbose), opt.home()
    now = ops.remove(home, name, force=force)
    printer.line(f"removed target {name}" + ("" if now is None else f"; the one {_from(now.origin)} counts again"))
    printer.value({"name": name, "now": None if now is None else now.origin})
    return ExitCode.SUCCESS


@target.command()
@click.argument("name")
@opt.jobs_option
@opt.common
def check(name: str, jobs: int | None, as_json: bool, verbose: int) -> int:
    """Build a C and an OCaml probe with a target's toolchain, and run them in its runner.

    A table says of each step whether it went well, failed, or was not run and why; exit status 1 when one failed.
    """
    from xpkg.cli.progress import TerminalProgress
    from xpkg.ops.building import Options
    from xpkg.ops.target_check import TargetCheck

    printer, home = opt.printer(as_json, verbose), opt.home()
    with TerminalProgress(printer) as progress:
        found = TargetCheck(home, name, Options(jobs=opt.jobs_or_default(jobs)), progress).run()
    good = all(one.state != "failed" for one in found)
    steps = [{"step": one.step, "state": one.state, "said": one.said} for one in found]
    printer.value({"name": name, "ok": good, "steps": steps})
    printer.table([(one.step, one.state, one.said) for one in found])
    for one in found:
        if one.error is not None and not as_json and (one.error.context or one.error.hint):
            printer.error(one.error)
    return ExitCode.SUCCESS if good else ExitCode.FALSE


def _from(origin: str) -> str:
    from xpkg.ops.targets import SHIPPED

    return "that is shipped" if origin == SHIPPED else f"from {origin}"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={text}" for key, text in value.items())
    return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)
