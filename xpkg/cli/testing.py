"""``xpkg test``: run the packages' own tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xpkg.cli import options as opt
from xpkg.cli.asking import ask_of, asking_options, source_options
from xpkg.cli.project_options import ignore_pin_depends_option, system_option
from xpkg.core.errors import ExitCode
from xpkg.core.paths import NO_SWITCH

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.asking import Ask
    from xpkg.ops.home import Home
    from xpkg.ops.testing import Outcome
    from xpkg.sandbox.switches import Switch

_SHOWN = ("command", "exit status", "log", "last lines")


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE|DIRECTORY...]")
@opt.targets_option
@opt.switch_option
@click.option("--again", is_flag=True, help="Run tests again that passed before, though nothing changed since.")
@opt.jobs_option
@source_options
@asking_options
@system_option
@ignore_pin_depends_option
@opt.common
def test(packages: tuple[str, ...], **given: Any) -> int:
    """Run the tests of packages, without installing anything.

    PACKAGE is as for install; a DIRECTORY, by itself the present one, means its packages as they are there now.
    Without --target tests run on this machine; with it they are built for the target and run in its runner.
    The exit code is 1 when tests failed, 31 when a package could not be built and 40 when a source could not be had.
    """
    from xpkg.cli.progress import TerminalProgress
    from xpkg.ops.building import Options
    from xpkg.ops.test_plans import plan_test
    from xpkg.ops.testing import run_test

    printer, home = opt.printer(given["as_json"], given["verbose"]), opt.home(given["switch_name"])
    pairs = opt.pairs(home, given["target_names"])
    # One plan for each package: they are tested apart, so their tests need not agree on anything.
    named = list(_meant(home, packages or (".",), given, printer))
    plans = [
        plan_test(home, switch, pair, _ask(name, given), once_more=given["again"])
        for pair in pairs
        for switch, name in named
    ]
    options = Options(
        jobs=opt.jobs_or_default(given["jobs"]),
        allow_unhashed=frozenset(given["unhashed"]),
        offline=given["offline"],
    )
    outcomes = []
    for plan in plans:
        with TerminalProgress(printer) as progress:
            outcomes.append(run_test(home, plan, options, progress))
    _tell(printer, outcomes)
    return _status(outcomes)


def _status(outcomes: Sequence[Outcome]) -> ExitCode:
    results = {one.result for one in outcomes}
    if any(one.error is not None and one.error.exit_code == ExitCode.SYNC_ERROR for one in outcomes):
        return ExitCode.SYNC_ERROR
    if "not built" in results:
        return ExitCode.PACKAGE_OPERATION
    return ExitCode.FALSE if "failed" in results else ExitCode.SUCCESS


def _meant(home: Home, words: Sequence[str], given: dict[str, Any], printer: Printer) -> Iterator[tuple[Switch, str]]:
    """The packages, each with the switch it is tested as one of."""
    from xpkg.cli.projects import pins_of, projects_of, tell_project
    from xpkg.ops.project_pins import PinnedSwitch
    from xpkg.ops.project_words import names_project, read_project
    from xpkg.sandbox import switches

    here = Path.cwd()
    projects = {one.directory: one for one in projects_of([one for one in words if names_project(one, here)], given)}
    for word in dict.fromkeys(words):
        if not names_project(word, here):
            yield home.find_switch(make=False), word
            continue
        project = projects.pop(read_project(word, here).directory, None)
        if project is None:  # named before, in another way
            continue
        tell_project(printer, project)
        pins = pins_of(home, [project], printer, given)
        # As `xpkg build` sees it: whatever a switch holds has no part in it.
        alone = PinnedSwitch(home.root, switches.unmade(home.root, NO_SWITCH), pins.over)
        yield from ((alone, name) for name in pins.names)


def _ask(name: str, given: dict[str, Any]) -> Ask:
    return replace(ask_of("install", {**given, "packages": (name,), "dry_run": False}), with_test=True)


def _tell(printer: Printer, outcomes: Sequence[Outcome]) -> None:
    printer.value({"results": [one.as_value() for one in outcomes]})
    for one in outcomes:
        if one.error is None:
            continue
        printer.line(one.error.message)
        for label, fact in one.error.context:
            if label in _SHOWN or one.error.exit_code == ExitCode.SYNC_ERROR:
                printer.line(f"  {label}: {fact}".replace("\n", "\n    "))
        if one.error.hint:
            printer.line(f"  hint: {one.error.hint}")
    rows = [(f"{one.name}.{one.version}", one.machine, _result(one), _time(one)) for one in outcomes]
    printer.table([("package", "machine", "result", "time"), *rows])


def _result(one: Outcome) -> str:
    return "passed before" if one.kept else one.result


def _time(one: Outcome) -> str:
    return "-" if one.result == "no tests" else f"{one.seconds:.1f} s"
