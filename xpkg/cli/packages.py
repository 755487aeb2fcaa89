"""``xpkg install`` and ``xpkg remove``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from xpkg.cli import options as opt
from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode, UsageError
from xpkg.ops import install as ops
from xpkg.ops.building import Options
from xpkg.ops.home import Home
from xpkg.ops.planning import Plan
from xpkg.sandbox.switches import Switch

_changing = opt.apply(
    opt.target_option,
    opt.switch_option,
    opt.dry_run_option,
    opt.yes_option,
    opt.jobs_option,
    opt.common,
)


@click.command("install")
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
@_changing
@opt.prefix_option
@click.option(
    "--trust-on-first-use", "unhashed", multiple=True, metavar="NAME", help="Take NAME's source without a strong hash."
)
@click.option("--offline", is_flag=True, help="Use only sources that are in the cache.")
def install(
    packages: tuple[str, ...],
    target_name: str | None,
    switch_name: str | None,
    dry_run: bool,
    yes: bool,
    jobs: int | None,
    as_json: bool,
    verbose: int,
    prefix: Path | None,
    unhashed: tuple[str, ...],
    offline: bool,
) -> int:
    """Install packages, building what is not built yet.

    PACKAGE is NAME, NAME.VERSION or a constraint such as 'NAME>=VERSION'.  Without --target the packages are for this
    machine; with it they are cross-built for the target, and what has to run while building is built for this machine.
    """
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    pair, switch = opt.pair(home, target_name), home.find_switch(make=not dry_run)
    if prefix is not None and pair.target is None:
        raise UsageError("--prefix places a target's prefix, so it needs --target")

    def plan() -> Plan:
        return ops.plan_install(home, switch, pair, packages)

    settings = Options(
        jobs=opt.jobs_or_default(jobs),
        prefix=None if prefix is None else prefix.absolute(),
        allow_unhashed=frozenset(unhashed),
        offline=offline,
    )
    return _act(home, switch, plan, settings, printer, dry_run=dry_run, yes=yes)


@click.command("remove")
@click.argument("packages", nargs=-1, required=True, metavar="PACKAGE...")
@_changing
def remove(
    packages: tuple[str, ...],
    target_name: str | None,
    switch_name: str | None,
    dry_run: bool,
    yes: bool,
    jobs: int | None,
    as_json: bool,
    verbose: int,
) -> int:
    """Remove packages, what depends on them, and what nothing else needs afterwards.

    Built outputs stay in the store, so installing them again is instant.
    """
    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    pair, switch = opt.pair(home, target_name), home.find_switch(make=not dry_run)

    def plan() -> Plan:
        return ops.plan_remove(home, switch, pair, packages)

    return _act(home, switch, plan, Options(jobs=opt.jobs_or_default(jobs)), printer, dry_run=dry_run, yes=yes)


def _act(
    home: Home,
    switch: Switch,
    make_plan: Callable[[], Plan],
    settings: Options,
    printer: Printer,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Show the plan, ask, carry it out and tell what was done."""
    plan = make_plan()
    _show_plan(plan, printer)
    answer: dict[str, object] = {"actions": [action.as_value() for action in plan.actions], "notes": list(plan.notes)}
    if dry_run:
        printer.value(answer)
        return ExitCode.SUCCESS
    if plan.actions and not _confirmed(yes, printer):
        printer.note("nothing was changed")
        return ExitCode.ABORTED
    from xpkg.cli.progress import TerminalProgress

    with TerminalProgress(printer) as progress:
        done = ops.carry_out(home, switch, make_plan, plan, settings, progress)
    _show_done(done, str(switch.prefix(plan.pair.tree(plan.pair.machine))), answer, printer)
    return ExitCode.SUCCESS


def _show_done(done: ops.Done, prefix: str, answer: dict[str, object], printer: Printer) -> None:
    facts = {name: getattr(done, name) for name in ("built", "reused", "seconds")}
    printer.value({**answer, "generation": done.generation, "prefix": prefix, **facts})
    if done.changed:
        printer.line(f"built {done.built}, reused {done.reused}; {_seconds(done.seconds)}")
    printer.line(f"prefix: {prefix}")


def _show_plan(plan: Plan, printer: Printer) -> None:
    for note in plan.notes:
        printer.note(f"note: {note}")
    if not plan.actions:
        if not plan.moved:
            printer.line("nothing to do")
        return
    printer.line(f"The plan, {len(plan.actions)} action{'s' if len(plan.actions) > 1 else ''}:")
    printer.table(
        [
            (f"  {action.action}", f"{action.name}.{action.version}", f"[{action.machine}]", action.reason)
            for action in plan.actions
        ]
    )


def _confirmed(yes: bool, printer: Printer) -> bool:
    """Ask a person; a script (no terminal on standard input) has already said what it wants."""
    if yes or printer.as_json or not sys.stdin.isatty():
        return True
    return click.confirm("Go on?", default=True)


def _seconds(laps: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in laps.items())
