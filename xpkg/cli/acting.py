"""Showing a plan, asking, carrying it out, and telling what was done."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xpkg.cli import options as opt
from xpkg.cli.asking import ask_of
from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode, UsageError
from xpkg.core.paths import NO_SWITCH
from xpkg.ops.asking import Ask, Verb
from xpkg.ops.home import Home
from xpkg.ops.pairs import Pair
from xpkg.ops.planning import Plan
from xpkg.ops.project_words import names_project
from xpkg.ops.situation import Situation
from xpkg.ops.solving import plan
from xpkg.repo.universe import UnknownPackage

if TYPE_CHECKING:
    from xpkg.ops.building import Options
    from xpkg.ops.install import Done
    from xpkg.sandbox.switches import Switch


def act(verb: Verb, given: Mapping[str, Any]) -> int:
    """Do what a command asks for; the exit code."""
    if any(names_project(word, Path.cwd()) for word in given["packages"]):
        from xpkg.cli.project_install import act_on_projects

        return act_on_projects(verb, given)
    if given.get("only") or given.get("system"):
        raise UsageError("--only and --build-system are about a directory", hint="xpkg install ./DIRECTORY")
    timing = Timing()
    printer, ask = opt.printer(given["as_json"], given["verbose"]), ask_of(verb, given)
    home = opt.home(given["switch_name"])
    switch = switch_for(home, dry_run=given["dry_run"])
    pairs = pairs_for(home, switch, given["target_names"], ask)
    prefix: Path | None = given.get("prefix")
    check_prefix(prefix, pairs)

    def make_plan() -> Plan:
        try:
            return plan(home, switch, pairs, ask, timing.lap)
        except UnknownPackage as error:
            named = next((word for word in ask.packages if os.path.isdir(word)), None)
            error.hint = error.hint or (f"for the directory write ./{named}" if named else None)
            raise

    return follow(home, switch, pairs, make_plan, given, printer, timing)


def follow(
    home: Home,
    switch: Switch | None,
    pairs: Sequence[Pair],
    make_plan: Callable[[], Plan],
    given: Mapping[str, Any],
    printer: Printer,
    timing: Timing,
    prepare: Callable[[], None] = lambda: None,
    facts: Mapping[str, object] | None = None,
    finish: Callable[[], None] = lambda: None,
) -> int:
    """Show a plan, ask, and do as planned; the exit code.

    ``prepare`` is called before anything is done, ``finish`` when all is and before it is told: where that fails, the
    error is the answer.  ``facts`` are told programs besides.
    """
    timing.lap("start")
    first = make_plan()
    timing.lap("plan")
    show_plan(first, pairs, printer)
    answer = {**_answer(first, pairs), **(facts or {})}
    timing.lap("show")
    if given["timing"]:
        answer["timing"] = timing.laps
        printer.line(f"processor time: {', '.join(f'{name} {s:.3f} s' for name, s in timing.laps.items())}")
    if given["dry_run"] or switch is None:
        printer.value(answer)
        return ExitCode.SUCCESS
    if first.actions and not _confirmed(given["yes"], printer):
        printer.note("nothing was changed")
        return ExitCode.ABORTED
    prepare()
    done = _carry_out(home, switch, make_plan, first, given, printer)
    if done is None:
        printer.note("nothing was changed")
        return ExitCode.ABORTED
    finish()
    _show_done(switch, done, answer, printer)
    return ExitCode.SUCCESS


class Timing:
    """Processor seconds of this process by phase, the first from its beginning."""

    def __init__(self) -> None:
        self._last = 0.0
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """The phase ``name`` is over; of one that comes again the times add up."""
        now = time.process_time()
        self.laps[name] = round(self.laps.get(name, 0.0) + now - self._last, 4)
        self._last = now


def check_prefix(prefix: Path | None, pairs: Sequence[Pair]) -> None:
    """UsageError unless ``--prefix``, if given, is for one target."""
    if prefix is not None and tuple(pairs) == (Pair(),):
        raise UsageError("--prefix places a target's prefix, so it needs --target")
    if prefix is not None and len(pairs) > 1:
        raise UsageError("--prefix places the prefix of one target", hint="ask for the targets one after another")


def switch_for(home: Home, *, dry_run: bool) -> Switch | None:
    """The switch in use; None stands for one that holds nothing, to plan with."""
    if home.switch_name != NO_SWITCH or home.root.switch(NO_SWITCH).is_dir():
        return home.find_switch(make=not dry_run)
    if not dry_run:
        raise UsageError(f"{NO_SWITCH} stands for a switch that holds nothing, to plan with: it needs --dry-run")
    return None


def pairs_for(home: Home, switch: Switch | None, names: Sequence[str], ask: Ask) -> tuple[Pair, ...]:
    """The pairs of machines that a command is about."""
    if ask.verb == "upgrade" and not ask.packages and not names:
        return Situation(home, switch).pairs or (Pair(),)
    return opt.pairs(home, names)


def _answer(first: Plan, pairs: Sequence[Pair]) -> dict[str, object]:
    """The plan as ``--json`` prints it."""
    return {
        "actions": [action.as_value() for action in first.actions],
        "notes": list(first.notes),
        "targets": [pair.target or "native" for pair in pairs],
        "optimal": first.optimal,
        "criteria": [dict(zip(one.solution.cost_names, one.solution.cost, strict=False)) for one in first.parts],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """What was done; ``invariant`` is the switch's where the request changed it."""

    done: Done
    invariant: str | None


def _carry_out(
    home: Home,
    switch: Switch,
    make_plan: Callable[[], Plan],
    first: Plan,
    given: Mapping[str, Any],
    printer: Printer,
) -> _Carried | None:
    """None when what it came to meanwhile is refused."""
    from xpkg.ops.building import Options

    prefix: Path | None = given.get("prefix")
    settings = Options(
        jobs=opt.jobs_or_default(given["jobs"]),
        prefix=None if prefix is None else prefix.absolute(),
        allow_unhashed=frozenset(given.get("unhashed", ())),
        offline=given.get("offline", False),
        update_invariant=given.get("update_invariant", False),
    )
    before = switch.current().invariant
    done = _agreed(home, switch, make_plan, first, settings, given, printer)
    if done is None:
        return None
    now = switch.current().invariant
    return _Carried(done=done, invariant=now if settings.update_invariant and now != before else None)


def _agreed(
    home: Home,
    switch: Switch,
    make_plan: Callable[[], Plan],
    agreed: Plan,
    settings: Options,
    given: Mapping[str, Any],
    printer: Printer,
) -> Done | None:
    """Carry out a plan; what another process makes of it meanwhile is shown and asked about.  None when refused."""
    from xpkg.cli.progress import TerminalProgress
    from xpkg.ops.install import carry_out

    done: Done | None = None
    while True:
        with TerminalProgress(printer) as progress:
            before = None if done is None else done.work
            done = carry_out(home, switch, make_plan, agreed, settings, progress, before)
        if not done.superseded:
            return done
        agreed = done.work.plan
        printer.note("another process changed the switch meanwhile; what is to be done now:")
        show_plan(agreed, [part.pair for part in agreed.parts], printer)
        if not _confirmed(given["yes"], printer):
            return None


def _show_done(switch: Switch, carried: _Carried, planned: dict[str, object], printer: Printer) -> None:
    done = carried.done
    parts = done.work.plan.parts
    places = [str(switch.prefix(part.pair.tree(part.pair.machine))) for part in parts]
    answer = {**planned, **_answer(done.work.plan, [part.pair for part in parts])}
    facts = {name: getattr(done, name) for name in ("built", "reused", "seconds")}
    if done.renewed:
        facts |= {"renewed": done.renewed, "replaced": list(done.replaced)}
    place = {"prefix": places[0]} if len(places) == 1 else {"prefixes": places}
    printer.value({**answer, "generation": done.generation, **place, **facts})
    if done.changed:
        printer.line(f"built {done.built}, reused {done.reused}; {_seconds(done.seconds)}")
    if done.renewed and not done.replaced:
        printer.line("what was built once more is the same as before")
    for label in done.replaced:
        printer.line(f"{label} was not as built now: replaced in the store; other switches keep the files they have")
    for path in places:
        printer.line(f"prefix: {path}")
    if carried.invariant is not None:
        now = carried.invariant or "empty"
        printer.line(f"the invariant of the switch is now {now}; xpkg switch set-invariant changes it")


def show_plan(shown: Plan, pairs: Sequence[Pair], printer: Printer) -> None:
    """Print what a plan does, and the remarks on it."""
    for note in shown.notes:
        printer.note(f"note: {note}")
    actions = shown.actions
    if not actions:
        if not any(part.here.moved for part in shown.parts):
            printer.line("nothing to do")
        return
    printer.line(f"The plan, {len(actions)} action{'s' if len(actions) > 1 else ''}:")
    printer.table(
        [
            (f"  {one.action}", f"{one.name}.{one.version}", f"[{_where(one.machine, one.target, pairs)}]", one.reason)
            for one in actions
        ]
    )


def _where(machine: str, target: str | None, pairs: Sequence[Pair]) -> str:
    """The machine; where several targets are planned for, also for which of them something is built here."""
    return machine if len(pairs) == 1 or machine == target or target is None else f"{machine} for {target}"


def _confirmed(yes: bool, printer: Printer) -> bool:
    """Ask a person; a script (no terminal on standard input) has already said what it wants."""
    if yes or printer.as_json or not sys.stdin.isatty():
        return True
    return click.confirm("Go on?", default=True)


def _seconds(laps: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in laps.items())
