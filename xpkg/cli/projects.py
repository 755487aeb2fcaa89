"""``xpkg build`` and ``xpkg init``: a project's own directory as the thing to build."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xpkg.cli import options as opt
from xpkg.cli.asking import ask_of, asking_options, kinds_options, source_options
from xpkg.cli.project_options import ignore_pin_depends_option, only_option, system_option
from xpkg.core.errors import ExitCode
from xpkg.core.text import printable

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.building import Options
    from xpkg.ops.home import Home
    from xpkg.ops.project_build import BuiltProject
    from xpkg.ops.project_init import Written
    from xpkg.ops.project_pins import ProjectPins
    from xpkg.ops.projects import Project

_WORD = "[DIRECTORY[:NAME]|FILE.opam]"


@click.command()
@click.argument("word", default=".", metavar=_WORD)
@opt.targets_option
@only_option
@system_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="DIR", help="Where _xpkg goes (default: there)."
)
@opt.dry_run_option
@opt.jobs_option
@source_options
@kinds_options
@asking_options
@ignore_pin_depends_option
@opt.common
def build(word: str, **given: Any) -> int:
    """Build the packages of a project and what they need, apart from every switch.

    The products are put below DIRECTORY/_xpkg/MACHINE, a prefix of their own.  Packages are those that the directory
    has opam files of; without any, a recipe is derived from meson.build, CMakeLists.txt, configure, dune-project or a
    Makefile, and what that assumes is told.  What is built is the directory as it is now.
    """
    from xpkg.cli.acting import Timing, show_plan
    from xpkg.ops import project_build as ops

    timing, printer, home = Timing(), opt.printer(given["as_json"], given["verbose"]), opt.home()
    pairs = opt.pairs(home, given["target_names"])
    project = project_of(word, given)
    output = given["output"].absolute() if given["output"] is not None else project.directory
    pins = pins_of(home, [project], printer, given)
    tell_project(printer, project)
    if given["with_test"] and any(pair.target for pair in pairs):
        printer.note("tests are run here for this machine alone; xpkg test runs those of targets")
    planned = ops.plan_build(home, pins, pairs, ask_of("install", {**given, "packages": pins.names}))
    timing.lap("plan")
    facts: dict[str, object] = {
        "project": project.as_value(),
        "targets": [pair.target or "native" for pair in pairs],
        "notes": list(planned.notes),
    }
    if given["timing"]:
        printer.line(f"processor time: {', '.join(f'{name} {s:.3f} s' for name, s in timing.laps.items())}")
        facts["timing"] = timing.laps
    if given["dry_run"]:
        show_plan(planned, pairs, printer)
        printer.value({**facts, "actions": [action.as_value() for action in planned.actions]})
        return ExitCode.SUCCESS
    for note in planned.notes:
        printer.note(f"note: {note}")
    from xpkg.cli.progress import TerminalProgress

    with TerminalProgress(printer) as progress:
        done = ops.build_project(home, planned, project.names, output, _options(given), progress)
    _tell_built(printer, done, facts)
    return ExitCode.SUCCESS


def _options(given: dict[str, Any]) -> Options:
    from xpkg.ops.building import Options

    return Options(
        jobs=opt.jobs_or_default(given["jobs"]),
        allow_unhashed=frozenset(given["unhashed"]),
        offline=given["offline"],
    )


def project_of(word: str, given: dict[str, Any]) -> Project:
    """The project that a word and the options ``--only`` and ``--build-system`` mean."""
    (project,) = projects_of((word,), given)
    return project


def projects_of(words: Sequence[str], given: dict[str, Any]) -> list[Project]:
    """The projects that words mean, in their order: one for each directory, however often and in part it is named."""
    from xpkg.ops.project_words import ProjectWish, read_project
    from xpkg.ops.projects import find_project

    meant: dict[Path, tuple[str, ...]] = {}
    for word in words:
        wish = read_project(word, Path.cwd())
        names = (*wish.names, *given.get("only", ()))
        before = meant.get(wish.directory, names)
        # No name means all.
        meant[wish.directory] = tuple(dict.fromkeys((*before, *names))) if before and names else ()
    wishes = [ProjectWish(directory=directory, names=names) for directory, names in meant.items()]
    return [find_project(wish, given.get("system")) for wish in wishes]


def pins_of(home: Home, projects: Sequence[Project], printer: Printer, given: dict[str, Any]) -> ProjectPins:
    """The pins that projects mean; what their recipes ask for may be fetched for that."""
    from xpkg.cli.progress import TerminalProgress
    from xpkg.ops.project_pins import ProjectPins

    with TerminalProgress(printer) as progress:
        return ProjectPins(home, projects, progress.sources, pin_depends=not given.get("ignore_pin_depends"))


def tell_project(printer: Printer, project: Project) -> None:
    """What was assumed of a project."""
    if project.assumed:
        why = "" if project.system is None else f"no opam file in {printable(str(project.directory))}, so"
        printer.note(f"{', '.join(project.names)}: {why}".rstrip())
    for one in project.assumed:
        printer.note(f"  {one}")


def _tell_built(printer: Printer, done: BuiltProject, facts: dict[str, object]) -> None:
    products = [one.as_value() for one in done.products]
    counts: dict[str, object] = {"built": done.built, "reused": done.reused, "seconds": done.seconds}
    printer.value({**facts, "products": products, **counts})
    seconds = ", ".join(f"{name} {taken:.1f} s" for name, taken in done.seconds.items())
    printer.line(f"built {done.built}, reused {done.reused}; {seconds}")
    for one in done.products:
        state = "" if one.changed else ", as it was"
        printer.line(f"{', '.join(one.packages)} [{one.machine}]: {one.prefix}{state}")
        for program in one.programs:
            printer.line(f"  program: {one.prefix}/{program}")


@click.command()
@click.argument("word", default=".", metavar="[DIRECTORY]")
@system_option
@opt.common
def init(word: str, system: Any, as_json: bool, verbose: int) -> int:
    """Write the recipe that is derived for a project without one as NAME.opam, to be edited.

    A file that is there already is never replaced.
    """
    from xpkg.ops.project_init import write_recipes
    from xpkg.ops.project_words import read_project

    printer = opt.printer(as_json, verbose)
    written: Written = write_recipes(read_project(word, Path.cwd()), system)
    printer.value({"files": [str(path) for path in written.files], "assumed": list(written.assumed)})
    for path in written.files:
        printer.line(f"wrote {path}")
    for one in written.assumed:
        printer.line(f"  {one}")
    printer.line("maintainer, authors, license and homepage are yours to add; xpkg lint looks for more")
    return ExitCode.SUCCESS
