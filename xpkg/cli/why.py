"""``xpkg why`` and ``xpkg why-not``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xpkg.cli.printer import Printer
    from xpkg.ops.query_tree import Place
    from xpkg.ops.why import Presence, Step, Story
    from xpkg.ops.why_not import Answer, Choice
    from xpkg.solver.model import Action, Instance


@click.command()
@click.argument("package", metavar="PACKAGE|EDGE")
@opt.target_option
@opt.switch_option
@opt.common
def why(package: str, target_name: str | None, switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Tell why a package is installed, or why one package needs another.

    PACKAGE is NAME or NAME.VERSION; the answer is the shortest way to it from each thing asked for.  EDGE is 'A->B' or
    'A:B', each NAME or NAME.VERSION: where A needs B and which rule says so, installed or not.
    """
    from xpkg.ops import why as ops

    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    pair = opt.pair(home, target_name)
    edge = ops.edge_spelling(package)
    if edge is not None:
        _story(printer, ops.why_edge(home, pair, *edge))
        return ExitCode.SUCCESS
    found = ops.why(home, None if target_name is None else pair, package)
    printer.value([_presence_value(one) for one in found])
    for one in found:
        _presence(printer, one)
    return ExitCode.SUCCESS


def _presence(printer: Printer, one: Presence) -> None:
    reasons = []
    if one.requested:
        reasons.append("it was asked for")
    if one.paths:
        count = len(one.paths) + one.more
        reasons.append("what was asked for needs it" if count == 1 else f"{count} that were asked for need it")
    printer.line(f"{_place(one.place)}: {' and '.join(reasons) or 'nothing that was asked for needs it'}")
    for path in one.paths:
        for depth, step in enumerate(path):
            printer.line(f"{'  ' * (depth + 1)}{_step(step)}")
    if one.more:
        printer.line(f"  and {one.more} more")


def _place(place: Place) -> str:
    return f"{place.name} {place.version} [{place.tree}]"


def _step(step: Step) -> str:
    constraint = f" {step.edge.constraint}" if step.edge.constraint else ""
    reason = f": {step.edge.reason}" if step.edge.reason else ""
    needs = "needs in the end" if step.edge.post else "needs"
    return f"{_place(step.place)} {needs} {step.needed.name}{constraint} [{step.needed.tree}]{reason}"


def _presence_value(one: Presence) -> dict[str, object]:
    return {
        **_place_value(one.place),
        "requested": one.requested,
        "paths": [
            [
                {
                    "package": _place_value(step.place),
                    "needs": _place_value(step.needed),
                    "constraint": step.edge.constraint or None,
                    "reason": step.edge.reason,
                    "post": step.edge.post,
                }
                for step in path
            ]
            for path in one.paths
        ],
        "more": one.more,
    }


def _place_value(place: Place) -> dict[str, object]:
    return {"name": place.name, "version": place.version, "machine": place.machine, "tree": place.tree}


def _in_words(kind: str) -> str:
    return {"with-test": "with its tests", "with-doc": "with its documentation"}.get(kind, "for its developers")


def _story(printer: Printer, story: Story) -> None:
    printer.value(
        {
            "package": {"name": story.name, "version": story.version, "machine": story.machine},
            "installed": story.installed,
            "needed": story.needed,
            "optional": story.optional,
            "accepts": story.accepts,
            "wanted_with": list(story.wanted_with),
            "edges": [edge.as_value() for edge in story.edges],
        }
    )
    which = f"{story.name} {story.version} [{story.machine}]"
    if story.optional:
        printer.line(f"{which} makes use of {story.needed} where that is there anyway (depopts)")
    for edge in story.edges:
        printer.line(f"{which} needs {edge.name} {edge.constraint}".rstrip() + f" [{' and '.join(edge.machines)}]")
        printer.line(f"  rule: {edge.rule}")
        printer.line(f"  reason: {edge.reason.removeprefix('cross.toml: ')}")
        if edge.key is not None:
            printer.line(f"  written: {edge.key}, in cross.toml of {edge.repository}")
    if story.wanted_with:
        printer.line(f"  only as {story.name} is wanted {' and '.join(map(_in_words, story.wanted_with))}")
    if story.accepts is not None:
        printer.line(f"  the version of {story.needed} that was named will {'do' if story.accepts else 'not do'}")


@click.command("why-not")
@click.argument("package", metavar="PACKAGE")
@opt.target_option
@opt.switch_option
@opt.common
def why_not(package: str, target_name: str | None, switch_name: str | None, as_json: bool, verbose: int) -> int:
    """Tell whether a package could be installed, what that would change, or what stands in the way.

    PACKAGE is NAME, NAME.VERSION or a constraint such as 'NAME>=VERSION'.  Nothing is changed.  The exit code is 1
    when it cannot be installed.
    """
    from xpkg.ops import why_not as ops

    printer, home = opt.printer(as_json, verbose), opt.home(switch_name)
    pair = opt.pair(home, target_name)
    answer = ops.why_not(home, pair, package)
    printer.value(_answer_value(package, pair.target, answer))
    _answer(printer, answer)
    return ExitCode.FALSE if answer.verdict is ops.Verdict.IMPOSSIBLE else ExitCode.SUCCESS


def _answer(printer: Printer, answer: Answer) -> None:
    if answer.refusal is not None:
        printer.line(answer.refusal.message)
        for sentence in answer.refusal.chain:
            printer.line(f"  because: {sentence}")
        for sentence in answer.refusal.besides:
            printer.line(f"  besides: {sentence}")
        for one in answer.refusal.relaxations:
            printer.line(f"  would help: {one.text}")
        return
    for instance in answer.instances:
        printer.line(f"{_named(instance)} {'is installed' if not answer.changes else 'can be installed'}")
    if answer.choice is not None:
        printer.line(f"  {_choice(answer.choice)}")
    _changes(printer, answer.changes)


_INSTALL = "install"


def _named(instance: Instance) -> str:
    return f"{instance.name} {instance.version} [{instance.machine}]"


def _choice(choice: Choice) -> str:
    instead = f"{choice.instead.name} {choice.instead.version}"
    if choice.avoided is not None:
        return f"{instead} would be chosen unless this version is asked for: it is marked {choice.avoided}"
    decides = f" ({choice.criterion}: {choice.other} instead of {choice.value})" if choice.criterion else ""
    return f"{instead} would be chosen unless this version is asked for{': it is newer' * choice.newer}{decides}"


def _changes(printer: Printer, changes: Sequence[Action]) -> None:
    """What would become of what is there, line by line; of what is new only how much it is, unless asked for more."""
    new = [one for one in changes if one.action == _INSTALL]
    other = [one for one in changes if one.action != _INSTALL]
    if new:
        printer.line(f"  that would install {len(new)} {'package' if len(new) == 1 else 'packages'}")
    for one in new:
        printer.detail(f"    {_named(one.instance)}: {one.reason}")
    printer.table([(f"  {one.action}", _named(one.instance), one.reason + _before(one)) for one in other])


def _before(action: Action) -> str:
    return "" if action.previous is None else f"; now {action.previous}"


def _answer_value(package: str, target: str | None, answer: Answer) -> dict[str, object]:
    choice = answer.choice
    return {
        "package": package,
        "target": target,
        "verdict": answer.verdict.value,
        "instances": [_instance_value(one) for one in answer.instances],
        "changes": [
            {"action": one.action, **_instance_value(one.instance), "previous": one.previous, "reason": one.reason}
            for one in answer.changes
        ],
        "instead": None
        if choice is None
        else {
            **_instance_value(choice.instead),
            "criterion": choice.criterion,
            "value": choice.other,
            "other": choice.value,
            "newer": choice.newer,
            "avoided": choice.avoided,
        },
        "message": None if answer.refusal is None else answer.refusal.message,
        "chain": [] if answer.refusal is None else list(answer.refusal.chain),
        "relaxations": [] if answer.refusal is None else [one.as_value() for one in answer.refusal.relaxations],
    }


def _instance_value(instance: Instance) -> dict[str, str]:
    return {"name": instance.name, "version": instance.version, "machine": instance.machine}
