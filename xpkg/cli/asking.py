"""Options that say what is asked for, and the request they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from xpkg.cli.options import apply
from xpkg.core.errors import UsageError
from xpkg.ops.asking import Ask, Verb


def _number(context: click.Context, parameter: click.Parameter, seconds: float) -> float:
    if seconds != seconds:  # "nan" is a float, and within no bounds
        raise click.BadParameter("nan is not a number of seconds", context, parameter)
    return seconds


asking_options = apply(
    click.option(
        "--criteria",
        type=click.Choice(["default", "opam"]),
        default="default",
        show_default=True,
        help="What is the best answer: opam's criteria alone, or those and the machines' too.",
    ),
    click.option("--reuse", is_flag=True, help="Prefer what the store has over newer versions."),
    click.option(
        "--depexts",
        type=click.Choice(["ignore", "check"]),
        default="ignore",
        show_default=True,
        help="Whether to prefer what needs no further packages of the system.",
    ),
    click.option(
        "--solver-timeout",
        "bound_s",
        type=click.FloatRange(0, 86400, min_open=True),
        callback=_number,
        default=60.0,
        metavar="SECONDS",
        help="After this time the best answer so far is taken, and said to be that (default: 60).",
    ),
    click.option("--timing", is_flag=True, help="Tell the processor time of each phase."),
)
kinds_options = apply(
    click.option("-t", "--with-test", is_flag=True, help="Also what the packages' tests need."),
    click.option("-d", "--with-doc", is_flag=True, help="Also what the packages' documentation needs."),
    click.option("--with-dev-setup", is_flag=True, help="Also the tools that the packages' developers use."),
)
what_if_options = apply(
    click.option(
        "--repos",
        "repositories",
        metavar="NAME[,NAME...]",
        help="With --dry-run: as if there were only these repositories.",
    ),
    click.option(
        "--var",
        "variables",
        multiple=True,
        metavar="NAME=VALUE",
        help="With --dry-run: as if this machine's variable had that value.",
    ),
)
source_options = apply(
    click.option(
        "--trust-on-first-use",
        "unhashed",
        multiple=True,
        metavar="NAME",
        help="Take NAME's source without a strong hash.",
    ),
    click.option("--offline", is_flag=True, help="Use only sources that are in the cache."),
)


def ask_of(verb: Verb, given: Mapping[str, Any]) -> Ask:
    """What the options of a command ask for.  UsageError for what only a dry run can answer."""
    repositories, variables = given.get("repositories"), given.get("variables", ())
    if not given["dry_run"] and (repositories is not None or variables):
        raise UsageError("--repos and --var are for plans that are only looked at: they need --dry-run")
    flags = ("with_test", "with_doc", "with_dev_setup", "dependencies_only", "best_effort", "update_invariant")
    return Ask(
        verb=verb,
        packages=tuple(given["packages"]),
        reuse=given["reuse"],
        check_depexts=given["depexts"] == "check",
        criteria=given["criteria"],
        bound_s=given["bound_s"],
        repositories=None if repositories is None else _names(repositories),
        variables=tuple(read_variables(variables).items()),
        **{flag: given.get(flag, False) for flag in flags},
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if "" in names:
        raise UsageError("--repos without a name", hint="xpkg repo list shows those there are")
    return names


def read_variables(texts: Sequence[str]) -> dict[str, str]:
    """``NAME=VALUE`` words; UsageError for another form."""
    import re

    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) is None:
            raise UsageError(f"--var {text!r} is not NAME=VALUE", hint="for example --var opam-version=2.6.1")
        found[name] = value
    return found
