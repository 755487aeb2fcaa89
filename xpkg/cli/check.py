"""``xpkg repo check``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, NotFoundError, UsageError

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.check import Uninstallable
    from xpkg.ops.home import Home
    from xpkg.ops.pairs import Pair

_EXPLAINED = 10
"""So many are explained in full, a second or so each."""
_TITLES = {
    "unavailable": "not for this machine, or not readable",
    "missing": "something they need is missing",
    "dependency": "something they need cannot be installed itself",
    "conflict": "what they need cannot be there together",
}


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE...]")
@opt.target_option
@click.option("--repository", metavar="NAME", help="Only the versions that come from this repository.")
@click.option("--together", is_flag=True, help="Whether all of PACKAGE... can be installed together.")
@opt.jobs_option
@opt.common
def check(
    packages: tuple[str, ...],
    target_name: str | None,
    repository: str | None,
    together: bool,
    jobs: int | None,
    as_json: bool,
    verbose: int,
) -> int:
    """Tell which versions cannot be installed, of all or of the packages named; exit status 1 when there are any.

    With -v, or where packages are named, the solver explains the first of them.
    """
    from xpkg.cli.counting import Counted
    from xpkg.ops import check as ops

    printer, home = opt.printer(as_json, verbose), opt.home()
    pair = opt.pair(home, target_name)
    if together:
        if not packages or repository is not None:
            raise UsageError("--together takes the packages that are to be installed together, and no --repository")
        return _together(printer, home, pair, packages)
    _check_repository(home, repository)
    explained = _EXPLAINED if packages or verbose else 0
    with Counted("reading the recipes", "checked") as counted:
        wanted = ops.versions_meant(home, packages, repository)
        found = ops.examine(home, pair, wanted, counted, jobs=opt.jobs_or_default(jobs), explained=explained)
    printer.value(
        {
            "machine": pair.machine,
            "checked": found.checked,
            "installable": found.checked - len(found.uninstallable),
            "uninstallable": [_as_value(one) for one in found.uninstallable],
        }
    )
    _list(printer, found.uninstallable)
    where = "" if pair.target is None else f" for {pair.target}"
    printer.line(f"{found.checked - len(found.uninstallable)} of {found.checked} versions can be installed{where}")
    return ExitCode.FALSE if found.uninstallable else ExitCode.SUCCESS


def _check_repository(home: Home, name: str | None) -> None:
    from xpkg.core.text import did_you_mean

    known = [one.name for one in home.repositories]
    if name is not None and name not in known:
        raise NotFoundError(
            f"there is no repository named {name}", reference="unknown-repository", hint=did_you_mean(name, known)
        )


def _as_value(one: Uninstallable) -> dict[str, object]:
    return {
        "name": one.name,
        "version": one.version,
        "kind": one.obstacle.kind.value,
        "reason": one.obstacle.reason,
        "explanation": list(one.chain),
    }


def _list(printer: Printer, found: Sequence[Uninstallable]) -> None:
    """By what stands in the way, then by name and reason; the explanations stand below what they explain."""
    for kind, title in _TITLES.items():
        alike = [one for one in found if one.obstacle.kind.value == kind]
        if not alike:
            continue
        printer.line(f"{title} ({len(alike)}):")
        for (name, reason), group in groupby(alike, key=lambda one: (one.name, one.obstacle.reason)):
            same = list(group)
            printer.line(f"  {name} {', '.join(one.version for one in same)}: {reason}")
            for one in same:
                for sentence in one.chain:
                    printer.line(f"    because {sentence}")
        printer.line()


def _together(printer: Printer, home: Home, pair: Pair, packages: Sequence[str]) -> int:
    from xpkg.ops import check as ops

    reason = ops.why_not_together(home, pair, packages)
    printer.value(
        {
            "machine": pair.machine,
            "packages": list(packages),
            "together": reason is None,
            "explanation": [] if reason is None else list(reason.chain),
            "hint": None if reason is None else reason.hint,
        }
    )
    if reason is None:
        printer.line(f"{', '.join(packages)} can be installed together")
        return ExitCode.SUCCESS
    printer.line(reason.message)
    for sentence in reason.chain:
        printer.line(f"  because {sentence}")
    if reason.hint:
        printer.line(f"  hint: {reason.hint}")
    return ExitCode.FALSE
