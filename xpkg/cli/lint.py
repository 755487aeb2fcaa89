"""``xpkg lint``."""

from __future__ import annotations

from collections import Counter

import click

from xpkg.cli import options as opt
from xpkg.cli.counting import Counted
from xpkg.cli.printer import Printer
from xpkg.core.errors import ExitCode
from xpkg.ops import lint as ops
from xpkg.repo.lint.findings import Finding, Severity
from xpkg.repo.lint.registry import CHECKS, SYNTAX, chosen

_LISTED = 20
"""Up to so many files every place is shown with its line; with more, only those of files that do not parse."""


def _words(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Several options, each perhaps with several words."""
    del context, parameter
    return tuple(word for one in value for word in one.replace(",", " ").split())


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH|PACKAGE...]")
@click.option("--recursive", is_flag=True, help="Look for opam files below directories.")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@click.option("--enable", multiple=True, callback=_words, metavar="CODES", help="Only these checks, as 25,36,X10.")
@click.option(
    "--disable", multiple=True, callback=_words, metavar="CODES", help="Not these checks; opam or xpkg: all of those."
)
@click.option("--list", "list_checks", is_flag=True, help="List the checks.")
@opt.jobs_option
@opt.common
def lint(
    paths: tuple[str, ...],
    recursive: bool,
    strict: bool,
    enable: tuple[str, ...],
    disable: tuple[str, ...],
    list_checks: bool,
    jobs: int | None,
    as_json: bool,
    verbose: int,
) -> int:
    """Look for mistakes in recipes; exit status 1 when there are errors.

    PATH is an opam file, a package's directory, a repository or a source tree (default: here).  The checks and their
    reasons: docs/lint.md.
    """
    printer = opt.printer(as_json, verbose)
    codes = chosen(enable, disable)
    if list_checks:
        return _list_checks(printer, codes)
    files = ops.files_meant(opt.home(), paths or (".",), recursive=recursive)
    with Counted("looking at recipes", "recipes") as counted:
        report = ops.lint(files, codes, jobs=opt.jobs_or_default(jobs), progress=counted)
    printer.value(_as_value(report))
    for finding in report.findings:
        _show(printer, finding, excerpt=report.files <= _LISTED or verbose > 0 or finding.code == SYNTAX.code)
    _summarise(printer, report)
    failed = report.count(Severity.ERROR) or (strict and report.findings)
    return ExitCode.FALSE if failed else ExitCode.SUCCESS


def _list_checks(printer: Printer, codes: frozenset[str]) -> int:
    checks = [check for check in CHECKS if check.code in codes]
    printer.value(
        [{"code": one.code, "severity": one.severity, "rule": one.rule, "reason": one.reason} for one in checks]
    )
    printer.table([(one.code, one.severity, f"{one.rule}: {one.reason}") for one in checks])
    return ExitCode.SUCCESS


def _show(printer: Printer, finding: Finding, *, excerpt: bool) -> None:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    printer.line(f"{place}: {finding.severity} {finding.code}: {finding.message}")
    if excerpt and finding.source_line.strip():
        printer.line(f"    {finding.source_line}")
        printer.line(f"    {finding.caret}")
    if excerpt and finding.hint:
        printer.line(f"    hint: {finding.hint}")


def _summarise(printer: Printer, report: ops.Report) -> None:
    errors, warnings = report.count(Severity.ERROR), report.count(Severity.WARNING)
    files = "1 file" if report.files == 1 else f"{report.files} files"
    if report.files > _LISTED and report.findings:
        counted = Counter((finding.code, str(finding.severity)) for finding in report.findings)
        wrong = {check.code: check.rule for check in CHECKS}
        printer.line()
        printer.table([(code, severity, str(n), wrong[code]) for (code, severity), n in sorted(counted.items())])
    printer.line(f"{files}: {_number(errors, 'error')}, {_number(warnings, 'warning')}")


def _number(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _as_value(report: ops.Report) -> dict[str, object]:
    return {
        "files": report.files,
        "errors": report.count(Severity.ERROR),
        "warnings": report.count(Severity.WARNING),
        "findings": [
            {
                "code": one.code,
                "severity": one.severity,
                "message": one.message,
                "file": one.file,
                "line": one.line,
                "column": one.column,
                "hint": one.hint,
            }
            for one in report.findings
        ],
    }
