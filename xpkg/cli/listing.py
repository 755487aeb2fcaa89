"""``xpkg list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from xpkg.cli import options as opt
from xpkg.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from xpkg.cli.printer import Printer
    from xpkg.ops.home import Home
    from xpkg.ops.query_list import Criteria, Row

_OF_ROWS = ("machine", "tree", "requested", "pinned", "held", "reason", "key", "versions")


def several(*names: str, metavar: str, text: str) -> Any:
    """An option that can be given again; all must hold."""
    return click.option(*names, multiple=True, metavar=metavar, help=text)


kinds = opt.apply(
    click.option("--build/--no-build", " /--nobuild", default=True, help="Count needs of builds."),
    click.option("--post", is_flag=True, help="Count needs marked {post}."),
    click.option("--with-test", is_flag=True, help="Count needs of tests."),
    click.option("--with-doc", is_flag=True, help="Count needs of documentation."),
    click.option("--depopts", is_flag=True, help="Count optional dependencies."),
)
selection = opt.apply(
    several("--depends-on", metavar="NAMES", text="Packages that need one of NAMES (comma between them)."),
    several("--required-by", metavar="NAMES", text="Packages that NAMES may need."),
    click.option("--recursive", is_flag=True, help="With these two: and what needs those, or is needed by them."),
    kinds,
    several("--conflicts-with", metavar="NAMES", text="Packages with a declared conflict with one of NAMES."),
    several("--resolve", metavar="NAMES", text="The packages of a solution for installing NAMES."),
    click.option("--installable", is_flag=True, help="Packages that can be installed at all."),
    several("--coinstallable-with", metavar="NAMES", text="Packages that can be installed together with NAMES."),
    several("--field", "--field-match", metavar="FIELD=PATTERN", text="Packages with a match in that field."),
    several("--has-flag", metavar="FLAG", text="Packages with the flag."),
    several("--has-tag", metavar="TAG", text="Packages with the tag."),
    several("--license", metavar="PATTERN", text="Packages with a licence that matches."),
    several("--repository", "--repos", metavar="NAME", text="Packages of one of these repositories."),
)


@click.command("list")
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@opt.target_option
@opt.switch_option
@click.option("--available", "-a", is_flag=True, help="What repositories have; with --target: what is available there.")
@click.option("--installed", "-i", "only_installed", is_flag=True, help="Only what is installed.")
@click.option("--all-versions", "-V", is_flag=True, help="Every version that fits, not only the newest.")
@selection
@click.option("--columns", metavar="COLUMNS", help="What to print of each package, with commas between.")
@click.option("--sort", "-S", "by_needs", is_flag=True, help="What is needed before what needs it.")
@click.option("--short", "-s", is_flag=True, help="Names only; with --all-versions names and versions.")
@opt.common
def list_(target_name: str | None, switch_name: str | None, **given: Any) -> int:
    """List packages: what is installed, or with patterns and criteria what the repositories have.

    A PATTERN is NAME or NAME.VERSION with '*', '?' and '[...]'.  All criteria must hold.
    """
    from xpkg.cli.large import large_answer

    with large_answer():
        return _list(target_name, switch_name, given)


def _list(target_name: str | None, switch_name: str | None, given: dict[str, Any]) -> int:
    from xpkg.ops import query_list

    printer, home = opt.printer(given["as_json"], given["verbose"]), opt.home(switch_name)
    home.see_pins()
    criteria = _criteria(given)
    pair = opt.pair(home, target_name)
    of_switch = given["only_installed"] or not (given["available"] or criteria.selective or given["all_versions"])
    if of_switch:
        rows = query_list.installed(home, None if target_name is None else pair, criteria, printer.warning)
    else:
        rows = query_list.known(home, pair, criteria, printer.warning)
    if given["by_needs"]:
        rows = query_list.in_order(home, pair, rows)
    if given["short"] or given["columns"]:
        _chosen(printer, home, rows, _columns(given))
    elif of_switch:
        if not rows:
            what = "nothing that fits is" if criteria.selective else "nothing is"
            where = f" for {pair.machine}" if target_name is not None else ""
            printer.line(f"{what} installed in switch {home.switch_name}{where}")
        _installed(printer, rows)
    else:
        _known(printer, home, rows, all_versions=given["all_versions"])
    return ExitCode.SUCCESS


def _criteria(given: dict[str, Any]) -> Criteria:
    from xpkg.ops.query_edges import Kinds
    from xpkg.ops.query_list import Criteria

    return Criteria(
        patterns=given["patterns"],
        depends_on=given["depends_on"],
        required_by=given["required_by"],
        conflicts_with=given["conflicts_with"],
        resolve=given["resolve"],
        coinstallable_with=given["coinstallable_with"],
        installable=given["installable"],
        available=given["available"],
        recursive=given["recursive"],
        kinds=Kinds(
            build=given["build"],
            post=given["post"],
            test=given["with_test"],
            doc=given["with_doc"],
            depopts=given["depopts"],
        ),
        fields=given["field"],
        flags=given["has_flag"],
        tags=given["has_tag"],
        licenses=given["license"],
        repositories=given["repository"],
        all_versions=given["all_versions"],
    )


def _columns(given: dict[str, Any]) -> list[str]:
    from xpkg.ops.query_entries import FIELDS, known_field

    if not given["columns"]:
        return ["package" if given["all_versions"] else "name"]
    columns = [known_field(one, (*FIELDS, *_OF_ROWS)) for one in given["columns"].split(",") if one]
    if not columns:
        raise UsageError("--columns names no column", hint="for example --columns name,version")
    return columns


def _installed(printer: Printer, rows: Sequence[Row]) -> None:
    marks = ("requested", "pinned", "held")
    names = ("name", "version", "machine", "tree", "key", *marks)
    printer.value([{name: getattr(row, name) for name in names} for row in rows])
    told = [", ".join(mark for mark in marks if getattr(row, mark)) for row in rows]
    printer.table([(row.name, row.version, f"[{row.tree}]", text) for row, text in zip(rows, told, strict=True)])


def _known(printer: Printer, home: Home, rows: Sequence[Row], *, all_versions: bool) -> None:
    synopses = [row.entry.facts["synopsis"] if row.entry is not None else "" for row in rows]
    if rows and rows[0].machine is not None:
        names = ("name", "version", "machine", "requested", "reason")
        printer.value([{name: getattr(row, name) for name in names} for row in rows])
        printer.table([(row.name, row.version, f"[{row.machine}]", row.reason or "") for row in rows])
        return
    if printer.as_json:
        values = [
            {
                "name": row.name,
                "version": row.version,
                **({} if all_versions else {"versions": list(home.universe.versions(row.name))}),
                "repository": row.entry.repository if row.entry is not None else "",
                "synopsis": synopsis,
            }
            for row, synopsis in zip(rows, synopses, strict=True)
        ]
        printer.value(values)
    printer.table([(row.name, row.version, text) for row, text in zip(rows, synopses, strict=True)])


def _chosen(printer: Printer, home: Home, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """The columns asked for; equal lines once."""
    found = [tuple(_cell(home, row, column) for column in columns) for row in rows]
    unique = list(dict.fromkeys(found))
    printer.value([dict(zip(columns, cells, strict=True)) for cells in unique])
    printer.table([tuple(cell.replace("\n", " ") for cell in cells) for cells in unique])


def _cell(home: Home, row: Row, column: str) -> str:
    from xpkg.ops.query_entries import texts

    if column == "versions":
        return ", ".join(home.universe.versions(row.name))
    if column in _OF_ROWS:
        value = getattr(row, column)
        return ("yes" if value else "") if isinstance(value, bool) else value or ""
    if column in ("name", "version"):
        return str(getattr(row, column))
    if column == "package":
        return f"{row.name}.{row.version}"
    entry = row.entry
    if entry is None and row.version in home.universe.versions(row.name):
        entry = home.universe.entry(row.name, row.version)
    return "" if entry is None else ", ".join(texts(entry, column))
